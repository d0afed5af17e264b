"""Cells and sequences: types and numbers are the runtime's own."""

from __future__ import annotations

from typing import Any

import pytest

from dragoman_sdk.opcase import Const, Input, OpCase, assert_both_refuse, const, tensor

GATES = {"RNN": 1, "GRU": 3, "LSTM": 4}
SHORT = {"activations_alpha": [0.3, 0.3, 0.3], "activations_beta": [0.4, 0.4, 0.4]}


def weights(shape: str) -> Input:
    return tensor("f32", shape, low=-0.8, high=0.8)


def cell(kind: str, attrs: dict[str, Any] | None = None, **shapes: str) -> OpCase:
    gates, states = GATES[kind], 2 if kind == "LSTM" else 1
    given = attrs or {}
    bias = gates + bool(given.get("linear_before_reset"))
    names = {"x": "2,3", "h": "2,4", "c": "2,4", "w": f"{gates * 4},3", "r": f"{gates * 4},4", "b": f"{bias * 4}"}
    names |= shapes
    inputs = [weights(names[n]) for n in (*("x", "h", "c")[: 1 + states], "w", "r", "b")]
    return OpCase(
        f"{kind}Cell",
        inputs,
        {"hidden_size": 4, **given},
        values=not shapes and "hardsigmoid" not in str(attrs),
        atol=1e-5,
    )


def sequence(kind: str, attrs: dict[str, Any] | None = None, lengths: Any = None, **shapes: str) -> OpCase:
    gates, states, given = GATES[kind], 2 if kind == "LSTM" else 1, attrs or {}
    d = 2 if given.get("direction") == "bidirectional" else 1
    bias = gates + bool(given.get("linear_before_reset"))
    names = {"x": "2,5,3", "h": f"2,{d},4", "c": f"2,{d},4", "w": f"{d},{gates * 4},3", "r": f"{d},{gates * 4},4"}
    names |= {"b": f"{d},{bias * 4}", **shapes}
    inputs: list[Input | Const | None] = [weights(names[n]) for n in ("x", "h", "c")[: 1 + states]]
    inputs.append(tensor("i32", names["l"]) if "l" in names else const(lengths or [5, 5], "i32"))
    inputs += [weights(names[n]) for n in ("w", "r", "b")]
    return OpCase(
        f"{kind}Sequence",
        inputs,
        {"hidden_size": 4, **given},
        values=not shapes and "hardsigmoid" not in str(attrs),
        atol=1e-5,
    )


# the CPU plugin reads hardsigmoid and refuses to compile it ("Unsupported activation function"): types only
CASES = [
    *(cell(kind) for kind in GATES),
    *(cell(kind, {"clip": 0.3}) for kind in GATES),
    cell("GRU", {"linear_before_reset": True}),
    cell("RNN", {"activations": ["relu"]}),
    cell("LSTM", {"activations": ["hardsigmoid", "tanh", "relu"], **SHORT}),
    cell("GRU", {"activations": ["hardsigmoid", "tanh"], **SHORT}),
    *(cell(kind, x="?,3", h="1..3,?") for kind in GATES),
    *(cell(kind, x="...", h="...") for kind in GATES),
    *(cell(kind, h="?,?", r="?,?", b="?") for kind in GATES),
    *(cell(kind, h="?,?", w="?,3", r="?,?", b="?") for kind in ("RNN", "GRU")),
    cell("LSTM", h="?,?", c="?,?", w="?,3", r="?,?", b="?"),
    cell("LSTM", x="...", h="...", c="...", w="...", r="...", b="..."),
    cell("LSTM", h="?,?", c="?,?", r="?,?", b="?"),
    cell("LSTM", h="?,3..5", c="?,?", w="?,3", r="?,?", b="?"),
    *(sequence(kind, {"direction": d}) for kind in GATES for d in ("forward", "reverse", "bidirectional")),
    *(sequence(kind, {"direction": d}, [5, 2]) for kind in GATES for d in ("forward", "reverse", "bidirectional")),
    *(sequence("GRU", {"linear_before_reset": True, "direction": d}) for d in ("forward", "bidirectional")),
    *(sequence(kind, {"clip": 0.3}) for kind in GATES),
    sequence("LSTM", {"activations": ["hardsigmoid", "tanh", "relu"], **SHORT}),
    *(sequence(kind, x="?,2..7,3", h="?,1,?", c="?,?,?", l="3..4") for kind in GATES),
    *(sequence(kind, x="...", h="...", l="...", w="...", r="...", b="...") for kind in ("RNN", "GRU")),
    sequence("LSTM", x="...", h="...", c="...", l="...", w="...", r="...", b="..."),
    *(sequence(kind, {"direction": "bidirectional"}, h="2,?,?", w="?,?,3", r="?,?,?", l="?") for kind in GATES),
    *(sequence(kind, h="2,1,?", r="?,?,?", b="?,?", l="?") for kind in GATES),
    sequence("GRU", h="2,1,?", w="1,..12,3", r="1,12..14,?", b="?,?"),
    sequence("GRU", {"direction": "bidirectional"}, h="2,2,4..6", w="2,?,3", r="..2,12,?", b="2,12"),
]

CASES += [
    OpCase(
        "LSTMCell",
        [weights(s) for s in ("2,3", "2,?", "?,4", "16,3", "16,4", "16", "12")],
        {"hidden_size": 4, "weights_format": order},
        version="opset1",
    )
    for order in ("fico", "ifco")
]

REFUSED = [
    *(cell(kind, b="19") for kind in GATES),
    *(cell(kind, h="3,4") for kind in GATES),
    *(cell(kind, r="16,7") for kind in GATES),
    *(cell(kind, x="2,3,4") for kind in GATES),
    *(sequence(kind, b="1,19") for kind in GATES),
    *(sequence(kind, l="3") for kind in GATES),
    *(sequence(kind, w="1,17,3") for kind in GATES),
    *(sequence(kind, h="2,2,4") for kind in GATES),
    *(sequence(kind, x="2,3") for kind in GATES),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_matches_runtime(case: OpCase) -> None:
    case.check()


@pytest.mark.parametrize("case", REFUSED, ids=str)
def test_refused_by_both(case: OpCase) -> None:
    assert_both_refuse(case)
