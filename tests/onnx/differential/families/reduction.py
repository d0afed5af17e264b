"""Reductions, softmaxes, normalizations and running sums."""

from __future__ import annotations

import numpy as np
from tests.onnx.differential.draw import Case, Draw, i64, maker

NAMES = (
    "ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1", "ReduceL2", "ReduceLogSum",
    "ReduceLogSumExp", "ReduceSumSquare",
)  # fmt: skip


@maker
def reduction(d: Draw) -> Case:
    op = d.pick(NAMES)
    kind = d.pick(["float32", "float32", "int32", "int64", "float64"])
    if op == "ReduceLogSumExp" and kind[0] == "i":
        kind = "float32"  # onnxruntime takes the exponentials of integers in integers
    if op in ("ReduceMax", "ReduceMin") and d.chance(0.3):
        kind = d.pick(["int8", "uint8"])
    x = d.numbers(d.shape(0 if d.chance(0.1) else 1, 4, empty=0.04 if kind[0] == "f" else 0), kind)
    if op == "ReduceProd" and kind[0] == "i":
        x = d.whole(x.shape, kind, -2, 2)
    if op.startswith("ReduceLog"):
        x = np.abs(x) + 1 if op == "ReduceLogSum" else x / (1 if kind[0] == "f" else 4)
        x = x.astype(kind)
    axes = [a - (x.ndim if d.chance() else 0) for a in d.some(list(range(x.ndim)))]
    attributes: dict[str, object] = {"keepdims": d.int(0, 1)} if d.chance(0.7) else {}
    by_input = 13 if op == "ReduceSum" else 18
    opset = d.pick([11, 12, 13, 18, 20])
    if kind in ("int8", "uint8"):
        opset = max(opset, 12)
    if opset < by_input and 0 not in x.shape:
        return Case(op, [x], attributes | ({"axes": axes} if axes else {}), opset=opset, rtol=3e-4)
    if d.chance(0.3):
        attributes["noop_with_empty_axes"] = d.int(0, 1)
    inputs = [x, i64(*axes)] if axes or d.chance(0.3) else [x]
    reference = "onnx" if 0 in x.shape or (attributes.get("noop_with_empty_axes") and not axes) else "ort"
    return Case(op, inputs, attributes, opset=opset, rtol=3e-4, reference=reference)


@maker
def softmax(d: Draw) -> Case:
    op = d.pick(["Softmax", "LogSoftmax", "Hardmax"])
    x = d.floats(d.shape(1, 4, empty=0.02), scale=d.pick([1, 4]))
    if op == "Hardmax" and d.chance():
        x = np.round(x)
    attributes = {"axis": d.int(-x.ndim, x.ndim - 1)} if d.chance(0.8) else {}
    opset = d.pick([7, 11, 13])
    if opset == 7 and attributes:
        attributes["axis"] %= x.ndim
    if opset < 13 and x.ndim == 1 and not attributes:
        attributes = {"axis": 0}
    return Case(op, [x], attributes, opset=opset, rtol=3e-4)


@maker
def running_sum(d: Draw) -> Case:
    x = d.numbers(d.shape(1, 4), d.pick(["float32", "int32", "int64", "float64"]))
    attributes = {k: d.int(0, 1) for k in d.some(["exclusive", "reverse"])}
    op, opset = d.pick([("CumSum", 11), ("CumSum", 14), ("CumProd", 26)])
    axis = np.array(d.int(-x.ndim, x.ndim - 1), d.pick(["int64", "int32"]))
    if op == "CumProd":
        x = d.floats(x.shape)
    return Case(op, [x, axis], attributes, opset=opset, reference="ort" if op == "CumSum" else "onnx")


@maker
def batch_normalization(d: Draw) -> Case:
    channels = d.int(1, 4)
    x = d.floats([d.int(1, 3), channels, *d.ints(d.int(0, 3), 1, 4)])
    scale, bias, mean = (d.floats([channels]) for _ in range(3))
    variance = np.abs(d.floats([channels])) + 0.1
    attributes = {"epsilon": d.pick([1e-5, 1e-3, 0.1])} if d.chance() else {}
    opset = d.pick([7, 9, 14, 15])
    return Case("BatchNormalization", [x, scale, bias, mean, variance.astype(np.float32)], attributes, opset=opset,
                rtol=3e-4)  # fmt: skip


@maker
def instance_normalization(d: Draw) -> Case:
    channels = d.int(1, 4)
    x = d.floats([d.int(1, 3), channels, *d.ints(d.int(1, 3), 2, 4)])
    attributes = {"epsilon": d.pick([1e-5, 1e-3, 0.1])} if d.chance() else {}
    inputs = [x, d.floats([channels]), d.floats([channels])]
    return Case("InstanceNormalization", inputs, attributes, opset=d.pick([6, 17, 22]), rtol=1e-3, atol=1e-4)


@maker
def layer_normalization(d: Draw) -> Case:
    op = d.pick(["LayerNormalization", "LayerNormalization", "RMSNormalization"])
    x = d.floats(d.shape(1, 4, empty=0))
    axis = d.int(-x.ndim, x.ndim - 1)
    attributes: dict[str, object] = {"axis": axis}
    if axis == -1 and d.chance():
        attributes = {}
    if d.chance():
        attributes["epsilon"] = d.pick([1e-5, 1e-3, 0.1])
    tail = list(x.shape[axis % x.ndim :])
    inputs = [x, d.floats(tail)]
    outputs = 1
    if op == "LayerNormalization":
        if d.chance(0.7):
            inputs.append(d.floats(tail))
        outputs = d.pick([1, 1, 2, 3])
    return Case(op, inputs, attributes, outputs, opset=17 if op[0] == "L" else 23, rtol=2e-3, atol=1e-3)


@maker
def group_normalization(d: Draw) -> Case:
    groups, opset = d.int(1, 3), d.pick([18, 21])
    channels = groups * d.int(1, 3)
    x = d.floats([d.int(1, 3), channels, *d.ints(d.int(1, 3), 2, 4)])
    count = groups if opset == 18 else channels
    attributes: dict[str, object] = {"num_groups": groups}
    if d.chance():
        attributes["epsilon"] = d.pick([1e-5, 0.1])
    return Case("GroupNormalization", [x, d.floats([count]), d.floats([count])], attributes, opset=opset, rtol=1e-3,
                atol=1e-4)  # fmt: skip


@maker
def other_normalization(d: Draw) -> Case:
    op = d.pick(["MeanVarianceNormalization", "LpNormalization"])
    if op == "LpNormalization":
        x = d.floats(d.shape(1, 4, empty=0))
        attributes: dict[str, object] = {"axis": d.int(-x.ndim, x.ndim - 1)} if d.chance(0.8) else {}
        if d.chance():
            attributes["p"] = d.int(1, 2)
        return Case(op, [x], attributes, opset=d.pick([1, 22]))
    x = d.floats([2, 3, 3, 4][: d.int(4, 4)])
    axes = {"axes": sorted(d.some(range(4), 1))} if d.chance(0.7) else {}
    return Case(op, [x], axes, opset=d.pick([9, 13]), rtol=1e-3, atol=1e-4)
