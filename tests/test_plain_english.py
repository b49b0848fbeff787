"""The check of the language in scripts/plain_english.py."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.plain_english import findings, main


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('"""Tell whether it works."""', ["Tell whether"]),
        ("def async_told() -> None:", ["told"]),
        ("# Polls as\n# long as it runs.", ["as long as"]),
        ("retell, foretold, ten times as long as", []),
        ("Of course", []),
    ],
)
def test_findings(text: str, expected: list[str]) -> None:
    """Phrases are found in names and across lines, but not inside of words."""
    assert [found for _, found, _ in findings(text)] == expected


def test_output(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A finding is one line, and sets the exit status."""
    path = tmp_path / "text.md"
    path.write_text("Fine.\n")
    assert main([str(path)]) == 0
    path.write_text("Fine.\n\nThe key ended.\n")
    assert main([str(path)]) == 1
    line = f'{path}:3: "ended", write: expired, stopped, finished\n'
    assert capsys.readouterr().out == line
