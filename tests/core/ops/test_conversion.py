"""Conversions and simulated quantization: types and numbers are the runtime's own."""

from __future__ import annotations

import pytest

from dragoman.errors import InferError
from dragoman_sdk.opcase import OpCase, assert_both_refuse, const, tensor

NUMBERS = [-2.7, -0.5, 0.5, 1.5, 2.5, 100.7]
FLOATS = ["f64", "f32", "f16", "bf16", "f8e4m3", "f8e5m2"]
INTEGERS = ["i64", "i32", "i16", "i8", "i4", "u64", "u32", "u16", "u8", "u4", "u1"]
PROMOTED = [*FLOATS, *INTEGERS, "boolean"]
QUANTIZED = [-2, -1, -0.3, 0, 0.1, 0.25, 0.5, 0.9, 2]
F8 = [-500, -1, -0.3, 0.01, 0.1, 0.27, 1e-5, 449, 70000]
X = tensor("f32", "2,3")


def limits(*numbers: float) -> list:
    return [const(n, "f32") for n in numbers]


CASES = [
    *(
        OpCase("Convert", [tensor("f32", "6", NUMBERS)], {"destination_type": t})
        for t in ("i32", "i64", "u8", "i8", "i16", "boolean", "f16", "bf16", "f64", "f32")
    ),
    *(
        OpCase("Convert", [tensor("i64", "5", [-1, 0, 1, 300, -300])], {"destination_type": t})
        for t in ("i32", "u8", "i8", "boolean", "f32", "f16")
    ),
    *(OpCase("Convert", [tensor("boolean", "2,?")], {"destination_type": t}) for t in ("f32", "i64", "u8")),
    OpCase("Convert", [tensor("u8", "3", [1, 200, 255])], {"destination_type": "i8"}),
    OpCase("Convert", [tensor("f16", "...")], {"destination_type": "i32"}, values=False),
    # the plugin computes i64 in 32 bits: 1e10 becomes -2147483648
    OpCase("Convert", [tensor("f32", "1", [1e10])], {"destination_type": "i64"}, values=False),
    OpCase("ConvertLike", [tensor("f32", "2,?"), tensor("i32", "?")]),
    OpCase("ConvertLike", [tensor("i64", "2,3"), const(0, "f16")]),
    OpCase("FakeQuantize", [tensor("f32", "9", QUANTIZED), *limits(-1, 1, -10, 10)], {"levels": 5}),
    OpCase("FakeQuantize", [tensor("f32", "9", QUANTIZED), *limits(-1, 1, 10, -10)], {"levels": 256}),
    OpCase("FakeQuantize", [tensor("f32", "1,3,4,4"), *limits(-1, 1.5, -1, 1.5)], {"levels": 256}),
    OpCase("FakeQuantize", [tensor("f32", "1,3,?,4"), *limits(-1, 1, -1, 1)], {"levels": 2}),
    OpCase(
        "FakeQuantize",
        [tensor("f32", "1,3,2,2"), const([[[[-1]], [[-2]], [[0]]]], "f32"), *limits(2, 0, 9)],
        {"levels": 16},
    ),
    OpCase(
        "FakeQuantize", [tensor("f32", "?,3"), tensor("f32", "2,1"), *limits(2, 0, 9)], {"levels": 16}, values=False
    ),
    OpCase(
        "FakeQuantize", [tensor("f32", "..."), tensor("f32", "2,1"), *limits(2, 0, 9)], {"levels": 16}, values=False
    ),
    OpCase(
        "FakeQuantize",
        [tensor("f32", "2,3"), tensor("f32", "2"), *limits(2, 0, 9)],
        {"levels": 16, "auto_broadcast": "pdpd"},
        values=False,
    ),
    *(
        OpCase("FakeConvert", [tensor("f32", "9", F8), *extra], {"destination_type": t})
        for t in ("f8e4m3", "f8e5m2")
        for extra in (limits(1), limits(2, 0.5))
    ),
    OpCase("FakeConvert", [tensor("f16", "2,3"), const([1, 2, 3], "f16")], {"destination_type": "f8e4m3"}),
    OpCase("FakeConvert", [tensor("f32", "?,3"), tensor("f32", "2,1"), tensor("f32", "?,1")], values=False),
    OpCase("FakeConvert", [tensor("f32", "..."), tensor("f32", "2,1")], values=False),
    *(
        OpCase("ConvertPromoteTypes", [tensor(a, "2"), tensor(b, "?,1")], {"promote_unsafe": True}, values=False)
        for a in PROMOTED
        for b in PROMOTED
    ),
    *(
        OpCase(
            "ConvertPromoteTypes",
            [tensor("u64", "2"), tensor("i32", "2")],
            {"promote_unsafe": True, "u64_integer_promotion_target": t},
            values=False,
        )
        for t in ("i64", "f32", "f16")
    ),
]

PAIRS = [
    *((a, "2", b, "2") for a in PROMOTED for b in PROMOTED),
    *((a, "2", b, "") for a in ("f32", "f16", "i32", "i8", "u8", "u64", "boolean") for b in PROMOTED),
    ("f32", "...", "f64", ""),
]
REFUSED = [
    OpCase("FakeQuantize", [X, const([0, 0, 0, 0], "f32"), *limits(1, 0, 1)], {"levels": 2}),
    OpCase("FakeQuantize", [X, *limits(0, 1, 0, 1)], {"levels": 2, "auto_broadcast": "none"}),
    OpCase("FakeConvert", [X, const([1, 2], "f32")]),
    OpCase("FakeConvert", [X, tensor("f32", "4,2,3")]),
    OpCase("FakeConvert", [X, const(1, "f32"), const([0, 1, 2], "f32")]),
    OpCase("FakeConvert", [X, const(1, "f32")], {"destination_type": "f16"}),
    OpCase("FakeConvert", [X, const(1, "f16")]),
    OpCase("ConvertPromoteTypes", [tensor("nf4", "2"), tensor("f32", "2")]),
    OpCase("ConvertPromoteTypes", [tensor("string", "2"), tensor("f32", "2")]),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_matches_runtime(case: OpCase) -> None:
    case.check()


@pytest.mark.parametrize("case", REFUSED, ids=str)
def test_refused_by_both(case: OpCase) -> None:
    assert_both_refuse(case)


@pytest.mark.parametrize("a, shape_a, b, shape_b", PAIRS)
def test_promotion_is_safe_for_both_or_neither(a: str, shape_a: str, b: str, shape_b: str) -> None:
    attrs = {"pytorch_scalar_promotion": not shape_b}
    case = OpCase("ConvertPromoteTypes", [tensor(a, shape_a), tensor(b, shape_b)], attrs, values=False)
    try:
        case.build()
    except InferError:
        assert_both_refuse(case)
    else:
        case.check()
