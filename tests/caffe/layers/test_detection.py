"""DetectionOutput: a transcription of the SSD fork's C++ (box_references) and OpenCV's own layer."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from tests.caffe.layers.box_references import decoded, detections
from tests.caffe.support import assert_close, inputs, layer, refusal, run_net

COMMON = "background_label_id: 0 nms_param { nms_threshold: 0.45 top_k: 400 } keep_top_k: 50 confidence_threshold: 0.1"
KEPT: dict[str, Any] = {"threshold": 0.1, "nms": 0.45, "top_k": 400, "keep_top_k": 50}


def softmax(x: np.ndarray) -> np.ndarray:
    e = np.exp(x - x.max(-1, keepdims=True))
    return (e / e.sum(-1, keepdims=True)).astype(np.float32)


@dataclasses.dataclass
class Scene:
    """Random predictions of a detector: the layer's inputs, and the boxes and scores they stand for."""

    parameters: str
    images: int = 2
    priors: int = 60
    classes: int = 4
    code: str = "CENTER_SIZE"
    shared: bool = True
    encoded: bool = False
    objectness: float = 0.0
    extra: str = ""

    def __post_init__(self) -> None:
        rng = np.random.default_rng(self.priors)
        n, p, places = self.images, self.priors, 1 if self.shared else self.classes
        low = rng.uniform(0, 0.7, (p, 2))
        prior = np.concatenate([low, low + rng.uniform(0.1, 0.4, (p, 2))], 1).astype(np.float32)
        spread = np.tile(np.array([0.1, 0.1, 0.2, 0.2], np.float32), (p, 1))
        loc = rng.standard_normal((n, p, places, 4)).astype(np.float32)
        self.scores = softmax(rng.standard_normal((n, p, self.classes)) * 3)
        self.feeds = {
            "loc": loc.reshape(n, -1), "conf": self.scores.reshape(n, -1),
            "prior": np.stack([prior.reshape(-1), spread.reshape(-1)])[None],
        }  # fmt: skip
        starts = [prior] * n
        if self.objectness:
            first, move = softmax(rng.standard_normal((n, p, 2))), rng.standard_normal((n, p, 4)).astype(np.float32)
            self.feeds |= {"objects": first.reshape(n, -1), "moves": move.reshape(n, -1)}
            starts = [decoded(self.code, prior, spread, m) for m in move]
            background = np.eye(self.classes, dtype=np.float32)[0]
            self.scores = np.where(first[..., 1:] < np.float32(self.objectness), background, self.scores)
        self.boxes = np.stack([
            np.stack([decoded(self.code, starts[i], spread, loc[i, :, k], self.encoded) for k in range(places)])
            for i in range(n)
        ])  # fmt: skip

    def text(self) -> str:
        flags = {"share_location": self.shared, "variance_encoded_in_target": self.encoded}
        told = " ".join(f"{k}: {str(v).lower()}" for k, v in flags.items())
        body = f"num_classes: {self.classes} code_type: {self.code} {told} {self.parameters}"
        ports = " ".join([*self.feeds, self.extra]).strip()
        shapes = {k: v.shape for k, v in self.feeds.items()} | ({self.extra: (1, 3, 8, 8)} if self.extra else {})
        return inputs(**shapes) + layer("DetectionOutput", ports, parameters=f"detection_output_param {{ {body} }}")

    def run(self) -> np.ndarray:
        """What is found; what follows the marker must be zeros."""
        feeds = self.feeds | ({self.extra: np.zeros((1, 3, 8, 8), np.float32)} if self.extra else {})
        rows = run_net(self.text(), feeds)["out"]
        ends = np.flatnonzero(rows[0, 0, :, 0] == -1)
        if not ends.size:
            return rows
        assert not rows[0, 0, ends[0], 1:].any()
        assert not rows[0, 0, ends[0] + 1 :].any()
        return rows[:, :, : ends[0]]


