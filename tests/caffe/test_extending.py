"""The names that other packages take from dragoman-caffe are there, and do what their page says."""

from __future__ import annotations

import types
from typing import Any

import numpy as np
import pytest

from dragoman.frontends.extract import Extractors
from dragoman.hookspecs import PluginInfo, hookimpl
from dragoman.plugins import EntryPoint, PluginHost, installed_entry_points
from dragoman_caffe import extending
from dragoman_sdk import LayerCase, caffe_layer

X = np.arange(12, dtype=np.float32).reshape(1, 3, 4)


def host(kind: str, function: Any) -> PluginHost:
    layers = Extractors("caffe")
    layers(kind)(function)
    module = types.SimpleNamespace(
        dragoman_plugin_info=hookimpl(lambda: PluginInfo("acme")),
        dragoman_register_extractors=hookimpl(lambda: [layers]),
    )
    return PluginHost([*installed_entry_points(), EntryPoint("acme", lambda: module)])


def gate(layer: Any, op: Any, x: Any) -> Any:
    extending.expect(layer, 1)
    weight = extending.blob(layer, op, 0, [extending.channels(layer, x)], default=2.0)
    return op.Multiply(x, op.Unsqueeze(weight, op.constant([1], "i64")))


def test_every_name_is_documented() -> None:
    for name in extending.__all__:
        assert getattr(extending, name).__doc__


def test_a_layer_reads_its_learned_blob() -> None:
    weight = np.array([1, -2, 3], np.float32)
    model = caffe_layer("Gate", {"x": X.shape}, blobs=[weight])
    LayerCase(model, {"x": X}, {"y": X * weight[:, None]}, host=host("Gate", gate)).check()


def test_missing_weights_are_refused_or_filled_if_the_user_says_so() -> None:
    held = host("Gate", gate)
    LayerCase(caffe_layer("Gate", {"x": X.shape}), host=held).check_refused("D213", "layer")
    options = {"allow_missing_weights": True}
    LayerCase(caffe_layer("Gate", {"x": X.shape}), {"x": X}, {"y": 2 * X}, options=options, host=held).check()


@pytest.mark.parametrize("blobs", [[[1, 2]], [[1, 2, 3], [4]]])
def test_weights_of_another_shape_or_number_are_refused(blobs: list[list[int]]) -> None:
    case = LayerCase(caffe_layer("Gate", {"x": X.shape}, blobs=blobs), host=host("Gate", gate))
    case.check_refused("D302", "layer")


def test_a_python_layer_reads_its_parameters() -> None:
    seen: list[Any] = []

    def taper(layer: Any, op: Any, x: Any) -> Any:
        extending.rank_of(layer, x, 3)
        seen.append(extending.python_parameters(layer))
        return op.Negative(x)

    text = "python_param { module: 'acme.layers' layer: 'Taper' param_str: \"{'period': 4, 'on': [1, 2]}\" }"
    model = caffe_layer("Python", {"x": X.shape}, text)
    LayerCase(model, {"x": X}, {"y": -X}, host=host("Python:acme.layers.Taper", taper)).check()
    assert seen == [{"period": 4, "on": [1, 2]}]
