"""Nodes that hand their first input on unchanged go away; the tensor names of their output go to the input.

Identity; Convert to the same type; Reshape, Squeeze, Unsqueeze, Broadcast, Tile, Slice and StridedSlice (step 1) to
the same shape; Transpose in order; Add and Subtract of 0, Multiply and Divide by 1, Power of 1, where the other operand
does not broadcast; Pad by nothing; Concat, Split and VariadicSplit of one.
"""

from __future__ import annotations

from collections.abc import Callable

from dragoman.graph.graph import Graph, Node, Value
from dragoman.graph.types import static_dims
from dragoman.infer.dims import same_dim
from dragoman.rules.editor import Editor
from dragoman.rules.matcher import is_number
from dragoman.rules.rule import Pass


class RemoveIdentity(Pass):
    """f(x) = x -> x."""

    after = ("FoldConstants",)

    def run(self, graph: Graph, context: Editor) -> int:
        count = 0
        for node in context.nodes():
            test = _TESTS.get(node.op)
            survivor = test(node) if test is not None and node.attrs.version != "extension" else None
            if survivor is not None and survivor.dtype is node.out.dtype and survivor.producer.graph is graph:
                context.replace(node.out, survivor)
                context.prune([node])
                count += 1
        return count

    def explain(self, node: Node, context: Editor) -> list[str]:
        """Why the node is not an identity."""
        test = _TESTS.get(node.op)
        if test is None:
            return [f"{node.op} is not among the ops that may be an identity"]
        if test(node) is not None:
            return []
        return [
            f"{node!r} changes its input: {node.input(0).type!r} becomes {node.out.type!r}, or not provably the same"
        ]


def same_shape(a: Value, b: Value) -> bool:
    """Proven equal at run time."""
    if a.shape is None or b.shape is None:
        return False
    return len(a.shape) == len(b.shape) and all(same_dim(x, y) for x, y in zip(a.shape, b.shape, strict=True))


def _first(node: Node) -> Value | None:
    return node.inputs[0]


def _only(node: Node) -> Value | None:
    return node.inputs[0] if len(node.outputs) == 1 else None


def _single(node: Node) -> Value | None:
    return node.inputs[0] if len(node.inputs) == 1 else None


def _same_type(node: Node) -> Value | None:
    return node.inputs[0]  # the element types are compared for every op


def _same_shape(node: Node) -> Value | None:
    return node.inputs[0] if same_shape(node.input(0), node.out) else None


def _in_order(node: Node) -> Value | None:
    rank = node.input(0).rank
    order = node.input(1).value
    if rank is None or order is None:
        return None
    return node.inputs[0] if rank < 2 or order.numbers() == tuple(range(rank)) else None


def _neutral(number: float, *, either: bool) -> Callable[[Node], Value | None]:
    def test(node: Node) -> Value | None:
        for data, other in ((0, 1), (1, 0)) if either else ((0, 1),):
            value = node.input(data)
            if is_number(node.input(other), number, exact=True) and _keeps_shape(node.input(other), value, node.out):
                return value
        return None

    return test


def _keeps_shape(operand: Value, value: Value, result: Value) -> bool:
    dims = static_dims(operand.shape)
    ones = dims is not None and value.rank is not None and len(dims) <= value.rank and all(d == 1 for d in dims)
    return ones or same_shape(value, result)


def _no_pad(node: Node) -> Value | None:
    begin, end = node.input(1).value, node.input(2).value
    if begin is None or end is None or any(begin.items) or any(end.items):
        return None
    return node.inputs[0]


def _whole(node: Node) -> Value | None:
    steps = node.inputs[3] if len(node.inputs) > 3 else None
    if node.op == "StridedSlice":
        masks = (node.attrs.new_axis_mask, node.attrs.shrink_axis_mask, node.attrs.ellipsis_mask)
        if any(any(m) for m in masks):
            return None
    if steps is not None and not is_number(steps, 1, exact=True):
        return None
    return _same_shape(node)


_TESTS: dict[str, Callable[[Node], Value | None]] = {
    "Identity": _first,
    "Convert": _same_type,
    "ConvertLike": _same_type,
    "Reshape": _same_shape,
    "Squeeze": _same_shape,
    "Unsqueeze": _same_shape,
    "Broadcast": _same_shape,
    "Tile": _same_shape,
    "Transpose": _in_order,
    "Add": _neutral(0, either=True),
    "Subtract": _neutral(0, either=False),
    "Multiply": _neutral(1, either=True),
    "Divide": _neutral(1, either=False),
    "Power": _neutral(1, either=False),
    "Pad": _no_pad,
    "Concat": _single,
    "Split": _only,
    "VariadicSplit": _only,
    "Slice": _whole,
    "StridedSlice": _whole,
}
