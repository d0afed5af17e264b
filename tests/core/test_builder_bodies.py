"""A Builder adds an op with its sub-graphs by the op's own method."""

from __future__ import annotations

import numpy as np

from dragoman.builder import Builder
from dragoman.graph.body import BodyPorts, PortMap
from dragoman.graph.graph import Graph, Value
from dragoman.graph.types import f32, i64
from dragoman_sdk import GraphCase


def test_a_loop_is_added_like_any_other_op() -> None:
    def sines(op: Builder) -> Value:
        x, steps = op.parameter(f32, (2, 3), "x"), op.parameter(i64, (), "steps")
        body = Graph("body")
        inner = Builder(body, op.ops)
        state = inner.parameter(f32, (2, 3), "state")
        body.outputs = [inner.constant(True, "boolean"), inner.Sin(state)]
        ports = BodyPorts((PortMap(2, 0),), (PortMap(0, 1),), ((1, 0),), condition=0)
        y: Value = op.Loop(steps, True, x, ports=ports, bodies={"body": body})
        return y

    x = np.linspace(-1, 1, 6, dtype=np.float32).reshape(2, 3)
    GraphCase(sines, {"x": x, "steps": np.int64(2)}, [np.sin(np.sin(x))]).check()
