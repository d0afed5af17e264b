"""Sources of bytes, side files inside the model's folder only."""

from __future__ import annotations

import os

import pytest

from dragoman import files
from dragoman.errors import SourceError
from dragoman.files import ByteSource, FileSource, MemorySource, side_file

DATA = bytes(range(256)) * 5


@pytest.fixture(params=["file", "memory", "plain"])
def source(request, tmp_path) -> ByteSource:
    if request.param == "memory":
        return MemorySource(DATA)
    (tmp_path / "f").write_bytes(DATA)
    found = FileSource(tmp_path / "f")
    if request.param == "plain":  # only what a source must have

        class Plain(ByteSource):
            def read(self, offset, count):
                self.check_range(offset, count)
                return found.read(offset, count)

        return Plain("plain", len(DATA))
    return found


def test_ranges_and_blocks(source, monkeypatch):
    monkeypatch.setattr(files, "BLOCK", 100)
    assert source.read(3, 7) == DATA[3:10]
    assert source.read(len(DATA), 0) == b""
    assert b"".join(bytes(b) for b in source.blocks(5, 250)) == DATA[5:255]
    assert list(source.blocks(0, 0)) in ([], [b""])
    buffer = bytearray(20)
    source.read_into(9, memoryview(buffer))
    assert buffer == DATA[9:29]


@pytest.mark.parametrize(("offset", "count"), [(0, len(DATA) + 1), (len(DATA), 1), (-1, 1), (0, -1), (1 << 70, 1)])
def test_what_lies_outside_is_refused(source, offset, count):
    for attempt in (lambda: source.read(offset, count), lambda: list(source.blocks(offset, count))):
        with pytest.raises(SourceError) as error:
            attempt()
        assert error.value.code == "D204"


def test_a_file_that_shrinks_is_told(tmp_path):
    (tmp_path / "f").write_bytes(DATA)
    source = FileSource(tmp_path / "f")
    os.truncate(tmp_path / "f", 100)
    for attempt in (lambda: source.read(50, 200), lambda: source.read_into(50, memoryview(bytearray(200)))):
        with pytest.raises(SourceError) as error:
            attempt()
        assert error.value.code == "D204"


def test_no_descriptor_is_left_open(tmp_path):
    (tmp_path / "f").write_bytes(DATA)
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(20):
        FileSource(tmp_path / "f").read(0, 1)
    assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize(
    ("name", "code"), [("modle.onnx", "D201"), ("none/model.onnx", "D201"), (".", "D202"), ("a\0b", "D201")]
)
def test_paths_that_cannot_be_read(tmp_path, name, code):
    (tmp_path / "model.onnx").write_bytes(b"x")
    with pytest.raises(SourceError) as error:
        FileSource(str(tmp_path) + "/" + name)
    assert error.value.code == code
    if name == "modle.onnx":
        assert "model.onnx" in error.value.hint


def test_side_files_beside_the_model(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "w.bin").write_bytes(b"w")
    (tmp_path / "link").symlink_to(tmp_path / "data" / "w.bin")
    assert side_file(tmp_path, "data/w.bin", "tensor w").read_bytes() == b"w"
    assert side_file(tmp_path, "data\\w.bin", "tensor w").read_bytes() == b"w"
    assert side_file(tmp_path, "link", "tensor w").read_bytes() == b"w"


@pytest.mark.parametrize(
    "location", ["", "../w", "a/../../w", "/etc/passwd", "\\w", "C:\\w", "a\0b", "out", "outdir/w", "..\\w", "loop"]
)
def test_side_files_elsewhere_are_refused(tmp_path, location):
    folder = tmp_path / "model"
    folder.mkdir()
    (tmp_path / "w").write_bytes(b"secret")
    (folder / "out").symlink_to(tmp_path / "w")
    (folder / "outdir").symlink_to(tmp_path)
    (folder / "loop").symlink_to(folder / "loop")
    with pytest.raises(SourceError) as error:
        side_file(folder, location, "tensor w")
    assert error.value.code in ({"D205", "D206"} if location == "loop" else {"D206"})
    assert "tensor w" in error.value.where


@pytest.mark.parametrize("location", ["none", "data", "data/none"])
def test_missing_side_files_are_told(tmp_path, location):
    (tmp_path / "data").mkdir()
    with pytest.raises(SourceError) as error:
        side_file(tmp_path, location, "tensor w")
    assert error.value.code == "D205"
