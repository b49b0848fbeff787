"""Write modules so that all of their lines can be mutated.

mutmut mutates plain functions, and chooses among their mutants when they are called. So
`@property` and the like become an assignment after the method, and what a constant of
a module is made of goes into a function, which the functions of the client's and of
other modules call in place of the name. What the modules do stays the same.
"""

from __future__ import annotations

from pathlib import Path

import libcst as cst

_PREFIX = "value_of_"


def value_name(name: str) -> str:
    """Return the name of the function that makes a constant."""
    return f"{_PREFIX}{name}"


def constants_of(module: cst.Module) -> set[str]:
    """Return the names of a module's constants."""
    return {name for line in module.body if (name := _constant(line)) is not None}


def _constant(statement: cst.CSTNode) -> str | None:
    """Return the constant that a statement of a module defines, if it does."""
    if not isinstance(statement, cst.SimpleStatementLine):
        return None
    (small, *rest) = statement.body
    if rest or not isinstance(small, (cst.Assign, cst.AnnAssign)) or not small.value:
        return None
    target = (
        small.target if isinstance(small, cst.AnnAssign) else small.targets[0].target
    )
    if not isinstance(target, cst.Name) or not target.value.isupper():
        return None
    return target.value


class _Uses(cst.CSTVisitor):
    """Find the names that functions use, or constants that are made of others."""

    def __init__(self) -> None:
        """Begin with none."""
        self.names: set[str] = set()
        self._inside = 0

    def visit_FunctionDef(self, node: cst.FunctionDef) -> None:
        """Go into a function."""
        self._inside += 1

    def leave_FunctionDef(self, original_node: cst.FunctionDef) -> None:
        """Come out of it."""
        self._inside -= 1

    def visit_Assign_value(self, node: cst.Assign) -> None:
        """Go into what a constant is made of."""
        self._inside += 1

    def leave_Assign_value(self, node: cst.Assign) -> None:
        """Come out of it."""
        self._inside -= 1

    def visit_Annotation(self, node: cst.Annotation) -> bool:
        """Leave out what is never evaluated."""
        return False

    def visit_Name(self, node: cst.Name) -> None:
        """Note a name."""
        if self._inside:
            self.names.add(node.value)


class _Prepare(cst.CSTTransformer):
    """Take decorators off methods, and constants out of their lines."""

    def __init__(self, own: set[str], known: dict[str, set[str]]) -> None:
        """Begin with the module's own constants, and those of others by module."""
        self._own = own
        self._known = known
        self._live = set(own)
        self._functions = 0

    def visit_FunctionDef(self, node: cst.FunctionDef) -> None:
        """Note that what follows is inside of a function."""
        self._functions += 1

    def leave_FunctionDef(
        self, original_node: cst.FunctionDef, updated_node: cst.FunctionDef
    ) -> cst.FunctionDef | cst.FlattenSentinel[cst.BaseStatement]:
        """Turn the one decorator of a function into a call after it."""
        self._functions -= 1
        decorators = updated_node.decorators
        if self._functions or len(decorators) != 1:
            return updated_node
        decorate = decorators[0].decorator
        plain = updated_node.with_changes(decorators=[])
        if isinstance(decorate, cst.Call) and isinstance(decorate.func, cst.Name):
            # A cache would answer for the mutants.
            return plain if decorate.func.value == "lru_cache" else updated_node
        if not isinstance(decorate, cst.Name):
            return updated_node
        name = updated_node.name.value
        after = cst.parse_statement(f"{name} = {decorate.value}({name})")
        return cst.FlattenSentinel([plain, after])

    def leave_ImportFrom(
        self, original_node: cst.ImportFrom, updated_node: cst.ImportFrom
    ) -> cst.ImportFrom:
        """Import what makes a constant beside it."""
        if not isinstance(original_node.module, cst.Name) or isinstance(
            original_node.names, cst.ImportStar
        ):
            return updated_node
        known = self._known.get(original_node.module.value, set())
        found = [alias.evaluated_name for alias in original_node.names]
        more = [name for name in found if name in known and original_node.relative]
        self._live.update(more)
        aliases = [cst.ImportAlias(cst.Name(value_name(name))) for name in more]
        return updated_node.with_changes(names=[*updated_node.names, *aliases])

    def leave_Name(
        self, original_node: cst.Name, updated_node: cst.Name
    ) -> cst.BaseExpression:
        """Make a constant where a function uses it."""
        if self._functions and original_node.value in self._live:
            return cst.Call(cst.Name(value_name(original_node.value)))
        return updated_node

    def leave_SimpleStatementLine(
        self,
        original_node: cst.SimpleStatementLine,
        updated_node: cst.SimpleStatementLine,
    ) -> cst.BaseStatement | cst.FlattenSentinel[cst.BaseStatement]:
        """Give a constant a function of its own."""
        name = None if self._functions else _constant(original_node)
        if name not in self._own:
            return updated_node
        statement = updated_node.body[0]
        assert isinstance(statement, (cst.Assign, cst.AnnAssign))
        # What it is made of can be other constants.
        self._functions += 1
        value = statement.value.visit(self)
        self._functions -= 1
        make = cst.parse_statement(f"def {value_name(name)}():\n    return None\n")
        result = cst.SimpleStatementLine([cst.Return(value)])
        make = make.with_deep_changes(make.body, body=[result])
        call = statement.with_changes(value=cst.Call(cst.Name(value_name(name))))
        return cst.FlattenSentinel([make, updated_node.with_changes(body=[call])])


def prepare(paths: list[Path], kept: frozenset[str]) -> None:
    """Rewrite modules of one package; the constants to keep are those that tests replace."""
    modules = {path: cst.parse_module(path.read_text()) for path in paths}
    uses = _Uses()
    for module in modules.values():
        module.visit(uses)
    known = {
        path.stem: (constants_of(module) & uses.names) - kept
        for path, module in modules.items()
    }
    for path, module in modules.items():
        path.write_text(module.visit(_Prepare(known[path.stem], known)).code)
