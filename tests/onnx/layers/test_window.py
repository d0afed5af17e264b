"""Window functions (bodies of their schemas) and the mel filter bank."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.onnx.support import layer_model, refusal, run_layer


@pytest.mark.parametrize("op", ["HannWindow", "HammingWindow", "BlackmanWindow"])
@pytest.mark.parametrize("periodic", [0, 1])
@pytest.mark.parametrize("constant", [True, False])
def test_window(op: str, periodic: int, constant: bool) -> None:
    feeds = {"size": np.array(10, np.int64)}
    run_layer(op, feeds, constants=["size"] if constant else [], atol=1e-6, periodic=periodic)


MEL = {
    "bins": np.array(8, np.int64), "length": np.array(64, np.int64), "rate": np.array(16000, np.int64),
    "low": np.array(20, np.float32), "high": np.array(7000, np.float32),
}  # fmt: skip


def test_mel_filter_bank() -> None:
    run_layer("MelWeightMatrix", MEL, constants=list(MEL), reference="onnx")


def test_a_mel_filter_bank_of_unknown_size_is_refused() -> None:
    held: list[Any] = [n for n in MEL if n != "bins"]
    problem = refusal(layer_model("MelWeightMatrix", MEL, constants=held)).problems[0]
    assert (problem.code, problem.op) == ("D302", "MelWeightMatrix")
