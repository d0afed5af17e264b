"""Operators of com.microsoft."""

from __future__ import annotations

import numpy as np
from tests.onnx.differential.draw import Case, Draw, maker

DOMAIN = "com.microsoft"


def _case(
    op: str, inputs: list[np.ndarray | None], attributes: dict[str, object] | None = None, **more: object
) -> Case:
    settings: dict[str, object] = {"rtol": 2e-3, "atol": 1e-3} | more
    return Case(op, inputs, attributes or {}, domain=DOMAIN, opset=17, **settings)  # type: ignore[arg-type]


def _scale(d: Draw) -> np.ndarray:
    return np.array(d.random.uniform(0.01, 0.2), np.float32)


@maker
def microsoft_activation(d: Draw) -> Case:
    op = d.pick(["Gelu", "FastGelu", "BiasGelu", "QuickGelu", "BiasSoftmax"])
    x = d.floats(d.shape(2, 4, empty=0))
    if op == "BiasSoftmax":
        axis = x.ndim - 1
        return _case(op, [x, d.floats([1] * (x.ndim - 1) + [x.shape[-1]])], {"axis": axis, "is_inner_broadcast": 0})
    inputs = [x, d.floats([x.shape[-1]])] if op == "BiasGelu" or (op == "FastGelu" and d.chance()) else [x]
    return _case(op, inputs, {"alpha": d.pick([1.0, 1.702])} if op == "QuickGelu" and d.chance() else {})


@maker
def microsoft_normalization(d: Draw) -> Case:
    op = d.pick(["SkipLayerNormalization", "SkipSimplifiedLayerNormalization", "SimplifiedLayerNormalization"])
    batch, steps, size = d.ints(3, 1, 4)
    size += 1
    x = d.floats([batch, steps, size])
    if op == "SimplifiedLayerNormalization":
        return Case(op, [x, d.floats([size])], {"axis": -1, "epsilon": 1e-5}, opset=17, rtol=1e-3, atol=1e-3)
    inputs: list[np.ndarray | None] = [x, d.floats([batch, steps, size]), d.floats([size])]
    if op == "SkipLayerNormalization":
        inputs.append(d.floats([size]) if d.chance(0.7) else None)
    if d.chance():
        inputs.append(d.floats([size]))
    return _case(op, inputs, {"epsilon": d.pick([1e-5, 1e-2])} if d.chance(0.7) else {})


@maker
def microsoft_product(d: Draw) -> Case:
    op = d.pick(["FusedMatMul", "FusedConv", "MatMulIntegerToFloat", "DynamicQuantizeMatMul"])
    m, k, n = d.ints(3, 1, 5)
    if op == "FusedMatMul":
        attributes: dict[str, object] = {a: d.int(0, 1) for a in d.some(["transA", "transB"])}
        if d.chance():
            attributes["alpha"] = d.pick([0.5, 2.0])
        a = d.floats([2, k, m] if attributes.get("transA") else [2, m, k])
        b = d.floats([2, n, k] if attributes.get("transB") else [2, k, n])
        return _case(op, [a, b], attributes)
    if op == "FusedConv":
        act = d.pick(["Relu", "Tanh", "Sigmoid", "LeakyRelu", "Clip", "HardSigmoid"])
        given = {"LeakyRelu": [0.2], "Clip": [-1.0, 2.0], "HardSigmoid": [0.2, 0.5]}.get(act, [])
        inputs: list[np.ndarray | None] = [d.floats([1, 2, 5, 5]), d.floats([3, 2, 3, 3]), d.floats([3])]
        if d.chance(0.3) and act == "Relu":
            inputs.append(d.floats([1, 3, 3, 3]))
        return _case(op, inputs, {"activation": act} | ({"activation_params": given} if given else {}))
    b = d.wide([k, n], d.pick(["uint8", "int8"]))
    wide = [n] if d.chance(0.4) else []
    scale = d.random.uniform(0.01, 0.2, wide).astype(np.float32)
    zero = d.wide(wide, str(b.dtype)) if d.chance() else None
    bias = d.floats([n]) if d.chance(0.4) else None
    if op == "DynamicQuantizeMatMul":
        return _case(op, [d.floats([2, m, k]), b, scale, zero, bias], held=[1, 2, 3])
    a = d.wide([2, m, k], "uint8")
    return _case(op, [a, b, _scale(d), scale, d.wide([], "uint8") if d.chance() else None, zero, bias], held=[1])


