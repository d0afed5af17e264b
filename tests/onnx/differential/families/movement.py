"""Operators that move, cut, join and pick elements."""

from __future__ import annotations

import math

import numpy as np
from tests.onnx.differential.draw import Case, Draw, i64, maker

KINDS = ("float32", "float32", "int64", "int32", "bool", "uint8", "float16", "float64")


def _axis(d: Draw, rank: int) -> int:
    return d.int(-rank, rank - 1)


@maker
def reshape(d: Draw) -> Case:
    x = d.numbers(d.shape(0, 4, empty=0.1), d.pick(KINDS))
    sizes = list(x.shape)
    opset = d.pick([5, 13, 14, 19, 21])
    if x.size:
        rest, target = x.size, []
        while rest > 1:
            factor = d.pick([k for k in range(2, rest + 1) if rest % k == 0])
            target.append(factor)
            rest //= factor
        for _ in range(d.int(0, 2)):
            target.insert(d.int(0, len(target)), 1)
    else:
        target = d.some(sizes, len(sizes))
    attributes = {}
    if target and x.size and d.chance():
        target[d.int(0, len(target) - 1)] = -1
    elif opset >= 14 and not x.size:
        attributes = {"allowzero": 1}
    for k in range(min(len(target), len(sizes))):
        if target[k] == sizes[k] and d.chance(0.3) and not attributes:
            target[k] = 0
    return Case("Reshape", [x, i64(*target)], attributes, opset=opset)


@maker
def squeeze(d: Draw) -> Case:
    x = d.numbers([1 if d.chance() else d.int(0, 3) for _ in range(d.int(1, 4))], d.pick(KINDS))
    ones = [i - (x.ndim if d.chance() else 0) for i, n in enumerate(x.shape) if n == 1]
    axes, opset = d.some(ones), d.pick([1, 11, 13, 21])
    if opset < 13:
        axes = [a % x.ndim for a in axes] if opset < 11 else axes
        return Case("Squeeze", [x], {"axes": axes} if axes else {}, opset=max(opset, 7))
    return Case("Squeeze", [x, i64(*axes)] if axes else [x], opset=opset)


@maker
def unsqueeze(d: Draw) -> Case:
    x = d.numbers(d.shape(0, 3), d.pick(KINDS))
    rank = x.ndim + d.int(1, 3)
    axes = [a - (rank if d.chance() else 0) for a in d.some(list(range(rank)), rank)[: rank - x.ndim]]
    opset = d.pick([11, 13, 21])
    if opset < 13:
        return Case("Unsqueeze", [x], {"axes": axes}, opset=opset)
    return Case("Unsqueeze", [x, i64(*axes)], opset=opset)


@maker
def flatten(d: Draw) -> Case:
    x = d.numbers(d.shape(1, 4, empty=0.05), d.pick(KINDS))
    attributes = {"axis": d.int(-x.ndim, x.ndim)} if d.chance(0.8) else {}
    return Case("Flatten", [x], attributes, opset=d.pick([11, 13]))


@maker
def transpose(d: Draw) -> Case:
    x = d.numbers(d.shape(0, 5), d.pick(KINDS))
    return Case("Transpose", [x], {"perm": d.some(list(range(x.ndim)), x.ndim)} if d.chance(0.8) else {}, opset=13)


@maker
def expand(d: Draw) -> Case:
    x = d.numbers(d.shape(0, 4, empty=0.02), d.pick(KINDS))
    target = [d.int(1, 3) if n == 1 and d.chance() else d.pick([1, n]) for n in x.shape][d.int(0, x.ndim) :]
    if d.chance(0.3) and len(target) == x.ndim:
        target = [d.int(0, 3), *target]
    return Case("Expand", [x, i64(*target)], opset=d.pick([8, 13]))


@maker
def tile(d: Draw) -> Case:
    x = d.numbers(d.shape(1, 4, empty=0.02), d.pick(KINDS))
    return Case("Tile", [x, i64(*d.ints(x.ndim, 0 if d.chance(0.1) else 1, 3))], opset=d.pick([6, 13]))


