"""Variables: types are the runtime's own, and a written variable is read at the next inference."""

from __future__ import annotations

import numpy as np
import pytest

from dragoman.builder import Builder
from dragoman.graph.graph import Graph
from dragoman.graph.types import f32, parse_shape
from dragoman_sdk.opcase import OpCase, assert_both_refuse, core, read, registry, tensor


def variable(kind: str, shape: str) -> dict:
    return {"variable_id": "v", "variable_type": kind, "variable_shape": parse_shape(shape)}


CASES = [
    OpCase("ReadValue", [tensor("f32", "2,3")], variable("f32", "2,3")),
    OpCase("ReadValue", [tensor("f32", "2,3")], variable("f32", "?,3")),
    OpCase("ReadValue", [tensor("f32", "2,3")], variable("f32", "...")),
    OpCase("ReadValue", [tensor("f32", "2,..4")], variable("dynamic", "1..5,?")),
    OpCase("ReadValue", [], variable("f32", "2,3")),
    OpCase("ReadValue", [tensor("f32", "2,?")], {"variable_id": "v"}, version="opset3"),
]

REFUSED = [
    OpCase("ReadValue", [tensor("f16", "2,3")], variable("f32", "2,3")),
    OpCase("ReadValue", [tensor("f32", "2,?")], variable("f32", "2,3")),
    OpCase("ReadValue", [tensor("f32", "?,3")], variable("f32", "..4,?")),
    OpCase("ReadValue", [tensor("f32", "...")], variable("f32", "?,3")),
    OpCase("ReadValue", [tensor("f32", "2")], variable("f32", "?,3")),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_matches_runtime(case: OpCase) -> None:
    case.check()


@pytest.mark.parametrize("case", REFUSED, ids=str)
def test_refused_by_both(case: OpCase) -> None:
    assert_both_refuse(case)


@pytest.mark.parametrize("version", ["opset3", "opset6"])
def test_an_assigned_variable_is_read_at_the_next_inference(version: str) -> None:
    graph = Graph("counter")
    op = Builder(graph, registry())
    x = op.parameter(f32, (2,), "x", ("x",))
    attrs = variable("f32", "2") if version == "opset6" else {"variable_id": "v"}
    total = op.Add(op.make("ReadValue", op.constant([1, 1], f32), version=version, **attrs), x)
    graph.outputs = [total]
    assigned = op.make("Assign", total, version=version, variable_id="v")
    assert assigned.shape == (2,)
    assert assigned.dtype is f32
    request = core().compile_model(read(graph), "CPU").create_infer_request()
    for expected in (11, 21, 31):
        request.infer({"x": np.full(2, 10, np.float32)})
        assert request.get_output_tensor(0).data.tolist() == [expected, expected]
