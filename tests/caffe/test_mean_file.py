"""Mean images and other preprocessing: what real Caffe computes for inputs prepared its way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.caffe.support import Fixture, assert_close, inputs, layer, run_model

import dragoman
from dragoman.cli import main
from dragoman.errors import DragomanError
from dragoman_sdk.caffe_model import mean_binaryproto

RNG = np.random.default_rng(8)
MEAN = RNG.normal(size=(3, 9, 12)).astype(np.float32)
IMAGE = RNG.normal(size=(2, 3, 4, 5)).astype(np.float32)
NET = inputs(data=(2, 3, 4, 5)) + layer("Power", "data", "out")


def run(folder: Path, given: np.ndarray, text: str = NET, **options: Any) -> np.ndarray:
    options = {"mean_file": mean_binaryproto(folder / "mean.binaryproto", MEAN), **options}
    return run_model(dragoman.convert(text.encode(), **options), {"data": given})["out"]


def test_a_mean_file_as_real_caffe_subtracts_it(shared: Path) -> None:
    fixture = Fixture(shared, "mean_binaryproto")
    found = run_model(fixture.convert(mean_file=fixture.folder / "mean.binaryproto"), fixture.feeds())
    assert_close(found["out"], np.load(fixture.folder / "output_out_with_mean.npy"))


def test_mean_scale_and_channel_order_as_pycaffes_transformer(shared: Path) -> None:
    """caffe.io.Transformer: HWC to CHW, RGB to BGR, times 255, minus the mean, times 0.017."""
    fixture = Fixture(shared, "preprocess_transformer")
    result = fixture.convert(
        layout={"data": "nhwc->nchw"},
        reverse_input_channels=True,
        mean_values={"data": [104 / 255, 117 / 255, 123 / 255]},
        scale_values={"data": 1 / (255 * 0.017)},
    )
    image = np.load(fixture.folder / "rgb_hwc01.npy").astype(np.float32)
    found = run_model(result, {"data": image if image.ndim == 4 else image[None]})
    assert_close(found["out"], np.load(fixture.folder / "output_out_transformed.npy"))


def test_the_centre_of_a_larger_mean_image_is_subtracted(tmp_path: Path) -> None:
    assert_close(run(tmp_path, IMAGE), IMAGE - MEAN[:, 2:6, 3:8])


def test_offsets_say_column_and_row_where_the_crop_begins(tmp_path: Path) -> None:
    assert_close(run(tmp_path, IMAGE, mean_file_offsets=(6, 1)), IMAGE - MEAN[:, 1:5, 6:11])


def test_the_scale_divides_after_the_mean_image(tmp_path: Path) -> None:
    assert_close(run(tmp_path, IMAGE, scale_values=2.0), (IMAGE - MEAN[:, 2:6, 3:8]) / 2)


def test_the_mean_image_is_in_the_models_own_order(tmp_path: Path) -> None:
    given = np.ascontiguousarray(IMAGE[:, ::-1].transpose(0, 2, 3, 1))
    found = run(tmp_path, given, layout={"data": "nhwc->nchw"}, reverse_input_channels=True)
    assert_close(found, IMAGE - MEAN[:, 2:6, 3:8])


def test_the_crop_follows_the_shape_that_the_user_gives(tmp_path: Path) -> None:
    image = RNG.normal(size=(1, 3, 8, 8)).astype(np.float32)
    assert_close(run(tmp_path, image, shapes={"data": "1,3,8,8"}), image - MEAN[:, 0:8, 2:10])


@pytest.mark.parametrize("batch", [1, 5])
def test_the_batch_may_stay_open(tmp_path: Path, batch: int) -> None:
    image = RNG.normal(size=(batch, 3, 4, 5)).astype(np.float32)
    assert_close(run(tmp_path, image, shapes={"data": "?,3,4,5"}), image - MEAN[:, 2:6, 3:8])


TWO = inputs(a=(1, 3, 4, 5), b=(1, 3, 4, 5)) + layer("Concat", "a b", "out")
FLAT = inputs(data=(2, 3)) + layer("Power", "data", "out")


@pytest.mark.parametrize("text, options, code, what", [
    (NET, {"mean_values": {"data": [1, 2, 3]}}, "D120", "mean values and a mean image"),
    (NET, {"mean_file_offsets": (8, 0)}, "D120", "leaves the mean image"),
    (NET, {"mean_file_offsets": (0, 6)}, "D120", "leaves the mean image"),
    (NET, {"shapes": {"data": "1,3,?,?"}}, "D120", "size"),
    (NET, {"shapes": {"data": "1,3,10,5"}}, "D120", "does not cover"),
    (NET, {"shapes": {"data": "1,4,4,5"}}, "D120", "does not cover"),
    (NET, {"mean_file": None, "mean_file_offsets": (1, 1)}, "D102", "no mean image"),
    (TWO, {}, "D120", "one image input"),
    (FLAT, {}, "D120", "one image input"),
])  # fmt: skip
def test_what_does_not_fit_is_refused(tmp_path: Path, text: str, options: dict[str, Any], code: str, what: str) -> None:
    with pytest.raises(DragomanError, match=what) as caught:
        run(tmp_path, IMAGE, text, **options)
    assert caught.value.code == code


@pytest.mark.parametrize("data, codes", [
    (b"", ("D207", "D212", "D203", "D204")), (b"\xff" * 50, ("D207", "D204")), (b"hello", ("D207", "D204")),
    (b"version https://git-lfs.github.com/spec/v1\n", ("D211",)), (b"\x08\x01\x10\x03\x18\x04\x20\x05", ("D212",)),
])  # fmt: skip
def test_a_mean_file_that_is_none(tmp_path: Path, data: bytes, codes: tuple[str, ...]) -> None:
    (tmp_path / "mean").write_bytes(data)
    with pytest.raises(DragomanError) as caught:
        run(tmp_path, IMAGE, mean_file=tmp_path / "mean")
    assert caught.value.code in codes
    assert "mean" in caught.value.where


def test_a_mean_file_of_weights_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DragomanError, match="channels, height and width"):
        run(tmp_path, IMAGE, mean_file=mean_binaryproto(tmp_path / "w", np.ones((4, 3, 2, 2)), legacy_dims=False))


TRAINED = (
    'layer { name: "in" type: "Data" top: "data" data_param { batch_size: 2 } transform_param { mirror: true '
    "crop_size: 8 mean_value: 104 mean_value: 117 mean_value: 123 scale: 0.017 } }\n" + layer("Power", "data", "out")
)


def test_the_texts_own_preprocessing_is_a_hint_and_not_applied() -> None:
    (hint,) = dragoman.plan(TRAINED.encode()).hints
    assert "--mean-values 104,117,123 --scale-values 58.8235294" in hint
    assert dragoman.inspect(TRAINED.encode()).hints == (hint,)
    assert any(hint in line for line in dragoman.plan(TRAINED.encode()).lines())
    image = RNG.normal(size=(2, 3, 8, 8)).astype(np.float32)
    assert_close(run_model(dragoman.convert(TRAINED.encode()), {"data": image})["out"], image)


def test_convert_prints_the_hint_beside_the_path(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "net.prototxt").write_text(TRAINED)
    with pytest.raises(SystemExit):
        main(["convert", str(tmp_path / "net.prototxt"), "-o", str(tmp_path)])
    out, err = capsys.readouterr()
    assert out == f"{tmp_path / 'net.xml'}\n"
    assert "hint: the prototxt preprocesses the data of 'in'" in err


def test_the_hint_goes_when_the_user_decides() -> None:
    assert not dragoman.plan(TRAINED.encode(), mean_values={"data": [1, 2, 3]}).hints
    assert not dragoman.plan(NET.encode()).hints


def test_the_hint_can_be_followed() -> None:
    image = RNG.uniform(0, 255, (2, 3, 8, 8)).astype(np.float32)
    result = dragoman.convert(TRAINED.encode(), mean_values="104,117,123", scale_values="58.8235294")
    expected = (image - np.array([104, 117, 123], np.float32).reshape(3, 1, 1)) * np.float32(0.017)
    assert_close(run_model(result, {"data": image})["out"], expected)
