"""What a user may hand over by mistake or malice, for both files: the right error, quickly, with nothing written."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tests.caffe.support import inputs, layer

import dragoman
from dragoman.errors import DragomanError, SourceError, UnsupportedError
from dragoman_sdk.caffe_model import save_net

RNG = np.random.default_rng(0)
NET = (
    inputs(data=(1, 3, 8, 8))
    + layer("Convolution", "data", "conv", "convolution_param { num_output: 4 kernel_size: 3 }", "conv")
    + layer("ReLU", "conv", "conv", name="relu")
    + layer("InnerProduct", "conv", "ip", "inner_product_param { num_output: 5 }", "ip")
    + layer("Softmax", "ip", "prob", name="prob")
)
BLOBS = {
    "conv": [RNG.normal(size=(4, 3, 3, 3)), RNG.normal(size=4)],
    "ip": [RNG.normal(size=(5, 144)), RNG.normal(size=5)],
}
LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 3\n"


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    """A good prototxt and caffemodel, model.prototxt and model.caffemodel."""
    return save_net(tmp_path, NET, BLOBS)


def refused(given: object, *codes: str, **options: object) -> DragomanError:
    with pytest.raises(DragomanError) as caught:
        dragoman.convert(given, **options)
    error = caught.value
    assert error.code in codes, str(error)
    assert error.what
    assert error.hint
    return error


def test_the_pair_itself_converts(pair: tuple[Path, Path]) -> None:
    assert dragoman.convert(pair[1]).graph.outputs


@pytest.mark.parametrize("old, new, near", [
    ("num_output: 4", "num_outptu: 4", "'num_output'"),
    ("convolution_param", "convolutoin_param", "'convolution_param'"),
    ("input_param", "input_parm", "'input_param'"),
    ("dim: 1", "dmi: 1", "'dim'"),
    ("type: \"ReLU\"", "tpye: \"ReLU\"", "'type'"),
    ("num_output: 5", "bias_trem: false num_output: 5", "'bias_term'"),
    ("num_output: 5", "wieght_filler { value: 1 } num_output: 5", "'weight_filler'"),
    ("num_output: 5", "num_output: 5 weight_filler { vlaue: 1 }", "'value'"),
    ("type: \"ReLU\"", "pahse: TEST type: \"ReLU\"", "'phase'"),
    ("bottom: \"ip\"", "include { pahse: TEST } bottom: \"ip\"", "'phase'"),
    ("bottom: \"ip\"", "param { lr_mlt: 1 } bottom: \"ip\"", "'lr_mult'"),
    ("bottom: \"ip\"", "bottmo: \"ip\"", "'bottom'"),
    ("layer {", "lyaer {", "'layer'"),
    ("layer {", "nmae: \"net\" layer {", "'name'"),
    ("layer {", "state { levle: 1 } layer {", "'level'"),
])  # fmt: skip
def test_a_misspelt_field_has_line_column_and_the_nearest(tmp_path: Path, old: str, new: str, near: str) -> None:
    text = NET.replace(old, new, 1)
    message = str(refused(save_net(tmp_path, text, BLOBS)[1], "D207", "D210", "D301", "D302"))
    word = next(w for w in new.replace(":", " ").split() if w not in old and w not in ("{", "include", "param", "state",
                "num_output", "weight_filler"))  # fmt: skip
    at = text.index(word)
    line, column = text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)
    assert f"line {line}, column {column}" in message
    assert near in message


@pytest.mark.parametrize("old, new, near", [
    ("kernel_size: 3", "kernel_size: 3 engine: CAFE", "CAFFE"),
    ('type: "ReLU"', 'type: "ReLU" phase: TSET', "TEST"),
])  # fmt: skip
def test_a_misspelt_word_has_line_column_and_the_nearest(tmp_path: Path, old: str, new: str, near: str) -> None:
    error = refused(save_net(tmp_path, NET.replace(old, new), BLOBS)[1], "D207")
    assert "column" in error.where
    assert near in error.hint


def test_a_misspelt_layer_type_gets_the_nearest(tmp_path: Path) -> None:
    error = refused(save_net(tmp_path, NET.replace('"Softmax"', '"Sofmtax"'), BLOBS)[1], "D301")
    assert "Softmax" in str(error)


def test_a_caffemodel_of_another_net(tmp_path: Path) -> None:
    error = refused(save_net(tmp_path, NET, {"fc8": [np.ones(3)], "fc9": [np.ones(3)]})[1], "D210")
    assert "none of the 2 layers" in error.what
    assert "fc8" in error.what


def test_layers_that_the_model_does_not_have_are_all_named(tmp_path: Path) -> None:
    error = refused(save_net(tmp_path, NET, {"conv": BLOBS["conv"], "fc9": [np.ones(3)]})[1], "D302")
    assert "ip" in str(error)
    assert "--allow-missing-weights" in str(error)


@pytest.mark.parametrize("blobs", [
    {"conv": [np.ones((4, 3, 3, 2)), np.ones(4)]},
    {"conv": [np.ones((4, 2, 3, 3)), np.ones(4)]},
    {"conv": [np.ones((4, 3, 3, 3)), np.ones(5)]},
    {"conv": [np.ones((4, 3, 3, 3))]},
    {"conv": [np.ones((4, 3, 3, 3)), np.ones(4), np.ones(4)]},
    {"ip": [np.ones((5, 100)), np.ones(5)]},
    {"ip": [np.ones((144, 5)), np.ones(5)]},
])  # fmt: skip
def test_blobs_whose_shape_disagrees(tmp_path: Path, blobs: dict[str, list[np.ndarray]]) -> None:
    error = refused(save_net(tmp_path, NET, {**BLOBS, **blobs})[1], "D302")
    (problem,) = error.problems
    assert next(iter(blobs)) in str(problem)


@pytest.mark.parametrize("dim", ["-1", "0", "1000000000000", "99999999999999999999999", "2147483648"])
def test_dimensions_that_cannot_be(tmp_path: Path, dim: str) -> None:
    error = refused(save_net(tmp_path, NET.replace("dim: 1 ", f"dim: {dim} ", 1), BLOBS)[1], "D210", "D207")
    assert "line 1" in error.where


@pytest.mark.parametrize("number", ["-1", "0", "4294967295", "99999999999", "1e9"])
def test_parameters_that_cannot_be(tmp_path: Path, number: str) -> None:
    for name in ("num_output: 4", "kernel_size: 3", "num_output: 5"):
        text = NET.replace(name, f"{name.partition(':')[0]}: {number}")
        refused(save_net(tmp_path, text, BLOBS)[1], "D207", "D302", "D401")


@pytest.mark.parametrize("text, what", [
    (NET.replace('bottom: "conv"', 'bottom: "cnov"', 1), "reads the blob 'cnov'"),
    (NET + layer("ReLU", "prob", "data", name="again"), "'data' is made by"),
    (NET.replace('bottom: "data"', 'bottom: "prob"'), "'prob' makes it, and stands later"),
])  # fmt: skip
def test_wiring_that_caffe_rejects(tmp_path: Path, text: str, what: str) -> None:
    error = refused(save_net(tmp_path, text, BLOBS)[1], "D210")
    assert what in str(error)
    assert ", line " in str(error)


def unknown(count: int) -> str:
    return inputs(x=(1, 3, 4, 4)) + "".join(
        layer(f"Frob{k}", "x" if k == 0 else f"b{k - 1}", f"b{k}", f"frob{k}_param {{ a: 1 }}", f"l{k}")
        for k in range(count)
    )


def cli(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "dragoman", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, timeout=60, check=False)


def test_ten_unknown_layer_types_are_one_error(tmp_path: Path) -> None:
    (tmp_path / "net.prototxt").write_text(unknown(10))
    error = refused(tmp_path / "net.prototxt", "D301")
    assert [p.layer for p in error.problems] == [f"l{k}" for k in range(10)]
    assert isinstance(error, UnsupportedError)
    done = cli("plan", "net.prototxt", "--json", cwd=tmp_path)
    assert done.returncode == 4
    assert [x["op"] for x in json.loads(done.stdout)["layers"]] == [f"Frob{k}" for k in range(10)]


@pytest.mark.parametrize("which", [0, 1])
def test_git_lfs_pointers(pair: tuple[Path, Path], which: int) -> None:
    pair[which].write_bytes(LFS)
    assert "git lfs pull" in refused(pair[1], "D211").hint
    assert refused(pair[1], "D211", input_proto=pair[0]).where.endswith(pair[which].name)


def test_a_prototxt_given_as_the_model(pair: tuple[Path, Path]) -> None:
    error = refused(pair[0], "D213")
    assert "--input-proto" in str(error)
    assert dragoman.plan(pair[0]).complete
    assert sum(dragoman.inspect(pair[0]).layers.values()) == 4


def test_a_prototxt_given_as_both(pair: tuple[Path, Path]) -> None:
    refused(pair[0], "D102", input_proto=pair[0])


def test_a_caffemodel_given_as_the_prototxt(pair: tuple[Path, Path]) -> None:
    error = refused(pair[1], "D207", input_proto=pair[1])
    assert ".prototxt" in error.hint


def test_the_two_files_exchanged(pair: tuple[Path, Path]) -> None:
    refused(pair[0], "D102", "D207", input_proto=pair[1])


def test_no_prototxt_beside_the_model(pair: tuple[Path, Path]) -> None:
    pair[0].rename(pair[0].with_name("deploy.prototxt"))
    error = refused(pair[1], "D213")
    assert "deploy.prototxt" in error.hint
    assert dragoman.convert(pair[1], input_proto=pair[0].with_name("deploy.prototxt")).graph.outputs


@pytest.mark.parametrize("path, code", [("nowhere.prototxt", "D201"), ("no/folder.prototxt", "D201"), (".", "D202"),
                                        ("a\0b", "D201"), ("x" * 5000, "D202")])  # fmt: skip
def test_a_prototxt_that_cannot_be_opened(pair: tuple[Path, Path], path: str, code: str) -> None:
    refused(pair[1], code, "D201", input_proto=pair[0].parent / path)


@pytest.mark.parametrize("path, code", [("modle.caffemodel", "D201"), ("no/m.caffemodel", "D201"), (".", "D202"),
                                        ("a\0b.caffemodel", "D201")])  # fmt: skip
def test_a_caffemodel_that_cannot_be_opened(pair: tuple[Path, Path], path: str, code: str) -> None:
    error = refused(str(pair[1].parent) + "/" + path, code)
    if path == "modle.caffemodel":
        assert "model.caffemodel" in error.hint


@pytest.mark.parametrize("data", [
    b"", b" ", b"\n\n# only a comment\n", b"hello, this is text\n",
    b"\x89PNG\r\n\x1a\n" + bytes(40), bytes(100), b"\xff" * 100,
    b"\x08" * 100, b"{" * 1000, b"\0", b"PK\x03\x04" + bytes(30), b"<?xml version='1.0'?><net/>", b'{"nodes": []}',
    "é".encode("utf-16"), b"\xef\xbb\xbf", b"layer", b"name: \"x\"", b"layer { }",
])  # fmt: skip
@pytest.mark.parametrize("which", [0, 1])
def test_what_is_neither(pair: tuple[Path, Path], data: bytes, which: int) -> None:
    pair[which].write_bytes(data)
    error = refused(pair[1], "D203", "D204", "D207", "D208", "D210")
    assert pair[which].name in error.where
    assert error.exit_code == SourceError.exit_code


def test_either_file_truncated_anywhere(pair: tuple[Path, Path]) -> None:
    for path in pair:
        data = path.read_bytes()
        for k in range(1, 20):
            path.write_bytes(data[: len(data) * k // 20])
            with pytest.raises(DragomanError) as caught:
                dragoman.convert(pair[1])
            assert isinstance(caught.value, (SourceError, UnsupportedError)), (path.name, k)
        path.write_bytes(data)
    assert dragoman.convert(pair[1]).graph.outputs


def test_a_text_in_latin_1_and_with_carriage_returns(pair: tuple[Path, Path]) -> None:
    pair[0].write_bytes(b"# caf\xe9\r\n" + NET.replace("\n", "\r\n").encode())
    assert dragoman.convert(pair[1]).graph.outputs


def test_nul_bytes_inside_the_text(pair: tuple[Path, Path]) -> None:
    pair[0].write_bytes(NET.encode().replace(b"\n", b"\0", 1))
    refused(pair[1], "D207")
    pair[0].write_bytes(b"#" * 5000 + b"\n" + NET.encode() + b"\0")
    assert "line 7, column 1" in refused(pair[1], "D207").where


@pytest.mark.parametrize("text", [
    "layer {" * 100_000, "layer { a {" * 50_000, "layer { a: [" * 50_000, "{" * 100_000_000, '"' * 10_000_000,
    "a" * 20_000_000, "layer: [" + "1," * 1_000_000, "a: " + "9" * 5_000_000, "layer { name: 'x" + "\\" * 1_000_001,
    "#" * 50_000_000, "a:1 " * 5_000_000,
], ids=lambda text: text[:12])  # fmt: skip
def test_hostile_texts_are_refused_in_a_few_words(tmp_path: Path, text: str) -> None:
    path = tmp_path / "net.prototxt"
    path.write_text(text)
    error = refused(path, "D203", "D207", "D208", framework="caffe")
    assert len(str(error)) < 5000


@pytest.mark.slow
def test_a_net_of_a_hundred_thousand_layers_is_read(tmp_path: Path) -> None:
    count = 100_000
    path = tmp_path / "net.prototxt"
    path.write_text(
        inputs(a=(1, 3))
        + layer("ReLU", "a", "b")
        + "".join(f'layer {{ name: "l{k}" type: "ReLU" bottom: "b" top: "b" }}\n' for k in range(1, count))
    )
    assert dragoman.inspect(path).layers == {"ReLU": count}


def test_names_of_a_million_letters(tmp_path: Path) -> None:
    name = "n" * 1_000_000
    path = tmp_path / "net.prototxt"
    path.write_text(inputs(x=(1, 3)) + layer("Frob", "x", "y", name=name))
    assert len(str(refused(path, "D301"))) < 20_000


@pytest.mark.parametrize("arguments, code", [
    (["convert", "nothing.caffemodel"], 3),
    (["convert", "model.prototxt"], 3),
    (["convert", "model.caffemodel", "--input-proto", "none.prototxt"], 3),
    (["convert", "model.caffemodel", "--input-prto", "model.prototxt"], 2),
    (["convert", "model.caffemodel", "--stage", "deploy"], 2),
    (["convert", "model.caffemodel", "--level", "high"], 2),
    (["convert", "model.caffemodel", "--output", "porb"], 2),
    (["convert", "model.caffemodel", "--input", "dtaa"], 2),
    (["convert", "model.caffemodel", "--shape", "data=1,3"], 2),
    (["convert", "model.caffemodel", "--mean-file", "none.binaryproto"], 3),
    (["convert", "model.caffemodel", "--mean-file-offsets", "1"], 2),
    (["convert", "model.caffemodel", "--mean-file-offsets", "1,1"], 2),
    (["convert", "model.caffemodel", "-o", "model.prototxt"], 9),
    (["plan", "model.caffemodel", "--stage", "deploy"], 2),
    (["inspect", "nothing.prototxt"], 3),
])  # fmt: skip
def test_exit_codes_and_nothing_written(pair: tuple[Path, Path], arguments: list[str], code: int) -> None:
    folder = pair[0].parent
    before = {p.name: p.read_bytes() for p in folder.iterdir()}
    done = cli(*arguments, cwd=folder)
    assert done.returncode == code, done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert "hint:" in done.stderr
    assert {p.name: p.read_bytes() for p in folder.iterdir()} == before


def test_neither_file_is_overwritten_by_the_result(pair: tuple[Path, Path]) -> None:
    for path in pair:
        path.with_suffix(".xml").symlink_to(path.name)
        refused_save(dragoman.convert(pair[1]), path.parent)
        path.with_suffix(".xml").unlink()
    assert pair[0].read_text() == NET


def refused_save(result: dragoman.Result, folder: Path) -> None:
    with pytest.raises(DragomanError) as caught:
        result.save(folder)
    assert caught.value.code == "D804"


def test_an_output_folder_that_cannot_be_written(pair: tuple[Path, Path]) -> None:
    blocked = pair[0].parent / "file"
    blocked.write_text("")
    with pytest.raises(DragomanError) as caught:
        dragoman.convert(pair[1]).save(blocked / "out")
    assert caught.value.code == "D801"


@pytest.mark.skipif(os.name != "posix", reason="the test needs named pipes")
@pytest.mark.parametrize("which", [0, 1])
def test_a_pipe_is_refused_without_waiting(pair: tuple[Path, Path], which: int) -> None:
    pair[which].unlink()
    os.mkfifo(pair[which])
    refused(pair[1], "D202")


def test_a_model_in_memory_needs_its_prototxt_named(pair: tuple[Path, Path]) -> None:
    data = pair[1].read_bytes()
    assert "--input-proto" in refused(data, "D213", framework="caffe").hint
    assert dragoman.convert(data, framework="caffe", input_proto=pair[0]).graph.outputs


def test_a_prototxt_in_memory_is_planned(pair: tuple[Path, Path]) -> None:
    assert dragoman.plan(NET.encode()).complete
