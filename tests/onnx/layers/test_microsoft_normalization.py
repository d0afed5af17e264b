"""Normalizations of com.microsoft against onnxruntime, or the formula as a graph where onnxruntime lacks the kernel."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from onnx import helper
from tests.onnx.support import assert_same, given, layer_model, model_of, port, refusal, run_both, run_ir, run_ort

F = np.float32
RANDOM = np.random.default_rng(4)


def data(*shape: int) -> np.ndarray:
    return RANDOM.standard_normal(shape).astype(F)


X = data(2, 3, 8)


@pytest.mark.parametrize("opset", [9, 12, 16])
@pytest.mark.parametrize("outputs", ["y", "y m i"])
def test_layer_normalization_before_onnx_had_it(outputs: str, opset: int) -> None:
    feeds = {"x": X, "g": data(8), "b": data(8)}
    run_both(layer_model("LayerNormalization", feeds, outputs, opset=opset, epsilon=0.1), feeds)


@pytest.mark.parametrize(("outputs", "axis"), [("y", -1), ("y i", -1), ("y", 1)])
def test_simplified_layer_normalization(outputs: str, axis: int) -> None:
    feeds = {"x": X, "g": data(*X.shape[axis:])}
    run_both(layer_model("SimplifiedLayerNormalization", feeds, outputs, axis=axis, epsilon=0.1), feeds)


@pytest.mark.parametrize("outputs", ["y", "y - - sum"])
@pytest.mark.parametrize("skip", [(2, 3, 8), (1, 3, 8), (3, 8)])
@pytest.mark.parametrize("parts", ["gb", "g_c", "gbc"])
def test_skip_layer_normalization(parts: str, skip: tuple[int, ...], outputs: str) -> None:
    feeds: dict[str, Any] = {"x": X, "s": data(*skip)} | {p: data(8) for p in parts}
    model = layer_model(
        "SkipLayerNormalization", feeds, outputs, domain="com.microsoft", dynamic=len(skip) == 3, epsilon=0.01
    )
    run_both(model, given(feeds))


@pytest.mark.parametrize("outputs", ["y", "y - - sum"])
@pytest.mark.parametrize("parts", ["g", "gb"])
def test_skip_simplified_layer_normalization(parts: str, outputs: str) -> None:
    feeds: dict[str, Any] = {"x": X, "s": data(2, 3, 8)} | {p: data(8) for p in parts}
    run_both(layer_model("SkipSimplifiedLayerNormalization", feeds, outputs, domain="com.microsoft"), feeds)


TABLES = {"words": data(6, 8), "places": data(5, 8)}
EMBEDDING = {
    "bare": {"ids": 0, "_": 0, **TABLES, "_t": 0, "g": data(8), "b": data(8)},
    "segments": {"ids": 0, "seg": 1, **TABLES, "t": data(2, 8), "g": data(8), "b": data(8)},
}
EMBEDDING["mask"] = {**EMBEDDING["segments"], "mask": np.array([[1, 1, 0], [1, 0, 0]], np.int32)}
EMBEDDING["places"] = {**EMBEDDING["mask"], "at": np.array([[0, 3, 2], [1, 1, 4]], np.int32)}


@pytest.mark.parametrize("case", EMBEDDING)
def test_embed_layer_normalization(case: str) -> None:
    ids = {"ids": np.array([[1, 2, 3], [4, 0, 1]], np.int32), "seg": np.array([[0, 1, 1], [0, 0, 1]], np.int32)}
    feeds = {k: ids.get(k, v) for k, v in EMBEDDING[case].items()}
    model = layer_model(
        "EmbedLayerNormalization", feeds, "y m s", kinds={"m": np.int32}, domain="com.microsoft", epsilon=0.1
    )
    run_both(model, given(feeds))


def test_the_statistics_of_a_training_step_are_refused() -> None:
    feeds = {"x": X, "s": data(2, 3, 8), "g": data(8)}
    error = refusal(layer_model("SkipLayerNormalization", feeds, "y m", domain="com.microsoft"))
    assert [(p.code, p.op) for p in error.problems] == [("D302", "com.microsoft:SkipLayerNormalization")]


@pytest.mark.parametrize("skip", [None, (2, 3, 4, 6), (2, 6)])
@pytest.mark.parametrize("swish", [0, 1])
def test_group_norm(swish: int, skip: tuple[int, ...] | None) -> None:
    feeds = {"x": data(2, 3, 4, 6), "g": data(6), "b": data(6)}
    total = "x"
    nodes = []
    if skip is not None:
        feeds["s"] = data(*skip)
        wide = "s"
        if len(skip) == 2:
            nodes.append(helper.make_node("Unsqueeze", ["s", "axes"], ["w"]))
            wide = "w"
        nodes.append(helper.make_node("Add", ["x", wide], ["t"]))
        total = "t"
    nodes += [
        helper.make_node("Transpose", [total], ["f"], perm=[0, 3, 1, 2]),
        helper.make_node("GroupNormalization", ["f", "g", "b"], ["n"], num_groups=2, epsilon=0.01),
        helper.make_node("Transpose", ["n"], ["z"], perm=[0, 2, 3, 1]),
        helper.make_node("Sigmoid", ["z"], ["q"]),
        helper.make_node("Mul" if swish else "Identity", ["z", "q"] if swish else ["z"], ["y"]),
    ]
    ports = [port(n, a.dtype, a.shape) for n, a in feeds.items()]
    reference = model_of(nodes, ports, [port("y", F)], opset=21, constants={"axes": np.array([1, 2], np.int64)})
    model = layer_model(
        "GroupNorm" if skip is None else "SkipGroupNorm",
        feeds,
        domain="com.microsoft",
        groups=2,
        epsilon=0.01,
        activation=swish,
        channels_last=1,
    )
    assert_same(run_ir(model, feeds), run_ort(reference, feeds))
