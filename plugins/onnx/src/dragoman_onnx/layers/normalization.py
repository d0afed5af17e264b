"""Normalizations: over the batch, over instances, groups and layers, by norms, and across channels."""

from __future__ import annotations

from dragoman.builder import Builder
from dragoman.frontends.extract import Extractors, Layer
from dragoman.graph.graph import Value
from dragoman.graph.types import f32, i64
from dragoman_onnx.layers.sizes import along, axis_of, converted, dim, known_dim, rank_of, vector

layers = Extractors("onnx")


@layers("BatchNormalization")
def batch_normalization(
    layer: Layer, op: Builder, x: Value, scale: Value, bias: Value, mean: Value, variance: Value
) -> tuple[Value, ...]:
    """BatchNormalization(X, scale, B, mean, var): (X - mean) / sqrt(var + epsilon) * scale + B over axis 1.

    Before opset 14 further outputs mean training; from 14 on ``training_mode`` says so.
    """
    epsilon, momentum = layer.get("epsilon", 1e-5), layer.get("momentum", 0.9)
    layer.ignore("consumed_inputs", "is_test")
    if layer.version < 14 and any(layer.wants(i) for i in range(1, 5)):
        raise layer.refuse("the statistics of a training step before opset 14", "export the model for inference")
    spatial = layer.get("spatial", 1) if layer.version < 9 else 1
    if layer.version >= 14 and layer.get("training_mode", 0):
        return _trained(layer, op, (x, scale, bias, mean, variance), epsilon, momentum)
    inputs = [converted(op, v, x.dtype) for v in (scale, bias, mean, variance)]
    if not spatial:
        return (_each_element(op, x, inputs, epsilon),)
    return (op.BatchNormInference(x, *inputs, epsilon=epsilon),)


def _each_element(op: Builder, x: Value, inputs: list[Value], epsilon: float) -> Value:
    """Statistics that have the shape C, spatial."""
    scale, bias, mean, variance = inputs
    deviation = op.Sqrt(op.Add(variance, op.constant(epsilon, x.dtype)))
    y: Value = op.Add(op.Multiply(op.Divide(op.Subtract(x, mean), deviation), scale), bias)
    return y


def _trained(
    layer: Layer, op: Builder, inputs: tuple[Value, ...], epsilon: float, momentum: float
) -> tuple[Value, ...]:
    x, scale, bias, mean, variance = inputs
    rank = rank_of(layer, x)
    axes = op.constant([i for i in range(rank) if i != 1], i64)
    channels = along(1, rank)
    current = op.ReduceMean(x, axes, keep_dims=True)
    centered = op.Subtract(x, current)
    spread = op.ReduceMean(op.Multiply(centered, centered), axes, keep_dims=True)
    normal = op.Divide(centered, op.Sqrt(op.Add(spread, op.constant(epsilon, x.dtype))))
    scaled = op.Multiply(normal, op.Reshape(converted(op, scale, x.dtype), channels))
    y = op.Add(scaled, op.Reshape(converted(op, bias, x.dtype), channels))

    def running(old: Value, new: Value) -> Value:
        fresh = converted(op, op.Reshape(new, [-1]), old.dtype)
        kept = op.Multiply(old, op.constant(momentum, old.dtype))
        mixed: Value = op.Add(kept, op.Multiply(fresh, op.constant(1 - momentum, old.dtype)))
        return mixed

    return y, running(mean, current), running(variance, spread)


@layers("InstanceNormalization")
def instance_normalization(layer: Layer, op: Builder, x: Value, scale: Value, bias: Value) -> Value:
    """InstanceNormalization(input, scale, B): each channel of each instance by its own mean and variance."""
    layer.ignore("consumed_inputs")
    rank = rank_of(layer, x)
    axes = op.constant(list(range(2, rank)), i64)
    normal = op.MVN(x, axes, eps=layer.get("epsilon", 1e-5), normalize_variance=True, eps_mode="INSIDE_SQRT")
    channels = along(1, rank)
    y: Value = op.Add(op.Multiply(normal, op.Reshape(scale, channels)), op.Reshape(bias, channels))
    return y


