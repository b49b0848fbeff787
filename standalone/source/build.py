"""Make `standalone/claude_usage.py` out of the client's pure modules and `script.py`.

    python standalone/source/build.py [--check]

Imports are merged, and what nothing reaches from `main()` is left out. All else
stands in the script as it stands in its module.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
import sys

ROOT = Path(__file__).parents[2]
CLIENT = ROOT / "custom_components" / "claude_pulse" / "claude_ai"
OWN_PART = ROOT / "standalone" / "source" / "script.py"
SCRIPT = ROOT / "standalone" / "claude_usage.py"

# Each needs only those before it.
MODULES = ("values", "errors", "credentials", "organization", "usage", "answer")
SOURCES = (*(CLIENT / f"{name}.py" for name in MODULES), OWN_PART)

HEAD = '''\
#!/usr/bin/env python3
"""{docstring}"""

# Made by scripts/standalone: change claude_ai/ or standalone/source/script.py, and
# run it again.

from __future__ import annotations

{imports}

'''
LINE_LENGTH = 88


class BuildError(Exception):
    """What keeps the modules from becoming one file."""


@dataclass(frozen=True)
class Piece:
    """A statement of a module's top level, with the comments above it."""

    text: str
    blank_lines: int
    defines: frozenset[str]
    uses: frozenset[str]


@dataclass
class Module:
    """A module taken apart.

    `imported` has what it takes from the standard library: for each name the module
    it is of, and whether it is something in there or that module itself.
    """

    path: Path
    docstring: str
    pieces: list[Piece] = field(default_factory=list)
    imported: dict[str, tuple[str, bool]] = field(default_factory=dict)

    @property
    def defined(self) -> Iterator[str]:
        """Yield the names of its top level."""
        for piece in self.pieces:
            yield from piece.defines

    def error(self, message: str) -> BuildError:
        """Return what is wrong with it."""
        return BuildError(f"{self.path.name}: {message}")


def build(sources: Sequence[Path] = SOURCES) -> str:
    """Return the script; the last source is its own part, the others are modules."""
    modules: list[Module] = []
    for path in sources:
        modules.append(read(path, modules))
    refuse_two_meanings(modules)
    used = reached([piece for module in modules for piece in module.pieces])
    *client, own = modules
    sections = [(comment_of(module), lay_out(module, used)) for module in client]
    sections.append(("# --- The script's own part", lay_out(own, used)))
    imported = {
        name: origin
        for module in modules
        for name, origin in module.imported.items()
        if name in used
    }
    head = HEAD.format(docstring=own.docstring, imports=import_block(imported))
    return head + "\n\n\n".join(about + kept for about, kept in sections if kept) + "\n"


def read(path: Path, before: Sequence[Module]) -> Module:
    """Take a module apart, which may import from the standard library and those before."""
    source = path.read_text(encoding="utf-8")
    lines = source.split("\n")
    tree = ast.parse(source)
    module = Module(path, ast.get_docstring(tree, clean=False) or "")
    if not module.docstring:
        raise module.error("it needs a docstring")
    end = 0
    for place, node in enumerate(tree.body):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.asname or "." in alias.name:
                    raise module.error(f"import from {alias.name} what is needed")
                refuse_foreign(module, alias.name)
                module.imported[alias.name] = (alias.name, False)
        elif isinstance(node, ast.ImportFrom):
            read_import(module, node, before)
        elif place > 0:
            module.pieces.append(piece_of(module, node, lines[end : node.end_lineno]))
        end = node.end_lineno or 0
    if any(lines[end:]):
        raise module.error("the comment at its end belongs to nothing")
    return module


def read_import(module: Module, node: ast.ImportFrom, before: Sequence[Module]) -> None:
    """Remember an import, or find what it is about in the modules before."""
    names = [alias.name for alias in node.names]
    if any(alias.asname for alias in node.names):
        raise module.error(f"import {', '.join(names)} without another name")
    origin = node.module or ""
    if node.level or origin.startswith("custom_components."):
        stem = origin.rpartition(".")[2]
        known = [
            name
            for other in before
            if other.path.stem == stem
            for name in other.defined
        ]
        if not set(names) <= set(known):
            raise module.error(
                f"{', '.join(names)} of {stem}.py is not there: is {stem} missing in "
                "MODULES of standalone/source/build.py?"
            )
    elif origin != "__future__":
        refuse_foreign(module, origin)
        module.imported.update(dict.fromkeys(names, (origin, True)))


