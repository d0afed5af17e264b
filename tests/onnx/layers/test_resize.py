"""Resize and Upsample against onnxruntime, over versions, modes, transformations, sizes and scales."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import helper
from tests.onnx.support import model_of, port, refusal, run_both

IMAGE = np.random.default_rng(5).standard_normal((1, 2, 5, 6)).astype(np.float32)
TRANSFORMS = ["half_pixel", "pytorch_half_pixel", "asymmetric", "align_corners"]
ROUNDINGS = ["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"]


def resizing(
    x: np.ndarray = IMAGE, *, scales: list[float] | None = None, sizes: list[int] | None = None,
    roi: list[float] | None = None, constant: bool = True, dynamic: bool = False, opset: int = 19, **attributes: Any,
) -> tuple[onnx.ModelProto, dict[str, np.ndarray]]:  # fmt: skip
    arrays = {"x": x}
    if roi is not None:
        arrays["roi"] = np.array(roi, np.float32)
    if scales is not None:
        arrays["scales"] = np.array(scales, np.float32)
    if sizes is not None:
        arrays["sizes"] = np.array(sizes, np.int64)
    order = ["x", "scales"] if opset == 10 else ["x", "roi", "scales", "sizes"]
    names = [n if n in arrays else "" for n in order]
    if opset in (11, 12):
        arrays |= {n: np.array([], np.float32) for n in ("roi", "scales") if n not in arrays}
        names = [n if n in arrays else "" for n in order]
    while not names[-1]:
        names.pop()
    held = {k: v for k, v in arrays.items() if constant and k != "x"}
    free = {k: v for k, v in arrays.items() if k not in held}
    shape: list[Any] = ["n", 2, "h", "w"] if dynamic else list(x.shape)
    inputs = [port(k, v.dtype, shape if k == "x" else list(v.shape)) for k, v in free.items()]
    node = helper.make_node("Resize", names, ["y"], **attributes)
    return model_of([node], inputs, [port("y", x.dtype)], constants=held, opset=opset), free


SCALES = [[1, 1, 2, 2], [1, 1, 0.6, 1.7], [1, 1, 1.5, 0.5], [1, 1, 1, 3]]
SIZES = [[1, 2, 10, 12], [1, 2, 3, 11], [1, 2, 7, 4], [1, 2, 5, 9]]


@pytest.mark.parametrize("transform", TRANSFORMS)
@pytest.mark.parametrize("rounding", ROUNDINGS)
def test_nearest_by_scales_and_sizes(transform: str, rounding: str) -> None:
    modes = {"mode": "nearest", "coordinate_transformation_mode": transform, "nearest_mode": rounding}
    for scales in SCALES if transform != "align_corners" else SCALES[:1]:
        run_both(*resizing(scales=scales, **modes))
    for sizes in SIZES:
        run_both(*resizing(sizes=sizes, **modes))


@pytest.mark.parametrize("transform", TRANSFORMS)
@pytest.mark.parametrize("mode", ["linear", "cubic"])
def test_linear_and_cubic_by_scales_and_sizes(mode: str, transform: str) -> None:
    modes = {"mode": mode, "coordinate_transformation_mode": transform}
    for scales in SCALES if transform != "align_corners" else SCALES[:1]:
        run_both(*resizing(scales=scales, **modes))
    for sizes in SIZES:
        run_both(*resizing(sizes=sizes, **modes))


@pytest.mark.parametrize("constant", [True, False])
@pytest.mark.parametrize("mode", ["nearest", "linear", "cubic"])
def test_dynamic_images(mode: str, constant: bool) -> None:
    for scales, transform in itertools.product(SCALES, ("asymmetric", "half_pixel")):
        modes = {"mode": mode, "coordinate_transformation_mode": transform}
        run_both(*resizing(scales=scales, dynamic=True, constant=constant, **modes))
    run_both(*resizing(sizes=[1, 2, 8, 7], dynamic=True, constant=constant, mode=mode))


@pytest.mark.parametrize("exclude", [0, 1])
def test_cubic_taps_outside(exclude: int) -> None:
    for sizes in SIZES:
        run_both(*resizing(sizes=sizes, mode="cubic", cubic_coeff_a=-0.5, exclude_outside=exclude))


@pytest.mark.parametrize("mode", ["linear", "cubic"])
@pytest.mark.parametrize("constant", [True, False])
def test_antialias_when_shrinking(mode: str, constant: bool) -> None:
    for sizes in ([1, 2, 2, 3], [1, 2, 3, 11]):
        model, feeds = resizing(sizes=sizes, mode=mode, antialias=1, constant=constant)
        run_both(model, feeds, reference="onnx")


@pytest.mark.parametrize("policy", ["not_larger", "not_smaller", "stretch"])
@pytest.mark.parametrize("mode", ["nearest", "linear"])
def test_aspect_ratio(policy: str, mode: str) -> None:
    for sizes in ([7, 7], [3, 20]):
        run_both(*resizing(sizes=sizes, axes=[2, 3], keep_aspect_ratio_policy=policy, mode=mode))


def test_axes_in_any_order() -> None:
    run_both(*resizing(sizes=[7, 9], axes=[3, 2], mode="nearest"), reference="onnx")
    run_both(*resizing(scales=[2.0, 0.5], axes=[3, 2], mode="linear"), reference="onnx")


@pytest.mark.parametrize("mode", ["nearest", "linear", "cubic"])
def test_regions_and_what_lies_outside(mode: str) -> None:
    for roi in ([0, 0, 0.2, 0.1, 1, 1, 0.8, 0.7], [0, 0, -0.3, 0.4, 1, 1, 1.2, 1.5]):
        model, feeds = resizing(
            sizes=[1, 2, 4, 7], roi=roi, mode=mode, coordinate_transformation_mode="tf_crop_and_resize",
            extrapolation_value=9.0,
        )  # fmt: skip
        run_both(model, feeds, reference="ort" if mode != "cubic" else "onnx")


def test_half_pixel_symmetric() -> None:
    for scales in ([1, 1, 2.3, 0.7], [1, 1, 1, 1.9]):
        model, feeds = resizing(scales=scales, mode="linear", coordinate_transformation_mode="half_pixel_symmetric")
        run_both(model, feeds, reference="onnx")


@pytest.mark.parametrize("mode", ["nearest", "linear"])
@pytest.mark.parametrize("scales", SCALES)
def test_resize_10(mode: str, scales: list[float]) -> None:
    run_both(*resizing(scales=scales, mode=mode, opset=10))


@pytest.mark.parametrize("opset", [11, 13, 18, 19])
def test_versions(opset: int) -> None:
    run_both(*resizing(sizes=[1, 2, 8, 9], opset=opset, mode="linear"))
    run_both(*resizing(scales=[1, 1, 2, 3], opset=opset, mode="nearest"))


def test_tf_half_pixel_of_opset_11() -> None:
    modes = {"mode": "nearest", "coordinate_transformation_mode": "tf_half_pixel_for_nn", "nearest_mode": "floor"}
    run_both(*resizing(sizes=[1, 2, 8, 9], opset=11, **modes))


@pytest.mark.parametrize(("shape", "sizes"), [((2, 3, 7), [2, 3, 11]), ((1, 2, 3, 4, 5), [1, 2, 5, 3, 9])])
@pytest.mark.parametrize("mode", ["nearest", "linear"])
def test_one_and_three_spatial_dimensions(mode: str, shape: tuple[int, ...], sizes: list[int]) -> None:
    x = np.random.default_rng(1).standard_normal(shape).astype(np.float32)
    run_both(*resizing(x, sizes=sizes, mode=mode), reference="ort" if mode == "nearest" or len(shape) > 3 else "onnx")


def test_channels_last_images() -> None:
    x = np.random.default_rng(1).standard_normal((1, 4, 5, 3)).astype(np.float32)
    for mode in ("nearest", "linear"):
        run_both(*resizing(x, sizes=[1, 8, 7, 3], mode=mode))


@pytest.mark.parametrize("kind", [np.uint8, np.int32, np.int64])
def test_integers_are_picked_and_not_mixed(kind: type) -> None:
    x = (IMAGE * 40).astype(kind)
    run_both(*resizing(x, sizes=[1, 2, 8, 9], mode="nearest"), reference="ort" if kind != np.int64 else "onnx")
    model, _ = resizing(x, sizes=[1, 2, 8, 9], mode="linear")
    assert "interpolation of" in refusal(model).problems[0].what


@pytest.mark.parametrize("mode", ["nearest", "linear"])
def test_upsample(mode: str) -> None:
    for opset in (7, 9):
        attributes = {"scales": [1.0, 1.0, 2.0, 3.0]} if opset == 7 else {}
        names = ["x"] if opset == 7 else ["x", "s"]
        node = helper.make_node("Upsample", names, ["y"], mode=mode, **attributes)
        held = {} if opset == 7 else {"s": np.array([1, 1, 2, 3], np.float32)}
        model = model_of([node], [port("x", np.float32, IMAGE.shape)], [port("y")], constants=held, opset=opset)
        run_both(model, {"x": IMAGE})


def test_a_resize_to_nothing_is_refused() -> None:
    model, _ = resizing(scales=[1, 1, 0.1, 1], mode="linear")
    assert "no elements" in refusal(model).problems[0].what
