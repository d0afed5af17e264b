"""What the replacements of a file would take in a model, before any is applied; all that is wrong at once.

A replacement that finds no place is an error (D146), unless its entry says ``optional``: a file that silently does
nothing gives another model than its author thinks.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any

from dragoman.errors import UsageError
from dragoman.graph.graph import Graph, Node, Value
from dragoman.ops.define import OpRegistry
from dragoman.rules.anchoring import kind_of
from dragoman.rules.anchors import Region, RegionRule
from dragoman.rules.apply import explain
from dragoman.rules.editor import Editor
from dragoman.rules.entries import joined
from dragoman.rules.matcher import Match, Reasons, match, outside_use
from dragoman.rules.put import PutRegion, PutRule
from dragoman.rules.rule import Compiled, NoMatch, Pass, Rule

REASONS = 2


@dataclasses.dataclass(frozen=True)
class Place:
    """One part of the model: how many nodes, their first names, what comes in and what goes out."""

    name: str
    count: int
    nodes: tuple[str, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Replacement:
    """What one entry of a replacements file would do; ``places`` is None where it cannot be told, and ``note`` why."""

    name: str
    kind: str
    phase: str
    instead: str
    where: str
    places: tuple[Place, ...] | None
    note: str = ""

    def lines(self) -> Iterator[str]:
        """As ``dragoman plan`` prints it."""
        if self.places is None:
            yield f"replacement {self.name} ({self.kind}, {self.phase}): {self.instead}; {self.note}"
            return
        count = f"{len(self.places)} place{'s' if len(self.places) != 1 else ''}"
        yield f"replacement {self.name} ({self.kind}, {self.phase}): {count}; instead: {self.instead}"
        for place in self.places:
            more = ", ..." if place.count > len(place.nodes) else ""
            nodes = f"{place.count} node{'s' if place.count != 1 else ''}: {', '.join(place.nodes)}{more}"
            yield f"  {nodes}; from {', '.join(place.inputs) or 'nothing'} to {', '.join(place.outputs)}"


def survey(rules: Sequence[Rule | Pass], graph: Graph, ops: OpRegistry, framework: str = "") -> list[Replacement]:
    """What the bound rules among these would take in a graph and its bodies. Changes nothing.

    Raises UsageError D146; the findings on all replacements are in one error.
    """
    graphs = list(_graphs(graph))
    found: list[Replacement] = []
    errors: list[UsageError] = []
    owners: dict[int, str] = {}
    for rule in rules:
        if not rule.label:
            continue
        try:
            found.append(_one(rule, [Editor(g, ops, rule.phase, framework) for g in graphs], owners))
        except UsageError as error:
            errors.append(error)
    if errors:
        raise joined(errors)
    return found


def _graphs(graph: Graph) -> Iterator[Graph]:
    yield graph
    for node in graph:
        for body in node.bodies.values():
            yield from _graphs(body)


def _one(rule: Rule | Pass, editors: Sequence[Editor], owners: dict[int, str]) -> Replacement:
    if not isinstance(rule, (RegionRule, Rule)):
        return unsurveyed(rule, "the rule decides what it takes")
    if isinstance(rule, RegionRule):
        places = _regions(rule, editors, owners)
    else:
        places = _matches(rule, editors)
    return Replacement(rule.name, kind_of(rule), rule.phase, _instead(rule), rule.at(), tuple(places))


def unsurveyed(rule: Rule | Pass, note: str) -> Replacement:
    """A replacement of which it cannot be told what it takes, and why."""
    return Replacement(rule.name, kind_of(rule), rule.phase, _instead(rule), rule.at(), None, note)


def _regions(rule: RegionRule, editors: Sequence[Editor], owners: dict[int, str]) -> list[Place]:
    lost = [] if rule.optional else list(rule.missing([e.graph for e in editors]))
    if lost:
        raise joined(lost)
    places = []
    for editor in editors:
        for region in rule.survey(editor.graph, editor):
            for node in region.nodes:
                if id(node) in owners:
                    what = f"{rule.name}: {node!r} is taken by {owners[id(node)]} already"
                    raise UsageError("D146", what, rule.at(), "let each node belong to one replacement")
                owners[id(node)] = rule.name
            places.append(_place(region))
    return places


def _place(region: Region) -> Place:
    return _described(region.name, region.nodes, region.inputs, region.outputs)


def _described(name: str, nodes: Sequence[Node], inputs: Sequence[Value], outputs: Sequence[Value]) -> Place:
    first = tuple(n.name or n.op for n in nodes[:5])
    return Place(name, len(nodes), first, tuple(v.label for v in inputs), tuple(v.label for v in outputs))


def _matches(rule: Rule, editors: Sequence[Editor]) -> list[Place]:
    compiled, reasons = Compiled(rule), Reasons()
    places: list[Place] = []
    taken: set[int] = set()
    for editor in editors:
        for root in list(editor.graph):
            if root.op not in compiled.roots:
                continue
            found = _match(compiled, root, editor, reasons)
            if found is None or any(id(n) in taken for n in found.nodes):
                continue
            taken.update(id(n) for n in found.nodes)
            inside = {id(n) for n in found.nodes}
            read = [v for n in found.nodes for v in n.inputs if v is not None and id(v.producer) not in inside]
            inputs = list(dict.fromkeys(read))
            if isinstance(rule, PutRule):
                inputs = [found.bindings[n] for n in rule.operands() if isinstance(n, str)]
            places.append(_described(root.name, found.nodes, inputs, [v for v in root.outputs if v.uses or v.names]))
    if isinstance(rule, PutRule) and not places and not rule.optional:
        raise _nowhere(rule, compiled, reasons)
    return places


def _match(compiled: Compiled, root: Node, editor: Editor, reasons: Reasons) -> Match | None:
    """For a rule of a plugin also its own check, which may build something to see whether it can."""
    if not isinstance(compiled.rule, PutRule):
        return explain(compiled, root, editor, reasons)
    for pattern in compiled.forms:
        found = match(pattern, root, reasons)
        if found is not None:
            why = outside_use(found, editor.leaves) or _unfit(compiled.rule, found)
            if not why:
                return found
            reasons.add(2 * len(pattern.calls) + 1, why)
    return None


def _unfit(rule: PutRule, found: Match) -> str:
    """Why the attributes of what comes instead cannot be had here."""
    try:
        rule.put.resolved(found.bindings.__getitem__)
    except NoMatch as why:
        return str(why)
    return ""


def _nowhere(rule: PutRule, compiled: Compiled, reasons: Reasons) -> UsageError:
    what = f"{rule.name}: the pattern is nowhere in the model"
    if reasons.texts:
        hint = "closest: " + "; ".join(reasons.texts[:REASONS])
    else:
        hint = f"the model has no node of the type {' or '.join(compiled.roots)}, in which the pattern ends"
    return UsageError("D146", what, rule.at("pattern"), hint)


def _instead(rule: Rule | Pass) -> str:
    if isinstance(rule, (PutRule, PutRegion)):
        given = ", ".join(f"{k}={_text(v)}" for k, v in rule.put.attributes.items())
        return f"{rule.put}({given})" if given else str(rule.put)
    given = ", ".join(f"{k}={_text(v)}" for k, v in rule.attributes.items())
    return f"rule {rule.id or type(rule).__name__}" + (f" with {given}" if given else "")


def _text(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 60 else text[:57] + "..."


__all__ = ["Place", "Replacement", "survey", "unsurveyed"]
