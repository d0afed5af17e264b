"""Patterns written as text, for replacements files: the notation of a rule's ``pattern`` method, without Python.

    scaled = Div(x, constant(limit))
    Mul(Tanh(scaled), limit)

Every line is ``name = Type(...)`` or, the last one, the node in which the sub-graph ends. Inputs are names (the same
name is the same value), inner calls, numbers (a constant that is this number throughout), ``None`` (not connected) and
a final ``...`` (any further inputs). ``constant(w)`` must be a constant, ``split[1]`` is the second output of a node,
``(Add | Sub)(x, y)`` any of several types, ``"com.microsoft:Gelu"(x)`` a type that is no name. Attributes are written
``alpha=0.1``, as a set where there are several (``mode={"a", "b"}``), or in a final ``{"relu_param.slope": 0.1}``.
``shared=True`` and ``ordered=True`` are those of :mod:`dragoman.rules.pattern`. The text is parsed, never run.
"""

from __future__ import annotations

import ast
import dataclasses
import textwrap
import warnings
from typing import Any

from dragoman.rules.pattern import Call, Select, Trace, Var

MAX_CHARACTERS = 20_000
#: what the last node is bound to, where the text gives it no name
ROOT = "_root"
_WORDS = {"true": True, "false": False}
_FLAGS = ("shared", "ordered")


class NotationError(Exception):
    """The text is no pattern; ``line`` counts from 1 inside the text, ``column`` too."""

    def __init__(self, what: str, line: int = 1, column: int = 1) -> None:
        super().__init__(what)
        self.what = what
        self.line = line
        self.column = column


@dataclasses.dataclass(frozen=True)
class Written:
    """A pattern that was read: the node it ends in, its variables in order, and the names of its nodes."""

    root: Call
    variables: tuple[str, ...]
    constants: frozenset[str]
    nodes: tuple[str, ...]


def parse_pattern(text: str) -> Written:
    """Read a pattern; raises NotationError."""
    if len(text) > MAX_CHARACTERS:
        raise NotationError(f"the pattern is longer than {MAX_CHARACTERS} characters")
    reader = _Reader()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)
            tree = ast.parse(textwrap.dedent(text))
        return reader.read(tree)
    except SyntaxError as error:
        raise NotationError(f"not a pattern: {error.msg}", error.lineno or 1, error.offset or 1) from None
    except ValueError as error:
        raise NotationError(f"not a pattern: {error}") from None
    except (RecursionError, MemoryError):
        raise NotationError("the pattern is nested too deep") from None


