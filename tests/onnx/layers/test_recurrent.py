"""RNN, GRU and LSTM against onnxruntime, over directions, states, lengths, layouts and activations."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import helper
from tests.onnx.support import model_of, port, refusal, run_both

GATES = {"RNN": 1, "GRU": 3, "LSTM": 4}
TIME, BATCH, SIZE, HIDDEN = 5, 3, 4, 6


def recurrence(
    kind: str, direction: str = "forward", *, bias: bool = True, lengths: bool = False, states: bool = False,
    peepholes: bool = False, constant: bool = True, dynamic: bool = False, opset: int = 14, **attributes: Any,
) -> tuple[onnx.ModelProto, dict[str, np.ndarray]]:  # fmt: skip
    random = np.random.default_rng(7)
    ways, gates = 2 if direction == "bidirectional" else 1, GATES[kind]
    first = attributes.get("layout", 0)

    def some(*shape: int) -> np.ndarray:
        return random.uniform(-1, 1, shape).astype(np.float32)

    x = some(BATCH, TIME, SIZE) if first else some(TIME, BATCH, SIZE)
    state = (BATCH, ways, HIDDEN) if first else (ways, BATCH, HIDDEN)
    arrays: dict[str, np.ndarray | None] = {
        "x": x,
        "w": some(ways, gates * HIDDEN, SIZE),
        "r": some(ways, gates * HIDDEN, HIDDEN),
        "b": some(ways, 2 * gates * HIDDEN) if bias else None,
        "lengths": np.array([5, 2, 3], np.int32) if lengths else None,
        "h": some(*state) if states else None,
    }
    if kind == "LSTM":
        arrays |= {"c": some(*state) if states else None, "p": some(ways, 3 * HIDDEN) if peepholes else None}
    given = {k: v for k, v in arrays.items() if v is not None}
    held = {k: v for k, v in given.items() if k in "wrbp"} if constant else {}
    free = {k: v for k, v in given.items() if k not in held}
    outputs = ["y", "yh", "yc"][: 3 if kind == "LSTM" else 2]
    node = helper.make_node(
        kind, [k if k in given else "" for k in arrays], outputs, hidden_size=HIDDEN, direction=direction, **attributes
    )
    inputs = [port(k, v.dtype, ["t", "n", SIZE] if dynamic and k == "x" else list(v.shape)) for k, v in free.items()]
    return model_of([node], inputs, [port(o) for o in outputs], constants=held, opset=opset), free


@pytest.mark.parametrize("direction", ["forward", "reverse", "bidirectional"])
@pytest.mark.parametrize("kind", GATES)
def test_sequences_equal_onnxruntime(kind: str, direction: str) -> None:
    for bias, lengths, states in itertools.product((True, False), repeat=3):
        run_both(*recurrence(kind, direction, bias=bias, lengths=lengths, states=states))


@pytest.mark.parametrize("direction", ["forward", "bidirectional"])
@pytest.mark.parametrize("kind", GATES)
def test_weights_may_be_inputs(kind: str, direction: str) -> None:
    run_both(*recurrence(kind, direction, constant=False, states=True))


@pytest.mark.parametrize("lengths", [True, False])
@pytest.mark.parametrize("kind", GATES)
def test_time_and_batch_may_be_dynamic(kind: str, lengths: bool) -> None:
    run_both(*recurrence(kind, dynamic=True, lengths=lengths))


@pytest.mark.parametrize("direction", ["forward", "bidirectional"])
@pytest.mark.parametrize("kind", GATES)
def test_batch_first_layout_equals_the_reference(kind: str, direction: str) -> None:
    """onnxruntime has no batch-first layout: the result must be the time-first one's, transposed."""
    batch_first, feeds = recurrence(kind, direction, layout=1, states=True)
    time_first, _ = recurrence(kind, direction, states=True)
    swapped = {k: v.swapaxes(0, 1) for k, v in feeds.items()}
    for name in ("w", "r", "b"):
        for target in time_first.graph.initializer:
            if target.name == name:
                source = next(i for i in batch_first.graph.initializer if i.name == name)
                target.CopyFrom(source)
    from tests.onnx.support import assert_same, run_ir, run_ort

    y, *states = run_ort(time_first, swapped)
    assert_same(run_ir(batch_first, feeds), [y.transpose(2, 0, 1, 3), *(s.swapaxes(0, 1) for s in states)])


@pytest.mark.parametrize("linear", [0, 1])
@pytest.mark.parametrize("direction", ["forward", "bidirectional"])
def test_gru_resets_before_or_after(direction: str, linear: int) -> None:
    run_both(*recurrence("GRU", direction, linear_before_reset=linear, states=True))


@pytest.mark.parametrize("kind", GATES)
def test_clipped_gates(kind: str) -> None:
    run_both(*recurrence(kind, clip=0.3, states=True))


@pytest.mark.parametrize("lengths", [True, False])
@pytest.mark.parametrize("direction", ["forward", "reverse", "bidirectional"])
def test_lstm_peepholes(direction: str, lengths: bool) -> None:
    run_both(*recurrence("LSTM", direction, peepholes=True, states=True, lengths=lengths))


def test_lstm_with_a_coupled_forget_gate() -> None:
    run_both(*recurrence("LSTM", input_forget=1, states=True))


@pytest.mark.parametrize(
    "activations",
    [
        {"activations": ["Relu", "Tanh", "Sigmoid"]},
        {"activations": ["HardSigmoid", "Softsign", "Tanh"], "activation_alpha": [0.3], "activation_beta": [0.4]},
        {
            "activations": ["Sigmoid", "LeakyRelu", "ScaledTanh"],
            "activation_alpha": [0.2, 0.7],
            "activation_beta": [1.2],
        },
        {"activations": ["Sigmoid", "Elu", "Affine"], "activation_alpha": [0.8, 0.7], "activation_beta": [0.1]},
    ],
)
def test_lstm_activations(activations: dict[str, Any]) -> None:
    run_both(*recurrence("LSTM", states=True, **activations))


def test_directions_with_activations_of_their_own() -> None:
    run_both(*recurrence("GRU", "bidirectional", activations=["Sigmoid", "Tanh", "HardSigmoid", "Relu"]))
    run_both(*recurrence("RNN", "bidirectional", activations=["Relu", "Tanh"]))


@pytest.mark.parametrize("kind", GATES)
@pytest.mark.parametrize("opset", [7, 14, 22])
def test_versions(kind: str, opset: int) -> None:
    run_both(*recurrence(kind, opset=opset))


def test_an_unknown_activation_and_an_unknown_length_are_refused() -> None:
    model, _ = recurrence("RNN", activations=["Gelu"])
    assert "Gelu" in refusal(model).problems[0].what
    model, _ = recurrence("LSTM", peepholes=True, dynamic=True)
    assert "number of steps" in refusal(model).problems[0].what
