"""A plugin in a folder outside the repository changes what plan and convert do; a broken one changes nothing else."""

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
from tests.onnx.support import model_of, port

PLUGIN = '''
from dragoman.hookspecs import PluginInfo, ShapeRule, hookimpl

@hookimpl
def dragoman_plugin_info():
    return PluginInfo("acme", "Acme's layers")

@hookimpl
def dragoman_register_ops():
    from dragoman.graph.types import TensorType
    from dragoman.ops.define import Float, In, Op, op

    @op("AcmeScale", "extension")
    class AcmeScale(Op):
        """x * factor."""
        data = In("T")
        factor = Float(1.0)

        def infer(self, data):
            return TensorType(data.dtype, data.shape)

    return [AcmeScale]

@hookimpl
def dragoman_register_extractors():
    from dragoman.frontends.extract import Extractors
    layers = Extractors("onnx")

    @layers("acme:Scale")
    def scale(layer, op, x):
        return op.AcmeScale(x, factor=layer.get("factor", 1.0))

    @layers("acme:Half")
    def half(layer, op, x):
        return op.Multiply(x, 0.5)

    return [layers]

@hookimpl
def dragoman_register_rules():
    from dragoman.rules.rule import Rule

    class LowerAcmeScale(Rule):
        """AcmeScale(x, factor) -> x * factor."""
        phase = "target"

        def pattern(self, op, x):
            return op.AcmeScale(x, bind="scaled")

        def rewrite(self, op, x, scaled):
            return op.Multiply(x, scaled.producer.attrs.factor)

    return [LowerAcmeScale()]

@hookimpl
def dragoman_register_shape_rules():
    from dragoman.graph.types import TensorType

    def fixed(node):
        given = node.input(0)
        return [TensorType(given.dtype, (7,))] if given.shape == (7,) else None

    return [ShapeRule("AcmeScale", fixed, "onnx")]
'''


def install(folder: Path, name: str, source: str) -> Path:
    """What ``pip install`` would leave: a module and its metadata with an entry point."""
    (folder / f"{name}_plugin.py").write_text(source)
    metadata = folder / f"dragoman_{name}-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: dragoman-{name}\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(f"[dragoman.plugins]\n{name} = {name}_plugin\n")
    return folder


@pytest.fixture
def model(tmp_path: Path) -> Path:
    nodes = [
        helper.make_node("Scale", ["x"], ["s"], name="scaled", domain="acme", factor=3.0),
        helper.make_node("Half", ["s"], ["y"], name="halved", domain="acme"),
    ]
    path = tmp_path / "m.onnx"
    onnx.save(model_of(nodes, [port("x", shape=["n"])], [port("y", shape=["n"])], domains={"acme": 1}), path)
    return path


def dragoman(*arguments: str, plugins: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    where = {"PYTHONPATH": str(plugins)} if plugins else {}
    command = [sys.executable, "-m", "dragoman", *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=60, env={**os.environ, **where, **environment}
    )


def test_without_the_plugin_both_layers_are_missing(model: Path) -> None:
    done = dragoman("plan", str(model), "--json")
    assert done.returncode == 4
    assert [x["name"] for x in json.loads(done.stdout)["layers"] if x["status"] == "unknown"] == ["scaled", "halved"]


def test_with_it_plan_is_complete_and_names_the_owner(model: Path, tmp_path: Path) -> None:
    done = dragoman("plan", str(model), "--json", plugins=install(tmp_path, "acme", PLUGIN))
    assert done.returncode == 0, done.stderr
    assert {x["by"] for x in json.loads(done.stdout)["layers"]} == {"acme"}


def test_its_op_is_kept_as_an_extension_when_its_rule_is_skipped(model: Path, tmp_path: Path) -> None:
    plugins = install(tmp_path, "acme", PLUGIN)
    done = dragoman("convert", str(model), "-o", str(tmp_path), "--skip", "LowerAcmeScale", plugins=plugins)
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "m.xml").read_text()
    assert 'type="AcmeScale" version="extension"' in text
    assert 'factor="3"' in text


def test_its_rule_makes_it_run_on_the_plain_runtime(model: Path, tmp_path: Path) -> None:
    import openvino

    done = dragoman("convert", str(model), "-o", str(tmp_path), plugins=install(tmp_path, "acme", PLUGIN))
    assert done.returncode == 0, done.stderr
    compiled = openvino.Core().compile_model(str(tmp_path / "m.xml"), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    np.testing.assert_allclose(compiled([np.array([2.0, -4.0], np.float32)])[0], [3.0, -6.0])


def test_its_shape_rule_wins_over_the_ops_own(model: Path, tmp_path: Path) -> None:
    lying = PLUGIN.replace("(7,))] if given.shape == (7,)", "(9,))] if given.shape == (7,)")
    plugins = install(tmp_path, "acme", lying)
    options = ("--shape", "x=7", "--skip", "LowerAcmeScale", "--json", "-o", str(tmp_path))
    done = dragoman("convert", str(model), *options, plugins=plugins)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["outputs"] == [{"name": "y", "type": "f32[9]"}]


BROKEN = {
    "an import that fails": "import no_such_module\n",
    "a hook that raises": PLUGIN.replace('layers = Extractors("onnx")', 'raise RuntimeError("boom")'),
    "a hook that gives nonsense": PLUGIN.replace("return [layers]", "return [42]"),
}


@pytest.mark.parametrize("source", BROKEN.values(), ids=BROKEN)
def test_a_broken_plugin_changes_nothing_else(tmp_path: Path, source: str) -> None:
    path = tmp_path / "relu.onnx"
    onnx.save(model_of([helper.make_node("Relu", ["x"], ["y"])], [port("x", shape=[3])], [port("y", shape=[3])]), path)
    plugins = install(tmp_path, "acme", source)
    alone = dragoman("convert", str(path), "-o", str(tmp_path / "alone"))
    beside = dragoman("convert", str(path), "-o", str(tmp_path / "beside"), plugins=plugins)
    assert (alone.returncode, beside.returncode) == (0, 0), beside.stderr
    for name in ("relu.xml", "relu.bin"):
        assert (tmp_path / "alone" / name).read_bytes() == (tmp_path / "beside" / name).read_bytes()
    doctor = dragoman("doctor", plugins=plugins)
    assert doctor.returncode == 7
    assert "plugin acme (dragoman-acme 1.0): broken" in doctor.stdout
    assert "Traceback" in doctor.stdout


def test_a_plugin_can_be_left_out(model: Path, tmp_path: Path) -> None:
    plugins = install(tmp_path, "acme", PLUGIN)
    assert dragoman("plan", str(model), plugins=plugins, DRAGOMAN_PLUGINS="onnx").returncode == 4
    config = tmp_path / "c.toml"
    config.write_text('disable = ["acme"]\n')
    assert dragoman("plan", str(model), "--config", str(config), plugins=plugins).returncode == 4