class _Reader:
    """Walks the syntax tree; ``names`` are the values that lines have named."""

    def __init__(self) -> None:
        self.names: dict[str, Any] = {}
        self.variables: dict[str, None] = {}
        self.constants: set[str] = set()

    def read(self, tree: ast.Module) -> Written:
        if not tree.body:
            raise NotationError("the pattern is empty")
        root: Any = None
        lines: list[tuple[ast.stmt, Any]] = []
        for statement in tree.body:
            root = self._statement(statement)
            lines.append((statement, root))
        if not isinstance(root, Call):
            raise _at(tree.body[-1], "a pattern ends in a node: write Type(inputs) last")
        if not root.bind:
            root = dataclasses.replace(root, bind=ROOT)
            lines[-1] = (lines[-1][0], root)
        calls = _calls(root)
        for statement, value in lines:
            if id(value.call if isinstance(value, Select) else value) not in calls:
                raise _at(statement, "the line is not part of what the last line reads")
        nodes = tuple(c.bind for c in calls.values() if c.bind not in ("", ROOT))
        return Written(root, tuple(self.variables), frozenset(self.constants), nodes)

    def _statement(self, statement: ast.stmt) -> Any:
        if isinstance(statement, ast.Expr):
            return self._operand(statement.value)
        if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
            raise _at(statement, "a line is name = Type(...) or Type(...)")
        target = statement.targets[0]
        value = self._operand(statement.value)
        if isinstance(target, ast.Tuple) and isinstance(value, Call):
            for i, item in enumerate(target.elts):
                self._name(item, Select(value, i))
            return value
        if isinstance(value, Call) and isinstance(target, ast.Name):
            value = dataclasses.replace(value, bind=target.id)
        if not isinstance(value, (Call, Select)):
            raise _at(statement, "only a node can be given a name")
        self._name(target, value)
        return value

    def _name(self, target: ast.expr, value: Any) -> None:
        if not isinstance(target, ast.Name):
            raise _at(target, "a name is wanted before =")
        if target.id in self.names or target.id in self.variables:
            raise _at(target, f"{target.id!r} has a meaning already")
        self.names[target.id] = value

    def _operand(self, node: ast.expr) -> Any:
        if isinstance(node, ast.Name):
            if node.id in self.names:
                return self.names[node.id]
            self.variables.setdefault(node.id)
            return Var(node.id)
        if isinstance(node, ast.Constant) and (node.value is None or node.value is ...):
            return node.value
        if isinstance(node, ast.Subscript):
            call, index = self._operand(node.value), _literal(node.slice)
            if not isinstance(call, Call) or type(index) is not int or index < 0:
                raise _at(node, "[N] chooses an output of a node, counted from 0")
            return call[index]
        if isinstance(node, ast.Call):
            return self._call(node)
        try:
            number = ast.literal_eval(node)
        except (ValueError, TypeError):
            number = None
        if isinstance(number, (int, float)) and not isinstance(number, bool):
            return number
        raise _at(node, "an input is a name, a number, None, ... or Type(...)")

    def _call(self, node: ast.Call) -> Any:
        if isinstance(node.func, ast.Name) and node.func.id == "constant":
            if len(node.args) != 1 or not isinstance(node.args[0], ast.Name) or node.keywords:
                raise _at(node, "write constant(name)")
            name = node.args[0].id
            self.variables.setdefault(name)
            self.constants.add(name)
            return Var(name, constant=True)
        types, args = _types(node.func), list(node.args)
        attributes = {k.arg: _literal(k.value) for k in node.keywords if k.arg is not None}
        if len(attributes) != len(node.keywords):
            raise _at(node, "** is not known here")
        for flag in _FLAGS:
            if not isinstance(attributes.get(flag, True), bool):
                raise _at(node, f"{flag} is True or False")
        if args and isinstance(args[-1], ast.Dict):
            given = _literal(args.pop())
            if not all(isinstance(k, str) for k in given):
                raise _at(node, "names of attributes are texts")
            attributes |= given
        operands = [self._operand(a) for a in args]
        if ... in operands[:-1]:
            raise _at(node, "... stands last")
        flags: dict[str, Any] = {f: attributes.pop(f) for f in _FLAGS if f in attributes}
        call = Trace().any_of(*types)(*operands, **flags)
        return dataclasses.replace(call, attrs=tuple(sorted(attributes.items())))


def _types(node: ast.expr) -> list[str]:
    if isinstance(node, ast.Name):
        return [node.id]
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value:
        return [node.value]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return [*_types(node.left), *_types(node.right)]
    raise _at(node, 'a type is a name, "a text", or (A | B)')


def _literal(node: ast.expr) -> Any:
    if isinstance(node, ast.Name) and node.id in _WORDS:
        return _WORDS[node.id]
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError):
        raise _at(node, "a number, a text, a list or a set of them is wanted") from None


def _calls(root: Call) -> dict[int, Call]:
    found: dict[int, Call] = {}
    stack = [root]
    while stack:
        call = stack.pop()
        if id(call) in found:
            continue
        found[id(call)] = call
        inner = [a.call if isinstance(a, Select) else a for a in call.args]
        stack += [a for a in inner if isinstance(a, Call)]
    return found


def _at(node: ast.AST, what: str) -> NotationError:
    return NotationError(what, getattr(node, "lineno", 1), getattr(node, "col_offset", 0) + 1)
