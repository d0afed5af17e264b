"""Slices, pads, reversals and rolls: types, shapes and numbers are the runtime's own."""

from __future__ import annotations

import itertools
import random
from typing import Any

import pytest

from dragoman_sdk.opcase import Input, OpCase, assert_both_refuse, const, tensor

MOST = 2**63 - 1
ENDS = [0, 1, 2, -1, -2, -9, 9, MOST, -MOST - 1, 2**31 - 1]


def random_slices(shape: str, count: int) -> list[OpCase]:
    """Slices of two axes with any ends, out of range ones included."""
    pick = random.Random(shape)
    found = []
    for _ in range(count):
        start, stop = pick.choices(ENDS, k=2), pick.choices(ENDS, k=2)
        step = pick.choices([1, 1, 2, -1, -2, 3], k=2)
        axes = pick.choice([[], [const([0, 1])], [const([1, 0])], [const([-1, 0])]])
        inputs = [tensor("f32", shape), const(start), const(stop), const(step), *axes]
        found.append(OpCase("Slice", inputs, values=not set("?.") & set(shape)))
    return found


def random_strided(shape: str, count: int) -> list[OpCase]:
    """Strided slices with any masks that the CPU plugin computes rightly: not new and shrunk axes together."""
    pick = random.Random(shape)
    found = []
    for _ in range(count):
        n = pick.choice([1, 2, 3])
        begin, end = pick.choices(ENDS, k=n), pick.choices(ENDS, k=n)
        stride = pick.choices([1, 1, 2, -1], k=n)
        kinds = pick.choices(["", "", "", "new" if pick.random() < 0.5 else "shrink"], k=n)
        if pick.random() < 0.3:
            kinds[pick.randrange(n)] = "ellipsis"
        for i, kind in enumerate(kinds):
            if kind == "shrink":
                begin[i], end[i], stride[i] = 1, 2, 1
        masks = {f"{k}_mask": [pick.randint(0, 1) * (kind != "shrink") for kind in kinds] for k in ("begin", "end")}
        masks["new_axis_mask"] = [int(kind == "new") for kind in kinds]
        masks["shrink_axis_mask"] = [int(kind == "shrink") for kind in kinds]
        masks["ellipsis_mask"] = [
            int(kind == "ellipsis" and "ellipsis" not in kinds[:i]) for i, kind in enumerate(kinds)
        ]
        inputs = [tensor("f32", shape), const(begin), const(end), const(stride)]
        found.append(OpCase("StridedSlice", inputs, masks, values=not set("?.") & set(shape)))
    return found


def with_unknown(op: str, inputs: list[Any], attrs: dict[str, Any] | None = None) -> list[OpCase]:
    """The case with each of the later inputs unknown in turn."""
    size = tensor("i64", "2")
    return [
        OpCase(op, [*inputs[:i], size, *inputs[i + 1 :]], attrs or {}, values=False)
        for i in range(1, len(inputs))
        if not isinstance(inputs[i], Input)
    ]


