"""A plugin's function computes a custom op in OpenVINO, in every way in which a model is run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
import openvino.preprocess
import pytest
from tests.core.runtime.models import CPU, Net, Repeat, Scale, host, run, scale, scale_net, scaling

from dragoman import runtime
from dragoman.graph.body import BodyPorts, PortMap
from dragoman.graph.graph import Graph
from dragoman.graph.types import dtype
from dragoman.hookspecs import RuntimeOp
from dragoman.ir.read import read_ir
from dragoman.plugins import PluginHost

X = np.arange(6, dtype=np.float32).reshape(2, 3)


def test_the_function_gets_the_ops_own_attributes(tmp_path: Path) -> None:
    seen: list[Any] = []

    def compute(attrs: Any, x: Any) -> Any:
        seen.append(attrs)
        return scale(attrs, x)

    held = scaling(compute)
    compiled = ov.Core().compile_model(runtime.load(scale_net(held, tmp_path), host=held), "CPU", CPU)
    for _ in range(2):
        np.testing.assert_array_equal(compiled(X)[0], 3 * X)
    assert seen[0] == Scale(factor=3.0)
    assert seen[0] is seen[1]


def test_without_a_class_it_gets_the_texts_and_the_ir_tells_the_types(tmp_path: Path) -> None:
    seen: list[Any] = []

    def compute(attrs: Any, x: Any) -> Any:
        seen.append(dict(attrs))
        return x.sum(1), np.array(x.size)

    held = host(RuntimeOp("Sums", compute))
    net = Net(held)
    texts = {"text": 'a "b" <c>, d', "empty": "", "number": "1e-05"}
    made = net.kept("Sums", [net.input("x", "2,3")], ["f32[2]", "i64[]"], **texts)
    total, size = run(held, net.write(tmp_path, *made), x=X)
    np.testing.assert_array_equal(total, X.sum(1))
    assert (size.shape, size.dtype, int(size), seen) == ((), np.int64, 6, [texts])


def test_layers_of_one_type_keep_their_own_attributes_and_shapes(tmp_path: Path) -> None:
    held = host(RuntimeOp("Pad", lambda attrs, x: np.pad(x, int(attrs.get("by", 0)))))
    net = Net(held)
    x = net.input("x", "3")
    made = [net.kept("Pad", [x], ["f32[5]"], by="1")[0], net.kept("Pad", [x], ["f32[7]"], by="2")[0]]
    made.append(net.kept("Pad", [made[0]], ["f32[5]"])[0])
    found = run(held, net.write(tmp_path, *made), x=X[0])
    assert [v.tolist() for v in found] == [[0, 0, 1, 2, 0], [0, 0, 0, 1, 2, 0, 0], [0, 0, 1, 2, 0]]


def test_dynamic_shapes(tmp_path: Path) -> None:
    held = scaling()
    compiled = ov.Core().compile_model(runtime.load(scale_net(held, tmp_path, "?,3"), host=held), "CPU", CPU)
    for rows in (1, 5, 0, 2, *range(100)):  # more shapes than are remembered
        x = np.random.default_rng(rows).random((rows, 3), np.float32)
        np.testing.assert_allclose(compiled(x)[0], 3 * x, rtol=1e-6)


def test_a_shape_that_depends_on_the_data(tmp_path: Path) -> None:
    held = host(RuntimeOp("Positive", lambda attrs, x: x[x > 0]))
    net = Net(held)
    (y,) = net.kept("Positive", [net.input("x", "2,3")], ["f32[?]"])
    xml = net.write(tmp_path, net.op.Relu(y))
    assert run(held, xml, x=X)[0].tolist() == [1, 2, 3, 4, 5]
    assert run(held, xml, x=-X)[0].tolist() == []


def test_no_inputs_and_scalars(tmp_path: Path) -> None:
    held = host(RuntimeOp("Pi", lambda attrs: np.float32(3.25)), RuntimeOp("Twice", lambda attrs, x: x + x))
    net = Net(held)
    (pi,) = net.kept("Pi", [], ["f32[]"])
    (twice,) = net.kept("Twice", [net.input("x", "")], ["f32[]"])
    found = run(held, net.write(tmp_path, pi, twice), x=np.float32(4))
    assert [(v.shape, float(v)) for v in found] == [((), 3.25), ((), 8.0)]


def test_after_reshape(tmp_path: Path) -> None:
    held = host(RuntimeOp("Scale", scale), RuntimeOp("Rows", lambda attrs, x: x.sum(1)), ops=[Scale])
    net = Net(held)
    (rows,) = net.kept("Rows", [net.op.Scale(net.input("x", "2,3"), factor=2.0)], ["f32[2]"])
    model = runtime.load(net.write(tmp_path, rows), host=held)
    model.reshape([4, 3])
    x = np.ones((4, 3), np.float32)
    assert ov.Core().compile_model(model, "CPU", CPU)(x)[0].tolist() == [6, 6, 6, 6]


def test_an_output_shape_that_follows_from_a_constant_is_static(tmp_path: Path) -> None:
    held = host(RuntimeOp("Repeat", lambda attrs, x, n: np.repeat(x, n, 0)), ops=[Repeat])
    net = Net(held)
    xml = net.write(tmp_path, net.op.Repeat(net.input("x", "2,3"), np.array([3])))
    model = runtime.core(host=held).read_model(xml)
    assert str(model.output(0).partial_shape) == "[6,3]"
    model.reshape([5, 3])
    assert str(model.output(0).partial_shape) == "[15,3]"
    np.testing.assert_array_equal(run(held, xml, x=X)[0], np.repeat(X, 3, 0))


def test_constant_inputs_are_computed_when_the_model_is_compiled(tmp_path: Path) -> None:
    calls: list[int] = []

    def compute(attrs: Any, x: Any) -> Any:
        calls.append(1)
        return scale(attrs, x)

    held = scaling(compute)
    net = Net(held)
    fixed = net.op.Scale(net.op.constant(X), factor=3.0)
    xml = net.write(tmp_path, net.op.Add(fixed, net.input("x", "2,3")))
    compiled = ov.Core().compile_model(runtime.load(xml, host=held), "CPU", CPU)
    assert calls == [1]
    np.testing.assert_array_equal(compiled(X)[0], 4 * X)
    assert calls == [1]


def test_asynchronous_requests(tmp_path: Path) -> None:
    held = scaling()
    model = runtime.load(scale_net(held, tmp_path, "?,3"), host=held)
    compiled = ov.Core().compile_model(model, "CPU", {"PERFORMANCE_HINT": "THROUGHPUT", "NUM_STREAMS": 2})
    found: dict[int, Any] = {}
    queue = ov.AsyncInferQueue(compiled, 4)
    queue.set_callback(lambda request, index: found.update({index: np.array(request.get_output_tensor().data)}))
    for index in range(50):
        queue.start_async({0: np.full((1 + index % 7, 3), index, np.float32)}, index)
    queue.wait_all()
    assert sorted(found) == list(range(50))
    assert all((v == 3 * k).all() and v.shape == (1 + k % 7, 3) for k, v in found.items())


@pytest.mark.parametrize("device", ["CPU", "AUTO", "HETERO:CPU"])
@pytest.mark.parametrize("hint", ["f32", "bf16", "f16"])
def test_whatever_the_device_computes_in(tmp_path: Path, device: str, hint: str) -> None:
    seen: list[Any] = []

    def compute(attrs: Any, x: Any) -> Any:
        seen.append(x.dtype)
        return scale(attrs, x)

    held = scaling(compute)
    net = Net(held)
    x = net.input("x", "?,3")
    xml = net.write(tmp_path, net.op.Relu(net.op.Scale(net.op.Add(x, x), factor=3.0)))
    config = {} if device == "AUTO" else {"INFERENCE_PRECISION_HINT": hint}
    compiled = runtime.core(xml, host=held).compile_model(xml, device, config)
    np.testing.assert_array_equal(compiled(X)[0], 6 * X)
    assert set(seen) == {np.dtype(np.float32)}


def test_behind_preprocessing_that_openvino_adds(tmp_path: Path) -> None:
    held = scaling()
    steps = ov.preprocess.PrePostProcessor(runtime.load(scale_net(held, tmp_path), host=held))
    steps.input().tensor().set_element_type(ov.Type.u8)
    compiled = ov.Core().compile_model(steps.build(), "CPU", CPU)
    np.testing.assert_array_equal(compiled(X.astype(np.uint8))[0], 3 * X)


def test_the_models_cache(tmp_path: Path) -> None:
    held = host(RuntimeOp("Scale", scale), RuntimeOp("Rows", lambda attrs, x: x.sum(1)), ops=[Scale])
    net = Net(held)
    x = net.input("x", "2,3", "i64")
    made = net.kept("Rows", [net.op.Scale(x, factor=2.0)], ["i64[2]"])
    xml = net.write(tmp_path, *made)
    given = X.astype(np.int64)
    for _ in range(2):
        core = runtime.core(xml, host=held)
        core.set_property({"CACHE_DIR": str(tmp_path / "cache")})
        compiled = core.compile_model(xml, "CPU", CPU)
        np.testing.assert_array_equal(compiled(given)[0], (2 * given).sum(1))
    assert compiled.get_property("LOADED_FROM_CACHE")


@pytest.mark.parametrize("kind", ["f32", "i64", "boolean", "f16"])
def test_export_and_import(tmp_path: Path, kind: str) -> None:
    seen: list[Any] = []

    def compute(attrs: Any, x: Any) -> Any:
        seen.append(x.dtype)
        return x

    held = host(RuntimeOp("Same", compute))
    net = Net(held)
    (y,) = net.kept("Same", [net.input("x", "2,3", kind)], [f"{kind}[2,3]"])
    xml = net.write(tmp_path, y)
    blob = ov.Core().compile_model(runtime.load(xml, host=held), "CPU", CPU).export_model()
    x = X.astype(dtype(kind).numpy)
    compiled = runtime.core(xml, host=held).import_model(blob, "CPU")
    np.testing.assert_array_equal(compiled(x)[0], x)
    assert (seen, str(compiled.output(0).partial_shape)) == ([x.dtype], "[2,3]")


def test_a_model_that_openvino_wrote_is_read_again(tmp_path: Path) -> None:
    held = scaling()
    model = runtime.load(scale_net(held, tmp_path, "?,3", "i64"), host=held)
    ov.save_model(model, tmp_path / "again.xml")
    x = X.astype(np.int64)
    np.testing.assert_array_equal(run(held, tmp_path / "again.xml", x=x)[0], 3 * x)
    graph = read_ir(tmp_path / "again.xml", ops=held.op_registry())
    assert [n.attrs for n in graph if n.op == "Scale"] == [Scale(factor=3.0)]


def body(held: PluginHost, factor: float, *, again: bool = False) -> Graph:
    """y = factor * x; and for a loop, that it goes on."""
    inner = Net(held)
    inner.graph.outputs.append(inner.op.Scale(inner.input("inner", "2,3"), factor=factor))
    if again:
        inner.graph.outputs.append(inner.op.constant(np.bool_(True)))
    return inner.graph


def test_inside_the_branches_of_an_if(tmp_path: Path) -> None:
    held = scaling()
    net = Net(held)
    condition, x = net.input("condition", "", "boolean"), net.input("x", "2,3")
    ports = BodyPorts((PortMap(1, 0),), (PortMap(0, 0),))
    bodies = {"then_body": body(held, 2.0), "else_body": body(held, 5.0)}
    cls = held.op_registry().latest("If")
    assert cls is not None
    node = net.op.add(cls(then_ports=ports, else_ports=ports), (condition, x), bodies=bodies)
    xml = net.write(tmp_path, node.out)
    for given, factor in ((True, 2), (False, 5)):
        np.testing.assert_array_equal(run(held, xml, condition=np.array(given), x=X)[0], factor * X)


def test_inside_a_loop(tmp_path: Path) -> None:
    held = scaling()
    net = Net(held)
    x = net.input("x", "2,3")
    ports = BodyPorts((PortMap(2, 0),), (PortMap(0, 0),), ((0, 0),), None, 1)
    cls = held.op_registry().latest("Loop")
    assert cls is not None
    inputs = (net.op.constant(np.int64(4)), net.op.constant(np.bool_(True)), x)
    node = net.op.add(cls(ports=ports), inputs, bodies={"body": body(held, 2.0, again=True)})
    np.testing.assert_array_equal(run(held, net.write(tmp_path, node.out), x=X)[0], 16 * X)
