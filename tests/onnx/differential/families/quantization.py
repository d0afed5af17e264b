"""Quantized and whole-number products, quantization itself, matrix products, boxes."""

from __future__ import annotations

import numpy as np
from tests.onnx.differential.draw import Case, Draw, maker

BYTES = ("uint8", "int8")


def _scale(d: Draw, shape: list[int]) -> np.ndarray:
    return d.random.uniform(0.01, 0.2, tuple(shape)).astype(np.float32)


@maker
def quantize(d: Draw) -> Case:
    opset, kind = d.pick([10, 13, 19, 21]), d.pick(BYTES)
    if opset >= 21 and d.chance(0.3):
        kind = d.pick(["uint16", "int16"])
    x = d.floats(d.shape(1, 4, empty=0), scale=d.pick([1, 10, 60]))
    if d.chance(0.3):
        x = np.round(x * 2) / 2
    attributes: dict[str, object] = {}
    shape: list[int] = []
    if opset >= 13 and d.chance(0.5):
        axis = d.int(-x.ndim, x.ndim - 1)
        attributes, shape = {"axis": axis}, [x.shape[axis]]
    scale = np.full(shape, 0.5, np.float32) if d.chance(0.3) else _scale(d, shape)
    zero = d.wide(shape, kind) if d.chance(0.7) or kind != "uint8" else None
    return Case("QuantizeLinear", [x, scale, zero], attributes, opset=opset)


@maker
def dequantize(d: Draw) -> Case:
    opset, kind = d.pick([10, 13, 19, 21]), d.pick([*BYTES, *BYTES, "int32"])
    x = d.wide(d.shape(1, 4, empty=0), kind) if kind != "int32" else d.whole(d.shape(1, 4, empty=0), kind, -999, 999)
    attributes: dict[str, object] = {}
    shape: list[int] = []
    if opset >= 13 and d.chance(0.5):
        axis = d.int(-x.ndim, x.ndim - 1)
        attributes, shape = {"axis": axis}, [x.shape[axis]]
    elif opset >= 21 and d.chance(0.5) and kind != "int32":
        axis = d.int(-x.ndim, x.ndim - 1)
        block = d.pick([b for b in range(1, x.shape[axis] + 1) if x.shape[axis] % b == 0])
        shape = list(x.shape)
        shape[axis] //= block
        attributes = {"axis": axis, "block_size": block}
    zero = d.wide(shape, kind) if d.chance(0.7) and kind != "int32" else None
    return Case("DequantizeLinear", [x, _scale(d, shape), zero], attributes, opset=opset)


@maker
def dynamic_quantize(d: Draw) -> Case:
    x = d.floats(d.shape(1, 4, empty=0), scale=d.pick([1, 10, 60]))
    if d.chance(0.3):
        x = np.abs(x) * d.pick([1, -1])
    return Case("DynamicQuantizeLinear", [x.astype(np.float32)], {}, 3, opset=11)


@maker
def quantized_product(d: Draw) -> Case:
    kind = d.pick(BYTES)
    m, k, n = d.int(1, 4), d.int(1, 5), d.int(1, 4)
    lead = d.shape(0, 1, 2, empty=0)
    wide = [n] if d.chance(0.3) else []
    a, b = d.wide([*lead, m, k], "uint8" if d.chance() else kind), d.wide([k, n], kind)
    inputs = [a, _scale(d, []), d.wide([], str(a.dtype)), b, _scale(d, wide), d.wide(wide, kind), _scale(d, []) * 50]
    return Case("QLinearMatMul", [*inputs, d.wide([], str(a.dtype))], opset=d.pick([10, 21]), held=range(1, 8))


