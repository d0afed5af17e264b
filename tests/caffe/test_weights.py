"""The binary file: every form that Caffe's history stored blobs in, and what is damaged."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dragoman.errors import SourceError
from dragoman.files import FileSource, MemorySource
from dragoman.graph.tensor import FileTensor
from dragoman_caffe.weights import read_blob, read_weights
from dragoman_sdk.caffe_model import StoredLayer, mean_binaryproto, write_caffemodel

RNG = np.random.default_rng(5)
KERNEL = RNG.normal(size=(4, 3, 2, 2)).astype(np.float32)
BIAS = RNG.normal(size=4).astype(np.float32)


def varint(number: int) -> bytes:
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


def field(number: int, content: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(content)) + content


def model(blob: bytes) -> MemorySource:
    """A file with one layer, "c", that has one blob."""
    return MemorySource(field(100, field(1, b"c") + field(7, blob)), "net.caffemodel")


def dims(*shape: int) -> bytes:
    return field(7, field(1, b"".join(map(varint, shape))))


def numbers(source: Any) -> np.ndarray:
    return read_weights(source).blobs["c"][0].tensor.numpy()


@pytest.mark.parametrize("version", ["v2", "v1", "v0"])
@pytest.mark.parametrize("form", [{}, {"legacy_dims": True}, {"double": True}, {"packed": False},
                                  {"legacy_dims": True, "double": True, "packed": False}])  # fmt: skip
def test_blobs_in_every_form(tmp_path: Path, version: Any, form: dict[str, Any]) -> None:
    path = write_caffemodel(tmp_path / "m.caffemodel", {"conv": [KERNEL, BIAS]}, version=version, **form)
    stored = read_weights(FileSource(path))
    kernel, bias = stored.blobs["conv"]
    assert stored.form == version.upper()
    assert kernel.legacy is bool(form.get("legacy_dims"))
    np.testing.assert_array_equal(kernel.tensor.numpy(), KERNEL)
    np.testing.assert_array_equal(bias.tensor.numpy().reshape(4), BIAS)
    assert kernel.tensor.dtype.name == "f32"


def test_packed_floats_stay_in_the_file(tmp_path: Path) -> None:
    path = write_caffemodel(tmp_path / "m.caffemodel", {"conv": [KERNEL]})
    tensor = read_weights(FileSource(path)).blobs["conv"][0].tensor
    assert isinstance(tensor, FileTensor)
    assert path.read_bytes()[tensor.offset : tensor.offset + tensor.nbytes] == KERNEL.tobytes()


@pytest.mark.parametrize("kind, dtype", [(0, "<f8"), (1, "<f4"), (2, "<f2")])
def test_raw_numbers_of_nvidias_fork(kind: int, dtype: str) -> None:
    held = np.array([1.5, -2.0, 0.25], dtype)
    raw = dims(3) + varint(10 << 3) + varint(kind) + field(12, held.tobytes())
    found = numbers(model(raw))
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, [1.5, -2.0, 0.25])


def test_packed_and_single_floats_in_one_blob() -> None:
    pieces = field(5, struct.pack("<2f", 1, 2)) + b"\x2d" + struct.pack("<f", 3) + field(5, struct.pack("<f", 4))
    np.testing.assert_array_equal(numbers(model(dims(4) + pieces)), [1, 2, 3, 4])


def test_dimensions_that_are_not_packed() -> None:
    blob = field(7, b"\x08\x02\x08\x01") + field(5, struct.pack("<2f", 1, 2))
    np.testing.assert_array_equal(numbers(model(blob)), [[1], [2]])


def test_a_blob_without_a_shape_is_one_number() -> None:
    assert numbers(model(field(5, struct.pack("<f", 7)))).shape == ()


def test_differences_of_training_are_skipped() -> None:
    blob = dims(1) + field(5, struct.pack("<f", 1)) + field(6, struct.pack("<f", 9)) + field(9, bytes(8))
    np.testing.assert_array_equal(numbers(model(blob)), [1])


def test_names_that_occur_twice_are_told(tmp_path: Path) -> None:
    path = write_caffemodel(
        tmp_path / "m", [StoredLayer("c", [BIAS]), StoredLayer("c", [BIAS]), StoredLayer("d", [BIAS])]
    )
    assert read_weights(FileSource(path)).twice == {"c"}


def test_layers_without_weights_have_none(tmp_path: Path) -> None:
    path = write_caffemodel(tmp_path / "m", [StoredLayer("r", [], "ReLU"), StoredLayer("c", [BIAS])])
    assert list(read_weights(FileSource(path)).blobs) == ["c"]


@pytest.mark.parametrize("blob, code, what", [
    (dims(3) + field(5, bytes(8)), "D212", r"takes 3 numbers, data has 2"),
    (dims(3) + field(8, bytes(8)), "D212", r"takes 3 numbers, double_data has 1"),
    (dims(3) + field(12, bytes(5)) + b"\x50\x02", "D212", r"raw_data has 2"),
    (dims(1) + field(12, bytes(5)) + b"\x50\x07", "D212", r"type 7 of NVIDIA"),
    (dims(2**31), "D212", "not one that Caffe takes"),
    (dims(2**20, 2**20, 2**20), "D212", "not one that Caffe takes"),
    (dims(2**64 - 1), "D212", "not one that Caffe takes"),
    (dims(*[1] * 33) + field(5, bytes(4)), "D212", "not one that Caffe takes"),
    (dims(1000), "D212", "takes 1000 numbers, data has 0"),
    (b"\x08" + varint(2**64 - 1), "D212", "not one that Caffe takes"),
    (dims(1) + field(5, bytes(3)), "D212", "data has 0"),
    (dims(1) + b"\x2a\x7f\x00", "D204", "127 bytes"),
])  # fmt: skip
def test_blobs_that_contradict_themselves(blob: bytes, code: str, what: str) -> None:
    with pytest.raises(SourceError, match=what) as caught:
        read_weights(model(blob))
    assert caught.value.code == code
    assert "net.caffemodel" in caught.value.where
    if caught.value.code == "D212":
        assert "layer 'c', blob 0" in caught.value.where


def test_a_file_without_layers_is_no_model() -> None:
    with pytest.raises(SourceError, match="no layer") as caught:
        read_weights(MemorySource(field(1, b"name"), "net.caffemodel"))
    assert caught.value.code == "D207"


@pytest.mark.parametrize("form", [{}, {"double": True}, {"legacy_dims": False}])
def test_mean_images(tmp_path: Path, form: dict[str, Any]) -> None:
    mean = RNG.normal(size=(3, 4, 5)).astype(np.float32)
    blob = read_blob(FileSource(mean_binaryproto(tmp_path / "mean.binaryproto", mean, **form)))
    np.testing.assert_array_equal(blob.tensor.numpy().reshape(3, 4, 5), mean)
