"""Activations: types and numbers are the runtime's own."""

from __future__ import annotations

import pytest

from dragoman_sdk.opcase import OpCase, tensor

CASES = [
    OpCase("Relu", [tensor("f32", "2,3")]),
    OpCase("Relu", [tensor("f32", "?,3..8")], values=False),
    OpCase("Relu", [tensor("i32", "4")]),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_matches_runtime(case: OpCase) -> None:
    case.check()
