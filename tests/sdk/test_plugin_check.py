"""``dragoman plugin check`` and ``test``: every kind of fault is told, with its owner and what to do."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

from dragoman.errors import PluginError
from dragoman_sdk import PluginConformance, onnx_bytes, onnx_layer, onnx_node
from dragoman_sdk.check.findings import Finding, failed, lines, summary
from dragoman_sdk.check.model import near_miss
from dragoman_sdk.check.run import check_subject
from dragoman_sdk.check.subject import subject_of

INFO = """
@hookimpl
def dragoman_plugin_info():
    return PluginInfo("acme", "Layers of acme")
"""
LAYERS = '''
@hookimpl
def dragoman_register_extractors():
    from dragoman.frontends.extract import Extractors

    layers = Extractors("onnx")

    @layers("acme:Swish6")
    def swish6(layer, op, x):
        """x * sigmoid(x)."""
        return op.Multiply(x, op.Sigmoid(x))

    return [layers]
'''
HEAD = "from dragoman.hookspecs import PluginInfo, RuntimeOp, ShapeRule, hookimpl\n"
PROJECT = """
[project]
name = "dragoman-acme"
version = "1.0"
requires-python = ">=3.11"
dependencies = ["dragoman>=0.1,<0.2", "dragoman-onnx>=0.1,<0.2"]

[project.entry-points."dragoman.plugins"]
acme = "dragoman_acme.plugin"
"""
TESTS = """
from dragoman_sdk import PluginConformance

class TestPlugin(PluginConformance):
    name = "acme"

def test_swish6():
    assert "Swish6"
"""
X = np.ones((2, 3), np.float32)


class Package:
    """A package in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "acme"
        self.write("pyproject.toml", PROJECT)
        self.write("dragoman_acme/__init__.py", "")
        self.write("tests/test_acme.py", TESTS)

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def check(self, *parts: str, model: bytes | None = None, limit: float = 20.0) -> list[Finding]:
        """What is found with these parts of plugin.py."""
        self.write("dragoman_acme/plugin.py", "".join([HEAD, *(textwrap.dedent(p) for p in parts)]))
        given = ""
        if model is not None:
            given = str(self.folder / "m.onnx")
            (self.folder / "m.onnx").write_bytes(model)
        target = self.folder / ".target"
        target.mkdir()
        return check_subject(subject_of(str(self.folder), target), given, limit=limit)


@pytest.fixture
def package(tmp_path: Path) -> Package:
    return Package(tmp_path)


def said(found: list[Finding], level: str, subject: str, *words: str) -> None:
    """One finding of this level and subject has these words."""
    near = [f for f in found if f.level == level and f.subject == subject]
    assert any(all(w in f"{f.what} {f.hint}" for w in words) for f in near), "\n".join(lines(found))


def test_a_sound_package_has_nothing_to_be_told(package: Package) -> None:
    found = package.check(INFO, LAYERS, model=onnx_layer("acme:Swish6", {"x": X}))
    assert summary(found) == "0 errors, 0 warnings", "\n".join(lines(found))
    assert not failed(found, strict=True)
    said(found, "seen", "dragoman_register_extractors", "onnx:acme:Swish6")
    said(found, "seen", "model", "1 of 1 layers")
    said(found, "seen", "model", "OpenVINO loads and runs it")


def test_a_hook_that_is_not_marked_is_told(package: Package) -> None:
    found = package.check(INFO, LAYERS.replace("@hookimpl\n", ""))
    said(found, "error", "dragoman_register_extractors", "not marked", "@hookimpl")


@pytest.mark.parametrize("mark, level", [("@hookimpl\n", "error"), ("", "warning")])
def test_a_misspelt_hook_is_told_with_the_closest_name(package: Package, mark: str, level: str) -> None:
    found = package.check(INFO, LAYERS, f"\n{mark}def dragoman_regster_rules():\n    return []\n")
    said(found, level, "dragoman_regster_rules", "none of this name" if not mark else "no hook", "register_rules")


def test_an_argument_that_the_hook_does_not_have_is_told(package: Package) -> None:
    found = package.check(INFO, LAYERS.replace("extractors():", "extractors(framwork):"))
    said(found, "error", "dragoman_register_extractors", "framwork", "did you mean 'framework'?")


def test_a_hook_in_another_module_is_told(package: Package) -> None:
    package.write("dragoman_acme/rules.py", "def dragoman_register_rules():\n    return []\n")
    found = package.check(INFO, LAYERS)
    said(found, "error", "dragoman_register_rules", "dragoman_acme/rules.py:1", "entry point")


