"""ArgMax and Reduction.

Behaviour: BVLC's ``argmax_layer.cpp``, ``reduction_layer.cpp``.
"""

from __future__ import annotations

from dragoman.builder import Builder
from dragoman.frontends.extract import Extractors, Layer
from dragoman.graph.graph import Value
from dragoman.graph.types import f32, i64
from dragoman_caffe.layers.arithmetic import scaled
from dragoman_caffe.shapes import axis_of, count, rank_of

layers = Extractors("caffe")

#: beyond the end of any axis
_FAR = -(1 << 31)


@layers("ArgMax")
def arg_max(layer: Layer, op: Builder, x: Value) -> Value:
    """Places of the ``top_k`` greatest numbers of an axis, or of a whole item, as float; of equal ones the last first.

    [N, 1, top_k, 1...] without an axis, with their numbers as a second row where ``out_max_val``; with an axis the
    shape of x but for that axis, and either places or numbers.
    """
    rank, k = rank_of(layer, x), layer.get("argmax_param.top_k", 1)
    values = layer.get("argmax_param.out_max_val", False)
    if layer.has("argmax_param.axis"):
        axis = axis_of(layer, "argmax_param.axis", 0, rank)
        _check_k(layer, k, count(x, axis, axis + 1))
        return _greatest(op, x, axis, k)[0] if values else _greatest(op, x, axis, k)[1]
    if rank == 0:
        raise layer.refuse("a blob without axes has no items")
    _check_k(layer, k, count(x, 1))
    items = x if rank == 2 else op.Reshape(x, op.constant([0, -1 if rank > 1 else 1], i64), special_zero=True)
    numbers, places = (op.Unsqueeze(v, op.constant([1], i64)) for v in _greatest(op, items, 1, k))
    found: Value = op.Concat(places, numbers, axis=1) if values else places
    return found if rank <= 3 else op.Unsqueeze(found, op.constant(list(range(3, rank)), i64))


def _check_k(layer: Layer, k: int, size: int | None) -> None:
    if k < 1 or (size is not None and k > size):
        raise layer.refuse(f"top_k is {k}, of {'?' if size is None else size} numbers")


def _greatest(op: Builder, x: Value, axis: int, k: int) -> tuple[Value, Value]:
    """The k greatest numbers along an axis, and their places: searched from the end, as of equals the last is first."""
    far, step, axes = (op.constant([n], i64) for n in (_FAR, -1, axis))
    backwards = op.Slice(x, op.constant([-1], i64), far, step, axes)
    numbers, found = op.TopK(backwards, op.constant(k, i64), axis=axis, mode="max", sort="value", stable=True)
    size = op.Gather(op.ShapeOf(x), op.constant([axis], i64), op.constant(0, i64))
    last = op.Convert(op.Subtract(size, op.constant([1], i64)), destination_type=f32)
    return numbers, op.Subtract(last, op.Convert(found, destination_type=f32))


@layers("Reduction")
def reduction(layer: Layer, op: Builder, x: Value) -> Value:
    """coeff times the sum, sum of magnitudes or squares, or mean, over the axes from ``axis`` on, which go."""
    rank = rank_of(layer, x)
    axis = axis_of(layer, "reduction_param.axis", 0, rank)
    operation = layer.get("reduction_param.operation", "SUM")
    name = {"SUM": "ReduceSum", "ASUM": "ReduceL1", "SUMSQ": "ReduceSum", "MEAN": "ReduceMean"}.get(operation)
    if name is None:
        raise layer.refuse(f"there is no operation {operation}")
    source = op.Multiply(x, x) if operation == "SUMSQ" else x
    total = op.make(name, source, op.constant(list(range(axis, rank)), i64), keep_dims=False)
    return scaled(op, total, layer.get("reduction_param.coeff", 1.0))
