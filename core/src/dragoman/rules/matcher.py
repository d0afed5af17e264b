"""Matches a pattern against the graph around one node, and proves that no inner value is used elsewhere.

The search keeps its own stack and never leaves the root's graph, so its depth is that of the pattern and not that of
the model. Choices (operands of commutative ops) are undone through a trail; the work of one attempt is bounded.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeAlias

from dragoman.graph.graph import Node, Value
from dragoman.graph.types import SmallValue
from dragoman.rules.pattern import Call, Literal, Operand, Pattern, Select, Var

#: Steps after which an attempt is given up; patterns that people write take some dozens.
STEPS = 4000
_DIGITS = {"f16": 2e-3, "bf16": 1.6e-2, "f32": 2e-6, "f64": 1e-9}

Goals: TypeAlias = "tuple[Operand, Value | None, Goals] | None"


class Match:
    """Bindings by name, and the nodes that the pattern covers, the root last."""

    __slots__ = ("bindings", "nodes", "root", "shared")

    def __init__(self, root: Node, nodes: list[Node], shared: list[Node], bindings: dict[str, Value]) -> None:
        self.root = root
        self.nodes = nodes
        self.shared = shared
        self.bindings = bindings


class Reasons:
    """Collects why attempts failed; the ones that came furthest are the closest misses."""

    __slots__ = ("best", "texts")

    def __init__(self) -> None:
        self.best = -1
        self.texts: list[str] = []

    def add(self, depth: int, text: str) -> None:
        """A failure after ``depth`` nodes matched."""
        if depth > self.best:
            self.best = depth
            self.texts = []
        if depth == self.best and text not in self.texts:
            self.texts.append(text)


def match(pattern: Pattern, root: Node, reasons: Reasons | None = None) -> Match | None:
    """The first way in which the pattern ends in ``root``, or None."""
    if reasons is None and not _plausible(pattern, root):
        return None
    return _Search(pattern, root, reasons).run()


def _plausible(pattern: Pattern, root: Node) -> bool:
    for ops in pattern.first:
        for value in root.inputs:
            if value is not None and value.producer.op in ops:
                break
        else:
            return False
    return True


class _Search:
    """One attempt; ``bound`` maps variable names and pattern nodes to what they stand for."""

    def __init__(self, pattern: Pattern, root: Node, reasons: Reasons | None) -> None:
        self.pattern = pattern
        self.root = root
        self.reasons = reasons
        self.bound: dict[Any, Any] = {}
        self.trail: list[Any] = []
        self.choices: list[tuple[Goals, int]] = []

    def run(self) -> Match | None:
        if not self._enter(self.pattern.root, self.root):
            return None
        goals = self._expand(self.pattern.root, self.root, None)
        steps = 0
        while goals is not None:
            steps += 1
            operand, value, rest = goals
            goals_or_fail = self._step(operand, value, rest)
            if goals_or_fail is not False:
                goals = goals_or_fail
                continue
            if not self.choices or steps > STEPS:
                return None
            goals, mark = self.choices.pop()
            while len(self.trail) > mark:
                del self.bound[self.trail.pop()]
        return self._result()

    def _step(self, operand: Operand, value: Value | None, rest: Goals) -> Any:
        """The goals that remain, or False."""
        if operand is None or value is None:
            return rest if operand is None and value is None else self._fail("an input is missing or not expected")
        if isinstance(operand, Var):
            return rest if self._variable(operand, value) else False
        if isinstance(operand, Literal):
            return rest if is_number(value, operand.number) else self._fail(f"{value!r} is not {operand.number:g}")
        call, index = (operand.call, operand.index) if isinstance(operand, Select) else (operand, 0)
        node = value.producer
        if value.index != index:
            return self._fail(f"output {value.index} of {node!r} is used, not {index}")
        held = self.bound.get(id(call))
        if held is not None:
            return rest if held is node else self._fail(f"{node!r} should be {held!r}")
        if node.graph is not self.root.graph or not self._enter(call, node):
            return False
        return self._expand(call, node, rest)

    def _enter(self, call: Call, node: Node) -> bool:
        """The node itself fits, its inputs aside."""
        if node.op not in call.ops:
            return bool(self._fail(f"{node!r} is not {call}"))
        for name, wanted in call.attrs:
            if not _accepts(wanted, attribute(node, name)):
                return bool(self._fail(f"{node!r} has {name}={attribute(node, name)!r}", 1))
        count = len(node.inputs)
        while count and node.inputs[count - 1] is None:
            count -= 1
        if count != len(call.args) and not (call.open_ended and count > len(call.args)):
            return bool(self._fail(f"{node!r} has {count} inputs, not {len(call.args)}", 1))
        if any(isinstance(a, Literal) for a in call.args) and (wide := widening_constant(node)) is not None:
            return bool(self._fail(f"{wide!r} gives {node!r} its shape", 1))
        self._bind(id(call), node)
        return True

    def _expand(self, call: Call, node: Node, rest: Goals) -> Goals:
        args = call.args
        if call.commutative:
            swapped: Goals = (args[0], node.inputs[1], (args[1], node.inputs[0], rest))
            self.choices.append((swapped, len(self.trail)))
        goals = rest
        for slot in range(len(args) - 1, -1, -1):
            goals = (args[slot], node.inputs[slot], goals)
        return goals

    def _variable(self, variable: Var, value: Value) -> bool:
        if variable.constant and value.tensor is None:
            return bool(self._fail(f"{value!r} is not a constant"))
        held = self.bound.get(variable.name)
        if held is None:
            self._bind(variable.name, value)
            return True
        return held is value or bool(self._fail(f"{variable.name} is both {held!r} and {value!r}"))

    def _bind(self, key: Any, item: Any) -> None:
        self.bound[key] = item
        self.trail.append(key)

    def _fail(self, text: str, closer: int = 0) -> bool:
        if self.reasons is not None:
            self.reasons.add(2 * sum(isinstance(k, int) for k in self.bound) + closer, text)
        return False

    def _result(self) -> Match:
        nodes: list[Node] = []
        shared: list[Node] = []
        bindings: dict[str, Value] = {}
        for key, item in self.bound.items():
            if isinstance(key, str):
                bindings[key] = item
                continue
            call = self.pattern.calls[key]
            if item is not self.root:
                (shared if call.shared else nodes).append(item)
            if call.bind:
                bindings[call.bind] = item.out
        return Match(self.root, [*nodes, self.root], shared, bindings)


def outside_use(found: Match, leaves: Callable[[Value], bool]) -> str:
    """Who uses an inner value of the match outside it; empty when nobody does.

    ``leaves`` tells of a value that it goes out of the graph: one of its outputs, or what a body hands on.
    """
    inside = {id(n) for n in found.nodes}
    for node in found.nodes[:-1]:
        for value in node.outputs:
            if leaves(value):
                return f"{node!r} is an output of the graph"
            for user, _ in value.uses:
                if id(user) not in inside:
                    return f"{node!r} is also used by {user!r}"
    return ""


def attribute(node: Node, name: str) -> Any:
    """An attribute of a source node (None when absent) or of a target node."""
    attrs = node.attrs
    return attrs.get(name) if isinstance(attrs, dict) else getattr(attrs, name, None)


def _accepts(wanted: Any, given: Any) -> bool:
    if callable(wanted):
        return bool(wanted(given))
    if isinstance(wanted, (set, frozenset)):
        return given in wanted
    if isinstance(wanted, (list, tuple)):
        return isinstance(given, (list, tuple)) and list(wanted) == list(given)
    return bool(given == wanted)


def widening_constant(node: Node) -> Value | None:
    """The constant that an elementwise op's other input is broadcast to, and so more than its number; or None."""
    if getattr(node.attrs, "auto_broadcast", None) is None or len(node.inputs) != 2:
        return None
    for constant, other in (node.inputs, node.inputs[::-1]):
        if constant is None or other is None or constant.tensor is None or other.tensor is not None:
            continue
        dims, within = constant.tensor.shape, other.shape
        if not dims:
            continue
        if within is None or len(dims) > len(within):
            return constant
        if any(d != 1 and d != w for d, w in zip(reversed(dims), reversed(within), strict=False)):
            return constant
    return None


def is_number(value: Value, number: float, *, exact: bool = False) -> bool:
    """A constant all of whose elements are this number, as far as their element type can tell, or exactly."""
    if value.tensor is None:
        return False
    small: SmallValue | None = value.value
    if small is None or not small.items:
        return False
    if exact:
        return all(i == number for i in small.items)
    near = _DIGITS.get(value.dtype.name, 0.0)
    return all(isinstance(i, (int, float)) and math.isclose(i, number, rel_tol=near, abs_tol=0.0) for i in small.items)
