"""Which nodes and values a replacement that is anchored by names takes, and whether they can be taken.

A region is refused (D146) where its border is not what the file says: a port that names no or several nodes, a value
that is still needed outside and would be left dangling, a way by which the sub-graph leaks, a way out and back in.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from dragoman.errors import UsageError, did_you_mean
from dragoman.graph.graph import INPUT, Graph, Node, Value

if TYPE_CHECKING:
    from dragoman.rules.anchors import Port, RegionRule

BORDER = (INPUT, "Parameter")
SHOWN = 5


class Region:
    """A part of a graph: its nodes in order, the values that come in, the values that go out."""

    __slots__ = ("inputs", "name", "nodes", "outputs")

    def __init__(self, name: str, nodes: Sequence[Node], inputs: Sequence[Value], outputs: Sequence[Value]) -> None:
        self.name = name
        self.nodes = tuple(nodes)
        self.inputs = tuple(inputs)
        self.outputs = tuple(outputs)


class Facts:
    """What is known of a graph before any of its regions is replaced; computed when it is asked for."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph

    @functools.cached_property
    def constants(self) -> set[int]:
        """Ids of the nodes that read nothing but constants."""
        found: set[int] = set()
        for node in self.graph:
            given = [v for v in node.inputs if v is not None]
            if node.tensor is not None or (given and all(id(v.producer) in found for v in given)):
                found.add(id(node))
        return found

    @functools.cached_property
    def positions(self) -> dict[int, int]:
        """Each node's place in the order, by id."""
        return {id(node): i for i, node in enumerate(self.graph)}


def region_of(rule: RegionRule, name: str, nodes: list[Node], leaves: Callable[[Value], bool]) -> Region:
    """The region of these nodes with the ports that the rule chooses, or all values that cross its border."""
    _, entering, leaving = _border(rule, nodes, leaves)
    inputs = [_input(rule, p, nodes, name) for p in rule.inputs]
    outputs = [_output(rule, p, nodes, name) for p in rule.outputs]
    return Region(name, nodes, inputs or [v for v, _ in entering], outputs or leaving)


def check(rule: RegionRule, region: Region, leaves: Callable[[Value], bool], facts: Facts) -> None:
    """D146 where the region cannot be taken out of the graph."""
    inside, entering, leaving = _border(rule, region.nodes, leaves)
    if rule.encloses:
        taken = {id(v) for v in region.inputs} if rule.inputs else set()
        _no_way_in(rule, [held for held in entering if id(held[0]) not in taken], facts)
    if rule.outputs or rule.encloses:
        _none_left(rule, [v for v in leaving if not rule.outputs or v not in region.outputs], inside)
    if not region.outputs:
        what = f"{rule.name}: nothing outside reads what {region.name!r} computes"
        raise UsageError("D146", what, rule.at(), "a replacement takes the place of values that something reads")
    _no_way_back(rule, region, facts)


def _border(
    rule: RegionRule, nodes: Sequence[Node], leaves: Callable[[Value], bool]
) -> tuple[set[int], list[tuple[Value, Node]], list[Value]]:
    """Ids of the nodes, what comes in and who reads it first, what goes out."""
    inside = {id(n) for n in nodes}
    entering: dict[int, tuple[Value, Node]] = {}
    leaving: list[Value] = []
    for node in nodes:
        for value in node.inputs:
            if value is not None and id(value.producer) not in inside:
                entering.setdefault(id(value), (value, node))
        for value in node.outputs if node.tensor is None else ():  # a constant stays for its other readers
            if leaves(value) or any(id(user) not in inside for user, _ in value.uses):
                leaving += [] if rule.keeps(value) else [value]
    return inside, list(entering.values()), leaving


def _no_way_in(rule: RegionRule, entering: Iterable[tuple[Value, Node]], facts: Facts) -> None:
    for value, reader in entering:
        if id(value.producer) not in facts.constants and not rule.opens(value, reader):
            what = f"{rule.name}: the sub-graph leaks by {reader!r}, which reads {value!r} from outside"
            hint = f"add {reader.name!r} to start, or name {reader.name}:{reader.inputs.index(value)} in inputs"
            raise UsageError("D146", what, rule.at("start"), hint)


def _none_left(rule: RegionRule, left: Sequence[Value], inside: set[int]) -> None:
    for value in left:
        readers = [user for user, _ in value.uses if id(user) not in inside]
        if rule.closes(value, readers):
            continue
        who = f"{readers[0]!r} reads it" if readers else "it is an output of the model"
        port = f"{value.producer.name}:{value.index}"
        if rule.encloses and not rule.outputs:
            what = f"{rule.name}: the sub-graph leaks by {value.producer!r}: {who} outside"
            raise UsageError("D146", what, rule.at("end"), f"add {value.producer.name!r} to end, or {port} to outputs")
        what = f"{rule.name}: the value {value!r} would be left dangling: {who} outside"
        raise UsageError("D146", what, rule.at("outputs"), f"add {port} to outputs")


