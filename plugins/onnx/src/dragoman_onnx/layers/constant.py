"""Tensors that come from attributes and shapes alone."""

from __future__ import annotations

from typing import Any

from dragoman.builder import Builder
from dragoman.frontends.extract import Extractors, Layer
from dragoman.graph.carriers import LazyTensor, Tensor
from dragoman.graph.graph import Value
from dragoman.graph.types import Interval, boolean, f32, i32, i64, static_dims, string
from dragoman.lazy import np
from dragoman_onnx.layers.cast import element_of
from dragoman_onnx.layers.sizes import known_dim

layers = Extractors("onnx")


@layers("Constant")
def constant(layer: Layer, op: Builder) -> Value:
    """Constant(): the tensor of whichever attribute is given."""
    given = [n for n in layer.node.attrs if n == "sparse_value" or n.startswith("value")]
    if len(given) != 1:
        raise layer.refuse(f"one of the value attributes must be given, not {len(given)}", "the model is not valid")
    name, value = given[0], layer.get(given[0], None)
    if name in ("value", "sparse_value"):
        return op.constant(value)
    if name in ("value_string", "value_strings"):
        texts = value if isinstance(value, list) else [value]
        dims = (len(texts),) if isinstance(value, list) else ()
        return op.constant(LazyTensor(string, dims, lambda: np.array(texts, dtype=object).reshape(dims)))
    kind = f32 if "float" in name else i64
    return op.constant(list(value) if name.endswith("s") else value, kind)


@layers("ConstantOfShape", since=9)
def constant_of_shape(layer: Layer, op: Builder, shape: Value) -> Value:
    """ConstantOfShape(input, value): one element repeated; f32 zero by default."""
    given: Tensor | None = layer.get("value", None)
    if given is not None and given.count != 1:
        raise layer.refuse(f"the value has {given.count} elements and not one", "the model is not valid")
    one = op.constant(0.0, f32) if given is None else op.constant(_element(given), given.dtype)
    if given is not None and given.dtype is string:
        raise layer.refuse("the value is a string", "OpenVINO repeats numbers only")
    if shape.shape == (0,):
        return one
    if known_dim(shape, 0) is None:
        raise layer.refuse("the rank of the result is unknown", "give the length of the shape with --shape")
    return op.Broadcast(one, shape)


def _element(tensor: Tensor) -> Any:
    small = tensor.small()
    return small.items[0] if small is not None else tensor.numpy().reshape(())


@layers("EyeLike", since=9)
def eye_like(layer: Layer, op: Builder, x: Value) -> Value:
    """EyeLike(input, dtype, k): ones on the k-th diagonal of a matrix of the input's shape."""
    code = layer.get("dtype", None)
    kind = x.dtype if code is None else element_of(layer, code)
    dims = static_dims(x.shape)
    if dims is not None:
        rows, columns = (op.constant(d, i64) for d in dims)
    else:
        sizes = op.ShapeOf(x, output_type=i64)
        rows, columns = (op.Gather(sizes, op.constant(k), op.constant(0)) for k in range(2))
    made = kind if kind in (f32, i32) else i32
    eye = op.Eye(rows, columns, op.constant(layer.get("k", 0), i64), output_type=made)
    if kind is made:
        return eye
    if kind is boolean:
        return op.NotEqual(eye, op.constant(0, i32))
    return op.Convert(eye, destination_type=kind)


@layers("Range", since=11)
def range_(layer: Layer, op: Builder, start: Value, limit: Value, delta: Value) -> Value:
    """Range(start, limit, delta): start + i · delta below the limit."""
    layer.ignore("stash_type")
    first, stop, step = (op.Squeeze(v, op.constant([0])) if v.shape == (1,) else v for v in (start, limit, delta))
    return op.Range(first, _reachable(op, first, stop, step), step, output_type=start.dtype)


def _reachable(op: Builder, start: Value, limit: Value, delta: Value) -> Value:
    """The limit, or the start where the steps lead away from it: the CPU plugin would count them all the same."""
    (first, most), (low, high), (step, same) = (_bounds(v) for v in (start, limit, delta))
    first, step = first if first == most else None, step if step == same else None
    if step is not None:
        end = low if step > 0 else high
        if first is not None and end is not None and (end - first) * step >= 0:
            return limit
        return op.Maximum(limit, start) if step > 0 else op.Minimum(limit, start)
    ahead = op.Less(op.constant(0, delta.dtype), delta)
    return op.Select(ahead, op.Maximum(limit, start), op.Minimum(limit, start))


def _bounds(value: Value) -> tuple[Any, Any]:
    """The least and the greatest number that a scalar can be, None where unknown."""
    if value.value is None or len(value.value.items) != 1:
        return None, None
    item = value.value.items[0]
    return (item.lo, item.hi) if isinstance(item, Interval) else (item, item)
