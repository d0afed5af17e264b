"""Normalizations: types, shapes and numbers are the runtime's own."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from dragoman.errors import InferError
from dragoman_sdk.opcase import OpCase, assert_both_refuse, const, tensor


def batch_norm(
    version: str, data: str, *channels: str, kind: str = "f32", epsilon: float = 1e-3, values: bool = True
) -> OpCase:
    """A case with the same shape for all four parameters, or with each its own."""
    own = channels if len(channels) == 4 else channels * 4
    given = [tensor(kind, c, low=0.5, high=2) for c in own]
    given.insert(0 if version == "opset5" else 2, tensor(kind, data))
    return OpCase("BatchNormInference", given, {"epsilon": epsilon}, version=version, values=values)


BATCH_NORMS = [batch_norm(v, d, "3") for v in ("opset1", "opset5") for d in ("2,3,4,5", "2,3,4", "2,3")] + [
    batch_norm(v, d, *c, values=False)
    for v in ("opset1", "opset5")
    for d, c in [
        ("?,?,4", ["3"]),
        ("...", ["3"]),
        ("2,3,4", ["..."]),
        ("2..3,1..4", ["2..8"]),
        ("2,?,4", ["?", "?", "3", "?"]),
        ("...", ["..."]),
    ]
]
LRNS = [
    OpCase("LRN", [tensor("f32", d), const(axes)], {"alpha": 0.1, "beta": 0.75, "bias": 2, "size": size}, values=values)
    for size in (3, 5, 2)
    for d, axes, values in [
        ("2,7,3,3", [1], True),
        ("2,7,3,3", [2, 3], True),
        ("?,3..7,2", [1], False),
        ("...", [1], False),
    ]
]
# on two dimensions the CPU plugin takes axis 0 for the channels
LRNS += [OpCase("LRN", [tensor("f32", "2,3"), const([0])], {"alpha": 1, "beta": 1, "bias": 1, "size": 3}, values=False)]
MODES: list[dict[str, Any]] = [
    {"eps": 1e-2, "normalize_variance": nv, "eps_mode": mode}
    for nv, mode in itertools.product((True, False), ("INSIDE_SQRT", "OUTSIDE_SQRT"))
]
MVNS = [
    OpCase("MVN", [tensor("f32", d), const(axes)], at, values=values)
    for at in MODES
    for d, axes, values in [
        ("2,3,4,5", [2, 3], True),
        ("2,3,4,5", [1, 2, 3], True),
        ("2,3,4", [-1], True),
        ("2,3", [0], True),
        ("?,3,..4", [1, 2], False),
        ("...", [1], False),
    ]
]
MVNS += [
    OpCase(
        "MVN",
        [tensor("f32", d)],
        {"across_channels": c, "normalize_variance": v, **axes},
        version="opset2",
        values=d[0] == "2",
    )
    for d, c, v in itertools.product(["2,3,4,5", "?,3,..4", "..."], [True, False], [True, False])
    for axes in ([{}, {"reduction_axes": [2, 3]}, {"reduction_axes": [1, 2, 3]}] if d == "2,3,4,5" else [{}])
]
UNIT = [
    OpCase("NormalizeL2", [tensor("f32", d), const(axes)], {"eps": eps, "eps_mode": mode}, values=d == "2,3,4,5")
    for d, axes, eps, mode in itertools.product(
        ["2,3,4,5", "?,3,..4,1", "..."], [[1], [2, 3], [-1], 1], [1e-3, 5.0], ["add", "max"]
    )
]
UNIT += [
    OpCase("GRN", [tensor("f32", d)], {"bias": 0.5}, values=d != "?,3") for d in ("2,3,4,5", "2,3,4", "2,3", "?,3")
]
GROUPS = [
    OpCase(
        "GroupNormalization",
        [tensor("f32", d), tensor("f32", c), tensor("f32", c)],
        {"num_groups": n, "epsilon": 1e-3},
        values=not set("?.") & set(d + c),
    )
    for n in (1, 2, 4)
    for d, c in [("2,4,3,3", "4"), ("2,4,5", "4"), ("2,4", "4"), ("?,4,..3", "?"), ("2,?,3", "4"), ("...", "4")]
]
GROUP: dict[str, Any] = {"num_groups": 2, "epsilon": 1e-3}
REFUSED = [
    batch_norm("opset5", "2,3,4", "4"),
    batch_norm("opset5", "3", "3"),
    batch_norm("opset5", "2,3,4", "3,1"),
    batch_norm("opset5", "2,3,4", "3", "4", "3", "3"),
    batch_norm("opset1", "2,3,4", "3", epsilon=-1.0),
    batch_norm("opset5", "2,3,4", "3", kind="i32"),
    OpCase("LRN", [tensor("f32", "2,3"), const([2])], {"alpha": 1, "beta": 1, "bias": 1, "size": 3}),
    OpCase("LRN", [tensor("f32", "2,3"), const(1)], {"alpha": 1, "beta": 1, "bias": 1, "size": 3}),
    OpCase("MVN", [tensor("f32", "2,3"), const(1)], MODES[0]),
    OpCase("NormalizeL2", [tensor("f32", "2,3"), const([2])], {"eps": 1e-3}),
    OpCase("GRN", [tensor("f32", "3")], {"bias": 1}),
    OpCase("GRN", [tensor("f32", "1,2,3,4,5")], {"bias": 1}),
    OpCase("GroupNormalization", [tensor("f32", "2,5,3"), tensor("f32", "5"), tensor("f32", "5")], GROUP),
    OpCase("GroupNormalization", [tensor("f32", "2,4,3"), tensor("f32", "3"), tensor("f32", "3")], GROUP),
    OpCase("GroupNormalization", [tensor("f32", "4"), tensor("f32", "4"), tensor("f32", "4")], GROUP),
    OpCase(
        "GroupNormalization",
        [tensor("f32", "2,4,3"), tensor("f32", "4"), tensor("f32", "4")],
        {**GROUP, "num_groups": 0},
    ),
]
# the CPU plugin crashes on the first, normalizes over other axes in the rest
REFUSED_BY_US = [
    OpCase("LRN", [tensor("f32", "2,3"), const([])], {"alpha": 1, "beta": 1, "bias": 1, "size": 3}),
    OpCase("MVN", [tensor("f32", "2,3"), const([])], MODES[0]),
    OpCase("NormalizeL2", [tensor("f32", "2,3"), const([])], {"eps": 1e-3}),
    OpCase("MVN", [tensor("f32", "2,3,4,5")], {"reduction_axes": [1]}, version="opset2"),
]


@pytest.mark.parametrize("case", [*BATCH_NORMS, *LRNS, *MVNS, *UNIT, *GROUPS], ids=str)
def test_matches_runtime(case: OpCase) -> None:
    case.check()


@pytest.mark.parametrize("case", REFUSED, ids=str)
def test_refused_as_by_runtime(case: OpCase) -> None:
    assert_both_refuse(case)


@pytest.mark.parametrize("case", REFUSED_BY_US, ids=str)
def test_what_the_runtime_gets_wrong_is_refused(case: OpCase) -> None:
    with pytest.raises(InferError):
        case.build()
