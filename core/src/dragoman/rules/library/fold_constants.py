"""Computes at conversion what depends on constants only.

First by views of the constant's data (Reshape, Squeeze, Unsqueeze, Transpose, Convert between floats), which load
nothing; then from small values, which inference has already found without numpy; last by ``Op.fold``. A result that
would be larger than its inputs, or than 64 KB, is left to the runtime; so is the decompression of low-precision
weights, which the runtime wants to see. What follows from the shape of an input is kept, so that it can be reshaped,
unless the user asked for a static model or an op needs the value when the model is compiled.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING

from dragoman.graph.graph import Graph, Node, Value
from dragoman.graph.tensor import CastView, MemoryTensor, ReshapeView, Tensor, TransposeView, scalar_tensor
from dragoman.graph.types import SmallValue, dtype_of_numpy, static_dims
from dragoman.infer.engine import port_of
from dragoman.infer.evaluate import folded
from dragoman.ops.define import Op
from dragoman.rules.editor import Editor
from dragoman.rules.rule import Pass

if TYPE_CHECKING:
    from dragoman.graph.tensor import Array

GROWTH = 64 << 10
LARGEST_INPUT = 64 << 20
KEPT_IN_MEMORY = 1 << 20
#: the runtime looks for these over constants: quantisation
KEPT = frozenset(("FakeQuantize", "FakeConvert"))
PLAIN = frozenset(("f64", "f32", "f16", "i64", "i32", "i16", "i8", "u64", "u32", "u16", "u8", "boolean"))


class FoldedTensor(Tensor):
    """What an op makes of constants, computed when it is written."""

    __slots__ = ("inputs", "op", "output")

    def __init__(self, value: Value, op: Op, inputs: Sequence[Tensor | None]) -> None:
        super().__init__(value.dtype, static_dims(value.shape) or ())
        self.op = op
        self.inputs = tuple(inputs)
        self.output = value.index

    def numpy(self) -> Array:
        arrays = folded(self.op, [None if t is None else t.numpy() for t in self.inputs])
        if arrays is None:
            raise ValueError(f"{self.op!r} has no value for its inputs")
        array = arrays[self.output]
        if array.shape != self.shape or dtype_of_numpy(array.dtype) is not self.dtype:
            raise ValueError(f"{self.op!r} made {array.dtype}{array.shape} where {self!r} was inferred")
        return array

    def look(self) -> Hashable:
        inputs = tuple(None if t is None else (t.shape, t.dtype.name, t.sample()) for t in self.inputs)
        return "fold", repr(self.op), self.output, inputs


class FoldConstants(Pass):
    """op(constants) -> constant."""

    def run(self, graph: Graph, context: Editor) -> int:
        count = 0
        for node in context.nodes():
            if node.tensor is None and node.inputs and _pure(node):
                tensors = _known(node, context)
                if tensors is not None:
                    _replace(node, tensors, context)
                    count += 1
        return count

    def explain(self, node: Node, context: Editor) -> list[str]:
        """Why the node is not computed at conversion."""
        if node.tensor is not None or not node.inputs:
            return [f"{node!r} has nothing to compute"]
        if not _pure(node):
            return [f"{node!r} has an effect, or must stay as it is for the runtime"]
        variable = [repr(v) for v in node.inputs if v is not None and v.tensor is None]
        if _known(node, context) is not None:
            return []
        if variable and all(_small(v) is not None for v in _used(node)):
            return [f"{node!r} is known, but only for the present shapes of the inputs; use --static to fix them"]
        if variable:
            return [f"inputs are not constant: {', '.join(variable)}"]
        return [f"{node!r} has no value at conversion, or one that is larger than what it is made from"]


def _pure(node: Node) -> bool:
    attrs = node.attrs
    if not isinstance(attrs, Op) or attrs.stateful or node.bodies or node.op in KEPT:
        return False
    if node.op == "MatMul" and node.out.dtype.bits < 32:
        return False  # the runtime goes on with sums in f32, where a constant would hold rounded ones
    if node.op not in ("Convert", "ConvertLike") or node.inputs[0] is None:
        return True
    source = node.inputs[0].dtype  # compressed weights stay compressed: the runtime decompresses
    return not (source.bits <= 8 and source.kind in ("int", "uint", "float") and node.out.dtype.is_float)


def _used(node: Node) -> list[Value]:
    return [v for v in node.outputs if v.uses or v.names] or [node.out]


def _known(node: Node, context: Editor) -> dict[int, Tensor] | None:
    """Tensors for the outputs that are used, by index."""
    constant = all(v is None or v.producer.tensor is not None for v in node.inputs)
    used = _used(node)
    inputs = [None if v is None else v.tensor for v in node.inputs] if constant else []
    if constant and (view := _view(node, inputs)) is not None:
        return {0: view}
    if constant or context.static or any(v.type.value is not None and _demanded(v) for v in used):
        items = [_small(v) for v in used]
        if None not in items:
            return {v.index: scalar_tensor(v.dtype, i.items, i.shape) for v, i in zip(used, items, strict=True) if i}
    if not constant:
        return None
    return _folded(node, used, inputs)


def _small(value: Value) -> SmallValue | None:
    small = value.type.value
    if small is None or not small.is_known or value.dtype.name not in PLAIN or static_dims(value.shape) != small.shape:
        return None
    return small


def _demanded(value: Value) -> bool:
    """Some op that reads it needs the value when the model is compiled."""
    for node, slot in value.uses:
        port = port_of(type(node.attrs), slot) if isinstance(node.attrs, Op) else None
        if port is not None and port.constant:
            return True
    return False


def _view(node: Node, inputs: Sequence[Tensor | None]) -> Tensor | None:
    data = inputs[0]
    dims = static_dims(node.out.shape)
    if data is None or dims is None or data.dtype.kind == "string":
        return None
    if node.op in ("Reshape", "Squeeze", "Unsqueeze"):
        return ReshapeView(data, dims)
    if node.op == "Transpose" and (order := inputs[1].small() if inputs[1] is not None else None) is not None:
        numbers = order.numbers()
        return TransposeView(data, numbers or range(len(data.shape))[::-1]) if numbers is not None else None
    if node.op == "Convert" and data.dtype.is_float and node.out.dtype.is_float:
        kind = node.out.dtype
        if data.dtype.bits >= 16 and kind.bits >= 16 and kind.nbytes(data.count) <= max(data.nbytes, GROWTH):
            return CastView(data, kind)
    return None


def _folded(node: Node, used: Sequence[Value], inputs: Sequence[Tensor | None]) -> dict[int, Tensor] | None:
    attrs: Op = node.attrs
    if attrs.fold is None or any(t is not None and t.dtype.kind == "string" for t in inputs):
        return None
    given = sum(t.nbytes for t in inputs if t is not None)
    if any(static_dims(v.shape) is None for v in used):
        return _sized_by_data(attrs, used, inputs) if given <= GROWTH else None
    tensors = [FoldedTensor(v, attrs, inputs) for v in used]
    if given > LARGEST_INPUT or any(t.dtype._numpy is None or t.nbytes > max(given, GROWTH) for t in tensors):
        return None
    try:
        return {t.output: t if t.nbytes > KEPT_IN_MEMORY else MemoryTensor(t.numpy(), t.dtype) for t in tensors}
    except (KeyError, TypeError, ValueError):
        return None  # the runtime will say what it thinks of it


def _sized_by_data(op: Op, used: Sequence[Value], inputs: Sequence[Tensor | None]) -> dict[int, Tensor] | None:
    """Outputs whose sizes follow from the numbers; the CPU plugin computes no constants of unknown size."""
    arrays = folded(op, [None if t is None else t.numpy() for t in inputs])
    if arrays is None:
        return None
    made: dict[int, Tensor] = {v.index: MemoryTensor(arrays[v.index], v.dtype) for v in used}
    return made if all(t.nbytes <= GROWTH for t in made.values()) else None


def _replace(node: Node, tensors: dict[int, Tensor], context: Editor) -> None:
    origin = node.origin.by("FoldConstants") if node.origin is not None else None
    op = context.builder(node, origin, node.name)
    for index, tensor in tensors.items():
        old = node.outputs[index]
        new: Value = op.constant(tensor, name=node.name if index == 0 else f"{node.name}:{index}")
        if old.shape == new.shape:
            new.type = old.type
        context.replace(old, new)
    context.prune([node])