@maker
def quantized_convolution(d: Draw) -> Case:
    kernel, outer, group = d.ints(2, 1, 3), d.int(1, 3), d.pick([1, 1, 2])
    kind = d.pick(BYTES)
    wide = [outer * group] if d.chance(0.4) else []
    x, w = d.wide([1, 2 * group, 5, 6], "uint8"), d.wide([outer * group, 2, *kernel], kind)
    zero = np.zeros(wide, kind) if kind == "int8" else np.full(wide, 128, kind)
    inputs: list[np.ndarray | None] = [
        x, _scale(d, []), d.wide([], "uint8"), w, _scale(d, wide), zero, _scale(d, []) * 50, d.wide([], "uint8"),
    ]  # fmt: skip
    if d.chance():
        inputs.append(d.whole([outer * group], "int32", -500, 500))
    attributes: dict[str, object] = {
        "group": group,
        "pads": [d.int(0, 1) for _ in range(4)],
        "strides": d.ints(2, 1, 2),
    }
    return Case("QLinearConv", inputs, attributes, opset=10, held=range(1, 9))


@maker
def matrix_product(d: Draw) -> Case:
    k = d.int(1, 5)
    batch = d.shape(0, 3, 3, empty=0)
    left = [k] if d.chance(0.15) else [*d.alike(batch), d.int(1, 4), k]
    right = [k] if d.chance(0.15) else [*d.alike(batch), k, d.int(1, 4)]
    kind = d.pick(["float32", "float32", "float64", "int32", "int64"])
    a, b = d.numbers(left, kind), d.numbers(right, kind)
    return Case("MatMul", [a, b], opset=d.pick([7, 9, 13]) if kind[0] == "f" else 13, rtol=3e-4, atol=1e-4)


@maker
def matrix_product_integer(d: Draw) -> Case:
    k = d.int(1, 5)
    left, right = [d.int(1, 4), k], [k, d.int(1, 4)]
    if d.chance(0.3):
        left = [2, *left]
    a, b = d.wide(left, "uint8"), d.wide(right, d.pick(BYTES))
    inputs: list[np.ndarray | None] = [a, b]
    if d.chance(0.7):
        inputs.append(d.wide([], "uint8"))
        if d.chance(0.7):
            inputs.append(d.wide([right[1]] if d.chance(0.4) else [], str(b.dtype)))
    return Case("MatMulInteger", inputs, opset=10)


@maker
def gemm(d: Draw) -> Case:
    m, k, n = d.ints(3, 1, 5)
    opset = d.pick([7, 9, 11, 13])
    attributes: dict[str, object] = {}
    for name, choices in (("transA", [0, 1]), ("transB", [0, 1]), ("alpha", [0.5, 2.0]), ("beta", [0.5, 2.0, 0.0])):
        if d.chance():
            attributes[name] = d.pick(choices)
    a = d.floats([k, m] if attributes.get("transA") else [m, k])
    b = d.floats([n, k] if attributes.get("transB") else [k, n])
    c = d.floats(d.pick([[m, n], [n], [1, n], [m, 1], [1], []])) if d.chance(0.8) or opset < 11 else None
    return Case("Gemm", [a, b, c], attributes, opset=opset, rtol=3e-4, atol=1e-4)


@maker
def non_max_suppression(d: Draw) -> Case:
    batch, classes, count = d.int(1, 2), d.int(1, 3), d.int(1, 8)
    center = d.chance(0.4)
    corner = d.random.uniform(0, 4, (batch, count, 2))
    size = d.random.uniform(0.2, 3, (batch, count, 2))
    if center:
        boxes = np.concatenate([corner, size], axis=2)
    else:
        boxes = np.concatenate([corner, corner + size], axis=2)
        if d.chance(0.3):
            boxes = boxes[..., [2, 3, 0, 1]]
    scores = d.random.permutation(batch * classes * count).reshape(batch, classes, count) / 10
    inputs: list[np.ndarray | None] = [boxes.astype(np.float32), scores.astype(np.float32)]
    inputs.append(np.array([d.int(0 if d.chance(0.1) else 1, 5)], np.int64))
    if d.chance(0.8):
        inputs.append(np.array([d.pick([0.0, 0.2, 0.45, 0.7, 1.0])], np.float32))
        if d.chance(0.7):
            inputs.append(np.array([d.pick([0.0, 0.35, 1.0])], np.float32))
    return Case("NonMaxSuppression", inputs, {"center_point_box": 1} if center else {}, opset=d.pick([10, 11]))
