"""Python layers: proposals against transcriptions of their Python (box_references), and those that plugins bring."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.caffe.layers.box_references import anchors, proposals
from tests.caffe.layers.test_proposal import LIMITS, RATIOS, SCALES, data, net
from tests.caffe.support import assert_close, inputs, layer, refusal, run_model, run_net

import dragoman
from dragoman.builder import Builder
from dragoman.discovery import EntryPoint
from dragoman.frontends.extract import Extractors, Layer
from dragoman.graph.graph import Value
from dragoman.hookspecs import PluginInfo, hookimpl
from dragoman.plugins import PluginHost, installed_entry_points


def python(module: str, parameters: str) -> str:
    return f'python_param {{ module: "{module}" layer: "ProposalLayer" param_str: "{parameters}" }}'


def check(
    feeds: dict[str, np.ndarray],
    module: str,
    parameters: str,
    ratios: Any = RATIOS,
    scales: Any = SCALES,
    **limits: Any,
) -> dict[str, np.ndarray]:
    found = run_net(net(feeds, "Python", python(module, parameters)), feeds)
    boxes = anchors(16, ratios, scales).astype(np.float32)
    options = {**LIMITS, "drops": True, **limits}
    rois, scores = proposals(feeds["scores"], feeds["deltas"], feeds["info"][0], boxes, **options)
    assert_close(found["rois"], rois, tolerance=1e-6)
    assert_close(found["probs"], scores[:, None], tolerance=1e-6)
    return found


@pytest.mark.parametrize(
    ("lowest", "parameters", "limits"),
    [
        (0.0, "'feat_stride': 16", {}),
        (0.0, "{'feat_stride': 16, 'nms_thresh': 0.3, 'min_size': 100}", {"nms": 0.3, "min_size": 100}),
        (-0.5, "feat_stride: 16\\nmin_size: 100\\nnms_thresh: 0.3", {"nms": 0.3, "min_size": 100}),
        (0.0, "feat_stride: 16, post_nms_topN: 7, pre_nms_topN: 40", {"post": 7, "pre": 40}),
    ],
)
def test_small_regions_leave_before_suppression(lowest: float, parameters: str, limits: dict[str, Any]) -> None:
    check(data(lowest=lowest), "rpn.proposal_layer", parameters, **limits)


def test_scales_and_ratios_of_the_text() -> None:
    text = "'feat_stride': 8\\n'scales': !!python/tuple [4, 8]\\n'ratios': (1, 0.7,)"
    check(data(4), "rpn.proposal_layer", text, (1, 0.7), (4, 8), stride=8)


def test_there_may_be_no_region() -> None:
    found = check(data(), "rpn.proposal_layer", "'feat_stride': 16, 'min_size': 5000", min_size=5000)
    assert found["rois"].shape == (0, 5)


def test_ssh_proposes_without_suppression() -> None:
    text = "{'feat_stride': 8,'scales': [1,2], 'ratios':[1,]}"
    check(data(2), "SSH.layers.proposal_layer", text, (1,), (1, 2), stride=8, min_size=0, pre=1000, post=1000, nms=1.0)


def test_ssh_has_one_region_when_there_is_none() -> None:
    feeds = data()
    text = net(feeds, "Python", python("SSH.layers.proposal_layer", "'feat_stride': 16, 'min_size': 5000"))
    found = run_net(text, feeds)
    np.testing.assert_array_equal(found["rois"], [[0, 0, 0, 16, 16]])
    assert found["probs"].shape == (0, 1)


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ("", "no feat_stride"),
        ("'scales': [8]", "no feat_stride"),
        ("'feat_stride': 16, 'color': 3", "color: 3"),
        ("'feat_stride': 16.5", "feat_stride: 16.5"),
        ("'feat_stride': 16, 'scales': 8", "scale: 8"),
        ("'feat_stride': 16, 'scales': [8, 'x']", "scale: [8, 'x']"),
        ("'feat_stride': __import__('os')", "no plain mapping"),
        ("'feat_stride': [16", "no plain mapping"),
        ("'feat_stride' 16", "no plain mapping"),
        ("'feat_stride': 16, 'scales': " + "[" * 5000, "no plain mapping"),
        ("'feat_stride': 16, 'scales': [nan]", "positive numbers are needed"),
        ("'feat_stride': 16, 'base_size': 1" + "0" * 400, "must be positive"),
        ("'feat_stride': 16, 'base_size': 32", "ratio 0.5 lies between two pixels"),
    ],
)
def test_other_parameters_are_refused(parameters: str, reason: str) -> None:
    assert reason in str(refusal(net(data(), "Python", python("rpn.proposal_layer", parameters), "rois")))


def test_an_unknown_python_layer_is_named_by_module_and_class() -> None:
    text = inputs(x=(1, 2)) + layer("Python", "x", parameters="python_param { module: 'mine' layer: 'Twice' }")
    error = refusal(text)
    assert error.code == "D301"
    assert "mine.Twice" in str(error)


def test_a_plugin_brings_a_python_layer() -> None:
    layers = Extractors("caffe")

    @layers("Python:mine.Scaled")
    def scaled(layer: Layer, op: Builder, x: Value) -> Value:
        layer.ignore("python_param.module", "python_param.layer")
        y: Value = op.Multiply(x, op.constant(float(layer.require("python_param.param_str", str)), x.dtype))
        return y

    class Plugin:
        @hookimpl
        def dragoman_plugin_info(self) -> PluginInfo:
            return PluginInfo("mine", "a layer of mine")

        @hookimpl
        def dragoman_register_extractors(self) -> list[Extractors]:
            return [layers]

    host = PluginHost([*installed_entry_points(), EntryPoint("mine", Plugin)])
    text = inputs(x=(2, 3)) + layer(
        "Python", "x", parameters="python_param { module: 'mine' layer: 'Scaled' param_str: '2.5' }"
    )
    x = np.arange(6, dtype=np.float32).reshape(2, 3)
    result = dragoman.convert(text.encode(), host=host)
    np.testing.assert_array_equal(run_model(result, {"x": x})["out"], x * 2.5)
