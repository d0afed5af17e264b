"""Attention, MultiHeadAttention, GroupQueryAttention and RotaryEmbedding of com.microsoft against onnxruntime."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.onnx.support import assert_same, given, layer_model, refusal, run_both, run_ir, run_ort

F = np.float32
RANDOM = np.random.default_rng(6)


def data(*shape: int) -> np.ndarray:
    return RANDOM.standard_normal(shape).astype(F)


def check(op: str, feeds: dict[str, Any], outputs: str = "y", dynamic: bool = True, **attributes: Any) -> None:
    model = layer_model(op, feeds, outputs, domain="com.microsoft", opset=16, dynamic=dynamic, **attributes)
    run_both(model, given(feeds))


SELF = {"x": data(2, 3, 8), "w": data(8, 24), "b": data(24)}
MASKS = {
    "of keys": np.array([[1, 1, 0], [1, 0, 0]], np.int32),
    "of nothing": np.array([[0, 0, 0], [1, 0, 0]], np.int32),
    "of pairs": np.array([[[1, 1, 0], [1, 0, 0], [1, 1, 1]]] * 2, np.int32),
    "of lengths": np.array([2, 3], np.int32),
    "of ends and starts": np.array([3, 2, 1, 0], np.int32),
}


@pytest.mark.parametrize("ahead", [0, 1])
@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("dynamic", [True, False])
def test_attention_under_a_mask(mask: str, ahead: int, dynamic: bool) -> None:
    feeds = {**SELF, "m": MASKS[mask]}
    model = layer_model("Attention", feeds, domain="com.microsoft", dynamic=dynamic, num_heads=2, unidirectional=ahead)
    if dynamic:
        model.graph.input[3].type.tensor_type.shape.dim[0].dim_param = "lengths"
    run_both(model, feeds)


@pytest.mark.parametrize("attributes", [{}, {"scale": 0.3}, {"unidirectional": 1}])
def test_attention_without_a_mask(attributes: dict[str, Any]) -> None:
    check("Attention", SELF, num_heads=2, **attributes)


def test_attention_with_values_of_another_size() -> None:
    feeds = {"x": data(2, 3, 8), "w": data(8, 28), "b": data(28)}
    check("Attention", feeds, num_heads=2, qkv_hidden_sizes=[8, 8, 12])


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("ahead", [0, 1])
def test_attention_goes_on_from_a_past(ahead: int, masked: bool) -> None:
    mask = {"m": (RANDOM.random((2, 8)) > 0.3).astype(np.int32)} if masked else {"_m": 0}
    feeds = {**SELF, **mask, "p": data(2, 2, 2, 5, 4)}
    check("Attention", feeds, "y present", num_heads=2, unidirectional=ahead)


@pytest.mark.parametrize("heads", [1, 2])
def test_attention_adds_to_its_scores(heads: int) -> None:
    check("Attention", {**SELF, "_m": 0, "_p": 0, "a": data(1, 2, 3, 3)}, num_heads=2)


@pytest.mark.parametrize("mask", [None, np.array([[1, 1, 0], [1, 0, 0]], np.int32)])
def test_attention_of_quantized_inputs(mask: np.ndarray | None) -> None:
    feeds = {
        "x": RANDOM.integers(0, 256, (2, 3, 8)).astype(np.uint8),
        "w": RANDOM.integers(-128, 128, (8, 24)).astype(np.int8),
        "b": data(24),
        "xs": F(0.02),
        "ws": F(0.01),
        **({"_m": 0} if mask is None else {"m": mask}),
        "xz": np.uint8(120),
        "wz": np.int8(3),
    }
    check("QAttention", feeds, num_heads=2, unidirectional=1)


CROSS = {"q": data(2, 3, 8), "k": data(2, 5, 8), "v": data(2, 5, 12)}


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"b": data(28)},
        {"_b": 0, "m": np.array([[1, 1, 0, 1, 1], [1, 1, 1, 0, 0]], np.int32)},
        {"_b": 0, "m": (RANDOM.random((2, 3, 5)) > 0.3).astype(np.int32)},
        {"_b": 0, "_m": 0, "a": data(1, 1, 3, 5)},
    ],
)
def test_multi_head_attention_across(more: dict[str, Any]) -> None:
    check("MultiHeadAttention", {**CROSS, **more}, "y keys values", num_heads=2)


def test_multi_head_attention_under_lengths() -> None:
    feeds = {**CROSS, "_b": 0, "m": np.array([3, 5], np.int32)}
    check("MultiHeadAttention", feeds, dynamic=False, num_heads=2, scale=0.2)


@pytest.mark.parametrize("ahead", [0, 1])
def test_multi_head_attention_goes_on_from_a_past(ahead: int) -> None:
    feeds = {**CROSS, "k": data(2, 3, 8), "v": data(2, 3, 8), "b": data(24), "_m": 0, "a": data(2, 2, 3, 7)}
    feeds |= {"pk": data(2, 2, 4, 4), "pv": data(2, 2, 4, 4)}
    check("MultiHeadAttention", feeds, "y keys values", num_heads=2, unidirectional=ahead)


def test_multi_head_attention_over_keys_that_are_split_already() -> None:
    check("MultiHeadAttention", {"q": data(2, 3, 8), "k": data(2, 2, 5, 4), "v": data(2, 2, 5, 4)}, num_heads=2)


@pytest.mark.parametrize("whole", [True, False])
def test_multi_head_attention_of_packed_inputs_equals_that_of_separate_ones(whole: bool) -> None:
    q, k, v = (data(2, 3, 2, 4) for _ in range(3))
    apart = {"q": q.reshape(2, 3, 8), "k": k.reshape(2, 3, 8), "v": v.reshape(2, 3, 8)}
    joined = {"q": np.stack([q, k, v], 3)} if whole else {"q": apart["q"], "k": np.stack([k, v], 3)}
    expected = run_ort(layer_model("MultiHeadAttention", apart, domain="com.microsoft", num_heads=2), apart)
    assert_same(
        run_ir(layer_model("MultiHeadAttention", joined, domain="com.microsoft", num_heads=2), joined), expected
    )


def test_attention_in_a_shared_buffer_is_refused() -> None:
    model = layer_model("Attention", SELF, domain="com.microsoft", num_heads=2, past_present_share_buffer=1)
    assert [p.op for p in refusal(model).problems] == ["com.microsoft:Attention"]


@pytest.mark.parametrize("interleaved", [0, 1])
@pytest.mark.parametrize("at", [[[0, 1, 4], [2, 3, 9]], [3]])
@pytest.mark.parametrize(
    ("shape", "attributes"),
    [
        ((2, 3, 8), {}),
        ((2, 2, 3, 4), {}),
        ((2, 3, 16), {"num_heads": 2, "rotary_embedding_dim": 4}),
        ((2, 2, 3, 8), {"num_heads": 2, "rotary_embedding_dim": 4}),
    ],
)
def test_rotary_embedding(shape: tuple[int, ...], attributes: dict[str, int], at: list[Any], interleaved: int) -> None:
    angles = data(10, 2)
    feeds = {"x": data(*shape), "p": np.array(at, np.int64), "c": np.cos(angles), "s": np.sin(angles)}
    check("RotaryEmbedding", feeds, interleaved=interleaved, **attributes)


HEADS, KV_HEADS, SIZE = 4, 2, 16
ANGLES = data(20, 8)
TURNS = {"c": np.cos(ANGLES), "s": np.sin(ANGLES)}
UNTURNED = {"_c": 0, "_s": 0}


def grouped(
    rows: int,
    past: int | None,
    last: list[int],
    total: int,
    more: dict[str, Any] | None = None,
    packed: bool = False,
    turns: dict[str, Any] = TURNS,
    **attributes: Any,
) -> None:
    batch = len(last)
    keys = {"k": data(batch, rows, KV_HEADS * SIZE), "v": data(batch, rows, KV_HEADS * SIZE)}
    width = (HEADS + 2 * KV_HEADS if packed else HEADS) * SIZE
    feeds: dict[str, Any] = {"q": data(batch, rows, width), **({"_k": 0, "_v": 0} if packed else keys)}
    if past is None:
        feeds |= {"_pk": 0, "_pv": 0}
    else:
        feeds |= {"pk": data(batch, KV_HEADS, past, SIZE), "pv": data(batch, KV_HEADS, past, SIZE)}
    feeds |= {"last": np.array(last, np.int32), "total": np.array(total, np.int32), **turns, **(more or {})}
    attributes |= {"num_heads": HEADS, "kv_num_heads": KV_HEADS, "do_rotary": int(turns is TURNS)}
    check("GroupQueryAttention", feeds, "y keys values", **attributes)


@pytest.mark.parametrize(
    ("rows", "past", "last", "total"),
    [
        (3, 0, [2, 2], 3),
        (3, None, [2, 2], 3),
        (1, 5, [5, 5], 6),
        (1, 8, [5, 5], 6),
        (1, 8, [5, 3], 6),
        (3, 4, [6], 7),
        (3, 8, [6], 7),
    ],
)
@pytest.mark.parametrize("turned", [True, False])
def test_group_query_attention_fills_its_cache(
    rows: int, past: int | None, last: list[int], total: int, turned: bool
) -> None:
    if turned and past is None:
        past = 0
    grouped(rows, past, last, total, turns=TURNS if turned else UNTURNED)


@pytest.mark.parametrize(
    "attributes",
    [
        {"scale": 0.2},
        {"local_window_size": 3},
        {"softcap": 0.5},
        {"rotary_interleaved": 1},
        {"smooth_softmax": 1},
    ],
)
def test_group_query_attention_with(attributes: dict[str, Any]) -> None:
    grouped(1, 5, [5, 5], 6, **attributes)


def test_group_query_attention_of_packed_inputs() -> None:
    grouped(1, 5, [5, 5], 6, packed=True)


@pytest.mark.parametrize(
    "more",
    [
        {"at": np.array([[3], [7]], np.int64)},
        {"_at": 0, "a": data(2, 1, 1, 6)},
        {"_at": 0, "_a": 0, "sink": data(4)},
    ],
)
def test_group_query_attention_with_more_inputs(more: dict[str, Any]) -> None:
    grouped(1, 5, [5, 5], 6, more)


def test_group_query_attention_without_a_triangle() -> None:
    grouped(3, None, [2, 2], 3, turns=UNTURNED, causal=0)
