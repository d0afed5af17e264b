"""Rules that are anchored by the names of nodes instead of a pattern: by scope, by points, or not at all.

- a :class:`ScopeRule` replaces all nodes below a name: ``scopes`` are regular expressions for names that end before a
  ``/``; each different name that one of them matches is a region of its own;
- a :class:`PointsRule` replaces what lies between named nodes, these included;
- a general replacement is a :class:`~dragoman.rules.rule.Pass` that reads its ``attributes``.

Anchors stand in the class, or come from a file (``--replacements``), which binds them to the rule's ``id``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

from dragoman.errors import UsageError, did_you_mean
from dragoman.graph.graph import Graph, Node, Value, sort_topologically
from dragoman.rules.apply import discard, failed
from dragoman.rules.editor import Editor, broken
from dragoman.rules.rule import NoMatch, Pass


class Port:
    """An input or output of a region: a regular expression for the node's name, and the port's number."""

    __slots__ = ("node", "number")

    def __init__(self, node: str, number: int = 0) -> None:
        self.node = node
        self.number = number

    def __repr__(self) -> str:
        return f"{self.node}:{self.number}"


class Region:
    """A part of a graph: its nodes in order, the values that come in, the values that go out."""

    __slots__ = ("inputs", "name", "nodes", "outputs")

    def __init__(self, name: str, nodes: Sequence[Node], inputs: Sequence[Value], outputs: Sequence[Value]) -> None:
        self.name = name
        self.nodes = tuple(nodes)
        self.inputs = tuple(inputs)
        self.outputs = tuple(outputs)


class RegionRule(Pass):
    """What scope and points share: the ports of a region, and putting something in its place.

    ``inputs`` and ``outputs`` choose and order the values that cross the border; when empty they are all values that
    do, in the order of the nodes.
    """

    phase: ClassVar[str] = "source"
    inputs: Sequence[Port] = ()
    outputs: Sequence[Port] = ()

    def replace(self, op: Any, region: Region) -> Value | Sequence[Value]:
        """Build what takes the place of ``region.outputs``; NoMatch leaves the region as it is."""
        raise NotImplementedError(type(self).__name__)

    def regions(self, graph: Graph) -> Iterable[tuple[str, list[Node]]]:
        """The regions with their names; UsageError D146 where a name is not in the graph."""
        raise NotImplementedError(type(self).__name__)

    def run(self, graph: Graph, context: Editor) -> int:
        if context.look is not None:
            return 0  # anchors are names of the model as it was
        return sum(self._apply(name, nodes, graph, context) for name, nodes in list(self.regions(graph)))

    def _apply(self, name: str, nodes: list[Node], graph: Graph, context: Editor) -> bool:
        region = self._region(name, nodes, context)
        last = nodes[-1]
        origin = last.origin.by(self.name) if last.origin is not None else None
        op = context.builder(last, origin, name)
        try:
            result = self.replace(op, region)
        except NoMatch:
            discard(op.made, context)
            return False
        except Exception as error:
            raise failed(self.name, "the replacement", last, error) from error
        values = [result] if isinstance(result, Value) else list(result)
        if len(values) != len(region.outputs):
            why = f"it gave {len(values)} values for the {len(region.outputs)} outputs of {name!r}"
            raise broken(self.name, why, [v.producer for v in region.outputs], [v.producer for v in values])
        for old, new in zip(region.outputs, values, strict=True):
            context.replace(old, new)
        context.prune([*region.nodes, *op.made])
        sort_topologically(graph)
        return True

    def _region(self, name: str, nodes: list[Node], context: Editor) -> Region:
        inside = {id(n) for n in nodes}
        entering: dict[int, Value] = {}
        leaving: list[Value] = []
        for node in nodes:
            for value in node.inputs:
                if value is not None and id(value.producer) not in inside:
                    entering.setdefault(id(value), value)
            for value in node.outputs:
                if context.leaves(value) or any(id(user) not in inside for user, _ in value.uses):
                    leaving.append(value)
        inputs = [_port(p, nodes, self.name, name).inputs[p.number] for p in self.inputs]
        outputs = [_port(p, nodes, self.name, name).outputs[p.number] for p in self.outputs]
        return Region(name, nodes, [v for v in inputs if v is not None] or list(entering.values()), outputs or leaving)


class ScopeRule(RegionRule):
    """Replaces all nodes whose names lie below a scope."""

    scopes: Sequence[str] = ()

    def regions(self, graph: Graph) -> Iterable[tuple[str, list[Node]]]:
        found: dict[str, list[Node]] = {}
        for text in self.scopes:
            expression = re.compile(f"({text})(?:/|$)")
            held = len(found)
            for node in graph:
                if (m := expression.match(node.name)) is not None:
                    found.setdefault(m[1], []).append(node)
            if len(found) == held:
                raise _missing(self.name, "scope", text, [n.name.rpartition("/")[0] for n in graph])
        return found.items()


class PointsRule(RegionRule):
    """Replaces what lies on the ways from the start nodes to the end nodes, these included."""

    starts: Sequence[str] = ()
    ends: Sequence[str] = ()

    def regions(self, graph: Graph) -> Iterable[tuple[str, list[Node]]]:
        if not self.ends:
            return []
        named = {n.name: n for n in graph}
        for name in (*self.starts, *self.ends):
            if name not in named:
                raise _missing(self.name, "node", name, list(named))
        starts = {id(named[n]) for n in self.starts}
        before = _reach([named[n] for n in self.ends], starts)
        after = {i for i in before if i in starts}
        inside = []
        for node in graph:  # in order, so that what a node reads is settled before it
            if id(node) in before and (
                id(node) in after or any(v is not None and id(v.producer) in after for v in node.inputs)
            ):
                after.add(id(node))
                inside.append(node)
        if not inside:
            what = f"{self.name}: there is no way from {', '.join(self.starts)} to {', '.join(self.ends)}"
            raise UsageError("D146", what, f"graph {graph.name!r}", "starts come before ends in the model")
        return [(self.ends[0], inside)]


def _reach(ends: Sequence[Node], stop: set[int]) -> set[int]:
    """Ids of the ends and of everything they read, not beyond ``stop``."""
    found = {id(n) for n in ends}
    stack = list(ends)
    while stack:
        node = stack.pop()
        if id(node) in stop:
            continue
        for value in node.inputs:
            if value is not None and id(value.producer) not in found and value.producer.graph is node.graph:
                found.add(id(value.producer))
                stack.append(value.producer)
    return found


def _port(port: Port, nodes: Sequence[Node], rule: str, region: str) -> Node:
    expression = re.compile(port.node)
    found = [n for n in nodes if expression.search(n.name)]
    if not found:
        raise _missing(rule, "node", f"{port.node} in {region}", [n.name for n in nodes])
    node = found[0]
    if port.number >= max(len(node.inputs), len(node.outputs)):
        raise UsageError("D146", f"{rule}: {node!r} has no port {port.number}", f"region {region!r}", "count from 0")
    return node


def _missing(rule: str, what: str, name: str, known: Sequence[str]) -> UsageError:
    hint = did_you_mean(name, sorted({k for k in known if k}))
    return UsageError("D146", f"{rule}: no {what} in the model is called {name!r}", "--replacements", hint)