@layers("GroupNormalization", since=18)
def group_normalization(layer: Layer, op: Builder, x: Value, scale: Value, bias: Value) -> Value:
    """GroupNormalization(X, scale, bias): groups of channels by their own mean and variance.

    Scale and bias are one a group in opset 18 and one a channel from 21 on.
    """
    groups, epsilon = layer.require("num_groups"), layer.get("epsilon", 1e-5)
    layer.get("stash_type", 1)
    channels = known_dim(x, 1) if x.rank is not None else None
    if channels is None:
        raise layer.refuse("the number of channels is unknown", "fix the input's shape with --shape")
    if layer.version < 21:
        scale, bias = (
            op.Reshape(op.Broadcast(op.Reshape(v, [-1, 1]), op.constant([groups, channels // groups], i64)), [-1])
            for v in (scale, bias)
        )
    y: Value = op.GroupNormalization(x, scale, bias, num_groups=groups, epsilon=epsilon)
    return y


@layers("LayerNormalization", since=17)
def layer_normalization(
    layer: Layer, op: Builder, x: Value, scale: Value, bias: Value | None = None
) -> tuple[Value, ...]:
    """LayerNormalization(X, Scale, B): over the dimensions from ``axis`` on; also the mean and 1 / deviation."""
    rank = rank_of(layer, x)
    axes = op.constant(list(range(axis_of(layer, layer.get("axis", -1), rank), rank)), i64)
    epsilon = layer.get("epsilon", 1e-5)
    if layer.get("stash_type", 1) != 1:
        raise layer.refuse("stash_type other than float32", "export the model with stash_type=1")
    normal = op.MVN(x, axes, eps=epsilon, normalize_variance=True, eps_mode="INSIDE_SQRT")
    y = op.Multiply(normal, scale)
    if bias is not None:
        y = op.Add(y, bias)
    if not (layer.wants(1) or layer.wants(2)):
        return (y,)
    wide = converted(op, x, f32)
    mean = op.ReduceMean(wide, axes, keep_dims=True)
    centered = op.Subtract(wide, mean)
    variance = op.ReduceMean(op.Multiply(centered, centered), axes, keep_dims=True)
    deviation = op.Sqrt(op.Add(variance, op.constant(epsilon, f32)))
    return y, mean, op.Divide(op.constant(1.0, f32), deviation)


@layers("RMSNormalization", since=23)
def rms_normalization(layer: Layer, op: Builder, x: Value, scale: Value) -> Value:
    """RMSNormalization(X, scale): X / sqrt(mean(X^2) + epsilon) * scale over the dimensions from ``axis`` on."""
    rank = rank_of(layer, x)
    axes = op.constant(list(range(axis_of(layer, layer.get("axis", -1), rank), rank)), i64)
    if layer.get("stash_type", 1) != 1:
        raise layer.refuse("stash_type other than float32", "export the model with stash_type=1")
    wide = converted(op, x, f32)
    squares = op.ReduceMean(op.Power(wide, op.constant(2.0, f32)), axes, keep_dims=True)
    root = op.Sqrt(op.Add(squares, op.constant(layer.get("epsilon", 1e-5), f32)))
    normal = op.Multiply(wide, op.Divide(op.constant(1.0, f32), root))
    y: Value = op.Multiply(converted(op, normal, scale.dtype), scale)
    return y


@layers("LpNormalization")
def lp_normalization(layer: Layer, op: Builder, x: Value) -> Value:
    """LpNormalization(input): divided by its 1- or 2-norm along an axis; zeros stay zeros."""
    p, axis = layer.get("p", 2), op.constant([layer.get("axis", -1)], i64)
    if p not in (1, 2):
        raise layer.refuse(f"p={p}", "the operator knows the norms 1 and 2")
    norm = op.make("ReduceL1" if p == 1 else "ReduceL2", x, axis, keep_dims=True)
    zero = op.Equal(norm, op.constant(0.0, x.dtype))
    y: Value = op.Divide(x, op.Select(zero, op.constant(1.0, x.dtype), norm))
    return y


@layers("MeanVarianceNormalization", since=9)
def mean_variance_normalization(layer: Layer, op: Builder, x: Value) -> Value:
    """MeanVarianceNormalization(X): (X - mean) / (deviation + 1e-9) over the axes (function body of the schema)."""
    axes = list(layer.get("axes", [0, 2, 3]))
    y: Value = op.MVN(x, op.constant(axes, i64), eps=1e-9, normalize_variance=True, eps_mode="OUTSIDE_SQRT")
    return y


@layers("LRN")
def lrn(layer: Layer, op: Builder, x: Value) -> Value:
    """LRN(X): X / (bias + alpha / size * sum of squares over neighbouring channels) ^ beta."""
    size = layer.require("size")
    alpha, beta, bias = layer.get("alpha", 1e-4), layer.get("beta", 0.75), layer.get("bias", 1.0)
    if size % 2 and bias > 0 and known_dim(x, 1) is not None:
        # the CPU plugin takes the bias for 1 whatever it is: (b + a s)^-c = b^-c (1 + a / b s)^-c
        y: Value = op.LRN(x, op.constant([1], i64), alpha=alpha / bias, beta=beta, bias=1.0, size=size)
        return y if bias == 1 else op.Multiply(y, op.constant(bias**-beta, x.dtype))
    return _even_lrn(layer, op, x, size, (alpha, beta, bias))


def _even_lrn(layer: Layer, op: Builder, x: Value, size: int, factors: tuple[float, float, float]) -> Value:
    """An even window reaches one channel further ahead than back, which the runtime's LRN does not do."""
    alpha, beta, bias = factors
    rows = op.Reshape(op.Multiply(x, x), vector(op, [dim(op, x, 0), 1, dim(op, x, 1), -1]))
    rank_of(layer, x)
    mean = op.AvgPool(
        rows, kernel=(size, 1), strides=(1, 1), pads_begin=((size - 1) // 2, 0), pads_end=(size // 2, 0),
        exclude_pad=False, rounding_type="floor", auto_pad="explicit", dilations=(1, 1),
    )  # fmt: skip
    scaled = op.Multiply(mean, op.constant(alpha, x.dtype))
    power = op.Power(op.Add(scaled, op.constant(bias, x.dtype)), op.constant(beta, x.dtype))
    y: Value = op.Divide(x, op.Reshape(power, op.ShapeOf(x, output_type="i64")))
    return y
