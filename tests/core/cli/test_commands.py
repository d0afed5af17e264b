"""The commands: results on stdout, all else on stderr, one JSON document on request."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper
from tests.fuzz.seeds import convolution
from tests.onnx.support import model_of, port

from dragoman.cli import main


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "net.onnx"
    onnx.save(convolution(), path)
    return path


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as caught:
        main(list(arguments))
    out, err = capsys.readouterr()
    return int(caught.value.code or 0), out, err


def test_convert_prints_the_path_of_the_xml_alone(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "convert", "net.onnx", "-o", "out", "--name", "other")
    assert (code, out) == (0, str(Path("out") / "other.xml") + "\n")
    assert "weights: kept as in the source" in err
    assert sorted(p.name for p in Path("out").iterdir()) == ["other.bin", "other.xml"]


def test_the_name_is_the_models_stem(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "convert", "net.onnx")[1] == "net.xml\n"


def test_quiet_says_nothing_else(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "convert", "net.onnx", "-q")[2] == ""


def test_verbose_shows_stages_and_rules(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    err = run(capsys, "convert", "net.onnx", "-v")[2]
    assert "extract" in err
    assert "ms" in err


def test_convert_in_json(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = json.loads(run(capsys, "convert", "net.onnx", "--json", "--precision", "f16")[1])
    assert (document["document"], document["version"], document["precision"]) == ("dragoman.convert", 1, "f16")
    assert document["inputs"] == [{"name": "x", "type": "f32[?,3,8,8]"}]


def test_plan_of_a_complete_model(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "plan", "net.onnx")
    assert code == 0
    assert "complete: every layer is converted" in out
    assert not list(Path().glob("*.xml"))


def test_inspect_needs_no_extractor(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    weights = {"w": np.ones((3, 4), np.float32)}
    nodes = [helper.make_node("Unheard", ["x", "w"], ["y"]), helper.make_node("Relu", ["y"], ["z"])]
    onnx.save(model_of(nodes, [port("x", shape=["n", 3])], [port("z")], constants=weights), tmp_path / "m.onnx")
    document = json.loads(run(capsys, "inspect", str(tmp_path / "m.onnx"), "--json")[1])
    assert document["layers"] == {"Unheard": 1, "Relu": 1}
    assert (document["weights"], document["weight_bytes"]) == (1, 48)


def test_check_prints_a_table(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "check", "net.onnx")
    assert code == 0
    assert out.splitlines()[-1].startswith("y ")
    assert out.rstrip().endswith("ok")


def test_check_of_another_models_ir_exits_8(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = convolution()
    for tensor in other.graph.initializer:
        if tensor.name == "w":
            tensor.raw_data = bytes(len(tensor.raw_data))
    onnx.save(other, "other.onnx")
    run(capsys, "convert", "other.onnx")
    code, out, err = run(capsys, "check", "net.onnx", "other.xml")
    assert code == 8
    assert "differs" in out
    assert "D701" in err


def test_check_with_the_users_data(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.savez("data.npz", x=np.ones((2, 3, 8, 8), np.float32))
    assert run(capsys, "check", "net.onnx", "--data", "data.npz")[0] == 0
    np.savez("data.npz", z=np.ones(1))
    code, _, err = run(capsys, "check", "net.onnx", "--data", "data.npz")
    assert code == 2
    assert "'z'" in err


def test_explain_a_code(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "explain", "d301")
    assert code == 0
    assert "D301" in out


def test_explain_a_rule(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "FuseBatchNorm" in run(capsys, "explain", "FuseBatchNorm")[1]
    code, out, _ = run(capsys, "explain", "FuseBatchNorm", "net.onnx", "--node", "y")
    assert code == 0
    assert out.strip()


def test_plugin_list_and_info(capsys: pytest.CaptureFixture[str]) -> None:
    rows = json.loads(run(capsys, "plugin", "list", "--json")[1])["plugins"]
    assert {"core", "onnx"} <= {r["name"] for r in rows if r["status"] == "loaded"}
    assert "dragoman_register_frontends" in run(capsys, "plugin", "info", "onnx")[1]
    code, _, err = run(capsys, "plugin", "info", "onxn")
    assert (code, "'onnx'" in err) == (7, True)


def test_no_plugins_reads_no_model(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(capsys, "--no-plugins", "convert", "net.onnx")
    assert code == 3
    assert "pip install dragoman-onnx" in err


def test_doctor_is_content(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "doctor")
    assert code == 0
    assert "plugin onnx" in out


def test_demo_shows_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "demo")
    assert code == 0
    assert out.count(" ok\n") == 3


def test_a_config_file_is_overridden_by_the_command_line(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("dragoman.toml").write_text('precision = "f16"\n[plan]\nstatic = true\n')
    assert json.loads(run(capsys, "convert", "net.onnx", "--json")[1])["precision"] == "f16"
    options = ("convert", "net.onnx", "--json", "--precision", "keep")
    assert json.loads(run(capsys, *options)[1])["precision"] == "keep"
    assert run(capsys, "plan", "net.onnx")[0] == 2


def test_an_unknown_config_key_is_refused(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("dragoman.toml").write_text('precison = "f16"\n')
    code, _, err = run(capsys, "convert", "net.onnx")
    assert code == 2
    assert "'precision'" in err