def test_a_missing_manifest_is_told(package: Package) -> None:
    said(package.check(LAYERS), "error", "dragoman_plugin_info", "not there")


def test_a_module_that_cannot_be_imported_is_told_with_the_place(package: Package) -> None:
    found = package.check(INFO, "\nimport no_such_module\n")
    said(found, "error", "load", "no_such_module", "plugin.py")


def test_another_api_version_is_told(package: Package) -> None:
    found = package.check(INFO.replace('"Layers of acme"', '"Layers of acme", api=7'), LAYERS)
    said(found, "error", "load", "hook API 7")


def test_a_hook_that_raises_is_told_with_the_place(package: Package) -> None:
    found = package.check(INFO, LAYERS.replace("    return [layers]", "    raise RuntimeError('boom')"))
    said(found, "error", "dragoman_register_extractors", "RuntimeError: boom", "plugin.py:", "extractors")


RULES = """
@hookimpl
def dragoman_register_rules():
    from dragoman.rules.rule import Rule

    class Fuse(Rule):
        "x -> x"
        def pattern(self, op, x):
            return op.Relu(x)

    return {}
"""


@pytest.mark.parametrize(
    "given, hint", [("[Fuse]", "give Fuse(), not the class"), ("[42]", "42"), ("['Fuse']", "Fuse")]
)
def test_items_of_another_kind_are_told(package: Package, given: str, hint: str) -> None:
    said(package.check(INFO, RULES.format(given)), "error", "dragoman_register_rules", "is no Rule or Pass", hint)


def test_a_hook_that_gives_nothing_is_told(package: Package) -> None:
    said(package.check(INFO, RULES.format("[]")), "warning", "dragoman_register_rules", "gave nothing")


def test_a_hook_that_loops_is_ended_and_the_rest_is_still_looked_at(package: Package) -> None:
    loop = "\n@hookimpl\ndef dragoman_register_rules():\n    while True:\n        pass\n"
    found = package.check(INFO, LAYERS, loop, limit=2)
    said(found, "error", "dragoman_register_rules", "did not come back within 2 s")
    said(found, "seen", "dragoman_register_extractors", "acme:Swish6")


def test_a_module_that_loops_is_told(package: Package) -> None:
    said(package.check(INFO, "\nwhile True:\n    pass\n", limit=2), "error", "load", "did not come back")


def test_an_extractor_that_loops_is_told(package: Package) -> None:
    endless = LAYERS.replace("        return op", "        while True:\n            pass\n        return op")
    found = package.check(INFO, endless, model=onnx_layer("acme:Swish6", {"x": X}), limit=2)
    said(found, "error", "extractor onnx:acme:Swish6", "did not come back")


def test_a_hook_that_ends_the_process_is_told(package: Package) -> None:
    found = package.check(INFO, "\n@hookimpl\ndef dragoman_register_rules():\n    import os\n    os._exit(3)\n")
    said(found, "error", "dragoman_register_rules", "ended the process (exit code 3)")


def test_a_thread_that_goes_on_does_not_hold_the_check_up(package: Package) -> None:
    thread = """
    @hookimpl
    def dragoman_register_rules():
        import threading
        import time

        threading.Thread(target=time.sleep, args=(1000,)).start()
        print("started")
        return ()
    """
    found = package.check(INFO, LAYERS, thread)
    said(found, "warning", "dragoman_register_rules", "gave nothing")
    assert not failed(found)


def test_heavy_imports_are_told_with_who_imports_them(package: Package) -> None:
    package.write("dragoman_acme/tables.py", "import numpy\n")
    found = package.check("import dragoman_acme.tables\n", INFO, LAYERS)
    said(found, "error", "imports", "numpy is imported by dragoman_acme.tables", " ms")


def test_a_slow_module_is_told(package: Package) -> None:
    found = package.check("import time\ntime.sleep(0.1)\n", INFO, LAYERS)
    said(found, "warning", "imports", "takes 1")


