"""Losses of classifiers, against onnxruntime."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.onnx.support import layer_model, refusal, run_layer

RNG = np.random.default_rng(5)


@pytest.mark.parametrize("op", ["NegativeLogLikelihoodLoss", "SoftmaxCrossEntropyLoss"])
@pytest.mark.parametrize("shape", [(3, 5), (2, 5, 4, 3)])
@pytest.mark.parametrize("reduction", ["none", "sum", "mean"])
@pytest.mark.parametrize("weight", ["w", "_w"])
@pytest.mark.parametrize("ignored", [None, 2, -1])
def test_loss(op: str, shape: tuple[int, ...], reduction: str, weight: str, ignored: int | None) -> None:
    target = RNG.integers(0, 5, (shape[0], *shape[2:])).astype(np.int64)
    if ignored is not None:
        target.flat[0] = ignored
    feeds = {
        "x": RNG.standard_normal(shape).astype(np.float32),
        "t": target,
        weight: RNG.uniform(0.5, 2, 5).astype(np.float32),
    }
    attributes: dict[str, Any] = {"reduction": reduction} | ({} if ignored is None else {"ignore_index": ignored})
    outputs = "y log_prob" if op.startswith("Softmax") else "y"
    run_layer(op, feeds, outputs, opset=13, dynamic=False, **attributes)


def test_an_unknown_reduction_is_refused() -> None:
    feeds = {"x": np.zeros((2, 3), np.float32), "t": np.zeros(2, np.int64)}
    problem = refusal(layer_model("SoftmaxCrossEntropyLoss", feeds, opset=13, reduction="max")).problems[0]
    assert problem.op == "SoftmaxCrossEntropyLoss"
