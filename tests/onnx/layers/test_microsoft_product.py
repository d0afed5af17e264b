"""Products of com.microsoft with weights of a few bits, and of quantized matrices, against onnxruntime."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest
from tests.onnx.support import given, layer_model, refusal, run_both

import dragoman

F = np.float32
RANDOM = np.random.default_rng(9)


def integers(kind: Any, *shape: int) -> np.ndarray:
    limits = np.iinfo(kind)
    return RANDOM.integers(limits.min, limits.max + 1, shape).astype(kind)


def check(op: str, feeds: dict[str, Any], constants: str, kind: Any = F, **attributes: Any) -> None:
    held = tuple(constants.split())
    model = layer_model(op, feeds, kinds={"y": kind}, domain="com.microsoft", constants=held, **attributes)
    run_both(model, given(feeds, held))


def blocks(bits: int, depth: int, zeros: str, bias: bool = False) -> tuple[dict[str, Any], str]:
    count = -(-depth // 16)
    feeds: dict[str, Any] = {
        "a": RANDOM.standard_normal((2, 3, depth)).astype(F),
        "b": integers(np.uint8, 6, count, 2 * bits),
        "s": RANDOM.random((6, count)).astype(F),
    }
    if zeros == "packed":
        feeds["z"] = integers(np.uint8, 6, -(-count * bits // 8))
    elif zeros == "float":
        feeds["z"] = (RANDOM.random((6, count)) * 8).astype(F)
    if bias:
        feeds |= {"_z": 0, "_g": 0} if zeros == "none" else {"_g": 0}
        feeds["c"] = RANDOM.standard_normal(6).astype(F)
    return feeds, "b s z" if "z" in feeds else "b s"


@pytest.mark.parametrize("depth", [32, 48, 40, 256])
@pytest.mark.parametrize(
    ("bits", "zeros"),
    [(2, "none"), (2, "packed"), (2, "float"), (4, "none"), (4, "packed"), (4, "float"), (8, "none"), (8, "packed")],
)
def test_weights_of_few_bits(bits: int, zeros: str, depth: int) -> None:
    feeds, constants = blocks(bits, depth, zeros, bias=depth == 48)
    check("MatMulNBits", feeds, constants, K=depth, N=6, bits=bits, block_size=16)


def four_bits() -> onnx.ModelProto:
    feeds, constants = blocks(4, 32, "none")
    attributes = {"K": 32, "N": 6, "bits": 4, "block_size": 16}
    return layer_model("MatMulNBits", feeds, domain="com.microsoft", constants=constants.split(), **attributes)


def test_weights_of_few_bits_stay_as_small_as_they_are() -> None:
    kinds = [n.out.dtype.name for n in dragoman.convert(four_bits()).graph if n.tensor is not None]
    assert "u4" in kinds


def test_weights_of_few_bits_at_run_time_are_refused() -> None:
    feeds, _ = blocks(4, 32, "none")
    model = layer_model("MatMulNBits", feeds, domain="com.microsoft", K=32, N=6, bits=4, block_size=16)
    assert [(p.code, p.op) for p in refusal(model).problems] == [("D302", "com.microsoft:MatMulNBits")]


@pytest.mark.parametrize("zeros", [False, True])
def test_rows_of_a_table_of_few_bits(zeros: bool) -> None:
    feeds: dict[str, Any] = {
        "d": integers(np.uint8, 6, 16),
        "i": np.array([[0, 3], [5, 1]], np.int64),
        "s": RANDOM.random((6, 2)).astype(F),
    }
    if zeros:
        feeds["z"] = integers(np.uint8, 6, 1)
    constants = "d s z" if zeros else "d s"
    check("GatherBlockQuantized", feeds, constants, gather_axis=0, quantize_axis=1, block_size=16, bits=4)


@pytest.mark.parametrize("kind", [np.uint8, np.int8])
@pytest.mark.parametrize("whole", [False, True])
def test_products_of_integers_made_real(whole: bool, kind: Any) -> None:
    feeds: dict[str, Any] = {"a": integers(kind, 2, 3, 4), "b": integers(np.int8, 4, 5), "as": F(0.1), "bs": F(0.2)}
    if whole:
        feeds |= {"bs": RANDOM.random(5).astype(F), "az": integers(kind, 1)[0], "bz": integers(np.int8, 5)}
        feeds["c"] = RANDOM.standard_normal(5).astype(F)
    check("MatMulIntegerToFloat", feeds, "b")


@pytest.mark.parametrize("kind", [np.uint8, np.int8])
def test_products_with_a_side_quantized_on_the_way(kind: Any) -> None:
    feeds: dict[str, Any] = {"a": RANDOM.standard_normal((2, 3, 4)).astype(F), "b": integers(kind, 4, 5), "s": F(0.2)}
    if kind is np.uint8:
        feeds |= {"z": np.uint8(120), "c": RANDOM.standard_normal(5).astype(F)}
    check("DynamicQuantizeMatMul", feeds, "b")


def test_products_of_integers_of_16_bits_are_exact() -> None:
    feeds = {"a": integers(np.int16, 3, 4) // 2, "b": integers(np.int16, 4, 5) // 2}
    check("MatMulInteger16", feeds, "", np.int32)


def test_long_products_of_integers_of_16_bits_are_refused() -> None:
    feeds = {"a": integers(np.int16, 3, 500), "b": integers(np.int16, 500, 5)}
    model = layer_model("MatMulInteger16", feeds, kinds={"y": np.int32}, domain="com.microsoft")
    assert [p.op for p in refusal(model).problems] == ["com.microsoft:MatMulInteger16"]