@pytest.mark.parametrize(
    "dependencies, level, said_so",
    [
        ('"dragoman", "dragoman-onnx>=0.1,<0.2"', "warning", "dragoman has no upper bound"),
        ('"dragoman>=0.1", "dragoman-onnx~=0.1"', "warning", "dragoman>=0.1 has no upper bound"),
        ('"dragoman-onnx>=0.1,<0.2"', "error", "dragoman is needed and not among them"),
        ('"dragoman>=0.1,<0.2"', "warning", "dragoman-onnx is needed and not among them"),
        ('"dragoman>=7,<8", "dragoman-onnx>=0.1,<0.2"', "error", "dragoman>=7,<8 is needed and 0.1.0 is installed"),
        ('"dragoman>=x,<0.2", "dragoman-onnx>=0.1,<0.2"', "error", "is no range"),
    ],
)
def test_ranges_of_versions_are_looked_at(package: Package, dependencies: str, level: str, said_so: str) -> None:
    stated = PROJECT.replace('"dragoman>=0.1,<0.2", "dragoman-onnx>=0.1,<0.2"', dependencies)
    package.write("pyproject.toml", stated)
    said(package.check(INFO, LAYERS), level, "dependencies", said_so)


def test_missing_tests_are_told(package: Package) -> None:
    package.write("tests/test_acme.py", "")
    found = package.check(INFO, LAYERS)
    said(found, "warning", "tests", "none names the layer acme:Swish6")
    said(found, "warning", "tests", "PluginConformance")


BOTH = """
@hookimpl
def dragoman_register_extractors():
    from dragoman.frontends.extract import Extractors

    onnx, caffe = Extractors("onnx"), Extractors("caffe")

    @onnx("acme:Swish6")
    @caffe("Python:acme.layers.Swish6")
    def swish6(layer, op, x):
        "x * sigmoid(x)."
        return op.Multiply(x, op.Sigmoid(x))

    return [onnx, caffe]
"""


def test_a_package_for_several_frameworks_may_leave_the_choice_to_its_users(package: Package) -> None:
    package.write("pyproject.toml", PROJECT.replace(', "dragoman-onnx>=0.1,<0.2"', ""))
    found = package.check(INFO, BOTH)
    said(found, "note", "dependencies", "dragoman-onnx is not among them")
    said(found, "note", "dependencies", "dragoman-caffe is not among them")
    assert not [f for f in found if f.level in ("warning", "error") and f.subject in ("dependencies", "tests")]


def test_no_tests_at_all_are_told(package: Package) -> None:
    (package.folder / "tests" / "test_acme.py").unlink()
    said(package.check(INFO, LAYERS), "warning", "tests", "there are none")


def test_an_extractor_without_docstring_is_told(package: Package) -> None:
    found = package.check(INFO, LAYERS.replace('        """x * sigmoid(x)."""\n', ""))
    said(found, "warning", "extractors", "acme:Swish6", "docstring")


OP = '''
@hookimpl
def dragoman_register_ops():
    from dragoman.graph.types import TensorType
    from dragoman.ops.define import In, Op, op

    @op("Swish6", "extension")
    class Swish6(Op):
        """x * sigmoid(x)."""

        data = In("T", "float")

        def infer(self, data):
            return TensorType(data.dtype, data.shape)

    return [Swish6]

@hookimpl
def dragoman_register_runtime_ops():
    return [RuntimeOp("Swish6", lambda attrs, x: x)]
'''
AS_OP = LAYERS.replace("op.Multiply(x, op.Sigmoid(x))", "op.Swish6(x)")


def test_an_op_without_infer_is_told(package: Package) -> None:
    bare = OP.replace("        def infer(self, data):\n            return TensorType(data.dtype, data.shape)\n", "")
    said(package.check(INFO, bare), "warning", "ops", "Swish6", "no infer")


def test_a_runtime_op_of_another_name_is_told(package: Package) -> None:
    found = package.check(INFO, OP.replace('RuntimeOp("Swish6"', 'RuntimeOp("Swsh6"'))
    said(found, "warning", "runtime op Swsh6", "no op class", "did you mean 'Swish6'?")
    said(found, "note", "op Swish6", "no runtime op")


def test_a_layer_of_another_plugin_is_told_with_both_owners(package: Package) -> None:
    found = package.check(INFO, LAYERS.replace("acme:Swish6", "Relu"))
    said(found, "error", "conflicts", "onnx:Relu", "acme (dragoman-acme 1.0)", "onnx (dragoman-onnx", "replaces=")


def test_replaces_that_takes_nothing_over_is_told(package: Package) -> None:
    info = INFO.replace('"Layers of acme"', '"Layers of acme", replaces=frozenset({"onnx:Rellu", "onnx:acme:Swish6"})')
    found = package.check(info, LAYERS)
    said(found, "error", "replaces", "onnx:Rellu is replaced, and the plugin does not register it")
    said(found, "note", "replaces", "onnx:acme:Swish6 is replaced, and no installed plugin has it")


