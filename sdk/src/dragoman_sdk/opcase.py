"""OpCase: one op with given inputs and attributes, held against the OpenVINO runtime.

    OpCase("TopK", [tensor("f32", "2,?"), const(1)], {"axis": 1}).check()

The node is built, emitted as IR, read by ``openvino``; *every* output's element type and partial shape must equal what
``Op.infer`` said. Where the op has a ``fold``, all inputs have data and ``values`` is not off, its numbers must equal
those of the CPU plugin (f32 hint).
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from dragoman.builder import Builder
from dragoman.errors import InferError
from dragoman.graph.graph import Graph, Node
from dragoman.graph.types import DType, Interval, Shape, dtype, parse_shape, shape_text
from dragoman.infer.engine import infer_node
from dragoman.ir.owners import record_owners
from dragoman.ir.write import ir_bytes
from dragoman.ops import core_ops
from dragoman.ops.define import Op, OpRegistry
from dragoman.runtime import from_tensor, model_of, own_errors, to_tensor

if TYPE_CHECKING:
    import openvino

    from dragoman.plugins import PluginHost

    Array = np.ndarray[Any, np.dtype[Any]]


@dataclasses.dataclass(frozen=True)
class Input:
    """A graph input: element type, partial shape, and the data to run it with (made from ``seed`` when not given)."""

    kind: DType
    shape: Shape
    data: Any = None
    low: float = -3.0
    high: float = 3.0


@dataclasses.dataclass(frozen=True)
class Const:
    """A constant input."""

    data: Any
    kind: DType | None = None


def tensor(kind: str, shape: str, data: Any = None, *, low: float = -3.0, high: float = 3.0) -> Input:
    """``tensor("f32", "1,3,?,8..16")``."""
    return Input(dtype(kind), parse_shape(shape), data, low, high)


def const(data: Any, kind: str | None = "i64") -> Const:
    """A constant, i64 unless told otherwise."""
    return Const(data, dtype(kind) if kind else None)


@dataclasses.dataclass(frozen=True)
class OpCase:
    """One test case of one op.

    Args:
        op: the type, ``"TopK"``, or the class of an op that the core lacks. An ``extension`` op is none that OpenVINO
            knows: RuntimeCase runs it.
        inputs: :func:`tensor`, :func:`const` or None for a missing optional input.
        attrs: the op's attributes.
        version: an older form, ``"opset3"``; the newest when empty.
        values: compare numbers too, where the op has a ``fold`` and shapes are static.
        rtol, atol: tolerance of the numbers, relative to the largest absolute element.
        seed: of the data of inputs that are given none; their dynamic dimensions are 3 then, or the nearest bound.
        note: told apart in the case's name.
    """

    op: str | type[Op]
    inputs: Sequence[Input | Const | None]
    attrs: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    version: str = ""
    values: bool = True
    rtol: float = 1e-5
    atol: float = 1e-6
    seed: int = 0
    note: str = ""

    def __str__(self) -> str:
        parts = [f"{i.kind}[{shape_text(i.shape)}]" if isinstance(i, Input) else "c" if i else "-" for i in self.inputs]
        attrs = ",".join(f"{k}={v}" for k, v in self.attrs.items())
        return f"{self._type}{self.version[5:]}({' '.join(parts)} {attrs}){self.note}"

    @property
    def _type(self) -> str:
        return self.op if isinstance(self.op, str) else self.op.type

    def build(self, ops: OpRegistry | None = None) -> tuple[Graph, Node]:
        """The graph of this one node; its parameters in order."""
        graph, node = self.untyped(ops)
        infer_node(node)
        return graph, node

    def untyped(self, ops: OpRegistry | None = None) -> tuple[Graph, Node]:
        """The graph of this one node before inference has looked at it."""
        if ops is None:
            ops = registry() if isinstance(self.op, str) else OpRegistry([*core_ops(), self.op])
        graph = Graph("case")
        op = Builder(graph, ops)
        values = [self._operand(op, i, given) for i, given in enumerate(self.inputs)]
        cls = ops.find(self._type, self.version) if self.version else ops.latest(self._type)
        assert cls is not None, f"no op {self._type} {self.version}"
        if cls.version == "extension":
            raise TypeError(f"OpenVINO does not know the extension op {cls.type}: RuntimeCase runs it")
        attrs = cls(**self.attrs)
        count = attrs.outputs if attrs.outputs is not None else attrs.output_count(tuple(values))
        node = graph.append(Node(cls.type, values, attrs, outputs=count, name="tested"))
        if cls.type not in ("Assign", "Result"):
            graph.outputs = list(node.outputs)
        if cls.type == "Parameter":
            graph.inputs.append(node.out)
        return graph, node

    def _operand(self, op: Builder, index: int, given: Input | Const | None) -> Any:
        if given is None:
            return None
        if isinstance(given, Const):
            return op.constant(given.data, given.kind, name=f"c{index}")
        return op.parameter(given.kind, given.shape, f"in{index}", (f"in{index}",))

    def check(self, ops: OpRegistry | None = None) -> None:
        """Assert that types, shapes and (where there is a fold) numbers are the runtime's own."""
        graph, node = self.build(ops)
        model = read(graph)
        expected = [(o.get_element_type().get_type_name(), partial(o.get_partial_shape())) for o in model.outputs]
        got = [(v.dtype.name, v.shape) for v in node.outputs]
        assert got == expected, f"{self}: we infer {_types(got)}, the runtime {_types(expected)}"
        if self.values and type(node.attrs).fold is not None:
            self._compare_values(node, model)

    def _compare_values(self, node: Node, model: openvino.Model) -> None:
        rng = np.random.default_rng(self.seed)
        feeds: dict[str, Array] = {}
        arrays: list[Array | None] = []
        for index, given in enumerate(self.inputs):
            if given is None:
                arrays.append(None)
            elif isinstance(given, Const):
                data = node.input(index).tensor
                assert data is not None
                arrays.append(data.numpy())
            else:
                array = given_data(given, rng)
                feeds[f"in{index}"] = array
                arrays.append(array)
        attrs: Op = node.attrs
        assert attrs.fold is not None
        result = attrs.fold(*arrays)
        ours = result if isinstance(result, tuple) else (result,)
        theirs = run(model, feeds)
        assert len(ours) == len(theirs)
        for mine, other in zip(ours, theirs, strict=True):
            close(np.asarray(mine), other, self.rtol, self.atol, str(self))