@maker
def slice_(d: Draw) -> Case:
    x = d.numbers(d.shape(1, 4, 7, empty=0.05), d.pick(KINDS))
    opset = d.pick([9, 10, 11, 13])
    axes = d.some(list(range(x.ndim)), 1)
    far = [2**31 - 1, -(2**31), 2**63 - 1, -(2**63) + 1] if opset > 9 or d.chance(0.2) else [2**31 - 1]
    starts, ends = (
        [d.pick(far) if d.chance(0.12) else d.int(-x.shape[a] - 2, x.shape[a] + 2) for a in axes] for _ in range(2)
    )
    if opset == 9:
        order = axes == sorted(axes) == list(range(len(axes))) and d.chance()
        return Case("Slice", [x], {"starts": starts, "ends": ends} | ({} if order else {"axes": axes}), opset=9)
    steps = [d.pick([1, 1, 2, 3, -1, -1, -2, -3, 10, -10]) for _ in axes]
    # onnxruntime goes on to the front from the greatest end, where the specification stops at the last
    ends = [-(2**31) if step < 0 and end > 2**30 else end for end, step in zip(ends, steps, strict=True)]
    kind = "int32" if d.chance(0.3) and all(abs(v) < 2**31 for v in starts + ends) else "int64"
    inputs: list[np.ndarray | None] = [x, np.array(starts, kind), np.array(ends, kind)]
    if axes == list(range(len(axes))) and d.chance():
        inputs.append(None)
    else:
        inputs.append(np.array([a - (x.ndim if d.chance() else 0) for a in axes], kind))
    inputs.append(np.array(steps, kind))
    if d.chance(0.3):
        inputs.pop()
    beyond = any(abs(v) > 2**31 for v in starts + ends)
    return Case("Slice", inputs, opset=opset, held=[1, 2] if beyond else [])


@maker
def split(d: Draw) -> Case:
    x = d.numbers(d.shape(1, 4, 6, empty=0), d.pick(KINDS))
    axis, opset = _axis(d, x.ndim), d.pick([2, 11, 13, 18])
    if opset == 2:
        axis %= x.ndim
    size, lengths = x.shape[axis], []
    while sum(lengths) < size:
        lengths.append(d.int(0 if d.chance(0.1) else 1, size - sum(lengths)))
    attributes: dict[str, object] = {"axis": axis} if axis or d.chance() else {}
    if d.chance(0.6):
        if opset < 13:
            return Case("Split", [x], attributes | {"split": lengths}, len(lengths), opset=max(opset, 7))
        return Case("Split", [x, i64(*lengths)], attributes, len(lengths), opset=opset)
    if opset == 18:
        count = d.int(1, size)
        return Case("Split", [x], attributes | {"num_outputs": count}, count, opset=opset)
    count = d.pick([k for k in range(1, size + 1) if size % k == 0])
    return Case("Split", [x], attributes, count, opset=max(opset, 7))


@maker
def concat(d: Draw) -> Case:
    shape = d.shape(1, 4)
    axis, kind = _axis(d, len(shape)), d.pick(KINDS)
    arrays = []
    for _ in range(d.int(1, 4)):
        shape[axis] = d.int(0 if d.chance(0.1) else 1, 4)
        arrays.append(d.numbers(shape, kind))
    return Case("Concat", arrays, {"axis": axis}, opset=d.pick([11, 13]))