def test_extractors_of_no_framework_are_told(package: Package) -> None:
    found = package.check(INFO, LAYERS.replace('Extractors("onnx")', 'Extractors("onx")'))
    said(found, "error", "extractor onx:acme:Swish6", "no installed front-end", "did you mean 'onnx'?")


@pytest.mark.parametrize(
    "layer, words",
    [
        ("acme:swish6", ["you registered acme:Swish6, the model has acme:swish6"]),
        ("mmdeploy:Swish6", ["you registered acme:Swish6, with the domain acme", "mmdeploy:Swish6"]),
        ("acme:Swish", ["you registered acme:Swish6, the model has acme:Swish"]),
    ],
)
def test_near_misses_of_names_are_told(package: Package, layer: str, words: list[str]) -> None:
    found = package.check(INFO, LAYERS, model=onnx_layer(layer, {"x": X}))
    said(found, "error", f"layer {layer}", *words)
    said(found, "warning", "model", "no layer that the plugin converts")


def test_a_layer_that_is_like_none_is_no_near_miss() -> None:
    assert near_miss("other:Softplus2", ["acme:Swish6"]) == ""
    assert near_miss("Swish6", ["acme:Swish6"]) == (
        "you registered acme:Swish6, with the domain acme; the model has Swish6"
    )


def test_an_extractor_that_forgets_an_attribute_is_told(package: Package) -> None:
    found = package.check(INFO, LAYERS, model=onnx_layer("acme:Swish6", {"x": X}, beta=2.0))
    said(found, "error", "extractor onnx:acme:Swish6", "does not read: beta=2.0")


def test_an_extractor_that_raises_is_told(package: Package) -> None:
    found = package.check(INFO, LAYERS.replace("op.Sigmoid(x)", "1 / 0"), model=onnx_layer("acme:Swish6", {"x": X}))
    said(found, "error", "extractor onnx:acme:Swish6", "ZeroDivisionError")


def test_an_extractor_that_changes_the_source_layer_is_told(package: Package) -> None:
    changed = LAYERS.replace("        return op", '        layer.node.attrs["beta"] = 3\n        return op')
    found = package.check(INFO, changed, model=onnx_layer("acme:Swish6", {"x": X}))
    said(found, "error", "extractor onnx:acme:Swish6", "changed the source layer")


def test_a_shape_rule_that_lies_is_told(package: Package) -> None:
    lie = """
    @hookimpl
    def dragoman_register_shape_rules():
        from dragoman.graph.types import TensorType

        return [ShapeRule("Sigmoid", lambda node: [TensorType(node.input(0).dtype, (2, 7))], "onnx")]
    """
    layers = LAYERS.replace("op.Multiply(x, op.Sigmoid(x))", "op.Sigmoid(x)")
    found = package.check(INFO, layers, lie, model=onnx_layer("acme:Swish6", {"x": X}, {"y": "f32"}))
    said(found, "error", "shapes", "the conversion says f32[2,7], OpenVINO says f32[2,3]")


def test_an_infer_that_lies_is_told(package: Package) -> None:
    lie = OP.replace("data.shape)", "(2, 7))")
    found = package.check(INFO, AS_OP, lie, model=onnx_layer("acme:Swish6", {"x": X}, {"y": "f32"}))
    said(found, "error", "model", "Swish6", "[2, 3]", "[2,7]")


@pytest.mark.parametrize(
    "hook, change",
    [
        ("dragoman_stage_finished(stage, graph)", "graph.outputs[0].producer.name = 'mine'"),
        ("dragoman_conversion_finished(result)", "result.graph.output_names = [('mine',)]"),
        ("dragoman_stage_finished(stage, context)", "context.options['static'] = True"),
    ],
)
def test_an_observer_that_changes_what_it_sees_is_told(package: Package, hook: str, change: str) -> None:
    observer = f"\n@hookimpl\ndef {hook}:\n    {change}\n"
    found = package.check(INFO, LAYERS, observer, model=onnx_layer("acme:Swish6", {"x": X}))
    said(found, "error", hook.partition("(")[0], "it changed its argument")


def test_an_op_without_runtime_op_is_a_note_for_a_model(package: Package) -> None:
    alone = OP.partition("\n@hookimpl\ndef dragoman_register_runtime")[0]
    found = package.check(INFO, AS_OP, alone, model=onnx_layer("acme:Swish6", {"x": X}))
    said(found, "note", "model", "D610")
    assert not failed(found)


