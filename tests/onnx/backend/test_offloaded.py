"""ONNX's backend cases with offload: what is gained, what stays refused, and that nothing else becomes wrong."""

from __future__ import annotations

import json
from typing import Any

import pytest
from docs.generate.offload import RESULTS, explanation
from tests.onnx.backend.cases import all_cases, load
from tests.onnx.backend.judge import PASSED, REFUSED
from tests.onnx.backend.offloaded import judge_offloaded, judge_onnxruntime

pytest.importorskip("onnxruntime")
pytestmark = [pytest.mark.conformance, pytest.mark.slow]

DATA: dict[str, Any] = json.loads(RESULTS.read_text(encoding="utf-8"))
EVERY = 25


def test_what_is_gained_passes() -> None:
    found = {key: judge_offloaded(load(key)) for key in DATA["gained"]}
    assert found
    assert {key: outcome for key, (outcome, _) in found.items() if outcome.status != PASSED} == {}
    assert all(layers > 0 for _, layers in found.values())


def test_what_is_refused_is_refused_with_a_reason() -> None:
    found = {key: judge_offloaded(load(key))[0] for cases in DATA["refused"].values() for key in cases}
    # some of them depend on the machine: onnxruntime's StringNormalizer needs locales
    assert {key: outcome for key, outcome in found.items() if outcome.status not in (REFUSED, PASSED)} == {}
    assert all(outcome.reason for outcome in found.values() if outcome.status == REFUSED)


def test_every_exception_is_explained() -> None:
    unexplained = [key for key in (*DATA["wrong"], *DATA["passed by onnxruntime alone"]) if not explanation(key)]
    assert unexplained == []


@pytest.mark.parametrize("start", range(0, EVERY, 5))
def test_whole_models_that_are_offloaded_are_as_in_onnxruntime(start: int) -> None:
    keys = list(all_cases())[start::EVERY]
    compared = 0
    for key in keys:
        case = load(key)
        if judge_onnxruntime(case).status != PASSED or not case.model.graph.node or explanation(key):
            continue
        outcome, _ = judge_offloaded(case, offload=[".*"])
        if outcome.status == REFUSED:
            assert any(word in outcome.reason for word in ("f64", "i64", "seq", "optional", "tensor")), outcome
            continue
        assert outcome.status == PASSED, f"{key}: {outcome}"
        compared += 1
    assert compared > len(keys) // 2