def _no_way_back(rule: RegionRule, region: Region, facts: Facts) -> None:
    """What the replacement reads must not depend on what it makes."""
    wanted = {id(v.producer) for v in region.inputs}
    last = max((facts.positions.get(i, -1) for i in wanted), default=-1)
    stack = [user for v in region.outputs for user in v.users()]
    stack += [v.producer for v in region.inputs if v in region.outputs]
    seen: set[int] = set()
    while stack:
        node = stack.pop()
        if id(node) in wanted:
            what = f"{rule.name}: {region.name!r} reads {node!r}, which depends on what {region.name!r} gives"
            raise UsageError("D146", what, rule.at("inputs"), "take this node into the sub-graph, or leave a part out")
        if id(node) not in seen and facts.positions.get(id(node), 0) < last:
            seen.add(id(node))
            stack += [user for v in node.outputs for user, _ in v.uses if user.graph is node.graph]


def between(rule: RegionRule, graph: Graph, starts: Sequence[Node], ends: Sequence[Node]) -> list[Node]:
    """The nodes on all ways from the starts to the ends, these included, in order; D146 where one has no way."""
    before = {id(n) for n in ends}
    stack = list(ends)
    while stack:
        for value in stack.pop().inputs:
            if value is not None and id(value.producer) not in before and value.producer.graph is graph:
                before.add(id(value.producer))
                stack.append(value.producer)
    after = {id(n) for n in starts}
    inside = []
    for node in graph:
        if any(v is not None and id(v.producer) in after for v in node.inputs):
            after.add(id(node))
        if id(node) in before and id(node) in after:
            inside.append(node)
    for key, nodes, reached, others in (("start", starts, before, ends), ("end", ends, after, starts)):
        for node in nodes:
            if id(node) not in reached:
                pair = (node.name, shown(others)) if key == "start" else (shown(others), node.name)
                what = f"{rule.name}: there is no way from {pair[0]} to {pair[1]}"
                raise UsageError("D146", what, rule.at(key, node.name), "starts come before ends in the model")
    return inside


def shown(nodes: Sequence[Node]) -> str:
    """The first few names."""
    names = ", ".join(n.name for n in nodes[:SHOWN])
    return names + (f" and {len(nodes) - SHOWN} more" if len(nodes) > SHOWN else "")


def _input(rule: RegionRule, port: Port, nodes: Sequence[Node], region: str) -> Value:
    found = [_value(rule, "inputs", p, nodes, region) for p in (port, *port.others)]
    if any(v is not found[0] for v in found):
        both = " and ".join(map(repr, (port, *port.others)))
        what = f"{rule.name}: {both} read different values"
        raise UsageError("D146", what, rule.at("inputs", port.node), "ports in one list read one value")
    return found[0]


def _output(rule: RegionRule, port: Port, nodes: Sequence[Node], region: str) -> Value:
    return _value(rule, "outputs", port, nodes, region)


def _value(rule: RegionRule, key: str, port: Port, nodes: Sequence[Node], region: str) -> Value:
    node = _node(rule, key, port, nodes, region)
    ports: Sequence[Value | None] = node.inputs if key == "inputs" else node.outputs
    if port.number >= len(ports):
        what = f"{rule.name}: {node!r} has no port {port.number} among its {len(ports)} {key}"
        raise UsageError("D146", what, rule.at(key, port.node), "count from 0")
    value = ports[port.number]
    if value is None:
        what = f"{rule.name}: nothing is connected to port {port.number} of {node!r}"
        raise UsageError("D146", what, rule.at(key, port.node), "name a connected input")
    return value


def _node(rule: RegionRule, key: str, port: Port, nodes: Sequence[Node], region: str) -> Node:
    expression = re.compile(port.node)
    found = [n for n in nodes if expression.search(n.name)]
    if len(found) > 1:  # "post" is meant for .../post where there are post_1 and post_2 beside it
        found = [n for n in found if expression.fullmatch(n.name.removeprefix(region + "/"))] or found
    if not found:
        what = f"{rule.name}: no node in {region!r} is called {port.node!r}"
        hint = did_you_mean(port.node, sorted({n.name for n in nodes if n.name}))
        raise UsageError("D146", what, rule.at(key, port.node), hint)
    if len(found) > 1:
        what = f"{rule.name}: {port.node!r} in {region!r} is {len(found)} nodes: {shown(found)}"
        raise UsageError("D146", what, rule.at(key, port.node), f'end it with "$", or write {found[0].name!r} in full')
    return found[0]
