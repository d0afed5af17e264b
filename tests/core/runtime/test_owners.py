"""An IR names the plugins of its custom ops; where they are missing or older, loading it tells what to install."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
import pytest
from packaging.version import Version
from tests.core.runtime.models import Net, Scale, host, plugin, run, scale, scale_net, scaling

from dragoman import runtime
from dragoman.errors import PluginError
from dragoman.hookspecs import RuntimeOp
from dragoman.ir.read import read_ir
from dragoman.ir.write import ir_bytes
from dragoman.plugins import PluginHost, installed_entry_points
from dragoman.runtime.plugins import version_key

X = np.ones((2, 3), np.float32)
SCALE = RuntimeOp("Scale", scale)


def refused(code: str, held: PluginHost, xml: Path) -> PluginError:
    for way in (lambda: runtime.load(xml, host=held), lambda: runtime.core(xml, host=held)):
        with pytest.raises(PluginError) as caught:
            way()
        assert caught.value.code == code, str(caught.value)
    return caught.value


def test_the_runtime_sees_plugin_distribution_and_version(tmp_path: Path) -> None:
    model = runtime.load(scale_net(scaling(), tmp_path), host=scaling())
    path = ["dragoman", "extension_ops", "Scale"]
    found = {key: model.get_rt_info([*path, key]).astype(str) for key in ("plugin", "distribution", "version")}
    assert found == {"plugin": "acme", "distribution": "dragoman-acme", "version": "1.0"}


def test_the_record_outlives_reading_and_writing(tmp_path: Path) -> None:
    held = scaling()
    xml = scale_net(held, tmp_path)
    assert ir_bytes(read_ir(xml, ops=held.op_registry()), "net")[0] == xml.read_bytes()
    ov.save_model(runtime.load(xml, host=held), tmp_path / "saved.xml")
    assert "pip install 'dragoman-acme>=1.0'" in refused("D610", PluginHost(), tmp_path / "saved.xml").hint


def test_a_model_without_custom_ops_has_no_record_and_needs_no_plugin(tmp_path: Path) -> None:
    net = Net(scaling())
    xml = net.write(tmp_path, net.op.Relu(net.input("extension", "2,3")))
    assert "<rt_info />" in xml.read_text()
    assert runtime.load(xml, host=PluginHost([])) is not None


def test_a_missing_plugin_is_named_with_what_to_install(tmp_path: Path) -> None:
    held = scaling()
    net = Net(held)
    value = net.input("x", "2,3")
    for name in ("a", "b", "c", "d"):
        value = net.op.Scale(value)
        value.producer.name = name
    (value,) = net.kept("Strange", [value], ["f32[2,3]"])
    value.producer.name = "odd"
    xml = net.write(tmp_path, value)
    error = refused("D610", PluginHost(), xml)
    assert error.what == "the IR has 2 ops that no installed plugin computes: Scale, Strange"
    assert [(p.where, p.what) for p in error.problems] == [
        ("Scale 'a', 'b', 'c' and 1 more", "it is from the plugin acme (dragoman-acme 1.0)"),
        ("Strange 'odd'", "the IR does not say which plugin it is from"),
    ]
    assert error.hint == "pip install 'dragoman-acme>=1.0'; install the plugin that computes Strange"
    assert error.where == str(xml)


@pytest.mark.parametrize("installed, fits", [("1.0", True), ("2.0", True), ("0.9", False), ("1.0rc1", False)])
def test_an_older_plugin_is_refused(tmp_path: Path, installed: str, fits: bool) -> None:
    xml = scale_net(host(SCALE, ops=[Scale], version="1.0"), tmp_path)
    held = host(SCALE, ops=[Scale], version=installed)
    if fits:
        assert run(held, xml, x=X)[0].tolist() == (3 * X).tolist()
        return
    error = refused("D611", held, xml)
    assert (error.hint, error.problems[0].op) == ("pip install 'dragoman-acme>=1.0'", "Scale")
    with pytest.raises(PluginError, match="newer plugins than are installed, for Scale"):
        runtime.load(xml, core=ov.Core(), host=held)
    assert f"dragoman-acme {installed} is installed" in error.problems[0].what


def test_a_plugin_that_is_there_and_does_not_compute_the_op(tmp_path: Path) -> None:
    xml = scale_net(host(SCALE, ops=[Scale], version="1.0"), tmp_path)
    error = refused("D610", host(ops=[Scale], version="0.9"), xml)
    assert "the installed one, dragoman-acme 0.9, does not compute it" in error.problems[0].what
    assert error.hint == "pip install 'dragoman-acme>=1.0'"
    assert refused("D610", host(ops=[Scale]), xml).hint == "install a plugin with a runtime op for Scale"


def test_a_plugin_that_is_disabled_or_broken(tmp_path: Path) -> None:
    xml = scale_net(scaling(), tmp_path)
    points = [*installed_entry_points(), plugin("acme", SCALE, ops=[Scale])]
    assert "which is disabled" in refused("D610", PluginHost(points, disabled=["acme"]), xml).problems[0].what

    def failing() -> Any:
        raise ImportError("no numpy")

    points[-1] = type(points[-1])("acme", failing)
    error = refused("D610", PluginHost(points), xml)
    assert "which is broken: ImportError: no numpy" in error.problems[0].what
    assert error.hint == "see dragoman doctor"


def test_a_plugin_without_distribution(tmp_path: Path) -> None:
    held = PluginHost([*installed_entry_points(), plugin("file", SCALE, ops=[Scale])])
    xml = scale_net(held, tmp_path)
    assert run(held, xml, x=X)[0].tolist() == (3 * X).tolist()
    hint = refused("D610", PluginHost(), xml).hint
    assert hint.startswith("load the plugin file, which is in no installed package; of a single file: ")
    assert "with_files(['file.py'])" in hint


def test_another_plugin_may_compute_the_op(tmp_path: Path) -> None:
    xml = scale_net(host(ops=[Scale]), tmp_path)
    held = PluginHost([*installed_entry_points(), plugin("other", SCALE, ops=[Scale], distribution="other")])
    assert run(held, xml, x=X)[0].tolist() == (3 * X).tolist()


def test_two_plugins_that_claim_an_op_are_refused_where_it_is_needed(tmp_path: Path) -> None:
    xml = scale_net(scaling(), tmp_path)
    held = host(SCALE, ops=[Scale], more=[plugin("other", SCALE)])
    assert "runtime:Scale is claimed by acme" in refused("D603", held, xml).what
    net = Net(scaling())
    plain = net.write(tmp_path, net.op.Relu(net.input("x", "2,3")), name="plain")
    assert runtime.load(plain, host=held) is not None


def test_a_core_of_the_user_may_know_the_op(tmp_path: Path) -> None:
    xml = scale_net(scaling(), tmp_path)
    own = ov.Core()
    with pytest.raises(PluginError) as caught:
        runtime.load(xml, own, host=PluginHost())
    assert caught.value.code == "D610"
    core = runtime.core(xml, host=scaling())
    assert runtime.load(xml, core, host=PluginHost()) is not None
    assert runtime.load(xml, own, host=scaling()) is not None
    assert own.read_model(xml) is not None


def test_a_core_for_several_irs_knows_the_ops_of_all(tmp_path: Path) -> None:
    held = host(SCALE, RuntimeOp("Foo", lambda attrs, x: x), ops=[Scale])
    first = scale_net(held, tmp_path)
    irs = [first]
    for size in (2, 3):
        net = Net(held)
        irs.append(
            net.write(tmp_path, *net.kept("Foo", [net.input("x", f"{size}")], [f"f32[{size}]"]), name=f"n{size}")
        )
    core = runtime.core(*irs, host=held)
    assert [str(core.read_model(xml).output(0).partial_shape) for xml in irs] == ["[2,3]", "[2]", "[3]"]


VERSIONS = [
    "0.1", "0.1.0", "0.9", "0.10", "1", "1.0.0", "1.0a1", "1.0a2", "1.0b1", "1.0rc1", "1.0.dev1", "1.0.dev2",
    "1.0a1.dev3", "1.0.post1", "1.0.post2", "1.0.post1.dev1", "1.0-1", "1!0.1", "2.0+local.1", "2024.1.0", "v1.1",
    "1.0c1", "1.0.alpha", "1.0-beta.2", "1.0.post",
]  # fmt: skip


def test_versions_are_ordered_as_packaging_orders_them() -> None:
    draw = random.Random(0)
    for _ in range(2000):
        a, b = draw.choice(VERSIONS), draw.choice(VERSIONS)
        mine, theirs = version_key(a), version_key(b)
        assert mine is not None
        assert theirs is not None
        public = Version(a.partition("+")[0]), Version(b.partition("+")[0])
        assert (mine < theirs, mine == theirs) == (public[0] < public[1], public[0] == public[1]), (a, b)


@pytest.mark.parametrize("text", ["", "unknown", "1.x", "1..2", "one"])
def test_what_is_no_version_is_not_compared(text: str, tmp_path: Path) -> None:
    assert version_key(text) is None
    xml = scale_net(host(SCALE, ops=[Scale], version="9"), tmp_path)
    assert runtime.load(xml, host=host(SCALE, ops=[Scale], version=text)) is not None
