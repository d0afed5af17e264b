"""Arithmetic, comparisons, unary functions, casts."""

from __future__ import annotations

import numpy as np
from tests.onnx.differential.draw import INTS, Case, Draw, maker

FLOATS = ("float32", "float32", "float32", "float16", "float64")


def _pair(d: Draw, kind: str, numbers: str = "plain") -> list[np.ndarray]:
    shape = d.shape()
    shapes = [shape, d.alike(shape)]
    if d.chance():
        shapes.reverse()
    make = {"plain": d.numbers, "wide": d.wide, "special": d.special}[numbers]
    return [make(s, kind) for s in shapes]


def _loose(kind: str) -> dict[str, float]:
    return {"rtol": 2e-3, "atol": 2e-3} if kind == "float16" else {}


@maker
def arithmetic_float(d: Draw) -> Case:
    kind, op = d.pick(FLOATS), d.pick(["Add", "Sub", "Mul", "Div"])
    pair = _pair(d, kind, "plain" if kind == "float64" else d.pick(["plain", "plain", "special"]))
    return Case(op, pair, opset=d.pick([7, 13, 14, 20]), **_loose(kind))


@maker
def arithmetic_int(d: Draw) -> Case:
    kind, op = d.pick(INTS), d.pick(["Add", "Sub", "Mul", "Div"])
    pair = _pair(d, kind, d.pick(["plain", "wide"]))
    if kind[-2:] in ("32", "64"):
        pair = _pair(d, kind)  # the results stay within 32 bits
    if op == "Sub" and kind in ("uint32", "uint64"):
        pair[1] = np.zeros_like(pair[1])  # what wraps is beyond 32 bits
    if op == "Div":
        pair[1] = np.where(pair[1] == 0, 3, pair[1]).astype(kind)
        if kind[0] == "i":
            pair[0] = np.maximum(pair[0], np.iinfo(kind).min + 1)
    return Case(op, pair, opset=14)


@maker
def mod(d: Draw) -> Case:
    if d.chance():
        kind = d.pick(("float32", "float64"))
        numbers = "plain" if kind == "float64" else d.pick(["plain", "special"])
        # quotients beyond 2^24 leave nothing exact in f32
        pair = [np.where((abs(a) > 1e8) & (abs(a) < np.inf), 3, a).astype(kind) for a in _pair(d, kind, numbers)]
        return Case("Mod", pair, {"fmod": 1}, opset=d.pick([10, 13]))
    kind = d.pick(INTS)
    a, b = _pair(d, kind, d.pick(["plain", "wide"] if kind != "int64" else ["plain"]))
    b = np.where(b == 0, 3, b).astype(kind)
    if kind[0] == "i":
        a = np.maximum(a, np.iinfo(kind).min + 1)
    return Case("Mod", [a, b], {"fmod": 1} if d.chance(0.4) else {}, opset=d.pick([10, 13]))


@maker
def power(d: Draw) -> Case:
    left = d.pick(["float32", "float64", "int32", "int64"])
    right = d.pick(["float32", "float64", "int32", "int64", left])
    shape = d.shape()
    x = np.abs(d.floats(shape, left)) if left[0] == "f" else d.whole(shape, left, -6, 6)
    y = d.floats(d.alike(shape), right) if right[0] == "f" else d.whole(d.alike(shape), right, 0, 5)
    if left[0] != "f" and right[0] == "f":
        x, y = np.abs(x), np.abs(np.round(y))
    return Case("Pow", [x, y.astype(right)], opset=d.pick([12, 13, 15]), rtol=3e-4)


@maker
def variadic(d: Draw) -> Case:
    op = d.pick(["Max", "Min", "Sum", "Mean"])
    kind = d.pick(FLOATS + INTS if op in ("Max", "Min") else FLOATS)
    shape = d.shape()
    make = d.wide if kind in INTS and kind != "int64" and d.chance() else d.numbers
    arrays = [make(d.alike(shape), kind) for _ in range(d.int(1, 4))]
    return Case(op, arrays, opset=d.pick([8, 12, 13]) if op in ("Max", "Min") else d.pick([8, 13]), **_loose(kind))