@maker
def pad(d: Draw) -> Case:
    opset = d.pick([2, 11, 13, 18, 19, 21])
    mode = d.pick(["constant", "constant", "edge", "reflect", "wrap"] if opset >= 19 else
                  ["constant", "constant", "edge", "reflect"])  # fmt: skip
    kind = d.pick(["float32", "float32", "int64", "int32", "float64", "uint8", "int8"] if opset >= 13 else ["float32"])
    if mode == "constant" and kind in ("float32",) and d.chance(0.2) and opset >= 13:
        kind = "bool"
    x = d.numbers([d.int(2, 5) for _ in range(d.int(1, 4))], kind)
    axes = d.some(list(range(x.ndim)), 1) if opset >= 18 and d.chance(0.5) else list(range(x.ndim))
    least = -1 if d.chance(0.4) else 0
    top = 3 if mode == "constant" or d.chance(0.1) else 1
    pads = [d.int(least, top) for _ in axes * 2]
    attributes: dict[str, object] = {"mode": mode} if mode != "constant" or d.chance() else {}
    if opset == 2:
        if d.chance() and mode == "constant":
            attributes["value"] = 1.5
        return Case("Pad", [x], attributes | {"pads": pads}, opset=7)
    inputs: list[np.ndarray | None] = [x, i64(*pads)]
    if mode == "constant" and d.chance(0.7):
        inputs.append(np.asarray(d.numbers([], kind)))
    if len(axes) < x.ndim or (opset >= 18 and d.chance(0.2)) or axes != sorted(axes):
        if len(inputs) == 2:
            inputs.append(None)
        inputs.append(np.array([a - (x.ndim if d.chance() else 0) for a in axes], d.pick(["int64", "int32"])))
    return Case("Pad", inputs, attributes, opset=opset)


@maker
def center_crop_pad(d: Draw) -> Case:
    x = d.floats(d.shape(1, 4, empty=0))
    axes = d.some(list(range(x.ndim)), 1)
    attributes = {"axes": [a - (x.ndim if d.chance() else 0) for a in axes]}
    if axes == list(range(x.ndim)) and d.chance():
        attributes = {}
    return Case("CenterCropPad", [x, i64(*d.ints(len(axes), 1, 7))], attributes, opset=18)


@maker
def gather(d: Draw) -> Case:
    x = d.numbers(d.shape(1, 4, empty=0), d.pick(KINDS))
    axis = _axis(d, x.ndim)
    n = x.shape[axis]
    indices = d.whole(d.shape(0, 3, empty=0.05), d.pick(["int64", "int32"]), -n, n - 1)
    return Case("Gather", [x, indices], {"axis": axis} if axis or d.chance() else {}, opset=d.pick([11, 13]))


@maker
def gather_elements(d: Draw) -> Case:
    x = d.numbers(d.shape(1, 4, empty=0), d.pick(KINDS))
    axis = _axis(d, x.ndim)
    shape = list(x.shape)
    shape[axis] = d.int(1, 6)
    n = x.shape[axis]
    indices = d.whole(shape, d.pick(["int64", "int32"]), -n, n - 1)
    return Case("GatherElements", [x, indices], {"axis": axis}, opset=d.pick([11, 13]))


def _tuples(d: Draw, shape: list[int], batch: int, lead: list[int], width: int) -> np.ndarray:
    columns = [d.whole(lead, "int64", -shape[batch + k], shape[batch + k] - 1) for k in range(width)]
    return np.stack(columns, axis=-1) if columns else np.zeros([*lead, 0], np.int64)


@maker
def gather_nd(d: Draw) -> Case:
    shape = d.shape(1, 4, empty=0)
    batch = d.int(0, len(shape) - 1) if d.chance(0.4) else 0
    width = d.int(1, len(shape) - batch)
    lead = [*shape[:batch], *d.ints(d.int(0 if batch or d.chance(0.2) else 1, 2), 1, 4)]
    opset = d.pick([12, 13]) if batch else d.pick([11, 12, 13])
    x = d.numbers(shape, d.pick(KINDS))
    attributes = {"batch_dims": batch} if batch else {}
    return Case("GatherND", [x, _tuples(d, shape, batch, lead, width)], attributes, opset=opset)


@maker
def scatter_nd(d: Draw) -> Case:
    shape = d.shape(1, 3, empty=0)
    width = d.int(1, len(shape))
    lead = d.ints(d.int(1, 2), 1, 4)
    reduction = d.pick(["none", "add", "mul", "max", "min"])
    indices = _tuples(d, shape, 0, lead, width)
    if reduction == "none":  # the order of doubles is not defined
        flat = indices.reshape(-1, width) % np.array(shape[:width])
        _, first = np.unique(flat, axis=0, return_index=True)
        indices = indices.reshape(-1, width)[np.sort(first)]
    kind = d.pick(["float32", "float32", "int64", "int32", "float64"])
    opset = d.pick([11, 13, 16, 18]) if reduction == "none" else 16 if reduction in ("add", "mul") else 18
    attributes = {"reduction": reduction} if opset >= 16 and (reduction != "none" or d.chance()) else {}
    updates = d.numbers([*indices.shape[:-1], *shape[width:]], kind)
    return Case("ScatterND", [d.numbers(shape, kind), indices, updates], attributes, opset=opset)


