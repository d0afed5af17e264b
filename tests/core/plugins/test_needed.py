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


def test_an_extractor_that_raises_is_listed_by_plan_beside_the_others() -> None:
    from dragoman.frontends.extract import Extractors

    layers = Extractors("onnx")

    @layers("acme:Bad")
    def bad(layer: Any, op: Any, x: Any) -> Any:
        raise ZeroDivisionError("by zero")

    module = types.SimpleNamespace(dragoman_plugin_info=hookimpl(lambda: PluginInfo("acme")))
    module.dragoman_register_extractors = hookimpl(lambda: [layers])
    host = PluginHost([*installed_entry_points(), EntryPoint("acme", lambda: module, distribution="dist-acme")])
    nodes = [helper.make_node("Bad", ["x"], ["a"], domain="acme"), helper.make_node("Zzz", ["x"], ["b"])]
    given = model_of(nodes, [port("x", shape=[2])], [port("a"), port("b")], domains={"acme": 1})
    plan = dragoman.plan(given, host=host)
    assert [(p.op, p.status, p.code) for p in plan.missing] == [
        ("acme:Bad", "failed", "D605"),
        ("Zzz", "unknown", "D301"),
    ]
    with pytest.raises(PluginError, match="by zero") as caught:
        dragoman.convert(given, host=host)
    assert "acme" in caught.value.where
