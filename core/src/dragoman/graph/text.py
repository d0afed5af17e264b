"""A graph as text: stable, one line a node, readable in a diff. Reads no weights beyond a few elements."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dragoman.graph.graph import Graph, Node, Value
from dragoman.graph.tensor import Tensor
from dragoman.graph.types import shape_text

#: constants of at most this many elements are shown
_FEW = 8


def graph_text(graph: Graph) -> str:
    """The graph with its bodies::

        graph 'model' (%0 'x': f32[2,3]) {
          %1 'w' = Constant: f32[] {2.5}
          %2 'add' = Add(%0, %1): f32[2,3] {auto_broadcast=numpy} as 'y'
          return %2 as 'y'
        }

    Values are numbered in order; ``as`` gives tensor names, braces what differs from the op's defaults.
    """
    return "\n".join(_lines(graph, {}, "")) + "\n"


def node_text(node: Node) -> str:
    """One node, its inputs by name."""
    return _node(node, {})


def _lines(graph: Graph, numbers: dict[int, str], tab: str) -> Iterator[str]:
    numbers = dict(numbers)

    def number(value: Value) -> str:
        return numbers.setdefault(id(value), f"%{len(numbers)}")

    entry = ", ".join(f"{number(v)} {v.producer.name!r}: {_type(v)}{_names(v.names)}" for v in graph.inputs)
    yield f"{tab}graph {graph.name!r} ({entry}) {{"
    border = {id(v.producer) for v in graph.inputs}
    for node in graph:
        if id(node) in border:
            continue
        for value in node.outputs:
            number(value)
        yield f"{tab}  {_node(node, numbers)}"
        for name, body in node.bodies.items():
            first, *rest = _lines(body, numbers, tab + "    ")
            yield f"{tab}    {name}: {first.lstrip()}"
            yield from rest
    leave = [f"{_ref(v, numbers)}{_names(graph.names_of_output(k))}" for k, v in enumerate(graph.outputs)]
    yield f"{tab}  return {', '.join(leave)}".rstrip()
    if graph.sinks:
        yield f"{tab}  sinks {', '.join(repr(n.name) for n in graph.sinks)}"
    yield f"{tab}}}"


def _node(node: Node, numbers: dict[int, str]) -> str:
    made = ", ".join(_ref(v, numbers) for v in node.outputs)
    reads = ", ".join("-" if v is None else _ref(v, numbers) for v in node.inputs)
    kinds = ", ".join(_type(v) + _names(v.names) for v in node.outputs)
    detail = ", ".join(_details(node))
    text = f"{made} {node.name!r} = {node.op}" if numbers else f"{node.name!r} = {node.op}"
    text += f"({reads})" if node.inputs else ""
    text += f": {kinds}" if kinds else ""
    return text + (f" {{{detail}}}" if detail else "")


def _ref(value: Value, numbers: dict[int, str]) -> str:
    return numbers.get(id(value), repr(value))


def _type(value: Value) -> str:
    return f"{value.dtype}[{shape_text(value.shape)}]"


def _names(names: tuple[str, ...]) -> str:
    return " as " + ", ".join(map(repr, names)) if names else ""


def _details(node: Node) -> Iterator[str]:
    if node.tensor is not None:
        yield _tensor(node.tensor)
    attrs: Any = node.attrs
    if isinstance(attrs, dict):
        yield from (f"{k}={_tensor(v) if isinstance(v, Tensor) else repr(v)}" for k, v in attrs.items()
                    if k not in node.bodies)  # fmt: skip
    elif attrs is not None:
        for name, field in attrs.attributes.items():
            value = getattr(attrs, name)
            if field.required or value != field.default:
                yield f"{name}={field.text(value)}"
    yield from (f"@{name}" for name in node.info)


def _tensor(tensor: Tensor) -> str:
    small = tensor.small() if tensor.count <= _FEW else None
    if small is None:
        return f"{tensor.count} elements"
    return ", ".join(map(repr, small.items))
