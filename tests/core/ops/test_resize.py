"""Interpolate and GridSample: types, shapes and numbers are the runtime's own."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from dragoman.errors import InferError
from dragoman_sdk.opcase import OpCase, assert_both_refuse, const, tensor

IMAGE = "1,2,5,7"
TRANSFORMATIONS = ["half_pixel", "pytorch_half_pixel", "asymmetric", "tf_half_pixel_for_nn", "align_corners"]
ROUNDINGS = ["round_prefer_floor", "round_prefer_ceil", "floor", "ceil", "simple"]
TARGETS = [([8, 13], [1.6, 1.86]), ([3, 4], [0.6, 0.58]), ([1, 14], [0.2, 2.0])]


def resized(
    version: str, image: str, target: tuple[list[int], list[float]], axes: list[int] | None, **attrs: Any
) -> OpCase:
    """Interpolate-4 or -11 by sizes or, where the attributes say so, by scales."""
    sizes, scales = const(target[0]), const(target[1], "f32")
    by_scales = attrs.get("shape_calculation_mode") == "scales"
    chosen = [] if axes is None else [const(axes)]
    inputs = [sizes, scales] if version == "opset4" else [scales if by_scales else sizes]
    values = not set("?.") & set(image)
    return OpCase(
        "Interpolate", [tensor("f32", image), *inputs, *chosen], attrs, version=version, values=values, rtol=1e-4
    )


METHODS: list[dict[str, Any]] = [{"mode": m} for m in ("linear", "linear_onnx", "cubic")]
METHODS += [{"mode": "nearest", "nearest_mode": n} for n in ROUNDINGS]
SAMPLED = [
    resized("opset4", IMAGE, target, [2, 3], shape_calculation_mode=by, coordinate_transformation_mode=t, **method)
    for target, by, t, method in itertools.product(TARGETS, ("sizes", "scales"), TRANSFORMATIONS, METHODS)
]
SAMPLED += [
    resized("opset11", IMAGE, target, [2, 3], shape_calculation_mode=by, **method)
    for target, by in itertools.product(TARGETS, ("sizes", "scales"))
    for method in [*METHODS, {"mode": "bilinear_pillow"}, {"mode": "bicubic_pillow"}]
]
SAMPLED += [
    resized("opset11", "1,2,4,5,6", ([8, 9, 7], [2.0, 1.8, 1.2]), [2, 3, 4], mode="linear_onnx"),
    resized("opset11", "1,2,4,5,6", ([8, 9, 7], [2.0, 1.8, 1.2]), [2, 3, 4], mode="nearest"),
    resized("opset11", "1,2,5", ([9], [1.8]), [2], mode="linear_onnx"),
    resized("opset11", "1,5,7,2", ([8, 9], [1.8, 1.1]), [1, 2], mode="nearest"),
    resized(
        "opset4", IMAGE, ([4, 6], [1.5, 0.5]), [2, 3], mode="nearest", pads_begin=[0, 0, 1, 0], pads_end=[0, 0, 0, 2]
    ),
    OpCase("Interpolate", [tensor("u8", IMAGE, high=255), const([8, 9]), const([2, 3])], {"mode": "linear_onnx"}),
]
# the CPU plugin does not smooth where antialias asks for it, unlike the reference implementation
SMOOTHED = [resized("opset11", IMAGE, TARGETS[1], [2, 3], mode="linear", antialias=True)]
SMOOTHED = [OpCase(c.op, c.inputs, c.attrs, values=False) for c in SMOOTHED]
SHAPES = [
    resized(version, image, ([4, 6, 5, 3], [1.5, 0.5, 2.0, 1.0]), axes, shape_calculation_mode=by)
    for version, image, axes, by in itertools.product(
        ("opset4", "opset11"), ("?,2,..5,3..", "..."), ([2, 3], [3], [0, 1], None), ("sizes", "scales")
    )
]
SHAPES += [
    OpCase("Interpolate", [tensor("f32", IMAGE), tensor("i64", "2"), const([2, 3])], values=False),
    OpCase("Interpolate", [tensor("f32", IMAGE), const([8, 9]), tensor("i64", "2")], values=False),
]
OLD = [
    OpCase(
        "Interpolate",
        [tensor("f32", image), const(size)],
        {"axes": axes, "mode": mode, "align_corners": corners},
        version="opset1",
        values=not set("?.") & set(image),
        rtol=1e-4,
    )
    for mode, corners in itertools.product(("nearest", "linear", "cubic"), (True, False))
    for image, axes, size in [
        (IMAGE, [2, 3], [8, 13]),
        (IMAGE, [2, 3], [3, 4]),
        ("?,2,..5,3..", [2, 3], [8, 13]),
        ("...", [2, 3], [8, 13]),
    ]
]
OLD += [
    OpCase(
        "Interpolate", [tensor("f32", s), const(n)], {"axes": a, "mode": m, "align_corners": False}, version="opset1"
    )
    for m in ("nearest", "linear")
    for s, a, n in [("1,2,5", [2], [9]), ("1,2,3,4,5", [2, 3, 4], [6, 7, 8]), (IMAGE, [1, 2], [4, 9])]
]
GRIDS = [
    OpCase(
        "GridSample",
        [tensor("f32", "2,3,5,6"), tensor("f32", "2,4,7,2", low=-1.7, high=1.7)],
        {"mode": mode, "padding_mode": padding, "align_corners": corners},
        rtol=1e-4,
    )
    for mode, padding, corners in itertools.product(
        ("bilinear", "bicubic", "nearest"), ("zeros", "border", "reflection"), (True, False)
    )
]
GRIDS += [
    OpCase("GridSample", [tensor("f32", d), tensor("f32", g)], values=False)
    for d, g in [
        ("?,3,..5,6", "2,4,?,2"),
        ("...", "2,4,7,2"),
        ("2,3,5,6", "..."),
        ("...", "..."),
        ("2..3,3,5,6", "3..4,4,7,?"),
    ]
]
REFUSED = [
    resized("opset11", IMAGE, ([8], [1.5]), [2, 3]),
    resized("opset11", IMAGE, ([8], [1.5]), [4]),
    OpCase("Interpolate", [tensor("f32", IMAGE), const([8, 9]), const([2, 3])], {"shape_calculation_mode": "scales"}),
    OpCase("Interpolate", [tensor("f32", IMAGE), const([8, 9], "f32"), const([2, 3])]),
    OpCase("Interpolate", [tensor("f32", IMAGE), const([[8, 9]]), const([2, 3])]),
    OpCase("Interpolate", [tensor("f32", IMAGE), const([8, 9])], {"axes": [2, 4]}, version="opset1"),
    OpCase("GridSample", [tensor("f32", "2,3,5,6"), tensor("f32", "1,4,7,2")]),
    OpCase("GridSample", [tensor("f32", "2,3,5,6"), tensor("f32", "2,4,7,3")]),
    OpCase("GridSample", [tensor("f32", "2,3,5"), tensor("f32", "2,4,7,2")]),
    OpCase("GridSample", [tensor("f32", "2,3,5,6"), tensor("i32", "2,4,7,2")]),
]
# the runtime reads beyond the lists: of sizes in the first, of pads in the second
REFUSED_BY_US = [
    OpCase("Interpolate", [tensor("f32", IMAGE), const([8])], {"axes": [2, 3]}, version="opset1"),
    resized("opset11", IMAGE, TARGETS[0], [2, 3], pads_begin=[0, 0, 1]),
]


@pytest.mark.parametrize("case", [*SAMPLED, *SMOOTHED, *SHAPES, *OLD, *GRIDS], ids=str)
def test_matches_runtime(case: OpCase) -> None:
    case.check()


@pytest.mark.parametrize("case", REFUSED, ids=str)
def test_refused_as_by_runtime(case: OpCase) -> None:
    assert_both_refuse(case)


@pytest.mark.parametrize("case", REFUSED_BY_US, ids=str)
def test_what_the_runtime_gets_wrong_is_refused(case: OpCase) -> None:
    with pytest.raises(InferError):
        case.build()