@maker
def scatter_elements(d: Draw) -> Case:
    shape = d.shape(1, 4, empty=0)
    axis = _axis(d, len(shape))
    reduction = d.pick(["none", "add", "mul", "max", "min"])
    lead = [d.int(1, n) for n in shape]
    n = shape[axis]
    if reduction == "none":
        indices = np.argsort(d.random.random([*shape]), axis=axis)[tuple(slice(0, k) for k in lead)]
        indices = np.where(d.bools(indices.shape), indices, indices - n)
    else:
        if d.chance(0.4):
            lead[axis] = d.int(1, 6)
        indices = d.whole(lead, "int64", -n, n - 1)
    kind = d.pick(["float32", "float32", "int64", "int32", "float64"])
    opset = d.pick([11, 13, 16, 18]) if reduction == "none" else 16 if reduction in ("add", "mul") else 18
    attributes: dict[str, object] = {"axis": axis}
    if opset >= 16 and (reduction != "none" or d.chance()):
        attributes["reduction"] = reduction
    inputs = [d.numbers(shape, kind), indices.astype(d.pick(["int64", "int32"])), d.numbers(indices.shape, kind)]
    op = "Scatter" if opset == 11 and d.chance(0.2) else "ScatterElements"
    return Case(op, inputs, attributes, opset=9 if op == "Scatter" else opset)


@maker
def compress(d: Draw) -> Case:
    x = d.numbers(d.shape(1, 3, empty=0), d.pick(KINDS))
    axis = _axis(d, x.ndim) if d.chance(0.7) else None
    size = x.size if axis is None else x.shape[axis]
    condition = d.bools([d.int(1, size)])
    condition[0] |= not condition.any()
    return Case("Compress", [x, condition], {} if axis is None else {"axis": axis}, opset=11)


@maker
def one_hot(d: Draw) -> Case:
    kind = d.pick(["int64", "int32", "float32"])
    depth = d.int(1, 5)
    indices = d.whole(d.shape(0, 3), "int64", -depth - 1, depth + 1).astype(kind)
    axis = {"axis": d.int(-indices.ndim - 1, indices.ndim)} if d.chance(0.8) else {}
    other = d.pick(["int64", "float32", "int32"])
    size = np.array(depth if d.chance() else [depth], "int64" if kind == "int32" else kind)
    return Case("OneHot", [indices, size, d.numbers([2], other)], axis, opset=d.pick([9, 11]))


@maker
def reverse_sequence(d: Draw) -> Case:
    x = d.numbers(d.shape(2, 4, empty=0), d.pick(KINDS))
    batch = d.int(0, 1)
    lengths = d.whole([x.shape[batch]], "int64", 0 if d.chance(0.1) else 1, x.shape[1 - batch])
    given = {"batch_axis": batch, "time_axis": 1 - batch}
    return Case("ReverseSequence", [x, lengths], given if batch == 0 or d.chance() else {}, opset=10)


@maker
def trilu(d: Draw) -> Case:
    x = d.numbers(d.shape(2, 4, empty=0.05), d.pick(KINDS))
    inputs = [x, np.asarray(d.whole([], "int64", -4, 4))] if d.chance(0.8) else [x]
    return Case("Trilu", inputs, {"upper": d.int(0, 1)} if d.chance(0.8) else {}, opset=14)


@maker
def range_(d: Draw) -> Case:
    kind = d.pick(["int64", "int32", "float32", "float64", "int16"])
    step = d.pick([1, 2, 3, -1, -2] if kind[0] == "i" else [1, 0.5, 0.3, -0.7, 0.1])
    start, stop = (d.int(-6, 6) for _ in range(2))
    return Case("Range", [np.array(v, kind) for v in (start, stop, step)], opset=11)


