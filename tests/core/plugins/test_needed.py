"""A broken plugin stops what needs it, with its own error, and nothing else."""

from __future__ import annotations

import types
from typing import Any

import pytest
from onnx import helper
from tests.onnx.support import model_of, port

import dragoman
from dragoman.errors import PluginError, UnsupportedError
from dragoman.hookspecs import PluginInfo, hookimpl
from dragoman.plugins import EntryPoint, PluginHost, installed_entry_points


def broken(name: str, **hooks: Any) -> EntryPoint:
    module = types.SimpleNamespace(dragoman_plugin_info=hookimpl(lambda: PluginInfo(name)))

    def fails() -> Any:
        raise RuntimeError("half installed")

    module.dragoman_register_extractors = hookimpl(fails)
    for hook, function in hooks.items():
        setattr(module, hook, hookimpl(function))
    return EntryPoint(name, lambda: module, distribution=f"dist-{name}")


def model(op: str) -> Any:
    return model_of([helper.make_node(op, ["x"], ["y"])], [port("x", shape=[2])], [port("y")])


def test_a_broken_stranger_changes_nothing() -> None:
    host = PluginHost([*installed_entry_points(), broken("stranger")])
    result = dragoman.convert(model("Relu"), host=host)
    assert [n.op for n in result.graph] == ["Parameter", "Relu"]
    assert host.plugins["stranger"].status == "broken"


def test_an_unknown_layer_mentions_plugins_that_are_broken() -> None:
    host = PluginHost([*installed_entry_points(), broken("stranger")])
    with pytest.raises(UnsupportedError, match="half installed"):
        dragoman.convert(model("Zzz"), host=host)


def test_a_front_end_whose_extractors_fail_is_an_error_of_its_plugin() -> None:
    from dragoman_onnx.frontend import OnnxFrontend

    core = [p for p in installed_entry_points() if p.name == "core"]
    host = PluginHost([*core, broken("onnx", dragoman_register_frontends=lambda: [OnnxFrontend()])])
    with pytest.raises(PluginError, match="half installed") as caught:
        dragoman.convert(model("Relu"), host=host)
    assert caught.value.code == "D604"
