"""Phase, level and stages decide which layers there are, as in ``caffe.Net(prototxt, TEST, stages=, level=)``."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.caffe.reading import fault, net_of, source_graph
from tests.caffe.support import Fixture

from dragoman_caffe.state import State, included

INPUT = 'layer { name: "in" type: "Input" top: "x" input_param { shape { dim: 1 } } }\n'


def holds(rules: str, **state: object) -> bool:
    text, net = net_of(f'layer {{ name: "l" type: "ReLU" {rules} }}')
    return included(text, net["layer"][0], State(**state))  # type: ignore[arg-type]


@pytest.mark.parametrize("rules, stages, level, expected", [
    ("", [], 0, True),
    ("include { phase: TEST }", [], 0, True),
    ("include { phase: TRAIN }", [], 0, False),
    ("exclude { phase: TRAIN }", [], 0, True),
    ("exclude { phase: TEST }", [], 0, False),
    ("include { phase: TRAIN } include { phase: TEST }", [], 0, True),
    ("include { min_level: 1 }", [], 0, False),
    ("include { min_level: 1 }", [], 1, True),
    ("include { max_level: 1 }", [], 2, False),
    ("include { min_level: -2 max_level: 3 }", [], -1, True),
    ('include { stage: "deploy" }', [], 0, False),
    ('include { stage: "deploy" }', ["deploy"], 0, True),
    ('include { stage: "a" stage: "b" }', ["a"], 0, False),
    ('include { stage: "a" stage: "b" }', ["b", "a", "c"], 0, True),
    ('include { not_stage: "a" }', ["a"], 0, False),
    ('include { not_stage: "a" }', ["b"], 0, True),
    ('exclude { stage: "a" }', ["a"], 0, False),
    ('exclude { not_stage: "a" }', [], 0, False),
    ('include { phase: TEST stage: "a" min_level: 1 }', ["a"], 0, False),
    ('include { phase: TEST stage: "a" min_level: 1 }', ["a"], 1, True),
    ("include { }", [], 0, True),
    ("exclude { }", [], 0, False),
])  # fmt: skip
def test_rules_of_a_layer(rules: str, stages: list[str], level: int, expected: bool) -> None:
    assert holds(rules, stages=frozenset(stages), level=level) is expected


def test_include_and_exclude_together_are_refused() -> None:
    error = fault(INPUT + 'layer { name: "l" type: "ReLU" bottom: "x" top: "y" include { } exclude { } }')
    assert error.code == "D210"
    assert "line 2, column 1" in error.where


@pytest.mark.parametrize("name", ["stage_deploy", "stage_in_prototxt_state"])
def test_stages_of_real_nets(shared: Path, name: str) -> None:
    fixture = Fixture(shared, name)
    graph = source_graph(fixture.folder / "model.caffemodel", **fixture.options())
    assert sorted(graph.names_of_output(k)[0] for k in range(len(graph.outputs))) == sorted(fixture.meta["outputs"])


def test_a_stage_that_no_rule_names_lists_those_that_are() -> None:
    text = INPUT + 'layer { name: "l" type: "ReLU" bottom: "x" top: "y" include { stage: "deploy" not_stage: "fast" } }'
    error = fault(text, stages=["depoly"])
    assert error.code == "D110"
    assert "'depoly'" in error.what
    assert "deploy" in error.hint
