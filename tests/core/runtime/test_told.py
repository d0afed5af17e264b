"""A conversion, and its plan, say that an IR with ops that Python functions compute needs Python at inference."""

from __future__ import annotations

import types
from typing import Any

import pytest
from tests.core.runtime.models import Scale, scale

import dragoman
from dragoman.frontends.registry import Extractors
from dragoman.hookspecs import PluginInfo, RuntimeOp, hookimpl
from dragoman.plugins import EntryPoint, PluginHost, installed_entry_points
from dragoman_sdk import onnx_layer

pytest.importorskip("dragoman_onnx")


def acme(*items: RuntimeOp) -> PluginHost:
    layers = Extractors("onnx")

    @layers("acme:Scale")
    def scaled(layer: Any, op: Any, x: Any) -> Any:
        return op.Scale(x, factor=layer.get("factor", 1.0))

    module = types.SimpleNamespace(
        dragoman_plugin_info=hookimpl(lambda: PluginInfo("acme")),
        dragoman_register_ops=hookimpl(lambda: [Scale]),
        dragoman_register_extractors=hookimpl(lambda: [layers]),
        dragoman_register_runtime_ops=hookimpl(lambda: list(items)),
    )
    point = EntryPoint("acme", lambda: module, distribution="dragoman-acme", version="1.0")
    return PluginHost([*installed_entry_points(), point])


TOLD = (
    "custom op: Scale by the plugin acme (dragoman-acme 1.0); this IR needs Python at inference: dragoman.runtime.load"
)


def model(kind: str) -> Any:
    return onnx_layer(kind, {"x": "f32[2,3]"}, {"y": "f32[2,3]"})


def test_it_is_told_once_by_convert_and_by_plan() -> None:
    held = acme(RuntimeOp("Scale", scale))
    assert dragoman.convert(model("acme:Scale"), host=held).context.hints == (TOLD,)
    assert dragoman.plan(model("acme:Scale"), host=held).hints == (TOLD,)


def test_nothing_is_told_of_other_models_and_of_ops_without_a_function() -> None:
    assert dragoman.convert(model("Relu"), host=acme(RuntimeOp("Scale", scale))).context.hints == ()
    assert dragoman.convert(model("acme:Scale"), host=acme()).context.hints == ()
