"""Fourier ops: types and numbers are the runtime's own."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from dragoman.builder import Builder
from dragoman.graph.graph import Graph
from dragoman.graph.types import f32, parse_shape
from dragoman_sdk.graphcase import assert_types_match
from dragoman_sdk.opcase import Const, Input, OpCase, assert_both_refuse, const, registry, tensor

SHAPES = {"DFT": "4,6,2", "IDFT": "4,6,2", "RDFT": "4,6", "IRDFT": "4,6,2"}


def fourier(op: str, axes: Any, size: Any = None, shape: str = "", kind: str = "f32") -> OpCase:
    inputs: list[Input | Const | None] = [tensor(kind, shape or SHAPES[op])]
    inputs += [g if isinstance(g, Input | Const) else const(g) for g in (axes, size) if g is not None]
    return OpCase(op, inputs, values=not shape and not any(isinstance(g, Input) for g in (axes, size)), atol=1e-5)


def partial(op: str, lead: str) -> str:
    return lead if op == "RDFT" else f"{lead},2"


def without_values(case: OpCase) -> OpCase:
    """Where the CPU plugin cannot be the judge: RDFT and IRDFT with a signal size of -1 (it fails: "cannot create
    std::vector larger than max_size()") or above the data's (it reads beyond its input: 1e30 where numpy has units).
    """
    return dataclasses.replace(case, values=False)


CASES = [
    *(fourier(op, axes) for op in SHAPES for axes in ([1], [0], [-1], [0, 1], [1, 0])),
    *(fourier(op, [0, 1], size) for op in ("DFT", "IDFT") for size in ([3, -1], [-1, 9], [6, 4], [8, 10])),
    *(fourier(op, [0, 1], size) for op in ("RDFT", "IRDFT") for size in ([3, 4], [4, 5])),
    *(fourier(op, [1], size) for op in ("RDFT", "IRDFT") for size in ([4], [5])),
    fourier("IRDFT", [1], [10]),
    *(
        without_values(fourier(op, [0, 1], size))
        for op in ("RDFT", "IRDFT")
        for size in ([3, -1], [-1, 9], [6, 4], [4, 10])
    ),
    *(fourier(op, [0, 1], tensor("i64", "2")) for op in SHAPES),
    *(fourier(op, tensor("i64", "1")) for op in SHAPES),
    *(fourier(op, tensor("i64", "1"), [4]) for op in SHAPES),
    *(fourier(op, tensor("i32", "...")) for op in SHAPES),
    *(
        fourier(op, [0, 1], shape=partial(op, lead))
        for op in SHAPES
        for lead in ("?,6", "4,3..7", "4,..8", "2..,2..9", "?,?")
    ),
    *(fourier(op, [0], shape="4,6,?") for op in SHAPES),
    *(fourier(op, [0], [5], shape="...") for op in SHAPES),
]

REFUSED = [
    *(fourier(op, [2]) for op in SHAPES),
    *(fourier(op, [-3]) for op in SHAPES),
    *(fourier(op, [1, -1]) for op in SHAPES),
    *(fourier(op, [0, 1], [3]) for op in SHAPES),
    *(fourier(op, 0) for op in SHAPES),
    *(fourier(op, [0], kind="f64") for op in SHAPES),
    *(fourier(op, const([0], "u8")) for op in SHAPES),
    fourier("DFT", [0], shape="4,6,3"),
]

WINDOW = [0.1, 0.5, 0.9, 1.0, 1.0, 0.9, 0.5, 0.1]


def stft(signal: str, size: Any = 8, step: Any = 3, window: Any = WINDOW, **attrs: Any) -> OpCase:
    inputs: list[Input | Const | None] = [tensor("f32", signal)]
    inputs.append(window if isinstance(window, Input) else const(window, "f32"))
    inputs += [g if isinstance(g, Input | Const) else const(g) for g in (size, step)]
    known = all(part.isdigit() for part in signal.split(","))
    return OpCase("STFT", inputs, attrs, values=known and not any(isinstance(i, Input) for i in inputs[1:]), atol=1e-5)


def istft(data: str, length: Any = None, size: Any = 8, window: Any = WINDOW, **attrs: Any) -> OpCase:
    inputs: list[Input | Const | None] = [tensor("f32", data), const(window, "f32")]
    inputs += [size if isinstance(size, Input) else const(size), const(3)]
    if length is not None:
        inputs.append(length if isinstance(length, Input) else const(length))
    known = all(part.isdigit() for part in data.split(","))
    return OpCase("ISTFT", inputs, attrs, values=known and not any(isinstance(i, Input) for i in inputs[1:]), atol=1e-5)


SHORT_TIME = [
    *(stft(signal, transpose_frames=t) for signal in ("2,31", "31", "2,8") for t in (False, True)),
    stft("2,31", window=WINDOW[:5]),
    stft("2,31", size=9, window=WINDOW[:6]),
    *(stft(signal, transpose_frames=t) for signal in ("?,31", "2,?", "2,20..40", "...", "?") for t in (False, True)),
    stft("2,31", size=tensor("i64", "")),
    stft("31", step=tensor("i32", "")),
    stft("2,31", window=tensor("f32", "?")),
    *(istft(data, center=c) for data in ("2,5,7,2", "5,7,2") for c in (False, True)),
    istft("2,5,7,2", normalized=True),
    istft("5,7,2", window=WINDOW[:6]),
    istft("5,7,2", 20),
    istft("5,7,2", [40], center=True),
    *(istft(data, center=c) for data in ("?,5,7,2", "2,5,?,2", "5,2..8,2", "...", "?,?,?") for c in (False, True)),
    istft("2,5,?,2", 40),
    istft("2,5,7,2", tensor("i64", "1")),
    istft("5,7,2", size=tensor("i64", "")),
    istft("5,7,2", 40, size=tensor("i64", "")),
]

SHORT_TIME_REFUSED = [
    stft("3,2,31"),
    stft("2,6"),
    stft("2,31", size=7),
    stft("2,31", step=0),
    stft("2,31", size=const([8])),
    stft("2,31", size=const(8.0, "f32")),
    istft("5,2"),
    istft("5,7,2", size=7),
    istft("4,7,2"),
    istft("5,7,2", [4, 5]),
]


@pytest.mark.parametrize("case", CASES + SHORT_TIME, ids=str)
def test_matches_runtime(case: OpCase) -> None:
    case.check()


@pytest.mark.parametrize("case", REFUSED + SHORT_TIME_REFUSED, ids=str)
def test_refused_by_both(case: OpCase) -> None:
    assert_both_refuse(case)


@pytest.mark.parametrize("op_name", SHAPES)
def test_bounded_signal_sizes(op_name: str) -> None:
    graph = Graph(op_name)
    op = Builder(graph, registry())
    sizes = op.ShapeOf(op.parameter(f32, parse_shape("2..7,?,4"), "sizes", ("sizes",)))
    data = op.parameter(f32, parse_shape(SHAPES[op_name]), "data", ("data",))
    graph.outputs = [op.make(op_name, data, [0], op.Gather(sizes, [index], 0)) for index in range(3)]
    assert_types_match(graph)
