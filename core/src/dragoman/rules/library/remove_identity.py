"""Nodes that hand their first input on unchanged go away; the tensor names of their output go to the input.

For inputs of any shape: Identity; Convert to the same type; Transpose in order; Add and Subtract of 0, Multiply and
Divide by 1, Power of 1, where the other operand does not broadcast; Pad by nothing; Tile once; Concat, Split and
VariadicSplit of one; Slice from the first to beyond any last; Reshape that copies all dimensions.

In a static model also Reshape, Squeeze, Unsqueeze, Broadcast, Slice and StridedSlice (step 1) that happen to keep the
shape. Elsewhere these stay, for they would act if the model were reshaped.
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
            survivor = _survivor(node, context.static) if node.op in _OPS else None
            if survivor is not None and survivor.producer.graph is graph:
                context.replace(node.out, survivor)
                context.prune([node])
                count += 1
        return count

    def explain(self, node: Node, context: Editor) -> list[str]:
        """Why the node is not an identity."""
        if node.op not in _OPS:
            return [f"{node.op} is not among the ops that may be an identity"]
        if _survivor(node, context.static) is not None:
            return []
        if _survivor(node, static=True) is not None:
            return [f"{node!r} keeps the present shape of its input, but not any; use --static to fix the shapes"]
        return [
            f"{node!r} changes its input: {node.input(0).type!r} becomes {node.out.type!r}, or not provably the same"
        ]


def _survivor(node: Node, static: bool) -> Value | None:
    found = _ALWAYS[node.op](node) if node.op in _ALWAYS else None
    if found is None and static and node.op in _IN_STATIC:
        found = _IN_STATIC[node.op](node)
    return found if found is not None and found.dtype is node.out.dtype else None


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


def _once(node: Node) -> Value | None:
    data = node.input(0)
    repeats = static_dims(node.input(1).shape)
    short = data.rank is not None and repeats is not None and len(repeats) == 1 and repeats[0] <= data.rank
    return data if short and is_number(node.input(1), 1, exact=True) else None


def _copies(node: Node) -> Value | None:
    target = node.input(1).value if node.input(1).tensor is not None else None
    if target is None or not node.attrs.special_zero or len(target.items) != node.input(0).rank:
        return None
    others = [i for i in target.items if i != 0]
    return node.inputs[0] if others in ([], [-1]) else None


def _from_first_to_last(node: Node) -> Value | None:
    start, stop, step = (node.input(i) for i in (1, 2, 3))
    if not is_number(start, 0, exact=True) or not is_number(step, 1, exact=True) or stop.tensor is None:
        return None
    ends = stop.value.numbers() if stop.value is not None else None
    return node.inputs[0] if ends and min(ends) >= _BEYOND else None


def _step_one(node: Node) -> Value | None:
    steps = node.inputs[3] if len(node.inputs) > 3 else None
    if node.op == "StridedSlice":
        masks = (node.attrs.new_axis_mask, node.attrs.shrink_axis_mask, node.attrs.ellipsis_mask)
        if any(any(m) for m in masks):
            return None
    return _same_shape(node) if steps is None or is_number(steps, 1, exact=True) else None


_BEYOND = 2**31 - 1
_ALWAYS: dict[str, Callable[[Node], Value | None]] = {
    "Identity": _first,
    "Convert": _first,  # the element types are compared for every op
    "ConvertLike": _first,
    "Transpose": _in_order,
    "Add": _neutral(0, either=True),
    "Subtract": _neutral(0, either=False),
    "Multiply": _neutral(1, either=True),
    "Divide": _neutral(1, either=False),
    "Power": _neutral(1, either=False),
    "Pad": _no_pad,
    "Tile": _once,
    "Concat": _single,
    "Split": _only,
    "VariadicSplit": _only,
    "Slice": _from_first_to_last,
    "Reshape": _copies,
}
_IN_STATIC: dict[str, Callable[[Node], Value | None]] = {
    "Reshape": _same_shape,
    "Squeeze": _same_shape,
    "Unsqueeze": _same_shape,
    "Broadcast": _same_shape,
    "Tile": _same_shape,
    "Slice": _step_one,
    "StridedSlice": _step_one,
}
_OPS = frozenset(_ALWAYS) | frozenset(_IN_STATIC)