def refuse_foreign(module: Module, origin: str) -> None:
    """Fail for what would have to be installed."""
    if origin.partition(".")[0] not in sys.stdlib_module_names:
        raise module.error(f"{origin} is not in the standard library")


def piece_of(module: Module, node: ast.stmt, lines: list[str]) -> Piece:
    """Return a statement as it stands in its module."""
    inside = list(ast.walk(node))
    if any(isinstance(part, (ast.Import, ast.ImportFrom)) for part in inside):
        raise module.error("an import stands elsewhere than at the top")
    defines = set()
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        defines.add(node.name)
    elif isinstance(node, (ast.Assign, ast.AnnAssign)):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        parts = (part for target in targets for part in ast.walk(target))
        defines.update(part.id for part in parts if isinstance(part, ast.Name))
    text = "\n".join(lines).lstrip("\n")
    return Piece(
        text,
        blank_lines=len(lines) - text.count("\n") - 1,
        defines=frozenset(defines),
        uses=frozenset(part.id for part in inside if isinstance(part, ast.Name)),
    )


def refuse_two_meanings(modules: Iterable[Module]) -> None:
    """Fail where one name would mean two things in one file."""
    known: dict[str, tuple[Module, object]] = {}
    for module in modules:
        meanings: list[tuple[str, object]] = list(module.imported.items())
        meanings += [(name, object()) for name in module.defined]
        for name, meaning in meanings:
            other, meant = known.setdefault(name, (module, meaning))
            if meant != meaning:
                raise module.error(
                    f"the name {name} has another meaning in {other.path.name}, and "
                    "both go into one file: rename one of them"
                )


def reached(pieces: Sequence[Piece]) -> set[str]:
    """Return all names that are needed by what runs by itself, such as `main()`."""
    used: set[str] = set()
    waiting = [piece for piece in pieces if not piece.defines]
    while waiting:
        found = waiting.pop().uses - used
        used |= found
        waiting += [piece for piece in pieces if piece.defines & found]
    return used


def lay_out(module: Module, used: set[str]) -> str:
    """Return what stays of a module, with its blank lines."""
    text, blank_lines = "", 0
    for piece in module.pieces:
        blank_lines = max(blank_lines, piece.blank_lines)
        if piece.defines & used or not piece.defines:
            text += "\n" * (blank_lines + 1) + piece.text
            blank_lines = 0
    return text


def comment_of(module: Module) -> str:
    """Return what the section of a module begins with: its name and its docstring."""
    lines = module.docstring.strip().split("\n")
    about = "\n".join(f"# {line}".rstrip() for line in lines)
    return f"# --- claude_ai/{module.path.name}\n{about}"


def import_block(imported: dict[str, tuple[str, bool]]) -> str:
    """Return the imports in ruff's order."""
    statements: dict[tuple[str, bool], list[str]] = {}
    for name, origin in imported.items():
        statements.setdefault(origin, []).append(name)
    lines = []
    for (module, is_part), names in sorted(statements.items()):
        # Constants, then classes, then functions.
        names.sort(key=lambda name: (not name.isupper(), name[0].islower(), name))
        line = f"from {module} import {', '.join(names)}"
        if not is_part:
            line = f"import {module}"
        elif len(line) > LINE_LENGTH:
            listed = "".join(f"    {name},\n" for name in names)
            line = f"from {module} import (\n{listed})"
        lines.append(line)
    return "\n".join(lines)


def main() -> None:
    """Write the script, or check that it is what would be written."""
    try:
        script = build()
    except BuildError as err:
        sys.exit(f"scripts/standalone: {err}")
    if "--check" not in sys.argv[1:]:
        SCRIPT.write_text(script, encoding="utf-8", newline="\n")
    elif SCRIPT.read_text(encoding="utf-8") != script:
        sys.exit(
            "standalone/claude_usage.py is not what its sources make: "
            "run scripts/standalone, and commit what it writes"
        )


if __name__ == "__main__":
    main()
