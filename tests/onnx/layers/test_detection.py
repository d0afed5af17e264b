"""Suppression and region pooling against onnxruntime."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import helper
from tests.onnx.support import model_of, port, refusal, run_both

Arrays = dict[str, np.ndarray]


def suppression(
    arrays: Arrays, *, constant: bool, dynamic: bool = False, center: int = 0, opset: int = 11
) -> tuple[onnx.ModelProto, Arrays]:
    held = {k: v for k, v in arrays.items() if constant and k not in ("boxes", "scores")}
    free = {k: v for k, v in arrays.items() if k not in held}
    order = ("boxes", "scores", "most", "iou", "score")
    names = [k if k in arrays else "" for k in order]
    while not names[-1]:
        names.pop()
    node = helper.make_node("NonMaxSuppression", names, ["y"], center_point_box=center)
    shapes = {"boxes": ["b", "n", 4], "scores": ["b", "c", "n"]} if dynamic else {}
    inputs = [port(k, v.dtype, shapes.get(k, list(v.shape))) for k, v in free.items()]
    return model_of([node], inputs, [port("y", np.int64)], constants=held, opset=opset), free


def boxes(count: int = 40, batch: int = 2, classes: int = 3, center: int = 0) -> Arrays:
    random = np.random.default_rng(count)
    corner, size = random.uniform(0, 10, (batch, count, 2)), random.uniform(1, 6, (batch, count, 2))
    both = [corner, size] if center else [corner, corner + size]
    if not center:
        both = [np.where(random.uniform(size=(batch, count, 1)) < 0.3, b, a) for a, b in (both, both[::-1])]
    scores = random.permutation(batch * classes * count).reshape(batch, classes, count) / 300 - 0.1
    return {"boxes": np.concatenate(both, -1).astype(np.float32), "scores": scores.astype(np.float32)}


@pytest.mark.parametrize("dynamic", [True, False])
@pytest.mark.parametrize("constant", [True, False])
@pytest.mark.parametrize("center", [0, 1])
def test_suppression_equals_onnxruntime(center: int, constant: bool, dynamic: bool) -> None:
    limits = {"most": np.array([7], np.int64), "iou": np.array([0.4], np.float32), "score": np.array([0.1], np.float32)}
    run_both(*suppression(boxes(center=center) | limits, constant=constant, dynamic=dynamic, center=center))


def test_without_a_threshold_negative_scores_count() -> None:
    limits = {"most": np.array(30, np.int64), "iou": np.array(0.3, np.float32)}
    run_both(*suppression(boxes() | limits, constant=True))
    run_both(*suppression(boxes() | {"most": np.array(30, np.int64)}, constant=True))


@pytest.mark.parametrize("limits", [{}, {"most": np.array([0], np.int64)}])
def test_without_a_limit_nothing_is_kept(limits: Arrays) -> None:
    run_both(*suppression(boxes() | limits, constant=True))


def test_equal_scores_keep_the_first_box() -> None:
    arrays = boxes(12, 1, 1)
    arrays["scores"][...] = 0.5
    run_both(
        *suppression(arrays | {"most": np.array([9], np.int64), "iou": np.array([0.2], np.float32)}, constant=True)
    )


REGIONS = np.array([[1, 1, 7, 6], [0, 0, 9.5, 9], [2.2, 3.1, 2.4, 3.3], [-2, -3, 4, 5], [6, 5, 20, 18]], np.float32)


def alignment(opset: int, **attributes: object) -> tuple[onnx.ModelProto, Arrays]:
    x = np.random.default_rng(1).standard_normal((2, 3, 10, 11)).astype(np.float32)
    arrays = {"x": x, "rois": REGIONS, "batch": np.array([0, 1, 1, 0, 1], np.int64)}
    node = helper.make_node("RoiAlign", list(arrays), ["y"], **attributes)
    return model_of([node], [port(k, v.dtype, v.shape) for k, v in arrays.items()], [port("y")], opset=opset), arrays


@pytest.mark.parametrize("ratio", [0, 2, 3])
@pytest.mark.parametrize("transform", ["half_pixel", "output_half_pixel"])
@pytest.mark.parametrize("mode", ["avg", "max"])
def test_roi_align_equals_onnxruntime(mode: str, transform: str, ratio: int) -> None:
    model, feeds = alignment(
        16, mode=mode, coordinate_transformation_mode=transform, sampling_ratio=ratio, spatial_scale=0.8,
        output_height=3, output_width=4,
    )  # fmt: skip
    if mode == "max" and ratio == 0:
        assert "as many samples" in refusal(model).problems[0].what
    else:
        run_both(model, feeds)


def test_roi_align_of_opset_10_adds_no_half_pixel() -> None:
    run_both(*alignment(10, sampling_ratio=2, output_height=2, output_width=2))


def test_suppression_of_constants_alone_is_refused() -> None:
    arrays = boxes(6, 1, 1) | {"most": np.array([3], np.int64)}
    node = helper.make_node("NonMaxSuppression", list(arrays), ["y"])
    model = model_of([node], [], [port("y", np.int64)], constants=arrays, opset=11)
    assert "all inputs are constants" in refusal(model).problems[0].what