@maker
def constant_of_shape(d: Draw) -> Case:
    import onnx

    kind = d.pick(KINDS)
    value = {"value": onnx.numpy_helper.from_array(d.numbers([1], kind))} if d.chance(0.8) else {}
    return Case("ConstantOfShape", [i64(*d.shape(0, 3, empty=0.1))], value, opset=9)


@maker
def shape_of(d: Draw) -> Case:
    x = d.numbers(d.shape(0, 4, empty=0.1), d.pick(KINDS))
    if d.chance(0.3):
        return Case("Size", [x], opset=13)
    opset = d.pick([13, 15, 19])
    bounds = {k: d.int(-x.ndim - 1, x.ndim + 1) for k in d.some(["start", "end"])} if opset >= 15 else {}
    return Case("Shape", [x], bounds, opset=opset)


@maker
def non_zero(d: Draw) -> Case:
    return Case("NonZero", [d.whole(d.shape(1, 4), d.pick(["int64", "int32", "uint8"]), 0, 2)], opset=13)


@maker
def unique(d: Draw) -> Case:
    x = d.whole(d.shape(1, 3, empty=0), d.pick(["int64", "float32"][:1]), 0, 3)
    x = x.astype(d.pick(["int64", "float32"]))
    attributes: dict[str, object] = {"sorted": d.int(0, 1)} if d.chance(0.7) else {}
    if d.chance(0.4):
        attributes["axis"] = _axis(d, x.ndim)
    return Case("Unique", [x], attributes, d.int(1, 4), opset=11)


@maker
def top_k(d: Draw) -> Case:
    x = d.numbers(d.shape(1, 4, 6, empty=0), d.pick(["float32", "float32", "int64", "int32", "float64"]))
    if d.chance(0.4):
        x = (x / 8).astype(x.dtype).round()
    axis, opset = _axis(d, x.ndim), d.pick([10, 11, 24])
    opset = min(opset, 21)
    attributes: dict[str, object] = {"axis": axis}
    if opset >= 11 and d.chance():
        attributes["largest"] = d.int(0, 1)
    if opset == 10:
        x = x.astype(np.float32)
    k = i64(d.int(1, x.shape[axis]))
    return Case("TopK", [x, k], attributes, 2, opset=opset)


@maker
def arg_extreme(d: Draw) -> Case:
    x = d.whole(d.shape(1, 4, 6, empty=0), "int32", 0, 3).astype(d.pick(["float32", "int32", "int8", "uint8"]))
    attributes: dict[str, object] = {}
    for name, choices in (
        ("axis", list(range(-x.ndim, x.ndim))), ("keepdims", [0, 1]), ("select_last_index", [0, 1]),
    ):  # fmt: skip
        if d.chance(0.7):
            attributes[name] = d.pick(choices)
    return Case(d.pick(["ArgMax", "ArgMin"]), [x], attributes, opset=d.pick([12, 13]))


@maker
def einsum(d: Draw) -> Case:
    letters = "abcde"
    sizes = {c: d.int(1, 4) for c in letters}
    count = d.int(1, 3)
    terms = ["".join(d.pick(letters) if d.chance(0.1) else c for c in d.some(letters, 1)[:3]) for _ in range(count)]
    used = sorted(set("".join(terms)))
    output = "".join(d.some(used))
    dots = d.chance(0.2)
    shapes = [[sizes[c] for c in t] for t in terms]
    if dots:
        terms = [f"...{t}" for t in terms]
        shapes = [[d.pick([1, 2]), *s] for s in shapes]
        output = f"...{output}"
    explicit = d.chance(0.8)
    equation = ",".join(terms) + (f"->{output}" if explicit else "")
    arrays = [d.floats(s) for s in shapes]
    assert all(math.prod(s) < 1000 for s in shapes)
    return Case("Einsum", arrays, {"equation": equation}, opset=12, rtol=3e-4, atol=1e-4)