def test_a_model_with_a_foreign_unknown_layer_is_a_note(package: Package) -> None:
    nodes = [onnx_node("acme:Swish6", "x", "a"), onnx_node("other:Zzz", "a", "y")]
    found = package.check(INFO, LAYERS, model=onnx_bytes(nodes, {"x": X}, {"y": X}))
    said(found, "note", "layer other:Zzz", "no installed plugin converts")
    assert not failed(found)


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "dragoman", "plugin", *arguments]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment, check=False)


def test_the_command_prints_json_and_exits_by_what_it_found(package: Package) -> None:
    package.check(INFO, LAYERS)
    good = run("check", str(package.folder), "--json")
    assert good.returncode == 0, good.stdout + good.stderr
    document = json.loads(good.stdout)
    assert (document["document"], document["package"], document["passed"]) == (
        "dragoman.plugin_check", "dragoman-acme", True,
    )  # fmt: skip
    assert {f["level"] for f in document["findings"]} <= {"seen", "note"}
    package.write("tests/test_acme.py", "")
    assert run("check", str(package.folder)).returncode == 0
    assert run("check", str(package.folder), "--strict").returncode == 7


@pytest.mark.parametrize("name", ["onnx", "dragoman-caffe", "dragoman_onnx"])
def test_an_installed_plugin_is_found_by_each_of_its_names(name: str) -> None:
    done = run("check", name)
    assert done.returncode == 0, done.stdout
    assert "0 errors" in done.stdout


@pytest.mark.parametrize("text", ["[project", "[project]\nname = 1\n", "project = 1", "[project]\nname = '../x'\n"])
def test_a_pyproject_that_cannot_be_read_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "pyproject.toml").write_text(text)
    (tmp_path / "target").mkdir()
    with pytest.raises(PluginError) as caught:
        subject_of(str(tmp_path), tmp_path / "target")
    assert caught.value.code == "D604"


def test_what_is_not_there_is_refused(tmp_path: Path) -> None:
    for given in ("no-such-plugin", str(tmp_path)):
        with pytest.raises(PluginError) as caught:
            subject_of(given, tmp_path)
        assert caught.value.code == "D601"
    assert "'caffe'" in run("check", "cafe").stderr


def test_the_tests_of_a_package_are_run_and_summed_up(package: Package) -> None:
    package.check(INFO, LAYERS)
    good = run("test", str(package.folder))
    assert good.returncode == 0, good.stdout + good.stderr
    assert "dragoman-acme 1.0, plugin acme" in good.stdout
    assert "passed in" in good.stdout
    package.write("tests/test_bad.py", "def test_bad():\n    assert 1 == 2\n")
    bad = run("test", str(package.folder))
    assert bad.returncode == 7
    assert "1 failed" in bad.stdout
    assert "assert 1 == 2" in bad.stderr
    assert run("test", str(package.folder), "--", "-k", "not bad").returncode == 0


def test_the_conformance_suite_runs_where_a_package_has_no_tests(package: Package) -> None:
    (package.folder / "tests" / "test_acme.py").unlink()
    package.check(INFO.replace('"Layers of acme"', '""'), LAYERS)
    done = run("test", str(package.folder))
    assert done.returncode == 7
    assert "own tests    there are none" in done.stdout
    assert "summary" in done.stderr


class TestTheKitItself(PluginConformance):
    name = "sdk"


OBJECT = """
class Acme:
    @hookimpl
    def dragoman_plugin_info(self):
        return PluginInfo("acme", "Layers of acme")

    @hookimpl
    def dragoman_register_rules(self):
        return ()

    def dragoman_register_ops(self):
        return ()

acme = Acme()
"""


def test_a_plugin_that_is_an_object_is_looked_at_likewise(package: Package) -> None:
    package.write("pyproject.toml", PROJECT.replace('dragoman_acme.plugin"', 'dragoman_acme.plugin:acme"'))
    found = package.check(OBJECT)
    said(found, "seen", "load", "Layers of acme")
    said(found, "error", "dragoman_register_ops", "not marked")
    said(found, "warning", "dragoman_register_rules", "gave nothing")


def test_a_plugin_of_another_hook_group_is_told(package: Package) -> None:
    package.write("pyproject.toml", PROJECT.replace("dragoman.plugins", "dragoman.plugins.v2"))
    said(package.check(INFO, LAYERS), "error", "api", "written for the hook group dragoman.plugins.v2")


def test_a_package_without_plugin_is_refused(package: Package) -> None:
    package.write("pyproject.toml", PROJECT.partition("\n[project.entry-points")[0])
    done = run("check", str(package.folder))
    assert done.returncode == 7
    assert "D601: dragoman-acme 1.0 has no plugin" in done.stderr
