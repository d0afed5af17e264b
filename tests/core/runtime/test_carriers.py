"""Standard layers read what an op in Python gives, of any element type, whatever the CPU plugin computes in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
import pytest
from tests.core.runtime.models import CPU, Net, host

from dragoman import runtime
from dragoman.graph.body import BodyPorts, PortMap
from dragoman.graph.graph import Value
from dragoman.graph.types import dtype
from dragoman.hookspecs import RuntimeOp
from dragoman.plugins import PluginHost
from dragoman.runtime import IrRunner

X = np.array([5, -2, 7], np.float32)
KINDS = ["boolean", "u8", "i8", "i16", "u16", "i32", "u32", "i64", "u64", "f16", "bf16", "f32", "f64"]
LATE = np.array([1, 0, 2])
Reader = Callable[[Net, Value, Any], Value]
READERS: dict[str, tuple[Reader, Callable[[Any, Any], Any]]] = {
    "Concat": (lambda n, y, k: n.op.Concat(y, k, axis=0), lambda y, k: np.concatenate([y, k])),
    "Select": (lambda n, y, k: n.op.Select(n.op.Greater(n.graph.inputs[0], np.float32(0)), y, k),
               lambda y, k: np.where(X > 0, y, k)),
    "Equal": (lambda n, y, k: n.op.Equal(y, k), lambda y, k: y == k),
    "Convert": (lambda n, y, k: n.op.Convert(y, destination_type="f32"), lambda y, k: y.astype(np.float32)),
    "Add": (lambda n, y, k: n.op.Add(y, k), lambda y, k: y + k),
}  # fmt: skip


def late(held: PluginHost, kind: str, shape: str, made: str) -> tuple[Net, Value]:
    net = Net(held)
    return net, net.kept("Late", [net.input("x", shape)], [f"{kind}[{made}]"])[0]


def giving(array: Any) -> PluginHost:
    return host(RuntimeOp("Late", lambda attrs, x: array))


def ran(held: PluginHost, xml: Path, **feeds: Any) -> list[Any]:
    return list(IrRunner(xml, held).run(feeds).values())


@pytest.mark.parametrize("shape", ["3", "?"])
@pytest.mark.parametrize("kind, reader", [(k, r) for k in KINDS for r in READERS if (k, r) != ("boolean", "Add")])
def test_a_standard_layer_reads_it(tmp_path: Path, kind: str, reader: str, shape: str) -> None:
    array, constant = (np.array(v).astype(dtype(kind).numpy) for v in (LATE, [1, 1, 2]))
    held = giving(array)
    net, y = late(held, kind, shape, shape)
    make, expected = READERS[reader]
    xml = net.write(tmp_path, make(net, y, net.op.constant(constant)), y)
    read, given = ran(held, xml, x=X)
    np.testing.assert_array_equal(read, expected(array, constant))
    np.testing.assert_array_equal(given, array)
    assert given.dtype == array.dtype


@pytest.mark.parametrize("shape", ["3", "?"])
def test_booleans_decide(tmp_path: Path, shape: str) -> None:
    held = giving(LATE > 0)
    net, y = late(held, "boolean", shape, shape)
    x = net.graph.inputs[0]
    both = net.op.LogicalAnd(y, net.op.Greater(x, np.float32(6)))
    made = net.op.Select(y, x, np.float32(9)), net.op.LogicalNot(y), both, net.op.ReduceLogicalOr(y, np.array([0]))
    found = ran(held, net.write(tmp_path, *made), x=X)
    assert [v.tolist() for v in found] == [[5, 9, 7], [False, True, False], [False, False, True], True]


@pytest.mark.parametrize("shape", ["3", "?"])
@pytest.mark.parametrize("kind", ["i64", "i32", "u8"])
def test_integers_index(tmp_path: Path, kind: str, shape: str) -> None:
    held = giving(LATE.astype(dtype(kind).numpy))
    net, y = late(held, kind, shape, shape)
    found = ran(held, net.write(tmp_path, net.op.Gather(net.graph.inputs[0], y, np.array(0))), x=X)
    assert found[0].tolist() == [-2, 5, 7]


@pytest.mark.parametrize("shape", ["3", "?"])
@pytest.mark.parametrize("kind", ["i64", "i32"])
def test_integers_are_a_shape(tmp_path: Path, kind: str, shape: str) -> None:
    held = giving(np.array([3, 1], dtype(kind).numpy))
    net, y = late(held, kind, shape, "2")
    xml = net.write(tmp_path, net.op.Reshape(net.graph.inputs[0], y, special_zero=False))
    assert ran(held, xml, x=X)[0].tolist() == [[5], [-2], [7]]


def branches(net: Net, condition: Value, made: str) -> Value:
    """y = Late(x) plus 1 where the condition holds, else Late(x)."""
    bodies = {}
    for name in ("then_body", "else_body"):
        inner = Net(net.host)
        (y,) = inner.kept("Late", [inner.input("inner", "3")], [made])
        one = inner.op.constant(np.ones(1, y.dtype.numpy))
        inner.graph.outputs.append(inner.op.Add(y, one) if name == "then_body" else y)
        bodies[name] = inner.graph
    cls = net.host.op_registry().latest("If")
    assert cls is not None
    ports = BodyPorts((PortMap(1, 0),), (PortMap(0, 0),))
    node = net.op.add(cls(then_ports=ports, else_ports=ports), (condition, net.graph.inputs[0]), bodies=bodies)
    return net.op.Add(node.out, net.op.constant(np.ones(1, node.out.dtype.numpy)))


@pytest.mark.parametrize("kind", ["i64", "f16", "u16"])
def test_a_condition_and_inside_its_branches(tmp_path: Path, kind: str) -> None:
    held = host(
        RuntimeOp("Late", lambda attrs, x: LATE.astype(dtype(kind).numpy)), RuntimeOp("Any", lambda attrs, x: x[0] > 0)
    )
    net = Net(held)
    (condition,) = net.kept("Any", [net.input("x", "3")], ["boolean[]"])
    xml = net.write(tmp_path, branches(net, condition, f"{kind}[3]"))
    assert ran(held, xml, x=X)[0].tolist() == [3, 2, 4]
    assert ran(held, xml, x=-X)[0].tolist() == [2, 1, 3]


@pytest.mark.parametrize("shape", ["3", "?"])
def test_what_only_the_model_gives_out_keeps_all_bits(tmp_path: Path, shape: str) -> None:
    made = np.array([2**60 + 1, -(2**40), 3]), np.array([1 + 2.0**-50, 1e300, -0.0])
    held = host(RuntimeOp("Late", lambda attrs, x: made))
    net = Net(held)
    outputs = net.kept("Late", [net.input("x", shape)], [f"i64[{shape}]", f"f64[{shape}]"])
    for array, given in zip(made, ran(held, net.write(tmp_path, *outputs), x=X), strict=True):
        np.testing.assert_array_equal(given, array)


@pytest.mark.parametrize("reader", ["Add", "Next"])
def test_numbers_that_the_readers_type_does_not_hold_are_refused(tmp_path: Path, reader: str) -> None:
    held = host(RuntimeOp("Late", lambda attrs, x: np.array([1, 2**40, 3])), RuntimeOp("Next", lambda attrs, x: x))
    net, y = late(held, "i64", "3", "3")
    xml = net.write(tmp_path, net.op.Add(y, np.array([1])) if reader == "Add" else net.kept("Next", [y], ["i64[3]"])[0])
    with pytest.raises(Exception, match="computed in int32, which OpenVINO's CPU plugin has in place of i64") as caught:
        ran(held, xml, x=X)
    assert getattr(caught.value, "code", "") == "D612"


def test_floats_are_rounded_as_declared(tmp_path: Path) -> None:
    held = giving(np.array([1.0001, 2.5, 1e-9]))
    net, y = late(held, "f16", "3", "3")
    xml = net.write(tmp_path, net.op.Convert(net.op.Relu(y), destination_type="f32"))
    expected = np.array([1.0001, 2.5, 1e-9]).astype(np.float16).astype(np.float32)
    np.testing.assert_array_equal(ran(held, xml, x=X)[0], expected)


@pytest.mark.parametrize("way", ["core", "path", "own", "saved", "exported", "clone", "reshaped"])
@pytest.mark.parametrize("kind", ["boolean", "i64", "f16"])
def test_however_the_model_is_read(tmp_path: Path, way: str, kind: str) -> None:
    """The names of the outputs stay as well."""
    array = LATE.astype(dtype(kind).numpy)
    held = giving(array)
    net, y = late(held, kind, "3", "3")
    xml = net.write(tmp_path, net.op.Concat(y, net.op.constant(array), axis=0), y)
    model: Any = None
    core = runtime.core(xml, host=held)
    if way == "core":
        model = core.read_model(xml)
    elif way == "path":
        compiled = core.compile_model(xml, "CPU", CPU)
    elif way == "own":
        model = runtime.load(xml, core=ov.Core(), host=held)
    elif way == "saved":
        for name in ("again.xml", "third.xml"):
            ov.save_model(runtime.load(xml, host=held), tmp_path / name, compress_to_fp16=False)
            xml = tmp_path / name
        model = runtime.load(xml, host=held)
    elif way == "exported":
        compiled = core.import_model(core.compile_model(xml, "CPU", CPU).export_model(), "CPU")
    elif way == "clone":
        model = runtime.load(xml, host=held).clone()
    else:
        model = runtime.load(xml, host=held)
        model.reshape([ov.Dimension(1, 3)])
    if model is not None:
        compiled = ov.Core().compile_model(model, "CPU", CPU)
    assert [sorted(p.names) for p in compiled.outputs] == [["y0"], ["y1"]]
    found = [np.array(v) for v in compiled(X).values()]
    np.testing.assert_array_equal(found[0], np.concatenate([array, array]))
    np.testing.assert_array_equal(found[1], array)
