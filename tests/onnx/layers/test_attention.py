"""Attention, RotaryEmbedding and FlexAttention against ONNX's reference evaluator, with dynamic shapes."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest
from onnx import helper
from tests.onnx.support import model_of, port, refusal, run_both

import dragoman

F = np.float32
RANDOM = np.random.default_rng(5)


def data(*shape: int) -> np.ndarray:
    return RANDOM.standard_normal(shape).astype(F)


def attention(
    feeds: dict[str, np.ndarray], outputs: str = "y", opset: int = 25, static: bool = False, **attributes: Any
) -> onnx.ModelProto:
    """A model whose inputs are those of ``feeds``, by the operator's names."""
    order = ["q", "k", "v", "mask", "pk", "pv", "valid"]
    names = [n if n in feeds else "" for n in order]
    while not names[-1]:
        names.pop()
    ports = [
        port(n, a.dtype, a.shape if static or (n in ("q", "k") and a.ndim == 3) else _open(n, a))
        for n, a in feeds.items()
    ]
    node = helper.make_node("Attention", names, outputs.split(), **attributes)
    return model_of([node], ports, [port(o, F) for o in outputs.split() if o], opset=opset)


def _open(name: str, array: np.ndarray) -> list[Any]:
    """Batch and length are open; heads and sizes are known."""
    return [f"{name}{i}" if i in (0, array.ndim - 2) else d for i, d in enumerate(array.shape)]


def qkv(heads: int = 4, kv_heads: int = 2, rows: int = 3, columns: int = 5) -> dict[str, np.ndarray]:
    return {"q": data(2, heads, rows, 8), "k": data(2, kv_heads, columns, 8), "v": data(2, kv_heads, columns, 6)}


MASKS = {
    "none": None,
    "added": data(3, 5),
    "of a head": data(4, 3, 5),
    "shorter": data(2, 1, 3, 4),
    "boolean": RANDOM.random((2, 1, 3, 5)) > 0.4,
    "a row of nothing": np.array([[True] * 5, [False] * 5, [False, True, False, True, True]]),
    "a row of -inf": np.array([[0] * 5, [-np.inf] * 5, [1, -np.inf, 0, 2, 0]], F),
}


@pytest.mark.parametrize("causal", [0, 1])
@pytest.mark.parametrize("mask", MASKS)
def test_attention_sees_what_its_mask_allows(mask: str, causal: int) -> None:
    feeds = qkv()
    if MASKS[mask] is not None:
        feeds["mask"] = MASKS[mask]
    run_both(attention(feeds, is_causal=causal), feeds, reference="onnx")


@pytest.mark.parametrize("outputs", ["y", "y pk2 pv2"])
@pytest.mark.parametrize("causal", [0, 1])
def test_attention_goes_on_from_a_past(causal: int, outputs: str) -> None:
    feeds = {**qkv(), "pk": data(2, 2, 4, 8), "pv": data(2, 2, 4, 6)}
    run_both(attention(feeds, outputs, is_causal=causal), feeds, reference="onnx")


@pytest.mark.parametrize("scale", [0.2, None])
def test_attention_takes_its_scale(scale: float | None) -> None:
    feeds = qkv()
    run_both(attention(feeds, **({} if scale is None else {"scale": scale})), feeds, reference="onnx")


@pytest.mark.parametrize("mode", [0, 1, 2, 3])
@pytest.mark.parametrize("mask", ["none", "added", "a row of nothing"])
def test_attention_gives_out_its_scores(mask: str, mode: int) -> None:
    feeds = qkv()
    if MASKS[mask] is not None:
        feeds["mask"] = MASKS[mask]
    model = attention(feeds, "y pk2 pv2 s", qk_matmul_output_mode=mode, is_causal=1)
    run_both(model, feeds, reference="onnx")


def test_attention_caps_its_scores() -> None:
    feeds = qkv()
    run_both(attention(feeds, softcap=0.5), feeds, reference="onnx")


def test_attention_of_flat_inputs_splits_the_heads() -> None:
    feeds = {"q": data(2, 3, 32), "k": data(2, 5, 16), "v": data(2, 5, 12)}
    run_both(attention(feeds, q_num_heads=4, kv_num_heads=2), feeds, reference="onnx")


@pytest.mark.parametrize(("left", "right"), [(1, -1), (-1, 0), (1, 2), (0, 0)])
def test_attention_sees_a_window(left: int, right: int) -> None:
    feeds = {**qkv(), "pk": data(2, 2, 4, 8), "pv": data(2, 2, 4, 6)}
    model = attention(feeds, left_window_size=left, right_window_size=right)
    run_both(model, feeds, reference="onnx")


@pytest.mark.parametrize("causal", [0, 1])
def test_attention_leaves_out_what_is_padding(causal: int) -> None:
    feeds = {**qkv(), "valid": np.array([5, 2], np.int64)}
    run_both(attention(feeds, is_causal=causal, opset=24), feeds, reference="onnx")


def test_plain_attention_is_one_op_of_the_runtime() -> None:
    ops = [n.op for n in dragoman.convert(attention(qkv(4, 4), is_causal=1)).graph]
    assert ops.count("ScaledDotProductAttention") == 1
    assert "Softmax" not in ops


def test_flat_inputs_without_heads_are_refused() -> None:
    error = refusal(attention({"q": data(2, 3, 32), "k": data(2, 5, 16), "v": data(2, 5, 12)}))
    assert [(p.code, p.op) for p in error.problems] == [("D302", "Attention")]


@pytest.mark.parametrize("flat", [False, True])
@pytest.mark.parametrize("interleaved", [0, 1])
@pytest.mark.parametrize("count", [0, 4])
@pytest.mark.parametrize("indexed", [False, True])
def test_rotary_embedding_turns_pairs(flat: bool, interleaved: int, count: int, indexed: bool) -> None:
    half = (count or 8) // 2
    angles = data(*((10, half) if indexed else (2, 3, half)))
    feeds = {"x": data(2, 3, 32) if flat else data(2, 4, 3, 8), "c": np.cos(angles), "s": np.sin(angles)}
    if indexed:
        feeds["at"] = np.array([[0, 3, 9], [1, 2, 3]], np.int64)
    attributes = {"interleaved": interleaved, "rotary_embedding_dim": count} | ({"num_heads": 4} if flat else {})
    node = helper.make_node("RotaryEmbedding", list(feeds), ["y"], **attributes)
    ports = [port(n, a.dtype, ["b", "t", 32] if n == "x" and flat else a.shape) for n, a in feeds.items()]
    run_both(model_of([node], ports, [port("y", F)], opset=23), feeds, reference="onnx")


def test_flex_attention_runs_the_graphs_it_holds() -> None:
    twice = helper.make_graph([helper.make_node("Mul", ["i", "two"], ["o"])], "g", [port("i", F)], [port("o", F)])
    node = helper.make_node("FlexAttention", ["q", "k", "v"], ["y"], domain="ai.onnx.preview", score_mod=twice)
    feeds = qkv()
    plain = attention(feeds, scale=2 * 8**-0.5)
    model = model_of(
        [node],
        [port(n, F, a.shape) for n, a in feeds.items()],
        [port("y", F)],
        opset=26,
        constants={"two": np.array(2, F)},
        domains={"ai.onnx.preview": 1},
    )
    from tests.onnx.support import assert_same, run_ir, run_reference

    assert_same(run_ir(model, feeds), run_reference(plain, feeds))
