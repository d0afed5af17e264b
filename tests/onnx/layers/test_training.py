"""Steps of optimizers, against ONNX's reference."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from onnx import helper
from tests.onnx.support import assert_same, model_of, port, refusal, run_ir, run_reference

DOMAIN = "ai.onnx.preview.training"


def step(op: str, kinds: str, time: int, count: int, **attributes: Any) -> tuple[Any, dict[str, np.ndarray]]:
    rng = np.random.default_rng(2)
    names = [f"{k}{i}" for k in kinds for i in range(count)]
    feeds: dict[str, np.ndarray] = {"r": np.array(0.1, np.float32), "t": np.array(time, np.int64)}
    feeds |= {n: rng.uniform(0.1, 2, (2, 3)).astype(np.float32) for n in names}
    outputs = [f"{n}_new" for n in names if not n.startswith("g")]
    node = helper.make_node(op, list(feeds), outputs, domain=DOMAIN, **attributes)
    ports = [port(n, a.dtype, a.shape) for n, a in feeds.items()]
    return model_of([node], ports, [port(o) for o in outputs], domains={DOMAIN: 1}), feeds


@pytest.mark.parametrize("time", [0, 3])
@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize(
    "op, kinds, attributes",
    [
        ("Adagrad", "xgh", {"norm_coefficient": 0.01, "decay_factor": 0.1, "epsilon": 1e-5}),
        ("Adagrad", "xgh", {}),
        ("Adam", "xgvh", {"norm_coefficient": 0.01, "alpha": 0.8, "beta": 0.9, "norm_coefficient_post": 0.1}),
        ("Momentum", "xgv", {"alpha": 0.9, "beta": 0.5, "mode": "standard", "norm_coefficient": 0.01}),
        ("Momentum", "xgv", {"alpha": 0.9, "beta": 0.5, "mode": "nesterov", "norm_coefficient": 0.0}),
    ],
)
def test_step(op: str, kinds: str, attributes: dict[str, Any], time: int, count: int) -> None:
    model, feeds = step(op, kinds, time, count, **attributes)
    expected = [e.astype(np.float32) for e in run_reference(model, feeds)]  # Adam's come out in f64
    assert_same(run_ir(model, feeds), expected)


def test_an_unknown_mode_is_refused() -> None:
    model, _ = step("Momentum", "xgv", 0, 1, alpha=0.9, beta=0.5, mode="heavy", norm_coefficient=0.0)
    assert refusal(model).problems[0].code == "D302"
