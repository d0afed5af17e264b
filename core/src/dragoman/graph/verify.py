"""The invariants of a graph, checked: a rule or a front-end that broke one is named before anything is written."""

from __future__ import annotations

from collections.abc import Iterator

from dragoman.errors import InternalError, RuleError
from dragoman.graph.graph import CONSTANT, INPUT, Graph, Node, Value

#: what one message lists at most
SHOWN = 5


def verify(graph: Graph, after: str = "", *, typed: bool = False) -> None:
    """Raise when an invariant is broken: RuleError D501 naming the rule ``after``, else InternalError D902.

    Args:
        graph: a source or target graph; its bodies are checked with it.
        after: the rule that ran last.
        typed: every value must have an element type.
    """
    found = list(problems(graph, typed=typed))
    if not found:
        return
    more = f" (and {len(found) - SHOWN} more)" if len(found) > SHOWN else ""
    where = "; ".join(found[:SHOWN]) + more
    if after:
        raise RuleError(
            "D501", f"the rule {after} breaks the graph", where, f"convert with --skip {after}, and report it"
        )
    raise InternalError("D902", f"the graph {graph.name!r} is not consistent", where, "please report this")


def problems(graph: Graph, *, typed: bool = False) -> Iterator[str]:
    """Every broken invariant, as a sentence that names the node."""
    yield from _graph_problems(graph, {}, typed)
    yield from repeated_names(graph)


def _graph_problems(graph: Graph, visible: dict[int, Value], typed: bool) -> Iterator[str]:
    """``visible``: values of the enclosing graphs that a body may read."""
    seen = dict(visible)
    for node in graph:
        yield from _node_problems(node, seen, typed)
        for name, body in node.bodies.items():
            yield from (f"{node!r}, {name}: {p}" for p in _graph_problems(body, seen, typed))
        for index, value in enumerate(node.outputs):
            if value.producer is not node or value.index != index:
                yield f"{node!r}: its output {index} says that it is {value!r}"
            yield from _use_problems(value)
            seen[id(value)] = value
    yield from _border_problems(graph, seen)


def _node_problems(node: Node, seen: dict[int, Value], typed: bool) -> Iterator[str]:
    for slot, value in enumerate(node.inputs):
        if value is None:
            continue
        if (node, slot) not in value.uses:
            yield f"{node!r}: {value!r} does not know of its reader at input {slot}"
        if id(value) not in seen:
            gone = value.producer.graph is None
            why = "which is in no graph" if gone else "which comes after it or in another graph"
            yield f"{node!r} reads {value!r} at input {slot}, {why}"
    bodies: tuple[str, ...] | None = getattr(node.attrs, "body_names", None)
    if bodies is not None and set(bodies) != set(node.bodies):
        yield f"{node!r} needs the bodies {list(bodies)} and has {list(node.bodies)}"
    is_constant = node.op in ("Constant", CONSTANT)
    if bodies is not None and is_constant != (node.tensor is not None):
        yield f"{node!r} {'has no data' if is_constant else 'carries data and is no constant'}"
    if typed:
        unknown = [v.index for v in node.outputs if v.dtype.is_dynamic]
        yield from (f"{node!r}: the element type of output {k} is not known" for k in unknown)
    if node.tensor is not None and (node.out.dtype, node.out.shape) != (node.tensor.dtype, node.tensor.shape):
        yield f"{node!r} has the type {node.out.type!r} and the data {node.tensor!r}"


def _use_problems(value: Value) -> Iterator[str]:
    for user, slot in value.uses:
        if user.graph is None:
            yield f"{value!r} is read by {user!r}, which is in no graph"
        elif slot >= len(user.inputs) or user.inputs[slot] is not value:
            yield f"{value!r} believes that {user!r} reads it at input {slot}"


def _border_problems(graph: Graph, seen: dict[int, Value]) -> Iterator[str]:
    if len({id(v) for v in graph.inputs}) != len(graph.inputs):
        yield f"{graph!r} lists an input twice"
    listed = {id(v.producer) for v in graph.inputs}
    yield from (f"the input {v!r} is not in the graph" for v in graph.inputs if v.producer.graph is not graph)
    for node in graph:
        if node.op in ("Parameter", INPUT) and id(node) not in listed:
            yield f"{node!r} is not among the inputs"
    yield from (f"the output {v!r} is not in the graph" for v in graph.outputs if id(v) not in seen)
    yield from (f"the sink {n!r} is not in the graph" for n in graph.sinks if n.graph is not graph)
    if graph.output_names and len(graph.output_names) != len(graph.outputs):
        yield f"{len(graph.output_names)} outputs have names, and there are {len(graph.outputs)}"


def repeated_names(graph: Graph) -> Iterator[str]:
    """Two tensors of a model with one name, as sentences: the runtime would rename one of them."""
    held: dict[str, Value] = {}
    for node in graph:
        for value in node.outputs:
            for name in value.names:
                other = held.setdefault(name, value)
                if other is not value:
                    yield f"{value!r} and {other!r} both have the tensor name {name!r}"
    for value, names in zip(graph.outputs, graph.output_names, strict=False):
        for name in names:
            other = held.setdefault(name, value)
            if other is not value:
                yield f"{other!r} has the name {name!r}, which is that of the output {value!r}"
