"""Convolutions: types, shapes and numbers are the runtime's own."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from dragoman.errors import InferError
from dragoman_sdk.opcase import OpCase, assert_both_refuse, const, tensor

WINDOWS: list[dict[str, Any]] = [
    {},
    {"strides": [2, 1], "pads_begin": [1, 1], "pads_end": [0, 1], "dilations": [1, 2]},
    {"strides": [2, 2], "auto_pad": "same_upper"},
    {"strides": [2, 2], "auto_pad": "same_lower", "pads_begin": [5, 5], "pads_end": [0, 0]},
    {"strides": [1, 2], "auto_pad": "valid", "pads_begin": [1, 1]},
]
STATIC = [("Convolution", "1,3,7,6", "4,3,3,3"), ("Convolution", "2,1,5,5", "3,1,1,2")]
STATIC += [("GroupConvolution", "1,4,7,6", "2,3,2,3,3"), ("GroupConvolution", "2,3,5,6", "3,1,1,2,3")]
STATIC += [("ConvolutionBackpropData", "1,3,5,4", "3,4,3,3")]
STATIC += [("GroupConvolutionBackpropData", "1,4,5,4", "2,2,3,3,3")]
DYNAMIC = [
    ("Convolution", "?,3,?,6", "4,3,3,3"),
    ("Convolution", "2,?,5..9,8..", "?,3,?,3"),
    ("Convolution", "...", "4,3,3,3"),
    ("Convolution", "1,3,7,6", "..."),
    ("Convolution", "1,3,..9,4", "4,..3,1..3,2"),
    ("GroupConvolution", "?,?,?,6", "2,3,2,3,3"),
    ("GroupConvolution", "2,..8,6,6", "..4,1,2,2,2"),
    ("GroupConvolution", "...", "?,3,2,3,3"),
    ("ConvolutionBackpropData", "?,3,?,6", "3,4,3,3"),
    ("ConvolutionBackpropData", "2,?,5..9,8..", "3,?,?,3"),
    ("ConvolutionBackpropData", "...", "3,4,3,3"),
    ("ConvolutionBackpropData", "1,3,7,6", "..."),
    ("GroupConvolutionBackpropData", "?,?,?,6", "2,2,3,3,3"),
    ("GroupConvolutionBackpropData", "1,4,..6,6", "..."),
]
CASES = [OpCase(op, [tensor("f32", d), tensor("f32", f)], at) for (op, d, f), at in itertools.product(STATIC, WINDOWS)]
CASES += [
    OpCase(op, [tensor("f32", d), tensor("f32", f)], at, values=False)
    for (op, d, f), at in itertools.product(DYNAMIC, WINDOWS)
]
CASES += [
    OpCase("Convolution", [tensor("f32", "1,3,8"), tensor("f32", "4,3,2")], {"strides": [3]}),
    OpCase("Convolution", [tensor("f32", "1,3,5,5,4"), tensor("f32", "2,3,3,3,2")], {"pads_begin": [1, 0, 2]}),
    OpCase("Convolution", [tensor("f16", "1,3,5,4"), tensor("f16", "4,3,3,3")], rtol=2e-3),
    OpCase("ConvolutionBackpropData", [tensor("f32", "1,3,8"), tensor("f32", "3,2,2")], {"strides": [3]}),
]
SIZED = [{"strides": [2, 2], "output_padding": [1, 0]}, {"strides": [2, 2], "auto_pad": "same_lower"}, *WINDOWS]
CASES += [
    OpCase(op, [tensor("f32", d), tensor("f32", f), const(size)], at)
    for (op, d, f), size, at in itertools.product(STATIC[-2:], [[9, 8], [11, 9]], SIZED)
]
CASES += [
    OpCase(
        "ConvolutionBackpropData",
        [tensor("f32", "1,3,5,4"), tensor("f32", "3,2,3,3"), tensor("i64", "2")],
        values=False,
    ),
    OpCase("ConvolutionBackpropData", [tensor("f32", "..."), tensor("f32", "3,2,3,3"), const([9, 8])], values=False),
    OpCase("BinaryConvolution", [tensor("f32", "1,8,5,5"), tensor("u1", "2,8,3,3")], {"pad_value": 0}, values=False),
]
DEFORMED = [
    OpCase("DeformableConvolution", [tensor("f32", d), tensor("f32", o), tensor("f32", f)], at, version=v, values=True)
    for v in ("opset1", "opset8")
    for d, o, f, at in [
        ("1,4,7,6", "1,18,5,4", "4,4,3,3", {}),
        ("1,4,7,6", "1,18,4,5", "4,2,3,3", {"group": 2, "strides": [2, 1], "pads_begin": [1, 1], "pads_end": [1, 0]}),
        ("1,4,7,6", "1,36,5,4", "4,4,3,3", {"deformable_group": 2}),
        ("2,4,7,6", "2,18,7,6", "4,4,3,3", {"auto_pad": "same_upper"}),
    ]
]
MASKED = [
    OpCase(
        "DeformableConvolution",
        [tensor("f32", "2,4,7,6"), tensor("f32", "2,36,5,4"), tensor("f32", "4,2,3,3"), tensor("f32", "2,18,5,4")],
        {"group": 2, "deformable_group": 2, "bilinear_interpolation_pad": pad},
    )
    for pad in (False, True)
]
MASKED += [
    OpCase("DeformableConvolution", [tensor("f32", d), tensor("f32", o), tensor("f32", "4,4,3,3")], values=False)
    for d, o in [("?,?,?,6", "1,18,5,4"), ("...", "..."), ("...", "1,18,?,?")]
]
REFUSED = [
    OpCase("Convolution", [tensor("f32", "1,4,7,6"), tensor("f32", "4,3,3,3")]),
    OpCase("Convolution", [tensor("f32", "1,3"), tensor("f32", "4,3")]),
    OpCase("Convolution", [tensor("f32", "1,3,7,6"), tensor("f32", "4,3,2")]),
    OpCase("Convolution", [tensor("f32", "1,3,2,6"), tensor("f32", "4,3,3,3")]),
    OpCase("Convolution", [tensor("f32", "1,3,7,6"), tensor("f32", "4,3,3,3")], {"strides": [0, 1]}),
    OpCase("Convolution", [tensor("f32", "1,3,7,6"), tensor("f32", "4,3,3,3")], {"strides": [2]}),
    OpCase("Convolution", [tensor("f32", "1,3,5,4"), tensor("f16", "4,3,3,3")]),
    OpCase("Convolution", [tensor("boolean", "1,3,5,4"), tensor("boolean", "4,3,3,3")]),
    OpCase("GroupConvolution", [tensor("f32", "1,5,6,6"), tensor("f32", "2,3,2,3,3")]),
    OpCase("ConvolutionBackpropData", [tensor("f32", "1,4,5,4"), tensor("f32", "3,2,3,3")]),
    OpCase("ConvolutionBackpropData", [tensor("f32", "1,3,5,4"), tensor("f32", "3,2,3,3"), const([9, 8, 7])]),
    OpCase("DeformableConvolution", [tensor("f32", "1,4,7,6"), tensor("f32", "1,16,5,4"), tensor("f32", "4,4,3,3")]),
    OpCase("DeformableConvolution", [tensor("f32", "1,4,7,6"), tensor("f32", "1,18,4,6"), tensor("f32", "4,4,3,3")]),
]
# the runtime counts the first wrongly and then cannot compute it, and gives rank 2 for the second
REFUSED_BY_US = [
    OpCase("Convolution", [tensor("f32", "1,3,7,6"), tensor("f32", "4,3,3,3")], {"pads_begin": [-1, -1]}),
    OpCase("ConvolutionBackpropData", [tensor("f32", "1,3,5,4"), tensor("f32", "3,2,3,3"), tensor("i64", "?")]),
]


@pytest.mark.parametrize("case", [*CASES, *DEFORMED, *MASKED], ids=str)
def test_matches_runtime(case: OpCase) -> None:
    case.check()


@pytest.mark.parametrize("case", REFUSED, ids=str)
def test_refused_as_by_runtime(case: OpCase) -> None:
    assert_both_refuse(case)


@pytest.mark.parametrize("case", REFUSED_BY_US, ids=str)
def test_what_the_runtime_gets_wrong_is_refused(case: OpCase) -> None:
    with pytest.raises(InferError):
        case.build()
