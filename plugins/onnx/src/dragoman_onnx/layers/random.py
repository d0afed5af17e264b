"""Random numbers and dropout: the distribution is ONNX's, the numbers are no other runtime's, not even for a seed."""

from __future__ import annotations

import math
import struct

from dragoman.builder import Builder
from dragoman.frontends.extract import Extractors, Layer
from dragoman.graph.graph import Value
from dragoman.graph.types import DType, boolean, f32, i32, i64
from dragoman_onnx.layers.cast import element_of
from dragoman_onnx.layers.sizes import converted, dims

layers = Extractors("onnx")


@layers("RandomUniform")
def random_uniform(layer: Layer, op: Builder) -> Value:
    """RandomUniform(dtype, high, low, seed, shape): numbers from low to below high."""
    shape = op.constant(list(layer.require("shape")), i64)
    return _between(layer, op, shape, element_of(layer, layer.get("dtype", 1)))


@layers("RandomUniformLike")
def random_uniform_like(layer: Layer, op: Builder, x: Value) -> Value:
    """RandomUniformLike(input, dtype, high, low, seed): as many numbers as the input has."""
    return _between(layer, op, dims(op, x), _kind(layer, x))


@layers("RandomNormal")
def random_normal(layer: Layer, op: Builder) -> Value:
    """RandomNormal(dtype, mean, scale, seed, shape): normally distributed numbers."""
    shape = op.constant(list(layer.require("shape")), i64)
    return _normal(layer, op, shape, element_of(layer, layer.get("dtype", 1)))


@layers("RandomNormalLike")
def random_normal_like(layer: Layer, op: Builder, x: Value) -> Value:
    """RandomNormalLike(input, dtype, mean, scale, seed): as many numbers as the input has."""
    return _normal(layer, op, dims(op, x), _kind(layer, x))


@layers("Bernoulli", since=15)
def bernoulli(layer: Layer, op: Builder, x: Value) -> Value:
    """Bernoulli(input, dtype, seed): 1 with the probability that the input gives, else 0."""
    kind = _kind(layer, x)
    drawn = op.Less(_uniform(layer, op, dims(op, x), 0.0, 1.0, 0), converted(op, x, f32))
    return converted(op, drawn, kind)


@layers("Multinomial", since=7)
def multinomial(layer: Layer, op: Builder, x: Value) -> Value:
    """Multinomial(input, dtype, sample_size, seed): indices drawn by unnormalized log-probabilities."""
    kind = element_of(layer, layer.get("dtype", 6))
    count = op.constant(layer.get("sample_size", 1), i64)
    drawn = op.Multinomial(
        converted(op, x, f32), count, convert_type=i32, with_replacement=True, log_probs=True, op_seed=_seed(layer)
    )
    return converted(op, drawn, kind)


@layers("Dropout", until=11)
def dropout_attributes(layer: Layer, op: Builder, x: Value) -> tuple[Value, ...]:
    """Dropout(data, ratio, is_test): the data, and a mask that is false everywhere, as onnxruntime gives it."""
    layer.ignore("consumed_inputs")
    ratio = layer.get("ratio", 0.5)
    if layer.version < 7 and not layer.get("is_test", 0) and ratio:
        raise layer.refuse("the model trains (is_test is 0): it drops elements at random", "export it for inference")
    if layer.wants(1) and layer.version < 10:
        raise layer.refuse("the mask has no value at inference before opset 10", "do not read it")
    return _kept(layer, op, x, False)


@layers("Dropout", since=12)
def dropout(
    layer: Layer, op: Builder, x: Value, ratio: Value | None = None, training: Value | None = None
) -> tuple[Value, ...]:
    """Dropout(data, ratio, training_mode, seed): the data, and a mask that is true, unless it drops at random."""
    layer.ignore("seed")
    rate = None if ratio is None or ratio.value is None else ratio.value.items
    trains = None if training is None or training.value is None else training.value.items
    nothing = rate is not None and all(r == 0 for r in rate)
    if training is not None and not nothing and (trains is None or any(v is not False for v in trains)):
        raise layer.refuse("training_mode may be set: elements are dropped at random", "export it for inference")
    return _kept(layer, op, x, True)


def _kept(layer: Layer, op: Builder, x: Value, mask: bool) -> tuple[Value, ...]:
    return (x, op.Broadcast(op.constant(mask, boolean), dims(op, x))) if layer.wants(1) else (x,)


def _kind(layer: Layer, x: Value) -> DType:
    code = layer.get("dtype", None)
    return x.dtype if code is None else element_of(layer, code)


def _seed(layer: Layer) -> int:
    """A whole number for ONNX's real one; 0, which makes the runtime draw anew each time, where none is given."""
    seed = layer.get("seed", None)
    return 0 if seed is None else int.from_bytes(struct.pack("<f", seed), "little") + 1


def _uniform(layer: Layer, op: Builder, shape: Value, low: float, high: float, stream: int) -> Value:
    seed = _seed(layer)
    ends = op.constant(low, f32), op.constant(high, f32)
    drawn: Value = op.RandomUniform(shape, *ends, output_type=f32, global_seed=stream if seed else 0, op_seed=seed)
    return drawn


def _between(layer: Layer, op: Builder, shape: Value, kind: DType) -> Value:
    low, high = layer.get("low", 0.0), layer.get("high", 1.0)
    return converted(op, _uniform(layer, op, shape, low, high, 0), kind)


def _normal(layer: Layer, op: Builder, shape: Value, kind: DType) -> Value:
    """Box and Muller's transform of two uniform tensors."""
    mean, scale = layer.get("mean", 0.0), layer.get("scale", 1.0)
    near = _uniform(layer, op, shape, 2.0**-24, 1.0, 1)
    angle = _uniform(layer, op, shape, 0.0, 2 * math.pi, 2)
    radius = op.Sqrt(op.Multiply(op.Log(near), op.constant(-2.0, f32)))
    normal = op.Multiply(radius, op.Cos(angle))
    return converted(op, op.Add(op.Multiply(normal, op.constant(scale, f32)), op.constant(mean, f32)), kind)