CASES = [
    (Scene(COMMON), KEPT),
    (Scene(COMMON, images=1), KEPT),
    (Scene(COMMON, code="CORNER"), KEPT),
    (Scene(COMMON, code="CORNER_SIZE"), KEPT),
    (Scene(COMMON, shared=False), KEPT),
    (Scene(COMMON, shared=False, code="CORNER_SIZE"), KEPT),
    (Scene(COMMON, encoded=True), KEPT),
    (Scene(COMMON, encoded=True, code="CORNER_SIZE"), KEPT),
    (Scene(COMMON.replace("keep_top_k: 50", "keep_top_k: 7")), {**KEPT, "keep_top_k": 7}),
    (Scene(COMMON.replace("top_k: 400", "top_k: 5")), {**KEPT, "top_k": 5}),
    (Scene("nms_param { nms_threshold: 0.45 eta: 0.5 }"), {"threshold": -3e38, "nms": 0.45}),
    (Scene("confidence_threshold: 0.2 background_label_id: 2"), {"threshold": 0.2, "nms": 0.3, "background": 2}),
    (Scene("confidence_threshold: 0.2 background_label_id: -1"), {"threshold": 0.2, "nms": 0.3, "background": -1}),
    (Scene(COMMON, images=1, priors=1500, classes=21), KEPT),
    (Scene(COMMON + " objectness_score: 0.4", objectness=0.4), KEPT),
    (Scene(COMMON, objectness=0.01), KEPT),
    (Scene(COMMON + " visualize: true save_output_param { output_directory: 'x' }", extra="drawn_on"), KEPT),
]  # fmt: skip


@pytest.mark.parametrize(("scene", "limits"), CASES, ids=[c[0].text().splitlines()[-1][60:] for c in CASES])
def test_detections_equal_the_transcription(scene: Scene, limits: dict[str, Any]) -> None:
    assert_close(scene.run(), detections(scene.boxes, scene.scores, **limits), tolerance=1e-6)


def test_the_list_ends_with_a_marker_when_nothing_is_found() -> None:
    scene = Scene("confidence_threshold: 1.5 keep_top_k: 5")
    rows = run_net(scene.text(), scene.feeds)["out"]
    assert rows.shape == (1, 1, 10, 7)
    assert rows[0, 0, 0, 0] == -1
    assert not rows[0, 0, 0, 1:].any()
    assert not rows[0, 0, 1:].any()


@pytest.mark.parametrize("options", [{}, {"code": "CORNER"}, {"shared": False}])
def test_detections_equal_opencv(options: dict[str, Any]) -> None:
    cv2 = pytest.importorskip("cv2")
    scene = Scene(COMMON, images=1, **options)
    other = cv2.dnn.readNetFromCaffe(np.frombuffer(scene.text().encode(), np.uint8))
    for name, array in scene.feeds.items():
        other.setInput(array, name)

    def in_order(rows: np.ndarray) -> np.ndarray:
        return np.array(sorted(map(tuple, rows[0, 0])))

    np.testing.assert_allclose(in_order(scene.run()), in_order(other.forward("lay")), atol=1e-6)


@pytest.mark.parametrize(
    ("scene", "reason"),
    [
        (Scene("keep_top_k: 0"), "nothing would ever be detected"),
        (Scene("nms_param { top_k: 0 }"), "nothing would ever be detected"),
        (Scene("nms_param { nms_threshold: 0.7 eta: 0.9 }"), "a falling nms_threshold"),
        (Scene("nms_param { nms_threshold: -1 }"), "nms_threshold -1.0"),
        (Scene("nms_param { eta: 0 }"), "eta 0.0"),
        (Scene("background_label_id: 1", objectness=0.4), "RefineDet has neither"),
        (Scene("", objectness=0.4, shared=False), "RefineDet refines one box for all classes"),
        (Scene("normalized: false"), "priors in pixels"),
        (Scene("", extra="one_more"), "4 inputs"),
    ],
)
def test_what_the_runtime_lacks_is_refused(scene: Scene, reason: str) -> None:
    assert reason in str(refusal(scene.text()))


def test_predictions_that_do_not_fit_the_priors_are_refused() -> None:
    text = Scene(COMMON).text()
    assert "60 priors, 240 confidence predictions of 5 a prior" in str(
        refusal(text.replace("classes: 4", "classes: 5"))
    )
    assert "'detection_output_param.num_classes' is missing" in str(refusal(text.replace("num_classes: 4", "")))
