"""Products of matrices, and determinants."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.onnx.support import layer_model, refusal, run_layer

RNG = np.random.default_rng(3)


def numbers(*shape: int) -> np.ndarray:
    return RNG.standard_normal(shape).astype(np.float32)


@pytest.mark.parametrize("left, right", [((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 4)), ((2, 1, 4, 3), (5, 3, 2))])
def test_matmul(left: tuple[int, ...], right: tuple[int, ...]) -> None:
    run_layer("MatMul", {"a": numbers(*left), "b": numbers(*right)}, opset=13, dynamic=False)


@pytest.mark.parametrize("shape", [(2, 3), (1, 2, 3), (4, 2, 3)])
def test_a_dynamic_matrix_times_a_batch_of_constant_ones(shape: tuple[int, ...]) -> None:
    run_layer("MatMul", {"a": numbers(*shape), "b": numbers(4, 3, 5)}, opset=13, constants=["b"], dynamic=True)


@pytest.mark.parametrize("turned", [(0, 0), (1, 0), (0, 1), (1, 1)])
@pytest.mark.parametrize("factors", [{}, {"alpha": 0.5}, {"beta": 2.0}, {"alpha": 0.25, "beta": 0.0}])
@pytest.mark.parametrize("bias", [(4,), (2, 1), (), (2, 4), None])
@pytest.mark.parametrize("constant", [True, False])
def test_gemm(turned: tuple[int, int], factors: dict[str, float], bias: tuple[int, ...] | None, constant: bool) -> None:
    a = numbers(3, 2) if turned[0] else numbers(2, 3)
    b = numbers(4, 3) if turned[1] else numbers(3, 4)
    feeds = {"a": a, "b": b} | ({} if bias is None else {"c": numbers(*bias)})
    attributes: dict[str, Any] = {"transA": turned[0], "transB": turned[1], **factors}
    run_layer("Gemm", feeds, opset=13, constants=["b"] if constant else [], dynamic=False, **attributes)


@pytest.mark.parametrize(
    "equation, shapes",
    [
        ("ij, jk -> ik", [(2, 3), (3, 4)]), ("ij->ji", [(2, 3)]), ("ij->i", [(2, 3)]), ("ii->i", [(3, 3)]),
        ("bhqd,bhkd->bhqk", [(2, 2, 3, 4), (2, 2, 5, 4)]), ("...ij,...jk->...ik", [(2, 3, 4), (2, 4, 2)]),
        ("i,i", [(3,), (3,)]), ("bn,anm,bm->ba", [(2, 3), (4, 3, 5), (2, 5)]),
    ],
)  # fmt: skip
def test_einsum(equation: str, shapes: list[tuple[int, ...]]) -> None:
    feeds = {f"x{i}": numbers(*s) for i, s in enumerate(shapes)}
    run_layer("Einsum", feeds, opset=12, dynamic=False, equation=equation)


@pytest.mark.parametrize("size", [1, 2, 3, 4])
@pytest.mark.parametrize("batch", [(), (2, 3)])
def test_determinant(size: int, batch: tuple[int, ...]) -> None:
    run_layer("Det", {"x": numbers(*batch, size, size)}, opset=11, dynamic=False)


def test_a_large_determinant_is_refused() -> None:
    problem = refusal(layer_model("Det", {"x": numbers(5, 5)}, opset=11, dynamic=False)).problems[0]
    assert (problem.code, problem.op) == ("D302", "Det")
