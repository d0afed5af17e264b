"""The examples of the hooks page do what they show."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from docs.generate import example_plugin
from docs.generate.hooks import examples, hooks

import dragoman
from dragoman.errors import AccuracyError, UnsupportedError
from dragoman.plugins import EntryPoint, PluginHost, installed_entry_points
from dragoman_sdk import LayerCase, RuleCase, onnx_bytes, onnx_layer, onnx_node, run_ir
from tests.core.plugins.test_hooks import cli

X = np.linspace(-3, 3, 8, dtype=np.float32).reshape(2, 4)


@pytest.fixture
def host() -> PluginHost:
    example_plugin.STAGES.clear()
    point = EntryPoint("acme", lambda: example_plugin, distribution="dragoman-acme", version="1.0")
    return PluginHost([*installed_entry_points(), point])


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "net.acme"
    path.write_text("acme 2,4\nHalf\n")
    return path


def kinds(result: Any) -> list[str]:
    return [n.op for n in result.graph if n.op not in ("Constant", "Parameter")]


def test_every_hook_has_an_example() -> None:
    assert list(examples()) == [name for name, _ in hooks()]


def test_every_hook_has_a_test_here() -> None:
    tests = [name for name in globals() if name.startswith("test_")]
    parts = [name.removeprefix("dragoman_").removeprefix("register_") for name, _ in hooks()]
    assert not [part for part in parts if not any(part in test for test in tests)]


def test_plugin_info(host: PluginHost) -> None:
    acme = host.plugins["acme"]
    assert acme.status == "loaded", acme.error
    assert acme.info is not None
    assert acme.info.summary == "Acme's networks and layers"


def test_register_frontends_and_extractors(host: PluginHost, model: Path) -> None:
    result = dragoman.convert(model, host=host)
    np.testing.assert_array_equal(run_ir(result, {"x": X})["Half2"], X / 2)
    model.write_text("acme 2,4\nHalf\nThird\n")
    with pytest.raises(UnsupportedError, match="Third 'Third3'"):
        dragoman.convert(model, host=host)


def test_unknown_layer(host: PluginHost) -> None:
    LayerCase(onnx_layer("acme:UnaryAbs", {"x": X}), {"x": X}, {"y": np.abs(X)}, host=host).check()
    LayerCase(onnx_layer("acme:UnaryNothing", {"x": X}), host=host).check_refused("D301", "layer")


def test_register_ops_and_runtime_ops(host: PluginHost) -> None:
    model = onnx_layer("acme:SoftClip", {"x": X}, limit=2.0)
    LayerCase(model, {"x": X}, {"y": 2 * np.tanh(X / 2)}, host=host).check()


def test_register_shape_rules(host: PluginHost, model: Path) -> None:
    model.write_text("acme ?,4\nSoftClip\n")
    assert dragoman.convert(model, host=host).graph.outputs[0].shape == (1, 4)
    of_onnx = dragoman.convert(onnx_layer("acme:SoftClip", {"x": "f32[n,4]"}), host=host)
    assert of_onnx.graph.outputs[0].shape != (1, 4)


def test_infer_shape(host: PluginHost) -> None:
    from dragoman.frontends.extract import Extractors
    from dragoman.hookspecs import PluginInfo, hookimpl

    class Rows:
        @hookimpl
        def dragoman_plugin_info(self) -> PluginInfo:
            return PluginInfo("rows")

        @hookimpl
        def dragoman_register_extractors(self) -> list[Extractors]:
            layers = Extractors("onnx")
            layers("acme:RowsAbove")(lambda layer, op, x: op.AcmeRowsAbove(x))
            return [layers]

    point = EntryPoint("acme", lambda: example_plugin)
    both = PluginHost([*installed_entry_points(), point, EntryPoint("rows", Rows)])
    found = dragoman.convert(onnx_layer("acme:RowsAbove", {"x": X}), host=both).graph.outputs[0]
    assert repr(found.type) == "f32[?,4]"


def test_register_rules(host: PluginHost) -> None:
    nodes = [onnx_node("Mul", "x x", "s"), onnx_node("Sqrt", "s", "y")]
    model = onnx_bytes(nodes, {"x": X}, ["y"])
    LayerCase(model, {"x": X}, {"y": np.abs(X)}, fires=["FuseSquareRoot"], host=host).check()

    def integers(op: Any) -> Any:
        from dragoman.graph.types import i32

        x = op.parameter(i32, (2, 3), "x")
        return op.Sqrt(op.Multiply(x, x))

    RuleCase(integers, [example_plugin.FuseSquareRoot()]).check_untouched("is i32")


def test_register_references(host: PluginHost, model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    report = dragoman.check(model, host=host)
    assert (report.passed, report.reference) == (True, "acme-runner")
    model.write_text("acme 1,4\nSoftClip\n")
    monkeypatch.setattr(example_plugin, "compute_soft_clip", lambda attrs, x: x)
    point = EntryPoint("acme", lambda: example_plugin)
    with pytest.raises(AccuracyError, match="D701"):
        dragoman.check(model, host=PluginHost([*installed_entry_points(), point]))


def test_register_options_and_conversion_finished(host: PluginHost, model: Path, tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    for _ in range(2):
        cli(host, "convert", str(model), "-o", str(tmp_path), "--acme-journal", str(journal), "-q")
    assert [json.loads(line)["model"] for line in journal.read_text().splitlines()] == ["net", "net"]


def test_register_commands(host: PluginHost, capsys: pytest.CaptureFixture[str]) -> None:
    cli(host, "acme-layers")
    assert capsys.readouterr().out == "Half\nSoftClip\n"


def test_stage_finished(host: PluginHost, model: Path) -> None:
    dragoman.convert(model, host=host)
    assert example_plugin.STAGES[0] == "load: 2 nodes"
    assert [line.partition(":")[0] for line in example_plugin.STAGES] == ["load", "extract", "simplify", "target"]


def test_report_sections(host: PluginHost, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "m.onnx").write_bytes(onnx_layer("acme:SoftClip", {"x": X}))
    cli(host, "convert", str(tmp_path / "m.onnx"), "-o", str(tmp_path), "-v")
    assert "Acme\n  computed in Python: AcmeSoftClip\n" in capsys.readouterr().err
