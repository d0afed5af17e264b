"""What a user may hand over by mistake or malice: each ends in the right error, quickly, with nothing written."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper
from tests.fuzz.seeds import convolution
from tests.onnx.support import model_of, port

import dragoman
from dragoman.errors import DragomanError, OutputError, SourceError, UnsupportedError


def refused(given: object, code: str, **options: object) -> DragomanError:
    with pytest.raises(DragomanError) as caught:
        dragoman.convert(given, **options)
    error = caught.value
    assert error.code == code, str(error)
    assert error.what
    assert error.where
    assert error.hint
    return error


def test_a_missing_file_names_the_closest(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(convolution().SerializeToString())
    assert "model.onnx" in refused(tmp_path / "modle.onnx", "D201").hint


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    assert "nowhere" in refused(tmp_path / "nowhere" / "model.onnx", "D201").hint


def test_a_folder_is_not_a_model(tmp_path: Path) -> None:
    refused(tmp_path, "D202")


@pytest.mark.parametrize("data", [b"", b"hello, this is text\n", b"\x89PNG\r\n\x1a\n" + bytes(40), bytes(100)])
def test_what_is_no_model_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "model.bin"
    path.write_bytes(data)
    refused(path, "D203")


def test_an_onnx_file_without_a_graph_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(onnx.ModelProto(ir_version=8).SerializeToString())
    refused(path, "D203")


def test_a_git_lfs_pointer_says_so(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 3\n")
    assert "git lfs pull" in refused(path, "D211").hint


def test_a_model_truncated_anywhere_is_refused_or_complete(tmp_path: Path) -> None:
    data = convolution().SerializeToString()
    path = tmp_path / "model.onnx"
    for length in range(1, len(data), 7):
        path.write_bytes(data[:length])
        with pytest.raises(DragomanError) as caught:
            dragoman.convert(path)
        assert isinstance(caught.value, (SourceError, UnsupportedError)), length


def unknown(*names: str) -> onnx.ModelProto:
    nodes, at = [], "x"
    for i, name in enumerate(names):
        nodes.append(helper.make_node(name, [at], [f"v{i}"], name=f"layer{i}", domain="acme" if i % 2 else ""))
        at = f"v{i}"
    return model_of(nodes, [port("x", shape=[2])], [port(at)], domains={"acme": 1})


def test_every_unknown_operator_is_named_at_once() -> None:
    error = refused(unknown("Foo", "Bar", "Foo"), "D301")
    assert [p.layer for p in error.problems] == ["layer0", "layer1", "layer2"]
    assert "Foo x2" in error.what


def test_plan_names_every_unknown_operator_and_exits_4(tmp_path: Path) -> None:
    onnx.save(unknown("Foo", "Bar", "Baz"), tmp_path / "m.onnx")
    done = cli("plan", "m.onnx", "--json", cwd=tmp_path)
    assert done.returncode == 4
    layers = json.loads(done.stdout)["layers"]
    assert [(x["name"], x["op"], x["status"]) for x in layers] == [
        ("layer0", "Foo", "unknown"), ("layer1", "acme:Bar", "unknown"), ("layer2", "Baz", "unknown"),
    ]  # fmt: skip


def cli(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "dragoman", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, timeout=60, check=False)


@pytest.mark.parametrize("arguments, code", [
    (["convert", "nothing.onnx"], 3),
    (["convert", "m.onnx", "--shpae", "x=1"], 2),
    (["convert", "m.onnx", "--shape", "y=1,3,8,8"], 2),
    (["convert", "m.onnx", "--shape", "x=1,3"], 2),
    (["convert", "m.onnx", "--output", "nowhere"], 2),
    (["convert", "m.onnx", "--precision", "f8"], 2),
    (["convert", "m.onnx", "--skip", "NoRule"], 2),
    (["convert", "m.onnx", "--config", "none.toml"], 3),
    (["convert"], 2),
    (["frobnicate"], 2),
    (["explain", "D999"], 2),
    (["convert", "m.onnx", "-o", "m.onnx"], 9),
])  # fmt: skip
def test_exit_codes_and_nothing_written(tmp_path: Path, arguments: list[str], code: int) -> None:
    onnx.save(convolution(), tmp_path / "m.onnx")
    before = (tmp_path / "m.onnx").read_bytes()
    done = cli(*arguments, cwd=tmp_path)
    assert done.returncode == code, done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert "hint:" in done.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["m.onnx"]
    assert (tmp_path / "m.onnx").read_bytes() == before


def test_an_error_in_json_has_the_same_fields(tmp_path: Path) -> None:
    done = cli("convert", "nothing.onnx", "--json", cwd=tmp_path)
    error = json.loads(done.stdout)["error"]
    assert (error["code"], error["exit_code"]) == ("D201", 3)
    assert set(error) >= {"what", "where", "hint", "problems"}


def test_a_full_disk_leaves_nothing_behind(tmp_path: Path) -> None:
    weight = np.zeros(1 << 20, np.float32) + np.arange(1 << 20, dtype=np.float32)
    model = model_of([helper.make_node("Add", ["x", "w"], ["y"])], [port("x", shape=[1 << 20])], [port("y")],
                     constants={"w": weight})  # fmt: skip
    onnx.save(model, tmp_path / "m.onnx")
    code = (
        "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20));"
        "from dragoman.cli import main; main(['convert', 'm.onnx', '-o', 'out'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == OutputError.exit_code, done.stderr
    assert "D802" in done.stderr
    assert not (tmp_path / "out").exists()


def test_the_source_is_never_overwritten_by_the_result(tmp_path: Path) -> None:
    model = model_of([helper.make_node("Add", ["x", "w"], ["y"])], [port("x", shape=[300])], [port("y")],
                     constants={"w": np.ones(300, np.float32)})  # fmt: skip
    onnx.save(model, tmp_path / "m.onnx", save_as_external_data=True, location="m.bin", size_threshold=0)
    before = (tmp_path / "m.bin").read_bytes()
    with pytest.raises(OutputError) as caught:
        dragoman.convert(tmp_path / "m.onnx").save(tmp_path)
    assert caught.value.code == "D804"
    assert (tmp_path / "m.bin").read_bytes() == before


def test_a_tensor_beyond_any_memory_is_refused() -> None:
    nodes = [helper.make_node("Expand", ["x", "s"], ["y"])]
    constants = {"s": np.array([2**20, 2**20, 2**10], np.int64)}
    model = model_of(nodes, [port("x", shape=[1])], [port("y")], constants=constants)
    with pytest.raises(DragomanError, match="Expand"):
        dragoman.convert(model)


def test_an_input_of_2_to_the_40_elements_costs_nothing() -> None:
    model = model_of([helper.make_node("Relu", ["x"], ["y"])], [port("x", shape=[2**20, 2**20])], [port("y")])
    with pytest.raises(DragomanError) as caught:
        dragoman.convert(model)
    assert "elements" in str(caught.value)


@pytest.mark.skipif(os.name != "posix", reason="the test needs named pipes")
def test_a_pipe_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.onnx")
    refused(tmp_path / "pipe.onnx", "D202")
