"""Patterns: a rule's ``pattern`` method is run once with placeholders, and what it writes down is what it matches.

    def pattern(self, op, x, w, scale):
        return op.Multiply(op.Convolution(x, w, bind="conv"), scale)

Parameters are variables: each stands for one value, the same wherever it appears. Further forms:

- ``op.constant(w)``: the variable must be a constant; a plain number matches a constant that is this number throughout;
- ``op.any_of("Add", "Subtract")(x, y)``: several op types;
- ``op.Convolution(x, w, auto_pad="explicit")``: an attribute must equal, be in a set, or satisfy a function;
- ``split = op.Split(x, axis); op.Add(split[0], split[1])``: outputs of one node;
- ``None``: an input that is not connected; a final ``...``: any further inputs;
- a list of several roots: forms of one thing, tried in this order; variables that a form lacks are not bound;
- ``bind=``: a name for an inner value; ``shared=True``: it may also be used outside the pattern, and stays then;
- ``ordered=True``: the operands of a commutative op in this order only.

Op types of source graphs that are no Python names go through ``op.make("com.microsoft:Gelu", x)``.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

#: Both operands may be swapped. Names of OpenVINO and of the frameworks alike: elementwise by every definition.
COMMUTATIVE = frozenset(
    (
        *("Add", "Multiply", "Mul", "Maximum", "Minimum", "SquaredDifference", "Equal", "NotEqual"),
        *("LogicalAnd", "LogicalOr", "LogicalXor", "And", "Or", "Xor", "BitwiseAnd", "BitwiseOr", "BitwiseXor"),
    )
)


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Var:
    """Stands for one value; with ``constant`` its data must be known at conversion."""

    name: str
    constant: bool = False


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Literal:
    """A constant all of whose elements are this number, to the precision of their type."""

    number: float


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Call:
    """One node: its op type is one of ``ops``, its inputs match ``args``."""

    ops: frozenset[str]
    args: tuple[Operand, ...]
    attrs: tuple[tuple[str, Any], ...] = ()
    bind: str = ""
    shared: bool = False
    open_ended: bool = False
    commutative: bool = False

    def __getitem__(self, index: int) -> Select:
        return Select(self, index)

    def __iter__(self) -> Iterator[Select]:
        raise TypeError("write split[0], split[1]: a pattern does not know how many outputs there are")

    def __str__(self) -> str:
        return " or ".join(sorted(self.ops))


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Select:
    """One output of a node of several."""

    call: Call
    index: int


Operand: TypeAlias = "Var | Literal | Call | Select | None"


class Trace:
    """What ``pattern`` receives as ``op``: every call is written down instead of made."""

    def __getattr__(self, name: str) -> Callable[..., Call]:
        if name.startswith("_"):
            raise AttributeError(name)
        return functools.partial(_call, frozenset((name,)))

    def make(self, name: str, *args: Any, **fields: Any) -> Call:
        """A node whose op type is no Python name."""
        return _call(frozenset((name,)), *args, **fields)

    def any_of(self, *names: str) -> Callable[..., Call]:
        """A node of any of these op types."""
        return functools.partial(_call, frozenset(names))

    def constant(self, variable: Var) -> Var:
        """The variable, which must be a constant."""
        return Var(variable.name, constant=True)


def _call(
    ops: frozenset[str],
    *args: Any,
    bind: str = "",
    shared: bool = False,
    ordered: bool = False,
    **attrs: Any,
) -> Call:
    open_ended = bool(args) and args[-1] is ...
    operands = tuple(_operand(a) for a in (args[:-1] if open_ended else args))
    while operands and operands[-1] is None:
        operands = operands[:-1]
    swaps = not ordered and len(operands) == 2 and ops <= COMMUTATIVE and operands[0] is not operands[1]
    return Call(ops, operands, tuple(sorted(attrs.items())), bind, shared, open_ended, swaps)


def _operand(given: Any) -> Operand:
    if given is None or isinstance(given, (Var, Literal, Call, Select)):
        return given
    if isinstance(given, (int, float)):
        return Literal(float(given))
    raise TypeError(f"{given!r} cannot stand in a pattern")


class Pattern:
    """One form of a traced pattern: its root, all its nodes, and how deep it goes."""

    __slots__ = ("calls", "depth", "first", "root")

    def __init__(self, root: Call) -> None:
        if not isinstance(root, Call):
            raise TypeError(f"a pattern returns the node it ends in, not {root!r}")
        self.root = root
        self.calls: dict[int, Call] = {}
        self.depth = self._visit(root)
        #: op types that the root's direct inputs must have: a cheap test before matching
        self.first = tuple(c.ops for c in map(_call_of, root.args) if c is not None)

    def _visit(self, call: Call) -> int:
        self.calls[id(call)] = call
        inner = [c for c in map(_call_of, call.args) if c is not None]
        return 1 + max((self._visit(c) for c in inner), default=0)

    def kinds(self) -> frozenset[frozenset[str]]:
        """The op types of each node."""
        return frozenset(c.ops for c in self.calls.values())

    def may_end_in(self, op: str) -> bool:
        """The root accepts this op type."""
        return op in self.root.ops

    def mentions(self, op: str) -> bool:
        """Some node of the pattern accepts this op type."""
        return any(op in c.ops for c in self.calls.values())


def traced(function: Callable[..., Any]) -> list[Pattern]:
    """What a ``pattern`` method writes down: one pattern for each form it returns."""
    names = list(inspect.signature(function).parameters)[1:]
    result = function(Trace(), **{n: Var(n) for n in names})
    return [Pattern(root) for root in (result if isinstance(result, (list, tuple)) else [result])]


def _call_of(operand: Operand) -> Call | None:
    return operand.call if isinstance(operand, Select) else operand if isinstance(operand, Call) else None
