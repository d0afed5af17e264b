"""PriorBox and PriorBoxClustered: a transcription of the forks' C++ (box_references) and OpenCV's own layers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.caffe.layers.box_references import boxes_of_priors, priors
from tests.caffe.support import assert_close, convert_net, inputs, layer, refusal, run_model, run_net

GRID, IMAGE = (7, 5), (300, 200)
VARIANCES = "variance: 0.1 variance: 0.1 variance: 0.2 variance: 0.2"


def net(parameters: str, kind: str = "PriorBox", grid: tuple[int, int] = GRID, image: tuple[int, int] = IMAGE) -> str:
    text = inputs(map=(1, 2, *grid), image=(1, 3, *image))
    return text + layer(kind, "map image", parameters=f"prior_box_param {{ {parameters} }}")


def feeds(grid: tuple[int, int] = GRID, image: tuple[int, int] = IMAGE) -> dict[str, np.ndarray]:
    return {"map": np.zeros((1, 2, *grid), np.float32), "image": np.zeros((1, 3, *image), np.float32)}


def sized(
    *sizes: float, largest: tuple[float, ...] = (), ratios: tuple[float, ...] = (), flip: bool = True
) -> np.ndarray:
    return boxes_of_priors(sizes, largest, ratios, flip)


CASES: list[tuple[str, np.ndarray, dict[str, Any]]] = [
    (f"min_size: 16 max_size: 40 aspect_ratio: 2 aspect_ratio: 3 {VARIANCES} step: 8 clip: true",
     sized(16, largest=(40,), ratios=(2, 3)), {"step": (8, 8), "clip": True, "variance": (0.1, 0.1, 0.2, 0.2)}),
    ("min_size: 30 min_size: 50 max_size: 60 max_size: 90 aspect_ratio: 2 aspect_ratio: 1 aspect_ratio: 0.5",
     sized(30, 50, largest=(60, 90), ratios=(2, 1, 0.5)), {}),
    ("min_size: 30.7 max_size: 60.2 aspect_ratio: 2 flip: false",
     sized(30.7, largest=(60.2,), ratios=(2,), flip=False), {}),
    ("min_size: 30 max_size: 45 aspect_ratio: 50 aspect_ratio: 50.001",
     sized(30, largest=(45,), ratios=(50, 50.001)), {}),
    ("min_size: 30 offset: 0.3", sized(30), {"offset": 0.3}),
    ("min_size: 30 step: 9 offset: 0.3 variance: 0.4", sized(30), {"offset": 0.3, "step": (9, 9), "variance": (0.4,)}),
    ("min_size: 30 max_size: 45 aspect_ratio: 3 step_h: 20 step_w: 7 offset: 0.4 clip: true",
     sized(30, largest=(45,), ratios=(3,)), {"step": (20, 7), "offset": 0.4, "clip": True}),
]  # fmt: skip


@pytest.mark.parametrize(("parameters", "boxes", "options"), CASES, ids=[c[0] for c in CASES])
def test_priors_equal_the_transcription(parameters: str, boxes: np.ndarray, options: dict[str, Any]) -> None:
    found = run_net(net(parameters), feeds())["out"]
    assert_close(found, priors(boxes, GRID, IMAGE, **options), tolerance=1e-6)


@pytest.mark.parametrize(("size", "image"), [("img_h: 200 img_w: 100", (200, 100)), ("img_size: 250", (250, 250))])
def test_an_image_size_that_is_told_counts(size: str, image: tuple[int, int]) -> None:
    found = run_net(net(f"min_size: 30 {size}"), feeds())["out"]
    assert_close(found, priors(sized(30), GRID, image), tolerance=1e-6)
    alone = inputs(map=(1, 2, *GRID)) + layer(
        "PriorBox", "map", parameters=f"prior_box_param {{ min_size: 30 {size} }}"
    )
    np.testing.assert_array_equal(run_net(alone, {"map": feeds()["map"]})["out"], found)


def test_priors_equal_opencv() -> None:
    cv2 = pytest.importorskip("cv2")
    text = net(f"min_size: 16 max_size: 40 aspect_ratio: 2 aspect_ratio: 3 {VARIANCES} step: 8 clip: true offset: 0.5")
    other = cv2.dnn.readNetFromCaffe(np.frombuffer(text.encode(), np.uint8))
    for name, array in feeds().items():
        other.setInput(array, name)
    assert_close(run_net(text, feeds())["out"], other.forward("lay"), tolerance=1e-6)


@pytest.mark.parametrize("rest", ["clip: true step: 12 offset: 0.2", "step_h: 12 step_w: 3", "variance: 0.3"])
def test_clustered_priors_equal_the_transcription(rest: str) -> None:
    options: dict[str, Any] = {
        "clip: true step: 12 offset: 0.2": {"clip": True, "step": (12, 12), "offset": 0.2},
        "step_h: 12 step_w: 3": {"step": (12, 3)}, "variance: 0.3": {"variance": (0.3,)},
    }[rest]  # fmt: skip
    text = net(f"width: 30 width: 7.5 height: 12.25 height: 50 {rest}", "PriorBoxClustered")
    expected = priors(np.array([[30, 12.25], [7.5, 50]], np.float32), GRID, IMAGE, **options)
    assert_close(run_net(text, feeds())["out"], expected, tolerance=1e-6)


@pytest.mark.parametrize("shape", [(7, 9), (-1, -1)])
def test_a_reshaped_model_has_the_priors_of_its_new_size(shape: tuple[int, int]) -> None:
    model = convert_net(net("min_size: 16 clip: true")).openvino()
    model.reshape({"map": [1, 2, *shape], "image": [1, 3, 70, 63]})

    class Reshaped:
        def openvino(self) -> Any:
            return model

    found = run_model(Reshaped(), feeds((7, 9), (70, 63)))["out"]  # type: ignore[arg-type]
    assert_close(found, priors(sized(16), (7, 9), (70, 63), clip=True), tolerance=1e-6)


def dense(sizes: list[int], density: list[int], ratios: list[float]) -> np.ndarray:
    """Intel's fixed sizes on a 5 x 5 grid, step 16, 80 x 80; as a converter of such face detectors computes them."""
    rows = []
    for y, x in np.ndindex(5, 5):
        for size, number in zip(sizes, density, strict=True):
            shift = int(size / number)
            for ratio in ratios:
                half = size * np.sqrt(ratio) / 2, size / np.sqrt(ratio) / 2
                for r, c in np.ndindex(number, number):
                    at = [(k + 0.5) * 16 - size / 2 + shift / 2 + i * shift for k, i in ((x, c), (y, r))]
                    low = [max((a - h) / 80, 0) for a, h in zip(at, half, strict=True)]
                    rows.append([*low, *(min((a + h) / 80, 1) for a, h in zip(at, half, strict=True))])
    return np.asarray(rows, np.float32).reshape(1, -1)


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ("fixed_size: 32 fixed_size: 64 density: 4 density: 2", ([32, 64], [4, 2], [1.0])),
        ("fixed_size: 32 density: 3 aspect_ratio: 2 flip: false", ([32], [3], [1.0, 2.0])),
        ("fixed_size: 32 density: 3 fixed_ratio: 2", ([32], [3], [2.0])),
    ],
)
def test_dense_priors_equal_the_transcription(parameters: str, expected: Any) -> None:
    text = net(parameters + " step: 16", grid=(5, 5), image=(80, 80))
    assert_close(run_net(text, feeds((5, 5), (80, 80)))["out"][:, 0], dense(*expected), tolerance=1e-6)


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ("clip: true", "min_size is missing"),
        ("min_size: 0.5", "min_size 0.5"),
        ("min_size: inf", "min_size inf"),
        ("min_size: 30 aspect_ratio: 0", "aspect_ratio 0.0"),
        ("min_size: 30 max_size: 20", "every min_size needs a greater max_size"),
        ("min_size: 30 min_size: 40 max_size: 50", "every min_size needs a greater max_size"),
        ("min_size: 30 variance: 0.1 variance: 0.2", "variance [0.1, 0.2]"),
        ("min_size: 30 step: 8 step_h: 8 step_w: 8", "both step and step_h or step_w"),
        ("min_size: 30 step_h: 8", "step must be positive"),
        ("min_size: 30 img_size: 3 img_h: 5 img_w: 4", "both img_size and img_h or img_w"),
        ("min_size: 30 offset_h: 0.5", "prior_box_param.offset_h"),
        ("fixed_size: 15 density: 2", "fixed_size [15.0]"),
        ("fixed_size: 16", "every fixed_size needs a density"),
        ("fixed_size: 16 density: 2 fixed_ratio: 1 fixed_ratio: 2", "several ratios"),
    ],
)
def test_invalid_priors_are_refused(parameters: str, reason: str) -> None:
    assert reason in str(refusal(net(parameters)))


def test_clustered_priors_need_a_height_for_each_width() -> None:
    assert "2 widths and 1 heights" in str(refusal(net("width: 3 width: 4 height: 5", "PriorBoxClustered")))


def test_priors_need_an_image_or_its_size() -> None:
    text = inputs(map=(1, 2, *GRID)) + layer("PriorBox", "map", parameters="prior_box_param { min_size: 30 }")
    assert "the image is not connected" in str(refusal(text))
