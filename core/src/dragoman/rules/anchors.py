"""Rules that are anchored by the names of nodes instead of a pattern: by scope, by points, or not at all.

- a :class:`ScopeRule` replaces all nodes below a name: ``scopes`` are regular expressions for names that end before a
  ``/``; each different name that one of them matches is a region of its own;
- a :class:`PointsRule` replaces what lies between named nodes, these included unless told otherwise;
- a general replacement is a :class:`~dragoman.rules.rule.Pass` that reads its ``attributes``.

Anchors stand in the class, or come from a file (``--replacements``), which binds them to the rule's ``id``. They are
looked up in the whole model, bodies included, before any rule of the phase runs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

from dragoman.errors import UsageError, did_you_mean
from dragoman.graph.graph import Graph, Node, Value, sort_topologically
from dragoman.rules.apply import discard, failed
from dragoman.rules.editor import Editor, broken
from dragoman.rules.regions import BORDER, Facts, Region, between, check, region_of
from dragoman.rules.rule import NoMatch, Pass

__all__ = ["PointsRule", "Port", "Region", "RegionRule", "ScopeRule"]


class Port:
    """An input or output of a region: a regular expression for the node's name, and the port's number.

    ``others`` are further ports that read the same value.
    """

    __slots__ = ("node", "number", "others")

    def __init__(self, node: str, number: int = 0, others: Sequence[Port] = ()) -> None:
        self.node = node
        self.number = number
        self.others = tuple(others)

    def __repr__(self) -> str:
        return f"{self.node}:{self.number}"


class RegionRule(Pass):
    """What scope and points share: the ports of a region, and putting something in its place.

    ``inputs`` and ``outputs`` choose and order the values that cross the border; when empty they are all values that
    do, in the order of the nodes. With ``encloses`` a value may cross it only at the points that the rule names.
    """

    phase: ClassVar[str] = "source"
    encloses: ClassVar[bool] = False
    inputs: Sequence[Port] = ()
    outputs: Sequence[Port] = ()

    def replace(self, op: Any, region: Region) -> Value | Sequence[Value]:
        """Build what takes the place of ``region.outputs``; NoMatch leaves the region as it is."""
        raise NotImplementedError(type(self).__name__)

    def regions(self, graph: Graph) -> Iterable[tuple[str, list[Node]]]:
        """The regions of this graph with their names."""
        raise NotImplementedError(type(self).__name__)

    def missing(self, graphs: Sequence[Graph]) -> Iterable[UsageError]:
        """D146 for what none of the model's graphs (it and its bodies) has."""
        return []

    def opens(self, value: Value, reader: Node) -> bool:
        """A value may come in here."""
        return True

    def closes(self, value: Value, readers: Sequence[Node]) -> bool:
        """A value that no port names may go out here, to these readers outside."""
        return False

    def keeps(self, value: Value) -> bool:
        """Readers outside keep this value as it is, and so the node that makes it."""
        return False

    def survey(self, graph: Graph, context: Editor) -> list[Region]:
        """What would be replaced in this graph; D146 where a region's border is wrong."""
        facts = Facts(graph)
        found = []
        for name, nodes in self.regions(graph):
            region = self.region(name, nodes, context, facts)
            check(self, region, context.leaves, facts)
            found.append(region)
        return found

    def region(self, name: str, nodes: list[Node], context: Editor, facts: Facts) -> Region:
        """These nodes with what comes in and goes out."""
        return region_of(self, name, nodes, context.leaves)

    def run(self, graph: Graph, context: Editor) -> int:
        if context.look is not None or self.name in context.done:
            return 0  # anchors are names of the model as it was
        context.done.add(self.name)
        facts = Facts(graph)
        count = sum(self._apply(name, nodes, context, facts) for name, nodes in list(self.regions(graph)))
        if count:
            sort_topologically(graph)
        return count

    def _apply(self, name: str, nodes: list[Node], context: Editor, facts: Facts) -> bool:
        region = self.region(name, nodes, context, facts)
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
        return True


