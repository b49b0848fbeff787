"""Mutate modules, run the tests that reach each mutant, and tell what was not killed."""

from __future__ import annotations

import argparse
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
import json
import os
from pathlib import Path
import shutil
import subprocess
import sys

from .prepare import prepare

ROOT = Path(__file__).parents[2]
PACKAGE = Path("custom_components/claude_pulse")
WORK = ROOT / ".cache" / "mutate"

# Constants that stay: tests put others in their place, or nothing depends on them.
KEPT = frozenset({"BASE_URL", "CONFIRM_PAUSE", "STATUS_URL", "TIMEOUT", "_LOGGER"})

# Its check that a test fails where all that is mutated raises has no time-out, and
# Home Assistant waits for ever for some of what has raised. The counts show the same.
_MUTMUT = """
from mutmut import __main__ as mutmut
mutmut.run_forced_fail_test = lambda runner: None
mutmut.cli()
"""

# How mutmut notes what became of a mutant.
_VERDICTS = {0: "survived", 1: "killed", 3: "killed", 5: "untested", 33: "untested"}
_TIMEOUTS = (24, -24, 36, 152, 255)


@dataclass(frozen=True)
class Group:
    """Modules that the same tests are for."""

    name: str
    modules: tuple[str, ...]
    tests: tuple[str, ...]


GROUPS = (
    Group(
        "claude_ai",
        tuple(
            f"claude_ai/{name}"
            for name in (
                "answer",
                "client",
                "credentials",
                "errors",
                "forecast",
                "habit",
                "organization",
                "shape",
                "status",
                "usage",
                "values",
            )
        ),
        ("tests/claude_ai",),
    ),
    Group(
        "back_off",
        ("back_off",),
        ("tests/test_back_off.py", "tests/test_init.py", "tests/test_memory.py"),
    ),
    Group(
        "coordinator",
        ("coordinator",),
        (
            "tests/test_coordinator.py",
            "tests/test_init.py",
            "tests/test_login.py",
            "tests/test_polls.py",
            "tests/test_repairs.py",
            "tests/test_sensor.py",
            "tests/test_time.py",
            "tests/test_windows.py",
        ),
    ),
    Group(
        "session_key",
        ("session_key",),
        ("tests/test_key_age.py", "tests/test_key_renewal.py"),
    ),
)


def lay_out(group: Group, *, sources: bool) -> Path:
    """Copy what the tests need, with the modules prepared, and return the place."""
    place = WORK / group.name
    if sources:
        # Which tests reach what, which may be another thing now.
        (place / "mutants" / "mutmut-stats.json").unlink(missing_ok=True)
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(
            ROOT / PACKAGE, place / PACKAGE, ignore=ignored, dirs_exist_ok=True
        )
        by_folder = defaultdict(list)
        for module in group.modules:
            path = place / PACKAGE / f"{module}.py"
            by_folder[path.parent].append(path)
        for paths in by_folder.values():
            prepare(paths, KEPT)
    for name in ("tests", "pyproject.toml"):
        source, target = ROOT / name, place / name
        if source.is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(source, target, ignore=ignored, dirs_exist_ok=True)
        else:
            shutil.copy2(source, target)
    settings = {
        "source_paths": [PACKAGE],
        "only_mutate": [PACKAGE / f"{module}.py" for module in group.modules],
        "pytest_add_cli_args": ["-p", "no:cacheprovider", "--timeout=30"],
        "pytest_add_cli_args_test_selection": group.tests,
        # A mutant may take so many times as long as what it is a mutant of.
        "timeout_constant": [30],
        "timeout_multiplier": [4],
        "use_git_change_detection": ["false"],
    }
    lines = ["[mutmut]"]
    for name, values in settings.items():
        lines += [f"{name} =", *(f"    {value}" for value in values)]
        if len(values) == 1 and not isinstance(values[0], Path):
            lines[-2:] = [f"{name} = {values[0]}"]
    (place / "setup.cfg").write_text("\n".join(lines) + "\n")
    return place


def mutmut(place: Path, *arguments: str) -> None:
    """Run the tester in a place of its own."""
    command = [sys.executable, "-c", _MUTMUT]
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    subprocess.run([*command, *arguments], cwd=place, check=True, env=environment)


def verdicts(place: Path, module: str) -> dict[str, str]:
    """Return what became of each mutant of a module."""
    path = place / "mutants" / PACKAGE / f"{module}.py.meta"
    if not path.exists():
        return {}
    found = json.loads(path.read_text())["exit_code_by_key"]
    return {
        name: "timed out" if code in _TIMEOUTS else _VERDICTS.get(code, "unclear")
        for name, code in found.items()
        if code is not None
    }


def mutant_names(module: str) -> str:
    """Return the pattern of the names that mutants of a module have."""
    return ".".join((*PACKAGE.parts, *module.split("/"), "x*"))


def difference(place: Path, name: str) -> str:
    """Return how a mutant differs."""
    command = [sys.executable, "-c", _MUTMUT]
    shown = subprocess.run(
        [*command, "show", name], cwd=place, check=True, capture_output=True, text=True
    )
    lines = shown.stdout.splitlines()
    changed = [
        line for line in lines if line[:1] in "+-" and line[:3] not in ("+++", "---")
    ]
    return "\n".join([f"# {name}", *changed])


def report(group: Group, place: Path, modules: Iterable[str]) -> list[str]:
    """Print the counts of some modules, and return what was not killed."""
    lines = []
    for module in modules:
        found = verdicts(place, module)
        counts = Counter(found.values())
        told = ", ".join(f"{number} {what}" for what, number in sorted(counts.items()))
        print(f"{module}: {len(found)} mutants, {told}")
        lines += [
            f"{difference(place, name)}\n# {what}\n"
            for name, what in found.items()
            if what != "killed"
        ]
    return lines


def main() -> int:
    """Read the arguments, and go through the groups."""
    every = [module for group in GROUPS for module in group.modules]
    parser = argparse.ArgumentParser(prog="scripts/mutate")
    parser.add_argument("modules", nargs="*", metavar="MODULE", help=", ".join(every))
    parser.add_argument(
        "--again", action="store_true", help="only what was not killed before"
    )
    parser.add_argument("--jobs", type=int, default=2)
    asked = parser.parse_args()
    chosen = {
        module
        for module in every
        for name in asked.modules or every
        if module == name.removesuffix(".py")
        or module.startswith(f"{name.rstrip('/')}/")
    }
    if not chosen:
        parser.error(f"no such module; there are {', '.join(every)}")
    left = []
    for group in GROUPS:
        modules = [module for module in group.modules if module in chosen]
        if not modules:
            continue
        whole = len(modules) == len(group.modules)
        if whole and not asked.again:
            shutil.rmtree(WORK / group.name, ignore_errors=True)
        place = lay_out(group, sources=not asked.again)
        names = [mutant_names(module) for module in modules]
        if asked.again:
            names = [
                name
                for module in modules
                for name, what in verdicts(place, module).items()
                if what != "killed"
            ]
        elif whole:
            names = []
        if names or not asked.again:
            mutmut(place, "run", "--max-children", str(asked.jobs), *names)
        left += report(group, place, modules)
    path = WORK / "survivors.txt"
    path.write_text("\n".join(left))
    print(f"{len(left)} mutants were not killed: {path.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
