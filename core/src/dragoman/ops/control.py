"""Ops with sub-graphs: If, Loop, TensorIterator."""

from __future__ import annotations

from typing import Any

from dragoman.ops.define import In, Op, Ports, op


@op("If", "opset8")
class If(Op):
    """One of two bodies, by a condition."""

    condition = In()
    operands = In(variadic=True)
    then_ports = Ports()
    else_ports = Ports()
    outputs = None
    body_names = ("then_body", "else_body")

    def output_count(self, inputs: tuple[Any, ...]) -> int:
        return 1 + max((m.external for m in self.then_ports.outputs), default=-1)


@op("Loop", "opset5")
class Loop(Op):
    """A body repeated while a condition holds, at most trip_count times (-1: without limit)."""

    trip_count = In()
    execution_condition = In()
    operands = In(variadic=True)
    ports = Ports()
    outputs = None
    body_names = ("body",)

    def output_count(self, inputs: tuple[Any, ...]) -> int:
        return 1 + max((m.external for m in self.ports.outputs), default=-1)


@op("TensorIterator", "opset1")
class TensorIterator(Op):
    """A body run over slices of its inputs."""

    operands = In(variadic=True)
    ports = Ports()
    outputs = None
    body_names = ("body",)

    def output_count(self, inputs: tuple[Any, ...]) -> int:
        return 1 + max((m.external for m in self.ports.outputs), default=-1)
