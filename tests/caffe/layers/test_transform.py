"""Layers of text recognition and of input data, against their C++ written out in numpy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from tests.caffe.support import assert_close, inputs, layer, refusal, run_net

Array = np.ndarray
RANDOM = np.random.default_rng(19)


def normal(*shape: int) -> Array:
    return RANDOM.normal(size=shape).astype(np.float32)


def transformed(x: Array, theta: Array, rows: int, columns: int) -> Array:
    """training_toolbox_caffe, st_layer.cpp, pixel by pixel."""
    batch, depth, height, width = x.shape
    out = np.zeros((batch, depth, rows, columns))
    for n in range(batch):
        matrix = theta[n].reshape(2, 3).astype(np.float64)
        for s in range(rows):
            for t in range(columns):
                px, py = matrix @ (s / rows * 2 - 1, t / columns * 2 - 1, 1)
                at_row, at_column = (px + 1) / 2 * height, (py + 1) / 2 * width
                for m in (int(np.floor(at_row)), int(np.floor(at_row)) + 1):
                    for k in (int(np.floor(at_column)), int(np.floor(at_column)) + 1):
                        if 0 <= m < height and 0 <= k < width:
                            out[n, :, s, t] += (
                                max(0, 1 - abs(at_row - m)) * max(0, 1 - abs(at_column - k)) * x[n, :, m, k]
                            )
    return out


@pytest.mark.parametrize("size", [None, (4, 6), (24, 94)])
@pytest.mark.parametrize("flat", [(6,), (6, 1, 1), (2, 3)])
def test_spatial_transformer_samples_where_theta_says(size: tuple[int, int] | None, flat: tuple[int, ...]) -> None:
    x = normal(2, 3, 9, 11)
    theta = (np.tile([1.0, 0, 0, 0, 1, 0], (2, 1)) + 0.3 * normal(2, 6)).astype(np.float32)
    parameters = "" if size is None else f"st_param {{ output_H: {size[0]} output_W: {size[1]} }}"
    net = inputs(x=x.shape, theta=(2, *flat)) + layer("SpatialTransformer", "x theta", parameters=parameters)
    found = run_net(net, {"x": x, "theta": theta.reshape(2, *flat)})["out"]
    assert_close(found, transformed(x, theta, *(size or (9, 11))))


def test_spatial_transformer_by_the_identity_gives_the_image() -> None:
    x, theta = normal(2, 3, 9, 11), np.tile(np.array([1, 0, 0, 0, 1, 0], np.float32), (2, 1))
    net = inputs(x=x.shape, theta=theta.shape) + layer("SpatialTransformer", "x theta")
    assert_close(run_net(net, {"x": x, "theta": theta})["out"], x)


@pytest.mark.parametrize("parameters, shape", [
    ("theta_1_1: 0.5", (2, 5)), ("transform_type: 'projective'", (2, 6)), ("", (2, 5)), ("de_transform: true", (2, 6)),
])  # fmt: skip
def test_spatial_transformers_that_caffe_does_not_compute_are_refused(parameters: str, shape: tuple[int, ...]) -> None:
    net = inputs(x=(2, 3, 9, 11), theta=shape)
    refusal(net + layer("SpatialTransformer", "x theta", parameters=f"st_param {{ {parameters} }}"))


def decoded(scores: Array, cont: Array, blank: int, merge: bool) -> Array:
    """training_toolbox_caffe, ctc_decoder_layer.cpp: CTCGreedyDecoder."""
    steps, batch, _ = scores.shape
    out = np.full((batch, steps, 1, 1), -1.0)
    for n in range(batch):
        found, last = [], -1
        for t in range(steps):
            best = int(scores[t, n].argmax())
            if best != blank and not (merge and best == last):
                found.append(best)
            last = best
            if t + 1 == steps or cont[t + 1, n] == 0:
                break
        out[n, : len(found), 0, 0] = found
    return out


@pytest.mark.parametrize("merge", [True, False])
@pytest.mark.parametrize("blank", [None, 0, 2, 4])
def test_ctc_greedy_decoder_drops_blanks_and_repetitions(blank: int | None, merge: bool) -> None:
    scores = normal(24, 4, 5).round(1) + normal(24, 4, 5) * 1e-3
    cont = np.ones((24, 4), np.float32)
    cont[0], cont[7, 1], cont[1, 2], cont[[9, 15], 3] = 0, 0, 0, 0
    own = "" if blank is None else f"blank_index: {blank}"
    parameters = f"ctc_decoder_param {{ {own} ctc_merge_repeated: {str(merge).lower()} }}"
    net = inputs(x=scores.shape, cont=cont.shape) + layer("CTCGreedyDecoder", "x cont", parameters=parameters)
    found = run_net(net, {"x": scores.astype(np.float32), "cont": cont})["out"]
    np.testing.assert_array_equal(found, decoded(scores, cont, 4 if blank is None else blank, merge))


def test_ctc_greedy_decoder_gives_no_scores_and_no_accuracy() -> None:
    shapes = {"x": (7, 3, 5), "cont": (7, 3), "target": (7, 3)}
    refusal(inputs(**shapes) + layer("CTCGreedyDecoder", "x cont target", "out accuracy"))
    refusal(inputs(x=(7, 3, 5), cont=(7, 3)) + layer("CTCGreedyDecoder", "x cont", "out score"))


@pytest.mark.parametrize("operation, sign", [("ADD", 1), ("SUBTRACT", -1)])
def test_mean_takes_its_values_in_turn(operation: str, sign: int) -> None:
    """lmb-freiburg/flownet2, mean_layer.cpp; as many tops as bottoms."""
    x, y = normal(2, 6, 4, 5), normal(1, 3, 2, 2)
    values, scales = [1.5, -2.0, 0.25], "mean_scale: 0.5 input_scale: 2 output_scale: 3"
    text = " ".join(f"value: {v}" for v in values)
    net = inputs(x=x.shape, y=y.shape)
    net += layer("Mean", "x y", "a b", f"mean_param {{ operation: {operation} {text} {scales} }}")
    found = run_net(net, {"x": x, "y": y})
    for name, bottom in (("a", x), ("b", y)):
        offset = np.resize(values, bottom.shape[1]).reshape(1, -1, 1, 1)
        assert_close(found[name], 3 * (2 * bottom + sign * 0.5 * offset))


@pytest.mark.parametrize(
    "parameters", ["operation: ADD file: 'mean.binaryproto'", "value: 1", "operation: ADD value: 1 value: 2"]
)
def test_means_that_are_not_in_the_net_are_refused(parameters: str) -> None:
    refusal(inputs(x=(2, 3, 4, 5)) + layer("Mean", "x", parameters=f"mean_param {{ {parameters} }}"))


def learned(seen: float) -> Sequence[Array]:
    return [np.full((1, 1, 1, 1), seen, np.float32), normal(1, 3, 4, 5), normal(1, 3, 1, 1)]


@pytest.mark.parametrize("by_pixel", [True, False])
def test_data_augmentation_subtracts_the_learned_mean(by_pixel: bool) -> None:
    """lmb-freiburg/flownet2, data_augmentation_layer.cu: without cropping nothing else happens."""
    x, blobs = normal(2, 3, 4, 5), learned(1000)
    parameters = f"recompute_mean: 1000 mean_per_pixel: {str(by_pixel).lower()} mirror {{ prob: 0.5 }}"
    net = inputs(x=x.shape) + layer("DataAugmentation", "x", parameters=f"augmentation_param {{ {parameters} }}")
    assert_close(run_net(net, {"x": x}, {"lay": blobs})["out"], x - blobs[1 if by_pixel else 2])


def test_data_augmentation_subtracts_the_mean_of_the_text() -> None:
    x = normal(2, 3, 4, 5)
    parameters = "augmentation_param { mean: 0.1 mean: 0.2 mean: 0.3 mean_per_pixel: false }"
    found = run_net(inputs(x=x.shape) + layer("DataAugmentation", "x", parameters=parameters), {"x": x})["out"]
    assert_close(found, x - np.array([0.1, 0.2, 0.3]).reshape(1, 3, 1, 1))


def test_data_augmentation_that_learns_or_crops_is_refused() -> None:
    net = inputs(x=(2, 3, 4, 5))
    unfinished = layer("DataAugmentation", "x", parameters="augmentation_param { recompute_mean: 1000 }")
    assert "999" in str(refusal(net + unfinished, {"lay": learned(999)}))
    refusal(net + layer("DataAugmentation", "x", parameters="augmentation_param { crop_width: 3 crop_height: 3 }"))


def test_power_file_without_a_file_changes_nothing() -> None:
    """training_toolbox_caffe, power_file_layer.cpp."""
    x = normal(2, 6)
    np.testing.assert_array_equal(run_net(inputs(x=(2, 6)) + layer("PowerFile", "x"), {"x": x})["out"], x)
    net = inputs(x=(2, 6)) + layer("PowerFile", "x", parameters="power_file_param { shift_file: 'shift.txt' }")
    assert "Bias" in str(refusal(net))