SLICES = [case for shape in ("4,5", "?,5", "...", "2,7..") for case in random_slices(shape, 40)]
SLICES += with_unknown("Slice", [tensor("f32", "4,5"), const([1, 1]), const([3, 3]), const([1, 1]), const([0, 1])])
STRIDED = [case for shape in ("4,5,6", "...", "3,5,6") for case in random_strided(shape, 50)]
MASKED = {"begin_mask": [0, 1], "end_mask": [0, 0]}
STRIDED += with_unknown("StridedSlice", [tensor("f32", "4,5,2.."), const([1, 1]), const([3, 2]), const([1, 1])], MASKED)
STRIDED += [OpCase("StridedSlice", [tensor("f32", "4,5,2"), const([1, 1]), const([3, 2])], MASKED)]
# the CPU plugin reads wild memory when one slice inserts and drops axes
STRIDED += [
    OpCase(
        "StridedSlice",
        [tensor("f32", "4,5,6"), const([1, 0]), const([2, 0]), const([1, 1])],
        {"new_axis_mask": [0, 1], "shrink_axis_mask": [1, 0]},
        values=False,
    )
]
UPDATES = [("4,5", "2,5", [1], [3], [1], []), ("4,5", "4,2", [1], [3], [1], [[-1]]), ("?,5", "2,5", [1], [3], [1], [])]
UPDATES += [("...", "2,5", [1], [3], [1], []), ("4,5", "...", [1], [3], [1], []), ("4,5", "2,5", [3], [1], [-1], [])]
SCATTERS = [
    OpCase(
        "SliceScatter",
        [tensor("f32", d), tensor("f32", u), const(a), const(b), const(c), *map(const, axes)],
        values=not set("?.") & set(d + u),
    )
    for d, u, a, b, c, axes in UPDATES
]
PADS = [
    OpCase("Pad", [tensor("f32", d), const(b), const(e), *fill], {"pad_mode": m}, version=v, values=d == "3,4")
    for v, d, (b, e), m in itertools.product(
        ["opset1", "opset12"],
        ["3,4", "?,4", "2..5,3..", "..."],
        [([1, 2], [0, 1]), ([2, 0], [0, 0]), ([0, 0], [0, 0])],
        ["constant", "edge", "reflect", "symmetric"],
    )
    for fill in ([], [const(1.5, "f32")])
]
PADS += [OpCase("Pad", [tensor("f32", d), const([1, -1]), const([-1, 1])], values=d == "3,4") for d in ("3,4", "?,2..")]
PADS += [OpCase("Pad", [tensor("i32", "3,4"), const([1, 1]), const([1, 1]), const(7, "i32")])]
PADS += with_unknown("Pad", [tensor("f32", "3,4"), const([1, 1]), const([1, 1])])
# a fill that is not constant is taken for 0 by the CPU plugin
PADS += [OpCase("Pad", [tensor("f32", "3,4"), const([1, 1]), const([1, 1]), tensor("f32", "")], values=False)]
REVERSALS = [
    OpCase("Reverse", [tensor("f32", d), const(axes, kind)], {"mode": mode}, values=d == "3,4")
    for d, (axes, kind, mode) in itertools.product(
        ["3,4", "?,4", "..."], [([0], "i64", "index"), ([0, 1], "i32", "index"), ([True, False], "boolean", "mask")]
    )
]
ROLLS = [
    OpCase("Roll", [tensor("f32", d), const(shift), const(axes)], values=d == "3,4")
    for d, (shift, axes) in itertools.product(
        ["3,4", "?,4", "..."], [(1, 0), ([1, 2], [0, 1]), ([-1], [-1]), ([2, -7], [1, 0]), ([1, 2], [0, 0])]
    )
]
SEQUENCES = [
    OpCase("ReverseSequence", [tensor("f32", d), lengths], {"batch_axis": b, "seq_axis": s}, values=d == "3,4,2")
    for d, (b, s, lengths) in itertools.product(
        ["3,4,2", "?,4,2"], [(0, 1, const([1, 2, 4])), (-3, -1, const([1, 2, 1], "i32")), (0, 2, const([2, 2, 0]))]
    )
] + [OpCase("ReverseSequence", [tensor("f32", d), tensor("i32", "?")], values=False) for d in ("2..4,5", "...")]
REFUSED = [
    OpCase("Slice", [tensor("f32", "4,5"), const([1]), const([3]), const([0])]),
    OpCase("Slice", [tensor("f32", "4,5"), const([1, 1]), const([3]), const([1])]),
    OpCase("Slice", [tensor("f32", "4,5"), const([1, 1]), const([3, 3]), const([1, 1]), const([0, 0])]),
    OpCase("Slice", [tensor("f32", "4,5"), const([1]), const([3]), const([1]), const([2])]),
    OpCase("Slice", [tensor("f32", "4,5"), const(1), const(3), const(1)]),
    OpCase("StridedSlice", [tensor("f32", "4,5"), const([1, 1]), const([3, 2]), const([0, 1])]),
    OpCase("StridedSlice", [tensor("f32", "4"), const([1, 1]), const([3, 2]), const([1, 1])]),
    OpCase("StridedSlice", [tensor("f32", "4,5"), const([1, 1]), const([3]), const([1, 1])]),
    OpCase("SliceScatter", [tensor("f32", "4,5"), tensor("f32", "3,5"), const([1]), const([3]), const([1])]),
    OpCase("Pad", [tensor("f32", "3,4"), const([1]), const([1])]),
    OpCase("Pad", [tensor("f32", "3,4"), const([3, 0]), const([0, 0])], {"pad_mode": "reflect"}),
    OpCase("Pad", [tensor("f32", "3,4"), const([4, 0]), const([0, 0])], {"pad_mode": "symmetric"}),
    OpCase("Pad", [tensor("f32", "3,4"), const([1, 1]), const([1, 1]), tensor("f32", "1")]),
    OpCase("Pad", [tensor("f32", "3,4"), const([1, 1]), const([1, 1]), tensor("f16", "")]),
    OpCase("Reverse", [tensor("f32", "3,4"), const([2])]),
    OpCase("Reverse", [tensor("f32", "3,4"), const([True], "boolean")], {"mode": "mask"}),
    OpCase("Roll", [tensor("f32", "3,4"), const([1, 2]), const([0])]),
    OpCase("Roll", [tensor("f32", "3,4"), const(1), const(2)]),
    OpCase("ReverseSequence", [tensor("f32", "3,4"), const([1, 2])]),
]


@pytest.mark.parametrize(
    "case", [*SLICES, *STRIDED, *SCATTERS, *PADS, *REVERSALS, *ROLLS, *SEQUENCES], ids=lambda case: str(case)
)
def test_matches_runtime(case: OpCase) -> None:
    case.check()


@pytest.mark.parametrize("case", REFUSED, ids=str)
def test_refused_as_by_runtime(case: OpCase) -> None:
    assert_both_refuse(case)


def test_masks_are_filled_up_to_one_length() -> None:
    inputs = [tensor("f32", "4,5,6"), const([1, 0]), const([2, 1]), const([1, 1])]
    case = OpCase("StridedSlice", inputs, {"shrink_axis_mask": [1], "end_mask": [0, 1]})
    case.check()
    _, node = case.build()
    assert node.attrs.begin_mask == node.attrs.ellipsis_mask == (0, 0)
    assert node.attrs.shrink_axis_mask == (1, 0)
