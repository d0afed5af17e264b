"""Same input, options and plugins: the same bytes, whatever the folder, the process or the hash seed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.fuzz.seeds import all_seeds

import dragoman

SEEDS = dict(all_seeds())


def converted(model: Path, folder: Path, seed: str, *options: str) -> tuple[bytes, bytes]:
    subprocess.run(
        [sys.executable, "-m", "dragoman", "convert", str(model), "-o", str(folder), "-q", *options],
        check=True, capture_output=True, env={**os.environ, "PYTHONHASHSEED": seed},
    )  # fmt: skip
    return (folder / "m.xml").read_bytes(), (folder / "m.bin").read_bytes()


@pytest.mark.parametrize("precision", ["keep", "f16"])
@pytest.mark.parametrize("name", ["convolution", "branches", "recurrent"])
def test_processes_and_folders_agree(tmp_path: Path, name: str, precision: str) -> None:
    (tmp_path / "in").mkdir()
    model = tmp_path / "in" / "m.onnx"
    model.write_bytes(SEEDS[name])
    first = converted(model, tmp_path / "a", "1", "--precision", precision)
    second = converted(model, tmp_path / "b" / "deeper", "2", "--precision", precision)
    assert first == second
    assert str(tmp_path).encode() not in first[0]


@pytest.mark.parametrize("name", SEEDS)
def test_the_same_model_as_path_bytes_or_file_object(tmp_path: Path, name: str) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(SEEDS[name])
    with path.open("rb") as stream:
        results = [dragoman.convert(given).ir() for given in (path, SEEDS[name], stream)]
    assert results[0] == results[1] == results[2]


def test_a_model_proto_converts_like_its_bytes() -> None:
    from onnx import ModelProto

    proto = ModelProto.FromString(SEEDS["convolution"])
    assert dragoman.convert(proto).ir() == dragoman.convert(proto.SerializeToString()).ir()


def test_a_caffe_net_and_its_fillers_give_the_same_bytes(tmp_path: Path) -> None:
    text = """
    input: "data" input_shape { dim: 1 dim: 3 dim: 8 dim: 8 }
    layer { name: "c" type: "Convolution" bottom: "data" top: "c"
            convolution_param { num_output: 4 kernel_size: 3 weight_filler { type: "xavier" } } }
    layer { name: "n" type: "BatchNorm" bottom: "c" top: "c" }
    layer { name: "s" type: "Scale" bottom: "c" top: "c" scale_param { bias_term: true } }
    layer { name: "a" type: "ReLU" bottom: "c" top: "c" }
    layer { name: "b" type: "TanH" bottom: "c" top: "b" }"""
    model = tmp_path / "m.prototxt"
    model.write_text(text)
    first = converted(model, tmp_path / "a", "1", "--allow-missing-weights")
    assert first == converted(model, tmp_path / "b" / "deeper", "2", "--allow-missing-weights")
    assert str(tmp_path).encode() not in first[0]