class ScopeRule(RegionRule):
    """Replaces all nodes whose names lie below a scope.

    With ``loose`` an expression may also be the beginning of names (all of which are then one region), and one of
    several expressions is enough: the meaning that the legacy configuration gives them.
    """

    scopes: Sequence[str] = ()
    loose: bool = False

    def regions(self, graph: Graph) -> Iterable[tuple[str, list[Node]]]:
        found: dict[str, list[Node]] = {}
        for text in self.scopes:
            for name, nodes in self._of(text, graph).items():
                if name in found:
                    both = {id(n) for n in (*found[name], *nodes)}
                    nodes = [n for n in graph if id(n) in both]
                found[name] = nodes
        return found.items()

    def _of(self, text: str, graph: Graph) -> dict[str, list[Node]]:
        found: dict[str, list[Node]] = {}
        expression = re.compile(f"({_without_slash(text) if self.loose else text})(?:/|$)")
        for node in graph:
            if node.op not in BORDER and (m := expression.match(node.name)) is not None:
                found.setdefault(m[1], []).append(node)
        if not found and self.loose:
            begins = [n for n in graph if n.op not in BORDER and re.match(text, n.name)]
            found = {text: begins} if begins else {}
        return found

    def missing(self, graphs: Sequence[Graph]) -> Iterable[UsageError]:
        lost = [text for text in self.scopes if not any(self._of(text, g) for g in graphs)]
        if self.loose and len(lost) < len(self.scopes):
            return
        known = {part for g in graphs for n in g for part in _scopes(n.name)}
        for text in lost:
            what = f"{self.name}: no scope in the model is called {text!r}"
            yield UsageError("D146", what, self.at("scopes", text), did_you_mean(text, sorted(known)))


class PointsRule(RegionRule):
    """Replaces what lies on the ways from the start nodes to the end nodes, these included unless told otherwise."""

    encloses: ClassVar[bool] = True
    starts: Sequence[str] = ()
    ends: Sequence[str] = ()
    include_starts: bool = True
    include_ends: bool = True

    def regions(self, graph: Graph) -> Iterable[tuple[str, list[Node]]]:
        wanted = {*self.starts, *self.ends}
        named = {n.name: n for n in graph if n.name in wanted}
        if not self.ends or len(named) < len(wanted):
            return []
        inside = between(self, graph, [named[n] for n in self.starts], [named[n] for n in self.ends])
        inside = [
            n
            for n in inside
            if n.op not in BORDER
            and (self.include_starts or n.name not in self.starts)
            and (self.include_ends or n.name not in self.ends)
        ]
        if not inside:
            what = f"{self.name}: nothing lies between {', '.join(self.starts)} and {', '.join(self.ends)}"
            raise UsageError("D146", what, self.at("start"), "let the points be part of it, or choose others")
        return [(self.ends[0], inside)]

    def missing(self, graphs: Sequence[Graph]) -> Iterable[UsageError]:
        known = {n.name for g in graphs for n in g if n.name}
        points = [*(("start", n) for n in self.starts), *(("end", n) for n in self.ends)]
        lost = [(key, name) for key, name in points if name not in known]
        makers = {t: n.name for g in graphs for n in g for v in n.outputs for t in v.names} if lost else {}
        for key, name in lost:
            what = f"{self.name}: no node in the model is called {name!r}"
            hint = f"it is a tensor, which the node {makers[name]!r} makes" if name in makers else ""
            yield UsageError("D146", what, self.at(key, name), hint or did_you_mean(name, sorted(known)))
        held = [n.name for g in graphs for n in g]
        for key, name in points:
            if name in known and held.count(name) > 1:
                what = f"{self.name}: {held.count(name)} nodes in the model are called {name!r}"
                yield UsageError("D146", what, self.at(key, name), "anchor it by a pattern or a scope")
        wanted = {*self.starts, *self.ends}
        if not lost and wanted and not any(wanted <= {n.name for n in g} for g in graphs):
            what = f"{self.name}: the points lie in different bodies of the model"
            raise UsageError("D146", what, self.at("start"), "all points of a replacement lie in one graph")

    def opens(self, value: Value, reader: Node) -> bool:
        return value.producer.name in self.starts or (self.include_starts and reader.name in self.starts)

    def closes(self, value: Value, readers: Sequence[Node]) -> bool:
        if self.outputs:
            return False
        if self.include_ends:
            return value.producer.name in self.ends
        return bool(readers) and all(n.name in self.ends for n in readers)

    def keeps(self, value: Value) -> bool:
        name = value.producer.name
        return name in self.starts and name not in self.ends


def _without_slash(text: str) -> str:
    """Legacy expressions of scopes end in the slash."""
    if not text.endswith("/"):
        return text
    return text[:-2] if text.endswith("\\/") else text[:-1]


def _scopes(name: str) -> list[str]:
    """The names that a node's name lies below, and itself."""
    parts = name.split("/")
    return ["/".join(parts[:i]) for i in range(1, len(parts) + 1) if parts[i - 1]]
