"""Operators of com.microsoft on tensors: earlier forms of ai.onnx's, and some of its own."""

from __future__ import annotations

from dragoman.builder import Builder
from dragoman.frontends.extract import Extractors, Layer
from dragoman.graph.graph import Value
from dragoman.graph.types import i64
from dragoman_onnx.layers.constant import range_
from dragoman_onnx.layers.gather import gather_nd
from dragoman_onnx.layers.image import grid_sample
from dragoman_onnx.layers.shape import trilu
from dragoman_onnx.layers.sizes import axis_of, known_dim, rank_of
from dragoman_onnx.layers.slice import pad

layers = Extractors("onnx")

#: that UnfoldTensor lays along a dimension
MOST_PLACES = 1 << 20

layers("com.microsoft:Trilu")(trilu)
layers("com.microsoft:GatherND")(gather_nd)
layers("com.microsoft:GridSample")(grid_sample)


@layers("com.microsoft:Pad")
def microsoft_pad(layer: Layer, op: Builder, x: Value, pads: Value, fill: Value | None = None) -> Value:
    """Pad(data, pads, value): as ai.onnx's of opset 13; the pads may be a row of a matrix."""
    layer.version = 13
    return pad(layer, op, x, op.Reshape(pads, op.constant([-1])) if pads.rank == 2 else pads, fill)


@layers("com.microsoft:Range")
def microsoft_range(layer: Layer, op: Builder, start: Value, limit: Value, delta: Value | None = None) -> Value:
    """Range(start, limit, delta): as ai.onnx's; delta is 1 by default."""
    return range_(layer, op, start, limit, op.constant(1, start.dtype) if delta is None else delta)


@layers("com.microsoft:Inverse")
def inverse(layer: Layer, op: Builder, x: Value) -> Value:
    """Inverse(X): of the matrices in the last two dimensions."""
    return op.Inverse(x)


@layers("com.microsoft:ExpandDims")
def expand_dims(layer: Layer, op: Builder, x: Value, axis: Value) -> Value:
    """ExpandDims(X, axis): a dimension of size 1 put in before an axis; -1 puts it last."""
    known = layer.numbers(axis)
    if not known:
        raise layer.refuse("the axis is computed at run time, or not given", "make it an initializer")
    return op.Unsqueeze(x, op.constant([axis_of(layer, known[0], rank_of(layer, x) + 1)]))


@layers("com.microsoft:Unique")
def unique(layer: Layer, op: Builder, x: Value) -> tuple[Value, ...]:
    """Unique(x): distinct elements in the order of their first places, the place of each input's one, counts."""
    found, _, where, counts = op.Unique(x, sorted=False, index_element_type=i64, count_element_type=i64)
    return found, where, counts


@layers("com.microsoft:CDist")
def cdist(layer: Layer, op: Builder, a: Value, b: Value) -> Value:
    """CDist(A, B, metric): distances between all rows of two matrices."""
    metric = layer.get("metric", "sqeuclidean")
    if metric not in ("sqeuclidean", "euclidean"):
        raise layer.refuse(f"metric {metric!r}", "euclidean and sqeuclidean are known")
    apart = op.Subtract(op.Unsqueeze(a, op.constant([1])), op.Unsqueeze(b, op.constant([0])))
    squares: Value = op.ReduceSum(op.Multiply(apart, apart), op.constant([2]), keep_dims=False)
    return squares if metric == "sqeuclidean" else op.Sqrt(squares)


@layers("com.microsoft:UnfoldTensor")
def unfold_tensor(layer: Layer, op: Builder, x: Value) -> Value:
    """UnfoldTensor(input): slices of ``size`` along ``dim``, every ``step``, laid along a new last dimension."""
    rank, size, step = rank_of(layer, x), layer.positive("size"), layer.positive("step", 1)
    axis = axis_of(layer, layer.get("dim", -1), rank)
    length = known_dim(x, axis)
    if length is None or length < size:
        raise layer.refuse(f"the size of dimension {axis} is unknown or too small", "fix it with --shape")
    count = (length - size) // step + 1
    if count * size > MOST_PLACES:
        raise layer.refuse(f"{count} slices of {size}", f"at most {MOST_PLACES} elements are laid out")
    places = op.constant([[i * step + j for j in range(size)] for i in range(count)])
    found: Value = op.Gather(x, places, op.constant(axis))
    order = [*range(axis + 1), *range(axis + 2, rank + 1), axis + 1]
    return found if order == list(range(rank + 1)) else op.Transpose(found, op.constant(order))


@layers("com.microsoft:ComplexMul", "com.microsoft:ComplexMulConj")
def complex_mul(layer: Layer, op: Builder, a: Value, b: Value) -> Value:
    """ComplexMul(A, B): products of pairs (real, imaginary) in the last dimension; of the conjugate with Conj."""
    (p, q), (r, s) = (op.Split(x, op.constant(-1), num_splits=2) for x in (a, b))
    if layer.op.endswith("Conj"):
        s = op.Negative(s)
    real = op.Subtract(op.Multiply(p, r), op.Multiply(q, s))
    return op.Concat(real, op.Add(op.Multiply(p, s), op.Multiply(q, r)), axis=-1)
