"""Losses and Accuracy against a transcription of BVLC's loops: ``NAME_loss_layer.cpp``, ``accuracy_layer.cpp``."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from tests.caffe.support import assert_close, inputs, layer, refusal, run_net

RNG = np.random.default_rng(0)
SHAPES = [((4, 6), (4,), 1), ((4, 6), (4, 1), 1), ((4, 6, 1, 1), (4,), 1), ((2, 5, 3, 4), (2, 1, 3, 4), 1),
          ((2, 5, 3, 4), (2, 3, 4), 1), ((2, 3, 4, 5), (2, 3, 4), -1), ((2, 3, 5), (2, 3), 2),
          ((2, 3, 4, 5), (2, 12, 1, 1), 3)]  # fmt: skip
MODES = ["FULL", "VALID", "BATCH_SIZE", "NONE"]


def run(kind: str, feeds: Mapping[str, np.ndarray], parameters: str, tops: str = "out") -> dict[str, np.ndarray]:
    text = inputs(**{name: array.shape for name, array in feeds.items()})
    return run_net(text + layer(kind, " ".join(feeds), tops, parameters), feeds)


def scores(shape: tuple[int, ...], spread: float = 3) -> np.ndarray:
    return (spread * RNG.standard_normal(shape)).astype(np.float32)


def labels(shape: tuple[int, ...], classes: int) -> np.ndarray:
    return RNG.integers(0, classes, shape).astype(np.float32)


def places(x: np.ndarray, axis: int) -> np.ndarray:
    """One row of numbers for each place, in the order of the labels."""
    return np.moveaxis(x.astype(np.float64), axis, -1).reshape(-1, x.shape[axis])


def softmax(x: np.ndarray, axis: int) -> np.ndarray:
    powers = np.exp(x.astype(np.float64) - x.max(axis, keepdims=True))
    return powers / powers.sum(axis, keepdims=True)


def divisor(mode: str, label: np.ndarray, valid: int, outer: int) -> float:
    return max(1, {"FULL": label.size, "VALID": valid, "BATCH_SIZE": outer, "NONE": 1}[mode])


@pytest.mark.parametrize(("shape", "label_shape", "axis"), SHAPES)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("ignore", [None, 2])
def test_softmax_with_loss(
    shape: tuple[int, ...], label_shape: tuple[int, ...], axis: int, mode: str, ignore: int | None
) -> None:
    x, label = scores(shape), labels(label_shape, shape[axis])
    ignored = "" if ignore is None else f"ignore_label: {ignore}"
    parameters = f"softmax_param {{ axis: {axis} }} loss_param {{ normalization: {mode} {ignored} }}"
    parameters += " loss_weight: 3 loss_weight: 0"
    found = run("SoftmaxWithLoss", {"x": x, "label": label}, parameters, "out prob")
    flat = label.astype(int).ravel()
    own = softmax(x, axis)
    losses = -np.log(places(own, axis)[np.arange(flat.size), flat])[flat != (-9 if ignore is None else ignore)]
    outer = int(np.prod(shape[: axis % len(shape)]))
    assert_close(found["out"], losses.sum() / divisor(mode, label, losses.size, outer))
    assert_close(found["prob"], own)


@pytest.mark.parametrize(("field", "mode"), [("", "VALID"), ("normalize: false", "BATCH_SIZE"),
                                             ("normalize: true", "VALID"),
                                             ("normalize: false normalization: FULL", "FULL")])  # fmt: skip
def test_the_older_normalize(field: str, mode: str) -> None:
    x, label = scores((2, 5, 3, 4)), labels((2, 1, 3, 4), 5)
    found = run("SoftmaxWithLoss", {"x": x, "label": label}, f"loss_param {{ ignore_label: 1 {field} }}")["out"]
    flat = label.astype(int).ravel()
    losses = -np.log(places(softmax(x, 1), 1)[np.arange(flat.size), flat])[flat != 1]
    assert_close(found, losses.sum() / divisor(mode, label, losses.size, 2))


@pytest.mark.parametrize("ignored", [255, -1])
def test_where_all_labels_are_ignored_the_loss_is_0(ignored: int) -> None:
    feeds = {"x": scores((3, 4)), "label": np.full(3, ignored, np.float32)}
    parameters = f"loss_param {{ ignore_label: {ignored} }}"
    assert_close(run("SoftmaxWithLoss", feeds, parameters)["out"], np.float32(0))
    parameters = f"accuracy_param {{ ignore_label: {ignored} }}"
    found = run("Accuracy", feeds, parameters, "out classes")
    assert_close(found["out"], np.float32(0))
    assert_close(found["classes"], np.zeros(4))


@pytest.mark.parametrize(("shape", "label_shape", "axis"), SHAPES)
@pytest.mark.parametrize("k", [1, 3])
@pytest.mark.parametrize("ignore", [None, 2])
def test_accuracy(shape: tuple[int, ...], label_shape: tuple[int, ...], axis: int, k: int, ignore: int | None) -> None:
    x, label = RNG.integers(0, 4, shape).astype(np.float32), labels(label_shape, shape[axis])
    ignored = "" if ignore is None else f"ignore_label: {ignore}"
    parameters = f"accuracy_param {{ top_k: {k} axis: {axis} {ignored} }}"
    found = run("Accuracy", {"x": x, "label": label}, parameters, "out classes")
    hits, counts = np.zeros(shape[axis]), np.zeros(shape[axis])
    for row, own in zip(places(x, axis), label.astype(int).ravel(), strict=True):
        if own != ignore:
            counts[own] += 1
            hits[own] += (row >= row[own]).sum() - 1 < k
    assert_close(found["out"], hits.sum() / max(counts.sum(), 1))
    assert_close(found["classes"], hits / np.maximum(counts, 1))


@pytest.mark.parametrize(("shape", "label_shape", "axis"), SHAPES)
@pytest.mark.parametrize("mode", MODES)
def test_infogain_loss(shape: tuple[int, ...], label_shape: tuple[int, ...], axis: int, mode: str) -> None:
    x, label, classes = scores(shape), labels(label_shape, shape[axis]), shape[axis]
    gains = RNG.uniform(0, 1, (1, 1, classes, classes)).astype(np.float32)
    parameters = f"infogain_loss_param {{ axis: {axis} }} loss_param {{ normalization: {mode} ignore_label: 0 }}"
    found = run("InfogainLoss", {"x": x, "label": label, "H": gains}, parameters, "out prob")
    own, flat = softmax(x, axis), label.astype(int).ravel()
    losses = -(gains[0, 0][flat] * np.log(np.maximum(places(own, axis), 1e-20))).sum(1)[flat != 0]
    outer = int(np.prod(shape[: axis % len(shape)]))
    assert_close(found["out"], losses.sum() / divisor(mode, label, losses.size, outer))
    assert_close(found["prob"], own)


@pytest.mark.parametrize("shape", [(4,), (4, 6), (2, 3, 4, 5), (2, 3, 2, 2, 2)])
@pytest.mark.parametrize("mode", ["", *MODES])
@pytest.mark.parametrize("ignore", [None, 1])
def test_sigmoid_cross_entropy_loss(shape: tuple[int, ...], mode: str, ignore: int | None) -> None:
    x, target = scores(shape, 8), RNG.choice([0, 1, 0.3], shape).astype(np.float32)
    fields = (f"normalization: {mode} " if mode else "") + ("" if ignore is None else f"ignore_label: {ignore}")
    found = run("SigmoidCrossEntropyLoss", {"x": x, "target": target}, f"loss_param {{ {fields} }}")["out"]
    losses = np.log1p(np.exp(-np.abs(x.astype(np.float64)))) - x.astype(np.float64) * (target - (x >= 0))
    losses = losses[target.astype(int) != (-9 if ignore is None else ignore)]
    assert_close(found, losses.sum() / divisor(mode or "BATCH_SIZE", target, losses.size, shape[0]))


def test_a_cross_entropy_that_is_tiny_is_rounded_as_caffe_does() -> None:
    x, target = np.full((4, 6), -14, np.float32), np.zeros((4, 6), np.float32)
    found = run("SigmoidCrossEntropyLoss", {"x": x, "target": target}, "")["out"]
    assert_close(found, 6 * np.log(np.float32(1) + np.exp(np.float32(-14))))


@pytest.mark.parametrize(("shape", "label_shape"), [((4, 6), (4,)), ((4, 6), (4, 1)), ((4, 2, 3, 1), (4, 1, 1, 1))])
def test_multinomial_logistic_loss(shape: tuple[int, ...], label_shape: tuple[int, ...]) -> None:
    x, label = RNG.uniform(0, 1, shape).astype(np.float32), labels(label_shape, 6)
    x.reshape(4, 6)[0, int(label.ravel()[0])] = 0
    chosen = x.reshape(4, 6)[range(4), label.astype(int).ravel()].astype(np.float64)
    found = run("MultinomialLogisticLoss", {"x": x, "label": label}, "")["out"]
    assert_close(found, -np.log(np.maximum(chosen, 1e-20)).mean())


@pytest.mark.parametrize("norm", ["L1", "L2"])
@pytest.mark.parametrize(("shape", "label_shape"), [((4, 6), (4,)), ((4, 2, 3), (4, 1))])
def test_hinge_loss(norm: str, shape: tuple[int, ...], label_shape: tuple[int, ...]) -> None:
    x, label = scores(shape), labels(label_shape, 6)
    rows = x.reshape(4, 6).astype(np.float64)
    rows[range(4), label.astype(int).ravel()] *= -1
    over = np.maximum(0, 1 + rows)
    found = run("HingeLoss", {"x": x, "label": label}, f"hinge_loss_param {{ norm: {norm} }}")["out"]
    assert_close(found, (over if norm == "L1" else over**2).sum() / 4)


@pytest.mark.parametrize(("a", "b"), [((4, 6), (4, 6)), ((4,), (4,)), ((4, 2, 3, 1), (4, 6)), ((4, 2, 3), (4, 3, 2))])
def test_euclidean_loss(a: tuple[int, ...], b: tuple[int, ...]) -> None:
    x, y = scores(a), scores(b)
    squares = (x.reshape(4, -1).astype(np.float64) - y.reshape(4, -1)) ** 2
    assert_close(run("EuclideanLoss", {"x": x, "y": y}, "loss_weight: 0.5")["out"], squares.sum() / 4 / 2)


@pytest.mark.parametrize("old", [False, True])
@pytest.mark.parametrize(("shape", "similar"), [((5, 3), (5,)), ((5, 3, 1, 1), (5, 1))])
def test_contrastive_loss(old: bool, shape: tuple[int, ...], similar: tuple[int, ...]) -> None:
    x, y, alike = scores(shape, 1), scores(shape, 1), labels(similar, 2)
    fields = f"contrastive_loss_param {{ margin: 2.5 legacy_version: {str(old).lower()} }}"
    found = run("ContrastiveLoss", {"x": x, "y": y, "s": alike}, fields)["out"]
    squared = ((x.astype(np.float64) - y) ** 2).reshape(5, 3).sum(1)
    others = np.maximum(2.5 - squared, 0) if old else np.maximum(2.5 - np.sqrt(squared), 0) ** 2
    assert_close(found, np.where(alike.ravel() != 0, squared, others).sum() / 5 / 2)


@pytest.mark.parametrize(("kind", "shapes", "parameters", "reason"), [
    ("Accuracy", [(4, 6), (4,)], "accuracy_param { top_k: 7 }", "top_k is 7, of 6 classes"),
    ("Accuracy", [(4, 6), (5,)], "", "5 labels for 4 predictions"),
    ("SoftmaxWithLoss", [(4, 6), (5,)], "", "different numbers of items"),
    ("SoftmaxWithLoss", [(4, 6), (4, 2)], "", "8 labels for 4 predictions"),
    ("SoftmaxWithLoss", [(4, 6), (4,)], "softmax_param { axis: 2 }", "axis 2 is out of range"),
    ("InfogainLoss", [(4, 6), (4,)], 'infogain_loss_param { source: "H.binaryproto" }', "comes from a file"),
    ("InfogainLoss", [(4, 6), (4,), (6, 5)], "", "must be 6 by 6"),
    ("EuclideanLoss", [(4, 6), (4, 5)], "", "does not broadcast"),
    ("EuclideanLoss", [(2, 1, 1, 1, 2), (2, 1, 1, 1, 2)], "", "up to 4 axes"),
    ("HingeLoss", [(4, 6), (4, 2)], "", "more than one for each item"),
    ("ContrastiveLoss", [(4, 3, 2, 1), (4, 3, 2, 1), (4,)], "", "more than one number"),
    ("SigmoidCrossEntropyLoss", [(4, 6), (4, 5)], "", "differ in size"),
])  # fmt: skip
def test_what_caffe_aborts_at(kind: str, shapes: list[tuple[int, ...]], parameters: str, reason: str) -> None:
    named = dict(zip("xyz", shapes, strict=False))
    assert reason in str(refusal(inputs(**named) + layer(kind, " ".join(named), parameters=parameters)))
