"""A plugin of a single file, which the user names."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from onnx import helper
from tests.onnx.support import model_of, port

import dragoman
from dragoman.cli import build_cli
from dragoman.cli import main as command_line
from dragoman.errors import DragomanError, PluginError, UnsupportedError
from dragoman.plugins import PluginHost

CUBE = '''"""Cubes."""

import dataclasses

from dragoman.frontends.extract import Extractors
from dragoman.graph.types import TensorType
from dragoman.hookspecs import RuntimeOp, hookimpl
from dragoman.ops.define import In, Op, op

layers = Extractors("onnx")


@layers("acme:Cube")
def cube(layer, op, x):
    return op.Multiply(op.Multiply(x, x), x)


@layers("acme:Step")
def step(layer, op, x):
    return op.Step(x)


@op("Step", "extension")
class Step(Op):
    """1 where x is positive."""

    x = In("T")

    def infer(self, x):
        return TensorType(x.dtype, x.shape)


@dataclasses.dataclass
class Known:
    names: list[str]


@hookimpl
def dragoman_register_extractors(framework):
    return [layers]


@hookimpl
def dragoman_register_ops():
    return [Step]


@hookimpl
def dragoman_register_runtime_ops():
    return [RuntimeOp("Step", lambda attrs, x: (x > 0).astype(x.dtype))]
'''


def model(op: str = "Cube") -> Any:
    node = helper.make_node(op, ["x"], ["y"], domain="acme")
    return model_of([node], [port("x", shape=[3])], [port("y", shape=[3])], domains={"acme": 1})


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "acme.py"
    path.write_text(CUBE)
    return path


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "model.onnx"
    path.write_bytes(model().SerializeToString())
    return path


def run(*args: str | Path) -> Any:
    return CliRunner().invoke(build_cli(PluginHost()), [str(a) for a in args], standalone_mode=False)


def test_a_layer_of_the_file_is_converted_for_that_call_only(file: Path) -> None:
    host = PluginHost()
    x = np.float32([-2, 0.5, 3])
    import openvino

    result = dragoman.convert(model(), host=host, extensions=[file])
    compiled = openvino.Core().compile_model(result.openvino(), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    np.testing.assert_array_equal(next(iter(compiled(x).values())), x * x * x)
    assert "acme" not in host.plugins
    with pytest.raises(UnsupportedError):
        dragoman.convert(model(), host=host)


def test_an_op_of_the_file_is_computed_at_inference(file: Path, tmp_path: Path) -> None:
    import openvino

    import dragoman.runtime

    result = dragoman.convert(model("Step"), extensions=str(file))
    x = np.float32([-2, 0.5, 0])
    compiled = openvino.Core().compile_model(result.openvino(), "CPU")
    np.testing.assert_array_equal(next(iter(compiled(x).values())), np.float32([0, 1, 0]))
    xml = result.save(tmp_path)
    assert str(tmp_path) not in xml.read_text()
    with pytest.raises(PluginError, match="acme") as caught:
        dragoman.runtime.load(xml)
    assert caught.value.code == "D610"
    assert dragoman.runtime.load(xml, host=PluginHost().with_files([file]))


def test_the_file_is_asked_for_in_a_shared_host_without_changing_it(file: Path) -> None:
    host = PluginHost()
    names = list(host.plugins)
    derived = host.with_files([file])
    assert list(host.plugins) == names
    assert derived.plugins["acme"].label == str(file)
    assert derived.plugins["acme"].info is not None
    assert derived.plugins["acme"].info.summary == "Cubes."
    assert derived.with_files([file]) is derived
    assert {o for o, _ in derived.frontends()} == {o for o, _ in host.frontends()}


def test_the_name_of_plugin_info_counts_where_there_is_one(file: Path) -> None:
    file.write_text(CUBE + "\n\n@hookimpl\ndef dragoman_plugin_info():\n    return hookspecs.PluginInfo('mine')\n")
    file.write_text(
        file.read_text().replace("import dataclasses\n", "import dataclasses\nfrom dragoman import hookspecs\n")
    )
    assert "mine" in PluginHost().with_files([file]).plugins


def test_the_command_line_converts_lists_and_explains(
    file: Path, saved: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(file.parent)
    assert run("convert", saved, "-o", "out", "--extension", "acme.py").exit_code == 0
    listed = run("plugin", "list", "--extension", "acme.py", "--json")
    rows = {row["name"]: row for row in json.loads(listed.output)["plugins"]}
    assert rows["acme"]["distribution"] == "acme.py"
    assert rows["acme"]["status"] == "loaded"
    with pytest.raises(SystemExit) as caught:
        command_line(["plan", str(saved), "--extension=acme.py"])
    assert caught.value.code == 0
    assert "acme:Cube" in capsys.readouterr().out


def test_a_config_file_of_the_working_directory_may_name_one_and_one_beside_the_model_not(
    file: Path, saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "dragoman.toml").write_text('extensions = ["acme.py"]\n')
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    assert isinstance(run("convert", saved).exception, UnsupportedError)
    monkeypatch.chdir(tmp_path)
    assert run("convert", saved, "-o", "out").exit_code == 0


def test_an_option_of_the_file_is_an_option_of_the_command(
    file: Path, saved: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_text(
        CUBE + "\n\n@hookimpl\ndef dragoman_register_options(framework):\n    from dragoman.options import Option\n\n"
        "    return [Option('cubes', 'How many.', int)]\n"
    )
    with pytest.raises(SystemExit) as caught:
        command_line(["plan", str(saved), "--extension", str(file), "--cubes", "3"])
    assert caught.value.code == 0
    assert dragoman.plan(saved, extensions=[file], cubes=3).complete


HOOK = "from dragoman.hookspecs import hookimpl\n\n\n"


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("def f(:\n", 1, "SyntaxError"),
        ("\nimport not_installed_anywhere\n", 2, "not_installed_anywhere"),
        ("def f():\n    return 1 / 0\n\n\nf()\n", 2, "ZeroDivisionError"),
        ("raise SystemExit(3)\n", 1, "SystemExit"),
        ("x = 1\n", 0, "no hooks"),
        ("def dragoman_register_rules():\n    return []\n", 1, "@hookimpl"),
        (HOOK + "@hookimpl\ndef dragoman_register_rule():\n    return []\n", 4, "dragoman_register_rules"),
        (HOOK + "@hookimpl\ndef dragoman_register_rules(wrong):\n    return []\n", 4, "wrong"),
        (HOOK + "@hookimpl\ndef dragoman_register_rules():\n    return 1 / 0\n", 6, "dragoman_register_rules"),
        (HOOK + "@hookimpl\ndef dragoman_register_ops():\n    return [3]\n", 0, "dragoman_register_ops"),
        (HOOK + "@hookimpl\ndef dragoman_plugin_info():\n    return 1 / 0\n", 6, "ZeroDivisionError"),
        (HOOK + "@hookimpl\ndef dragoman_plugin_info():\n    return 'mine'\n", 4, "PluginInfo"),
    ],
)
def test_a_file_that_does_not_work_is_an_error_with_its_line(tmp_path: Path, text: str, line: int, says: str) -> None:
    path = tmp_path / "acme.py"
    path.write_text(text)
    relu = model_of([helper.make_node("Relu", ["x"], ["y"])], [port("x", shape=[2])], [port("y")])
    with pytest.raises(PluginError) as caught:
        dragoman.convert(relu, extensions=[path])
    assert caught.value.code == "D614"
    assert says in str(caught.value)
    assert caught.value.where == (f"{path}, line {line}" if line else str(path))


@pytest.mark.parametrize(
    ("name", "says"), [("acmee.py", "acme.py"), ("folder", "folder"), ("library.so", "core.add_extension")]
)
def test_what_is_no_file_of_python_is_refused(file: Path, name: str, says: str) -> None:
    (file.parent / "folder").mkdir()
    with pytest.raises(PluginError) as caught:
        PluginHost().with_files([file.parent / name])
    assert caught.value.code == "D614"
    assert says in str(caught.value)


def test_a_conflict_names_the_path_of_the_file(file: Path) -> None:
    file.write_text(CUBE.replace('"acme:Cube"', '"Relu"'))
    relu = model_of([helper.make_node("Relu", ["x"], ["y"])], [port("x", shape=[2])], [port("y")])
    with pytest.raises(PluginError) as caught:
        dragoman.convert(relu, extensions=[file])
    assert caught.value.code == "D603"
    assert str(file) in str(caught.value)
    assert "dragoman-onnx" in str(caught.value)


def test_the_name_of_an_installed_plugin_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "onnx.py"
    path.write_text(CUBE)
    with pytest.raises(PluginError) as caught:
        PluginHost().with_files([path])
    assert caught.value.code == "D603"
    assert str(path) in str(caught.value)


def test_a_wrong_value_is_a_usage_error() -> None:
    with pytest.raises(DragomanError) as caught:
        dragoman.convert(model(), extensions=3)
    assert caught.value.code == "D102"
