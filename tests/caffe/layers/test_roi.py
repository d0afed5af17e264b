"""ROIPooling and PSROIPooling: a transcription of the forks' C++ (box_references) and OpenCV's own layers."""

from __future__ import annotations

import numpy as np
import pytest
from tests.caffe.layers.box_references import pooled, position_pooled
from tests.caffe.support import assert_close, inputs, layer, refusal, run_net

SCALE = 0.0625


def regions(
    rng: np.random.Generator, images: int, number: int = 40, lowest: float = 0, highest: float = 300
) -> np.ndarray:
    corners = rng.uniform(lowest, highest, (number, 2, 2))
    image = rng.integers(0, images, (number, 1))
    return np.concatenate([image, corners.min(1), corners.max(1)], 1).astype(np.float32)


def net(kind: str, parameters: str, x: np.ndarray, rois: np.ndarray) -> str:
    param = "roi_pooling_param" if kind == "ROIPooling" else "psroi_pooling_param"
    return inputs(x=x.shape, rois=rois.shape) + layer(kind, "x rois", parameters=f"{param} {{ {parameters} }}")


def opencv(text: str, x: np.ndarray, rois: np.ndarray) -> np.ndarray:
    cv2 = pytest.importorskip("cv2")
    other = cv2.dnn.readNetFromCaffe(np.frombuffer(text.encode(), np.uint8))
    other.setInput(x, "x")
    other.setInput(rois, "rois")
    return other.forward("lay")


@pytest.mark.parametrize(("size", "channels", "range_"), [((7, 7), 5, (0, 300)), ((6, 3), 20, (-100, 500))])
def test_the_largest_of_each_cell(size: tuple[int, int], channels: int, range_: tuple[float, float]) -> None:
    rng = np.random.default_rng(1)
    x, rois = rng.standard_normal((2, channels, 14, 19)).astype(np.float32), regions(rng, 2, 40, *range_)
    text = net("ROIPooling", f"pooled_h: {size[0]} pooled_w: {size[1]} spatial_scale: {SCALE}", x, rois)
    found = run_net(text, {"x": x, "rois": rois})["out"]
    np.testing.assert_array_equal(found, pooled(x, rois, size, SCALE))
    np.testing.assert_array_equal(found, opencv(text, x, rois))


def test_regions_may_have_four_axes() -> None:
    rng = np.random.default_rng(2)
    x, rois = rng.standard_normal((1, 3, 14, 19)).astype(np.float32), regions(rng, 1, 5)
    text = net("ROIPooling", f"pooled_h: 2 pooled_w: 2 spatial_scale: {SCALE}", x, rois[:, :, None, None])
    found = run_net(text, {"x": x, "rois": rois[:, :, None, None]})["out"]
    np.testing.assert_array_equal(found, pooled(x, rois, (2, 2), SCALE))


@pytest.mark.parametrize(("depth", "group", "highest"), [(3, 3, 300), (2, 7, 500)])
def test_the_mean_of_each_cell_in_its_own_channel(depth: int, group: int, highest: float) -> None:
    rng = np.random.default_rng(3)
    x = rng.standard_normal((2, depth * group**2, 14, 19)).astype(np.float32)
    rois = regions(rng, 2, 40, 0, highest)
    text = net("PSROIPooling", f"output_dim: {depth} group_size: {group} spatial_scale: {SCALE}", x, rois)
    found = run_net(text, {"x": x, "rois": rois})["out"]
    assert_close(found, position_pooled(x, rois, depth, group, SCALE), tolerance=1e-6)
    assert_close(found, opencv(text, x, rois), tolerance=1e-6)


@pytest.mark.parametrize(
    ("kind", "parameters", "reason"),
    [
        ("ROIPooling", "pooled_w: 2", "pooled to 0 x 2"),
        ("PSROIPooling", "output_dim: 2 group_size: 0 spatial_scale: 1", "'psroi_pooling_param.group_size' is 0"),
        ("PSROIPooling", "output_dim: 5 group_size: 2 spatial_scale: 1", "20 channels"),
    ],
)
def test_invalid_pooling_is_refused(kind: str, parameters: str, reason: str) -> None:
    x, rois = np.zeros((1, 18, 8, 8), np.float32), np.zeros((3, 5), np.float32)
    assert reason in str(refusal(net(kind, parameters, x, rois)))
