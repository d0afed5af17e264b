"""The pair appears whole or not at all; what was there stays; the source is never overwritten."""

from __future__ import annotations

import multiprocessing
import os
import resource
from pathlib import Path

import numpy as np
import pytest
from tests.core.ir.models import Model, read_pair

from dragoman.errors import DragomanError, SourceError
from dragoman.files import FileSource
from dragoman.graph.tensor import FileTensor, LazyTensor
from dragoman.graph.types import f32
from dragoman.ir.output import output_pair
from dragoman.ir.write import write_ir


def model_of(tensor=None) -> Model:
    m = Model()
    m.output(m.op.Add(m.input("x", "?"), m.op.constant(2.0 if tensor is None else tensor)), "y")
    return m


def failing(error: BaseException) -> LazyTensor:
    def make():
        raise error

    return LazyTensor(f32, (5000,), make)


def tree(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() if p.is_file() else b"/" for p in sorted(folder.rglob("*"))}


def code_of(model: Model, folder: Path, name: str = "model", **options) -> str:
    with pytest.raises(DragomanError) as error:
        write_ir(model.graph, folder, name, **options)
    assert error.value.where
    assert error.value.hint
    return error.value.code


def test_missing_folders_are_made(tmp_path):
    xml = model_of().write(tmp_path / "a" / "b")
    assert sorted(p.name for p in (tmp_path / "a" / "b").iterdir()) == ["model.bin", "model.xml"]
    assert read_pair(xml.read_bytes(), xml.with_suffix(".bin").read_bytes()).outputs


@pytest.mark.parametrize("error", [RuntimeError("broken"), KeyboardInterrupt(), SourceError("D204", "short")])
def test_a_failure_midway_leaves_the_old_pair_and_nothing_else(tmp_path, error):
    model_of().write(tmp_path)
    before = tree(tmp_path)
    with pytest.raises(type(error)):
        model_of(failing(error)).write(tmp_path)
    assert tree(tmp_path) == before


def test_a_failure_removes_the_folders_that_were_made(tmp_path):
    with pytest.raises(RuntimeError):
        model_of(failing(RuntimeError())).write(tmp_path / "a" / "b")
    assert tree(tmp_path) == {}


@pytest.fixture
def small_files():
    """No file may become larger than 64 KB: what a full disk looks like to a writer."""
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, old[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, old)


@pytest.mark.parametrize("from_file", [False, True])
def test_no_space_is_an_output_error_and_leaves_nothing(tmp_path, from_file, request):
    source = tmp_path / "source.bin"
    source.write_bytes(os.urandom(1 << 18))
    request.getfixturevalue("small_files")
    tensor = FileTensor(FileSource(source), 0, f32, (1 << 16,))
    if not from_file:
        tensor = LazyTensor(f32, (1 << 16,), lambda: np.arange(1 << 16, dtype=np.float32))
    assert code_of(model_of(tensor), tmp_path / "out") == "D802"
    assert list(tree(tmp_path)) == ["source.bin"]


def test_a_full_device_is_an_output_error(tmp_path, monkeypatch):
    real_open = open

    def full(path, mode="r", *args, **kwargs):
        return real_open("/dev/full", "wb") if str(path).endswith(".part") else real_open(path, mode, *args, **kwargs)

    monkeypatch.setattr("builtins.open", full)
    assert code_of(model_of(), tmp_path) == "D802"
    assert tree(tmp_path) == {}


def test_a_file_in_place_of_the_folder(tmp_path):
    (tmp_path / "out").write_text("mine")
    assert code_of(model_of(), tmp_path / "out") == "D801"
    assert code_of(model_of(), tmp_path / "out" / "deeper") == "D801"
    assert tree(tmp_path) == {"out": b"mine"}


@pytest.mark.parametrize("suffix", [".xml", ".bin"])
def test_a_folder_in_place_of_a_file(tmp_path, suffix):
    (tmp_path / f"model{suffix}").mkdir()
    assert code_of(model_of(), tmp_path) == "D801"
    assert tree(tmp_path) == {f"model{suffix}": b"/"}


def test_a_name_that_is_too_long(tmp_path):
    assert code_of(model_of(), tmp_path, "n" * 300) == "D801"
    assert tree(tmp_path) == {}


def test_a_read_only_folder(tmp_path):
    if not Path("/proc/self").is_dir():
        pytest.skip("needs a folder that nobody can write to")
    assert code_of(model_of(), Path("/proc/self")) in ("D801", "D803")


def test_links_are_followed(tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    out = tmp_path / "out"
    out.mkdir()
    for suffix in (".xml", ".bin"):
        (out / f"model{suffix}").symlink_to(elsewhere / f"real{suffix}")
    model_of().write(out)
    assert (out / "model.xml").is_symlink()
    assert sorted(p.name for p in elsewhere.iterdir()) == ["real.bin", "real.xml"]


@pytest.mark.parametrize("how", ["same", "symbolic link", "hard link"])
def test_a_file_of_the_source_is_never_overwritten(tmp_path, how):
    source = tmp_path / "weights.bin"
    source.write_bytes(b"weights")
    if how == "same":
        source = source.rename(tmp_path / "model.bin")
    elif how == "symbolic link":
        (tmp_path / "model.bin").symlink_to(source)
    else:
        (tmp_path / "model.bin").hardlink_to(source)
    before = tree(tmp_path)
    assert code_of(model_of(), tmp_path, protected=[source]) == "D804"
    assert tree(tmp_path) == before


def test_a_failed_second_rename_takes_the_first_back(tmp_path, monkeypatch):
    model_of().write(tmp_path)
    before = tree(tmp_path)
    replace = os.replace

    def failing_replace(source, target):
        if str(target).endswith(".xml"):
            raise OSError(5, "Input/output error")
        replace(source, target)

    monkeypatch.setattr(os, "replace", failing_replace)
    other = LazyTensor(f32, (3,), lambda: np.ones(3, np.float32))
    assert code_of(model_of(other), tmp_path) == "D803"
    assert tree(tmp_path) == before


def _write_many(folder: Path, number: int) -> None:
    for _ in range(20):
        with output_pair(folder / "m.xml", folder / "m.bin") as (text, data):
            text.write(b"%d" % number)
            data.write(b"%d" % number)


def test_two_processes_never_mix_their_files(tmp_path):
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=_write_many, args=(tmp_path, k)) for k in (1, 2)]
    for w in writers:
        w.start()
    for w in writers:
        w.join()
    assert [w.exitcode for w in writers] == [0, 0]
    assert (tmp_path / "m.xml").read_bytes() == (tmp_path / "m.bin").read_bytes()
    assert len(tree(tmp_path)) == 2


def test_a_source_that_shrinks_is_a_source_error(tmp_path):
    source = tmp_path / "source.bin"
    source.write_bytes(bytes(1 << 18))
    tensor = FileTensor(FileSource(source), 0, f32, (1 << 16,))
    os.truncate(source, 1 << 17)
    with pytest.raises(SourceError) as error:
        model_of(tensor).write(tmp_path / "out")
    assert error.value.code == "D204"
    assert list(tree(tmp_path)) == ["source.bin"]