@maker
def clip(d: Draw) -> Case:
    kind = d.pick(FLOATS + INTS)
    shape = d.shape()
    special = kind not in INTS and d.chance(0.3)
    x = d.special(shape, kind) if special else d.numbers(shape, kind)
    if special:
        x = np.where(np.isnan(x) | np.isinf(x), 1, x).astype(kind)
    if kind in INTS and kind != "int64" and d.chance(0.3):
        x = d.wide(shape, kind)
    low, high = (np.array(d.numbers([1], kind)[0]) if d.chance(0.8) else None for _ in range(2))
    if kind not in INTS and d.chance(0.3):
        bounds = {}
        if low is not None:
            bounds["min"] = float(low)
        if high is not None:
            bounds["max"] = float(high)
        return Case("Clip", [x.astype("float32")], bounds, opset=d.pick([6, 7, 10]))
    return Case("Clip", [x, low, high], opset=d.pick([11, 12, 13]), **_loose(kind))


@maker
def compare(d: Draw) -> Case:
    op = d.pick(["Less", "LessOrEqual", "Greater", "GreaterOrEqual", "Equal"])
    kind = d.pick(FLOATS + INTS + (("bool",) if op == "Equal" else ()))
    numbers = "special" if kind in ("float16", "float32") else "wide" if kind in INTS and kind[-2:] != "64" else "plain"
    pair = _pair(d, kind, d.pick(["plain", numbers]))
    return Case(op, pair, opset=d.pick([13, 16, 19]) if "Or" not in op else d.pick([12, 16]))


@maker
def logic(d: Draw) -> Case:
    return Case(d.pick(["And", "Or", "Xor"]), _pair(d, "bool"), opset=d.pick([7, 13]))


@maker
def where(d: Draw) -> Case:
    shape = d.shape()
    kind = d.pick(FLOATS + INTS + ("bool",))
    return Case("Where", [d.bools(d.alike(shape)), *(d.numbers(d.alike(shape), kind) for _ in range(2))], opset=16)


@maker
def bitwise(d: Draw) -> Case:
    kind = d.pick([k for k in INTS if k != "int64"])
    if d.chance(0.2):
        kind = kind if kind not in ("uint32", "uint64") else "uint8"
        return Case("BitwiseNot", [d.wide(d.shape(), kind)], opset=18, reference="onnx")
    if d.chance(0.3) and kind[0] == "u":
        a, b = _pair(d, kind, "wide")
        b = (b % (np.iinfo(kind).bits + (3 if d.chance(0.2) else 0))).astype(kind)
        ways = ["LEFT", "RIGHT"] if kind in ("uint8", "uint16") else ["RIGHT"]
        return Case("BitShift", [a, b], {"direction": d.pick(ways)}, opset=11, reference="onnx")
    return Case(d.pick(["BitwiseAnd", "BitwiseOr", "BitwiseXor"]), _pair(d, kind, "wide"), opset=18)


UNARY = {
    "Abs": 13, "Neg": 13, "Ceil": 13, "Floor": 13, "Round": 11, "Sqrt": 13, "Exp": 13, "Log": 13, "Sin": 7, "Cos": 7,
    "Tan": 7, "Asin": 7, "Acos": 7, "Atan": 7, "Sinh": 9, "Cosh": 9, "Asinh": 9, "Acosh": 9, "Atanh": 9, "Tanh": 13,
    "Sigmoid": 13, "Erf": 13, "Reciprocal": 13, "Sign": 13, "Relu": 14, "Softplus": 1, "Softsign": 1, "Identity": 16,
    "IsNaN": 13, "IsInf": 10, "Not": 1, "Mish": 18, "HardSwish": 14,
}  # fmt: skip


#: of which the plugin computes no infinities or NaN like onnxruntime
TAME = ("Relu", "Softplus", "Softsign", "Sin", "Cos", "Tan", "Sinh", "Cosh", "Sign", "Mish", "HardSwish", "Asinh")


