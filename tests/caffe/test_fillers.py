"""``--allow-missing-weights``: layers without weights get what Caffe's fillers make."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.caffe.support import Fixture, assert_close, convert_net, inputs, layer, rejection, run_model

from dragoman.graph.walk import walk


def made(
    filler: str, shape: str = "num_output: 8 kernel_size: 4", name: str = "lay", kind: str = "Convolution"
) -> np.ndarray:
    """The weights of a layer whose model has none."""
    parameters = f"convolution_param {{ num_output: 8 kernel_size: 4 bias_term: false weight_filler {{ {filler} }} }}"
    text = inputs(data=(1, 8, 9, 9)) + layer("Convolution", "data", "out", parameters, name)
    graph = convert_net(text, allow_missing_weights=True).graph
    (held,) = [n.tensor for n in walk(graph) if n.tensor is not None and len(n.tensor.shape) == 4]
    return held.numpy()


def test_constants() -> None:
    np.testing.assert_array_equal(made('type: "constant" value: 0.25'), np.full((8, 8, 4, 4), 0.25, np.float32))
    np.testing.assert_array_equal(made("value: 3"), np.full((8, 8, 4, 4), 3, np.float32))


@pytest.mark.parametrize("filler, mean, deviation", [
    ('type: "uniform" min: -1 max: 3', 1, 4 / 12**0.5),
    ('type: "gaussian" mean: 2 std: 0.5', 2, 0.5),
    ('type: "xavier"', 0, (3 / 128) ** 0.5 / 3**0.5),
    ('type: "xavier" variance_norm: FAN_OUT', 0, (3 / 128) ** 0.5 / 3**0.5),
    ('type: "msra"', 0, (2 / 128) ** 0.5),
])  # fmt: skip
def test_random_fillers_have_their_mean_and_deviation(filler: str, mean: float, deviation: float) -> None:
    found = made(filler)
    assert found.mean() == pytest.approx(mean, abs=4 * deviation / found.size**0.5)
    assert found.std() == pytest.approx(deviation, rel=0.1)


def test_random_numbers_are_the_same_every_time_and_differ_between_layers() -> None:
    np.testing.assert_array_equal(made('type: "msra"'), made('type: "msra"'))
    assert np.abs(made('type: "msra"') - made('type: "msra"', name="other")).max() > 0.01


def test_each_output_of_a_positive_unitball_sums_to_1() -> None:
    found = made('type: "positive_unitball"')
    np.testing.assert_allclose(found.reshape(8, -1).sum(axis=1), 1, rtol=1e-5)
    assert found.min() >= 0


@pytest.mark.parametrize("filler, what", [
    ('type: "magic"', "'magic' is not one of Caffe's fillers"),
    ('type: "gaussian" sparse: 3', "sparse"),
    ('type: "gaussian" std: -1', "numbers that Caffe does not take"),
    ('type: "uniform" min: 2 max: 1', "numbers that Caffe does not take"),
    ('type: "uniform" max: inf', "numbers that Caffe does not take"),
])  # fmt: skip
def test_fillers_that_caffe_does_not_have_or_that_cannot_be_repeated(filler: str, what: str) -> None:
    parameters = f"convolution_param {{ num_output: 8 kernel_size: 4 weight_filler {{ {filler} }} }}"
    text = inputs(data=(1, 8, 9, 9)) + layer("Convolution", "data", "out", parameters)
    assert what in str(rejection(text, allow_missing_weights=True))


def test_a_bilinear_filler_needs_squares() -> None:
    text = inputs(data=(1, 8, 9, 9)) + layer(
        "Convolution", "data", "out",
        'convolution_param { num_output: 8 kernel_h: 4 kernel_w: 3 weight_filler { type: "bilinear" } }',
    )  # fmt: skip
    assert "square" in str(rejection(text, allow_missing_weights=True))


def test_a_bilinear_filler_is_that_of_real_caffe(shared: Path) -> None:
    fixture = Fixture(shared, "deconv_bilinear")
    text = (fixture.folder / "deploy.prototxt").read_text(encoding="utf-8")
    filled = run_model(convert_net(text, allow_missing_weights=True), fixture.feeds())
    for blob, expected in fixture.outputs().items():
        assert_close(filled[blob], expected, blob)


def test_without_the_option_missing_weights_are_refused() -> None:
    parameters = "convolution_param { num_output: 8 kernel_size: 4 }"
    assert rejection(inputs(data=(1, 8, 9, 9)) + layer("Convolution", "data", "out", parameters)).code == "D213"


def test_the_user_is_told_which_layers_are_untrained() -> None:
    text = inputs(x=(1, 3)) + layer("InnerProduct", "x", "y", "inner_product_param { num_output: 2 }", name="fc")
    result = convert_net(text, allow_missing_weights=True)
    assert result.context.hints == ("untrained weights, made by fillers: fc",)
    assert convert_net(inputs(x=(1, 3)) + layer("ReLU", "x"), allow_missing_weights=True).context.hints == ()
