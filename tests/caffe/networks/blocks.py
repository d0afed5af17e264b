"""Layers that most networks are made of, with the shapes Caffe gives them."""

from __future__ import annotations

import math
from collections.abc import Sequence

from .net import RELU, Net, Weight, constant, normal, uniform, weight

BIAS = normal(0.1)


def conv(
    net: Net,
    name: str,
    x: str,
    outputs: int,
    kernel: int = 1,
    stride: int = 1,
    pad: int = 0,
    *,
    group: int = 1,
    dilation: int = 1,
    bias: bool = True,
    gain: float = RELU,
    bias_fill: object = BIAS,
) -> str:
    batch, channels, *image = net.shape[x]
    size = [(dim + 2 * pad - dilation * (kernel - 1) - 1) // stride + 1 for dim in image]
    given = {"pad": (pad, 0), "stride": (stride, 1), "group": (group, 1), "dilation": (dilation, 1)}
    extra = {key: value for key, (value, default) in given.items() if value != default}
    if not bias:
        extra["bias_term"] = False
    weights = [weight(outputs, channels // group, kernel, kernel, gain=gain)]
    weights += [Weight((outputs,), bias_fill)] if bias else []
    parameters = {"num_output": outputs, "kernel_size": kernel, **extra}
    return net.layer("Convolution", name, [x], [batch, outputs, *size], weights=weights, convolution_param=parameters)


def relu(net: Net, name: str, x: str) -> str:
    """In place."""
    return net.layer("ReLU", name, [x], net.shape[x], top=x)


def conv_relu(net: Net, name: str, x: str, *arguments: int, relu_name: str | None = None, **options: object) -> str:
    return relu(net, relu_name or f"relu_{name}", conv(net, name, x, *arguments, **options))


def pool(
    net: Net, name: str, x: str, kernel: int = 0, stride: int = 1, pad: int = 0, *, kind: str = "MAX", everything=False
) -> str:
    """Rounded up; a last window that would start in the padding is left out."""
    batch, channels, *image = net.shape[x]
    if everything:
        return net.layer(
            "Pooling", name, [x], [batch, channels, 1, 1], pooling_param={"pool": kind, "global_pooling": True}
        )
    size = [math.ceil((dim + 2 * pad - kernel) / stride) + 1 for dim in image]
    size = [out - (pad > 0 and (out - 1) * stride >= dim + pad) for out, dim in zip(size, image, strict=True)]
    extra = {"pad": pad} if pad else {}
    parameters = {"pool": kind, "kernel_size": kernel, "stride": stride, **extra}
    return net.layer("Pooling", name, [x], [batch, channels, *size], pooling_param=parameters)


def inner_product(net: Net, name: str, x: str, outputs: int, gain: float = RELU, axis: int = 1) -> str:
    shape = net.shape[x]
    weights = [weight(outputs, math.prod(shape[axis:]), gain=gain), Weight((outputs,), BIAS)]
    parameters = {"num_output": outputs} | ({"axis": axis} if axis != 1 else {})
    return net.layer(
        "InnerProduct", name, [x], [*shape[:axis], outputs], weights=weights, inner_product_param=parameters
    )


def batch_norm_scale(net: Net, names: tuple[str, str], x: str, relu_name: str | None = None, gain: float = 1.0) -> str:
    """BatchNorm and Scale, both in place, with a moving-average factor as training leaves it."""
    shape = net.shape[x]
    channels = shape[1:2]
    learned = [Weight(channels, normal(200.0)), Weight(channels, uniform(500.0, 1500.0)), Weight((1,), constant(999.0))]
    net.layer("BatchNorm", names[0], [x], shape, top=x, weights=learned, batch_norm_param={"use_global_stats": True})
    learned = [Weight(channels, uniform(0.7 * gain, 1.3 * gain)), Weight(channels, BIAS)]
    net.layer("Scale", names[1], [x], shape, top=x, weights=learned, scale_param={"bias_term": True})
    return relu(net, relu_name, x) if relu_name else x


def concat(net: Net, name: str, bottoms: Sequence[str], axis: int = 1) -> str:
    shape = list(net.shape[bottoms[0]])
    shape[axis] = sum(net.shape[bottom][axis] for bottom in bottoms)
    return net.layer("Concat", name, bottoms, shape, concat_param={"axis": axis} if axis != 1 else {})


def lrn(net: Net, name: str, x: str) -> str:
    """Across five channels, with alpha large enough for its sum to count."""
    return net.layer("LRN", name, [x], net.shape[x], lrn_param={"local_size": 5, "alpha": 0.05, "beta": 0.75})


def dropout(net: Net, name: str, x: str, ratio: float = 0.5) -> str:
    return net.layer("Dropout", name, [x], net.shape[x], top=x, dropout_param={"dropout_ratio": ratio})


def softmax(net: Net, name: str, x: str, axis: int = 1) -> str:
    return net.layer("Softmax", name, [x], net.shape[x], softmax_param={"axis": axis} if axis != 1 else {})


def add(net: Net, name: str, a: str, b: str) -> str:
    return net.layer("Eltwise", name, [a, b], net.shape[a])


def reshape(net: Net, name: str, x: str, *dims: int) -> str:
    given = net.shape[x]
    shape = [given[axis] if dim == 0 else dim for axis, dim in enumerate(dims)]
    if -1 in shape:
        shape[shape.index(-1)] = -math.prod(given) // math.prod(shape)
    return net.layer("Reshape", name, [x], shape, reshape_param={"shape": {"dim": dims}})


def flatten(net: Net, name: str, x: str) -> str:
    batch, *rest = net.shape[x]
    return net.layer("Flatten", name, [x], [batch, math.prod(rest)], flatten_param={"axis": 1})


def permute(net: Net, name: str, x: str, *order: int) -> str:
    shape = [net.shape[x][axis] for axis in order]
    return net.layer("Permute", name, [x], shape, permute_param={"order": order})


def deconv(net: Net, name: str, x: str, outputs: int, kernel: int, stride: int, pad: int = 0) -> str:
    batch, channels, *image = net.shape[x]
    size = [stride * (dim - 1) + kernel - 2 * pad for dim in image]
    taps = channels * max(kernel // stride, 1) ** 2
    weights = [weight(channels, outputs, kernel, kernel, gain=1.0, fan_in=taps), Weight((outputs,), BIAS)]
    parameters = {"num_output": outputs, "kernel_size": kernel, "stride": stride} | ({"pad": pad} if pad else {})
    return net.layer("Deconvolution", name, [x], [batch, outputs, *size], weights=weights, convolution_param=parameters)