@maker
def unary(d: Draw) -> Case:
    op = d.pick(list(UNARY))
    x = d.special(d.shape()) if d.chance(0.5) else d.floats(d.shape())
    if op in TAME:
        x = d.floats(d.shape(), scale=d.pick([1, 8, 30]))
    if op == "Not":
        x = d.bools(d.shape())
    if op in ("Sinh", "Cosh"):
        x = np.clip(x, -60, 60)
    attributes = {}
    if op == "IsInf":
        attributes = {k: d.int(0, 1) for k in d.some(["detect_negative", "detect_positive"])}
    return Case(op, [x], attributes, opset=UNARY[op], rtol=3e-4, atol=1e-4 if op == "Tan" else 1e-5)


@maker
def unary_int(d: Draw) -> Case:
    op = d.pick(["Abs", "Neg", "Sign", "Relu", "Identity", "Not"])
    if op == "Not":
        return Case("Not", [d.bools(d.shape())], opset=1)
    kind = d.pick(INTS)
    x = d.wide(d.shape(), kind) if d.chance() and kind[-2:] != "64" else d.numbers(d.shape(), kind)
    return Case(op, [x], opset=14)


@maker
def activation(d: Draw) -> Case:
    op = d.pick(["Elu", "Selu", "LeakyRelu", "ThresholdedRelu", "HardSigmoid", "Celu", "Gelu", "Shrink", "PRelu",
                 "Swish"])  # fmt: skip
    x = d.floats(d.shape(), scale=3)
    wanted = {
        "Elu": ["alpha"], "Selu": ["alpha", "gamma"], "LeakyRelu": ["alpha"], "ThresholdedRelu": ["alpha"],
        "HardSigmoid": ["alpha", "beta"], "Celu": ["alpha"], "Shrink": ["bias", "lambd"],
    }  # fmt: skip
    attributes: dict[str, object] = {k: d.pick([0.1, 0.5, 1.0, 1.7, 3.0, -0.3]) for k in d.some(wanted.get(op, []))}
    if op == "Celu":
        attributes = {k: abs(float(str(v))) for k, v in attributes.items()}
    if op == "Gelu":
        attributes = {"approximate": d.pick(["none", "tanh"])}
    opset = {"Gelu": 20, "Swish": 24, "Shrink": 9, "Celu": 12, "ThresholdedRelu": 10}.get(op, d.pick([6, 16]))
    inputs = [x]
    if op == "PRelu":
        opset = d.pick([7, 9, 16])
        inputs.append(d.floats(d.alike(x.shape)))
    return Case(op, inputs, attributes, opset=opset, reference="onnx" if op == "Swish" else "ort")


@maker
def cast(d: Draw) -> Case:
    types = {"float32": 1, "uint8": 2, "int8": 3, "uint16": 4, "int16": 5, "int32": 6, "int64": 7, "bool": 9,
             "float16": 10, "float64": 11, "uint32": 12, "uint64": 13}  # fmt: skip
    source, target = d.pick(list(types)), d.pick(list(types))
    shape = d.shape()
    if source in ("float16", "float32") and target in ("float16", "float32"):
        x = d.special(shape, source)
    elif source in INTS and source[-2:] != "64" and d.chance():
        x = d.wide(shape, source)
    else:
        x = d.numbers(shape, source)
    if source != "bool" and target in ("uint32", "uint64") and not source.startswith("u"):
        x = np.abs(x)  # the wrapped numbers are beyond 32 bits
    elif source.startswith("f") and target.startswith("u"):
        x = np.abs(x)
    return Case("Cast", [x], {"to": types[target]}, opset=d.pick([9, 13, 19]))


@maker
def cast_edges(d: Draw) -> Case:
    """Floats beyond the integer type: what lies outside is undefined in ONNX, the types' edges are not."""
    target = d.pick(["uint8", "int8", "uint16", "int16", "int32"])
    info = np.iinfo(target)
    x = np.array(d.some([info.min, info.max, 0, 1, -1 if info.min else 1, 0.9, info.max - 1, info.min + 1], 1))
    kind = d.pick(["float64", "float32"])
    x = x.astype(kind)
    x = x[(x.astype(np.float64) <= info.max) & (x.astype(np.float64) >= info.min)]
    code = {"uint8": 2, "int8": 3, "uint16": 4, "int16": 5, "int32": 6, "uint32": 12}[target]
    return Case("Cast", [x], {"to": code}, opset=13)