def assert_both_refuse(case: OpCase, ops: OpRegistry | None = None) -> None:
    """Assert that neither our inference nor the runtime takes this case."""
    graph, node = case.untyped(ops)
    try:
        infer_node(node)
    except InferError:
        pass
    else:
        raise AssertionError(f"{case}: our inference takes it as {[v.type for v in node.outputs]}")
    try:
        model = read(graph)
    except RuntimeError:
        return
    raise AssertionError(f"{case}: the runtime takes it as {[str(o.get_partial_shape()) for o in model.outputs]}")


@functools.cache
def registry() -> OpRegistry:
    """The core's ops."""
    return OpRegistry(core_ops())


@functools.cache
def core() -> openvino.Core:
    """One OpenVINO core a process."""
    import openvino

    return openvino.Core()


def read(graph: Graph, host: PluginHost | None = None) -> openvino.Model:
    """Emit the graph as IR in memory and let the runtime read it; with a host, its plugins compute their own ops."""
    import openvino

    if host is not None:
        record_owners(graph, host.owner_of_op)
        return model_of(*ir_bytes(graph), host=host)
    xml, weights = ir_bytes(graph)
    blob = openvino.Tensor(np.frombuffer(weights or b"\0", np.uint8).copy())
    return core().read_model(xml, blob)


def run(model: openvino.Model, feeds: Mapping[str, Array]) -> list[Array]:
    """Infer on the CPU in f32; outputs in the model's order."""
    config = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": 1}
    compiled = core().compile_model(model, "CPU", config)
    request = compiled.create_infer_request()
    for name, array in feeds.items():
        port = compiled.input(name)
        request.set_tensor(port, to_tensor(array, port.get_element_type()))
    with own_errors():
        request.infer()
    return [from_tensor(request.get_tensor(port)) for port in compiled.outputs]


def given_data(given: Input, rng: np.random.Generator) -> Array:
    """The data of an input: what the case gives, or random numbers of its type; dynamic dimensions become 3."""
    kind = given.kind.numpy
    if given.data is not None:
        return np.asarray(given.data, kind)
    assert given.shape is not None, "data is needed for an input of unknown rank"
    sizes = [min(max(d.lo or 0, 3), d.hi or 3) if isinstance(d, Interval) else d for d in given.shape]
    if given.kind.kind == "bool":
        return rng.random(sizes) < 0.5
    if given.kind.is_integer:
        low = max(int(given.low), 0) if given.kind.kind == "uint" else int(given.low)
        return rng.integers(low, int(given.high), sizes, endpoint=True).astype(kind)
    return rng.uniform(given.low, given.high, sizes).astype(kind)


def close(mine: Array, other: Array, rtol: float, atol: float, what: str) -> None:
    """Assert equal type and shape, and numbers within ``rtol`` of the largest absolute element."""
    assert mine.dtype == other.dtype, f"{what}: fold gives {mine.dtype}, the runtime {other.dtype}"
    assert mine.shape == other.shape, f"{what}: fold gives {mine.shape}, the runtime {other.shape}"
    if mine.dtype.kind in "biuOSU":
        np.testing.assert_array_equal(mine, other, err_msg=what)
        return
    a, b = mine.astype(np.float64), other.astype(np.float64)
    finite = b[np.isfinite(b)]
    scale = float(np.abs(finite).max()) if finite.size else 0.0
    np.testing.assert_allclose(a, b, rtol=0, atol=atol + rtol * scale, err_msg=what)


def partial(shape: openvino.PartialShape) -> Shape:
    """The runtime's partial shape as ours."""
    if shape.rank.is_dynamic:
        return None
    dims: list[int | Interval] = []
    for d in shape:
        if d.is_static:
            dims.append(d.get_length())
        else:
            high = d.get_max_length()
            dims.append(Interval(d.get_min_length(), None if high < 0 else high))
    return tuple(dims)


def _types(types: Sequence[tuple[str, Shape]]) -> str:
    return ", ".join(f"{k}[{shape_text(s)}]" for k, s in types)