@maker
def microsoft_quantized(d: Draw) -> Case:
    op = d.pick(["QLinearAdd", "QLinearMul", "QLinearSigmoid", "QLinearLeakyRelu", "QLinearGlobalAveragePool",
                 "QLinearAveragePool", "QLinearConcat", "QuantizeLinear", "DequantizeLinear"])  # fmt: skip
    kind = d.pick(["uint8", "int8"])

    def part(shape: list[int]) -> list[np.ndarray]:
        return [d.wide(shape, kind), _scale(d), d.wide([], kind)]

    tail: list[np.ndarray] = [_scale(d) * 4, d.wide([], kind)]
    if op in ("QLinearAdd", "QLinearMul"):
        shape = d.shape(1, 3, empty=0)
        return _case(op, [*part(shape), *part(d.alike(shape)), *tail], held=[1, 2, 4, 5, 6, 7], rtol=0, atol=0)
    if op in ("QLinearSigmoid", "QLinearLeakyRelu"):
        attributes: dict[str, object] = {"alpha": 0.1} if op == "QLinearLeakyRelu" else {}
        return _case(op, [*part(d.shape(1, 3, empty=0)), *tail], attributes, held=[1, 2, 3, 4], rtol=0, atol=0)
    if op == "QLinearConcat":
        parts = [part([2, d.int(1, 3)]) for _ in range(d.int(1, 3))]
        return _case(op, [*tail, *(v for p in parts for v in p)], {"axis": 1}, rtol=0, atol=0)
    if op == "QuantizeLinear":
        return _case(op, [d.floats([3, 4], scale=20), _scale(d), d.wide([], kind)], rtol=0, atol=0)
    if op == "DequantizeLinear":
        return _case(op, part([3, 4]))
    image = d.wide([1, 2, 5, 5], kind)
    given = [image, _scale(d), d.wide([], kind), *tail]
    if op == "QLinearGlobalAveragePool":
        return _case(op, given, {"channels_last": 0}, held=[1, 2, 3, 4], rtol=0, atol=0)
    window = {"kernel_shape": [2, 2], "pads": [d.int(0, 1) for _ in range(4)], "strides": d.ints(2, 1, 2),
              "count_include_pad": d.int(0, 1)}  # fmt: skip
    return _case(op, given, window, held=[1, 2, 3, 4], rtol=0, atol=0)


@maker
def microsoft_attention(d: Draw) -> Case:
    heads, size, batch, steps = d.int(1, 3), d.int(1, 3) * 2, d.int(1, 2), d.int(1, 4)
    hidden = heads * size
    attributes: dict[str, object] = {"num_heads": heads}
    if d.chance(0.3):
        attributes["scale"] = 0.3
    if d.chance():
        if d.chance(0.3):
            attributes["unidirectional"] = 1
        inputs: list[np.ndarray | None] = [
            d.floats([batch, steps, 5]), d.floats([5, 3 * hidden]), d.floats([3 * hidden]),
        ]  # fmt: skip
        how = d.pick(["none", "length", "full"])
        if how == "length":
            inputs.append(d.whole([batch], "int32", 1, steps))
        elif how == "full":
            mask = d.whole([batch, steps], "int32", 0, 1)
            mask[:, 0] = 1
            inputs.append(mask)
        return _case("Attention", inputs, attributes, held=[1, 2])
    keys = steps if d.chance() else d.int(1, 5)
    inputs = [d.floats([batch, steps, hidden]), d.floats([batch, keys, hidden]), d.floats([batch, keys, hidden])]
    if d.chance(0.4):
        inputs.append(d.floats([3 * hidden]))
        if d.chance():
            mask = d.whole([batch, keys], "int32", 0, 1)
            mask[:, 0] = 1
            inputs.append(mask)
    return _case("MultiHeadAttention", inputs, attributes)


@maker
def standard_attention(d: Draw) -> Case:
    heads, size, batch, steps, keys = d.int(1, 2), d.int(1, 4), d.int(1, 2), d.int(1, 4), d.int(1, 5)
    groups = d.pick([1, 1, 2])
    q, k, v = d.floats([batch, heads * groups, steps, size]), *(d.floats([batch, heads, keys, size]) for _ in range(2))
    attributes: dict[str, object] = {}
    if d.chance(0.4):
        attributes["is_causal"] = 1
    if d.chance(0.3):
        attributes["scale"] = 0.4
    if d.chance(0.3):
        attributes["softcap"] = 2.0
    inputs: list[np.ndarray | None] = [q, k, v]
    if d.chance(0.5):
        if d.chance():
            inputs.append(d.floats([steps, keys]))
        else:
            mask = d.bools([steps, keys])
            mask[:, 0] = True
            inputs.append(mask)
    return Case("Attention", inputs, attributes, opset=d.pick([23, 24]), rtol=1e-3, atol=1e-3, reference="onnx")


@maker
def rotary(d: Draw) -> Case:
    batch, heads, steps, size = d.int(1, 2), d.int(1, 2), d.int(1, 4), 2 * d.int(1, 3)
    angles = d.floats([8, size // 2])
    places = d.whole([batch, steps], "int64", 0, 7)
    interleaved = {"interleaved": 1} if d.chance() else {}
    if d.chance():
        x = d.floats([batch, steps, heads * size])
        cosine, sine = np.cos(angles), np.sin(angles)
        return _case("RotaryEmbedding", [x, places, cosine, sine], interleaved | {"num_heads": heads})
    x = d.floats([batch, heads, steps, size])
    inputs = [x, np.cos(angles), np.sin(angles), places]
    return Case("RotaryEmbedding", inputs, interleaved, opset=23, reference="onnx", rtol=1e-3, atol=1e-4)
