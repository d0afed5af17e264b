"""What is written is what the runtime reads: attributes, types, shapes, layouts, sub-graphs, state, rt_info."""

from __future__ import annotations

import numpy as np
import pytest
from tests.core.ir.models import Model, infer, layer, read_pair

from dragoman.errors import UsageError
from dragoman.graph.body import BodyPorts, PortMap
from dragoman.graph.graph import Graph, Node
from dragoman.graph.types import DTYPES, TensorType, boolean, f32, i64, parse_shape
from dragoman.ir.write import ir_bytes
from dragoman.ops.define import In, Int, Ints, Op, Str, op
from dragoman_sdk.opcase import partial, registry


@pytest.mark.parametrize("shape", ["", "0", "1,3", "?,3", "1..8,?,2..,..5", "..."])
def test_parameter_shapes_keep_their_bounds(shape):
    m = Model()
    m.output(m.op.Relu(m.input("x", shape)), "y")
    assert partial(m.read().inputs[0].partial_shape) == parse_shape(shape)


KINDS = [t.name for t in DTYPES.values() if not t.is_dynamic]


@pytest.mark.parametrize("kind", KINDS)
def test_every_element_type_is_read_back(kind):
    m = Model()
    m.output(m.input("x", "2", kind), "x")
    assert m.read().inputs[0].get_element_type().get_type_name() == kind


def test_attributes_are_read_back_by_the_runtime():
    m = Model()
    x = m.input("x", "1,2,8,8")
    weights = m.op.constant(np.ones((2, 1, 1, 3, 3), np.float32))
    y = m.op.GroupConvolution(
        x, weights, strides=(2, 1), pads_begin=(1, 0), pads_end=(0, 2), dilations=(1, 2), auto_pad="explicit"
    )
    y.producer.name = "convolution"
    z = m.op.LSTMCell(
        m.op.constant(np.ones((2, 3), np.float32)), m.op.constant(np.ones((2, 4), np.float32)),
        m.op.constant(np.ones((2, 4), np.float32)), m.op.constant(np.ones((16, 3), np.float32)),
        m.op.constant(np.ones((16, 4), np.float32)), m.op.constant(np.ones(16, np.float32)),
        hidden_size=4, activations=("sigmoid", "tanh", "relu"), activations_alpha=(0.1, 1e-5), clip=2.5,
    )  # fmt: skip
    z[0].producer.name = "cell"
    m.output(y, "y")
    m.output(z[0], "h")
    model = m.read()
    got = layer(model, "convolution").get_attributes()
    assert (list(got["strides"]), list(got["pads_begin"]), list(got["pads_end"])) == ([2, 1], [1, 0], [0, 2])
    assert list(got["dilations"]) == [1, 2]
    got = layer(model, "cell").get_attributes()
    assert (got["hidden_size"], got["activations"], got["clip"]) == (4, ["sigmoid", "tanh", "relu"], 2.5)
    assert got["activations_alpha"] == pytest.approx([0.1, 1e-5])


def test_layout_goes_to_the_parameters_port():
    m = Model()
    x = m.input("x", "1,2,3,4")
    x.producer.info["layout"] = {"version": "0", "layout": "[N,C,H,W]"}
    m.output(m.op.Relu(x), "y")
    assert str(m.read().inputs[0].get_node().get_layout()) == "[N,C,H,W]"


def test_layer_and_model_rt_info_are_read_back():
    m = Model()
    m.graph.info["rt_info"] = {"framework": {"name": "onnx", "opset <&>": "17"}, "precision": "f16"}
    weights = m.op.constant(np.ones(3, np.float16), name="w_compressed")
    y = m.op.Convert(weights, destination_type="f32")
    y.producer.name = "w"
    y.producer.info["decompression"] = {"version": "0"}
    m.output(m.op.Add(m.input("x"), y), "y")
    model = m.read()
    assert "decompression_0" in layer(model, "w").get_rt_info()
    assert model.get_rt_info(["framework", "name"]).astype(str) == "onnx"
    assert model.get_rt_info(["precision"]).astype(str) == "f16"


@pytest.mark.parametrize("version", [10, 11])
def test_state_survives_between_inferences(version):
    from dragoman_sdk.opcase import core

    m = Model()
    graph = m.graph
    x = m.input("x", "2")
    attrs = {"variable_id": "v", "variable_type": f32, "variable_shape": (2,)}
    read = Node("ReadValue", [m.op.constant([0.0, 0.0])], registry().latest("ReadValue")(**attrs), name="read")
    read.out.type = TensorType(f32, (2,))
    graph.append(read)
    total = m.op.Add(x, read.out)
    assign = Node("Assign", [total], registry().latest("Assign")(variable_id="v"), name="assign")
    assign.out.type = TensorType(f32, (2,))
    graph.append(assign)
    graph.sinks.append(assign)
    m.output(total, "y")
    model = m.read(version)
    assert len(model.get_sinks()) == 1
    request = core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"}).create_infer_request()
    ones = np.ones(2, np.float32)
    assert [float(request.infer({"x": ones})["y"][0]) for _ in range(3)] == [1.0, 2.0, 3.0]


def loop_model(version: int = 11):
    """y accumulates x, i times; the slices of x and the iteration numbers are collected."""
    m = Model()
    x = m.input("x", "4,2")
    body = Model()
    part, held, number = body.input("part", "1,2"), body.input("held", "1,2"), body.input("number", "", "i64")
    total = body.op.Add(part, held)
    go = body.op.constant([True], "boolean")
    body.graph.outputs = [total, go, body.op.Unsqueeze(number, [0])]
    ports = BodyPorts(
        inputs=(PortMap(2, 0, axis=0), PortMap(3, 1)),
        outputs=(PortMap(0, 0), PortMap(1, 0, axis=0), PortMap(2, 2, axis=0)),
        back_edges=((0, 1),),
        iteration=2,
        condition=1,
    )
    cls = registry().latest("Loop")
    inputs = [m.op.constant(4), m.op.constant(True, boolean), x, m.op.constant(np.zeros((1, 2), np.float32))]
    node = Node("Loop", inputs, cls(ports=ports), outputs=3, name="loop")
    kinds = [TensorType(f32, (1, 2)), TensorType(f32, (4, 2)), TensorType(i64, (4,))]
    for value, kind in zip(node.outputs, kinds, strict=True):
        value.type = kind
    node.bodies["body"] = body.graph
    m.graph.append(node)
    for k, name in enumerate(("last", "all", "numbers")):
        m.output(node.outputs[k], name)
    return m


@pytest.mark.parametrize("version", [10, 11])
def test_loop_runs_with_slices_back_edges_and_iteration_number(version):
    x = np.arange(8, dtype=np.float32).reshape(4, 2)
    got = infer(loop_model().read(version), x=x)
    np.testing.assert_array_equal(got["last"], x.sum(0, keepdims=True))
    np.testing.assert_array_equal(got["all"], np.cumsum(x, 0))
    np.testing.assert_array_equal(got["numbers"], [0, 1, 2, 3])


def test_tensor_iterator_runs_backwards():
    m = Model()
    x = m.input("x", "3,2")
    body = Model()
    part, held = body.input("part", "1,2"), body.input("held", "1,2")
    body.graph.outputs = [body.op.Add(body.op.Multiply(held, 2.0), part)]
    ports = BodyPorts(
        inputs=(PortMap(0, 0, axis=0, start=-1, end=0, stride=-1), PortMap(1, 1)),
        outputs=(PortMap(0, 0),),
        back_edges=((0, 1),),
    )
    zeros = m.op.constant(np.zeros((1, 2), np.float32))
    node = Node("TensorIterator", [x, zeros], registry().latest("TensorIterator")(ports=ports), name="ti")
    node.out.type = TensorType(f32, (1, 2))
    node.bodies["body"] = body.graph
    m.graph.append(node)
    m.output(node.out, "y")
    x = np.arange(6, dtype=np.float32).reshape(3, 2)
    np.testing.assert_array_equal(infer(m.read(), x=x)["y"], [x[2] * 4 + x[1] * 2 + x[0]])


@pytest.mark.parametrize("flag", [True, False])
def test_if_runs_the_branch_of_its_condition(flag):
    m = Model()
    c, x, z = m.input("c", "", "boolean"), m.input("x", "2"), m.input("z", "2")
    then, other = Model(), Model()
    then.graph.outputs = [then.op.Relu(then.input("p", "2"))]
    shared = other.input("q", "2")
    other.graph.outputs = [other.op.Multiply(shared, other.op.constant(np.array([3, 4], np.float32)))]
    cls = registry().latest("If")
    attrs = cls(
        then_ports=BodyPorts((PortMap(1, 0),), (PortMap(0, 0),)),
        else_ports=BodyPorts((PortMap(2, 0),), (PortMap(0, 0),)),
    )
    node = Node("If", [c, x, z], attrs, name="if")
    node.out.type = TensorType(f32, (2,))
    node.bodies = {"then_body": then.graph, "else_body": other.graph}
    m.graph.append(node)
    m.output(node.out, "y")
    x, z = np.array([-1, 2], np.float32), np.array([5, 6], np.float32)
    got = infer(m.read(), c=np.array(flag), x=x, z=z)["y"]
    np.testing.assert_array_equal(got, [0, 2] if flag else [15, 24])


@op("Scaled", "extension")
class Scaled(Op):
    """A custom layer."""

    data = In()
    text = Str("")
    factor = Int(1)
    axes = Ints()

    def infer(self, data):
        return TensorType(data.dtype, data.shape)


def test_a_custom_layer_reaches_its_registered_class():
    import openvino

    class Scaled2(openvino.Op):
        def __init__(self, inputs=None, **attrs):
            super().__init__(self)
            self.attrs = {"text": "", "factor": 1, "axes": [0], **attrs}
            if inputs is not None:
                self.set_arguments(inputs)
                self.constructor_validate_and_infer_types()

        def validate_and_infer_types(self):
            self.set_output_type(0, self.get_input_element_type(0), self.get_input_partial_shape(0))

        def visit_attributes(self, visitor):
            visitor.on_attributes(self.attrs)
            return True

        def clone_with_new_inputs(self, inputs):
            return Scaled2(inputs, **self.attrs)

    Scaled2.__name__ = "Scaled"
    m = Model()
    m.output(m.op.add(Scaled(text='a "b",\n<c>', factor=-7, axes=(1, 2)), [m.input("x")]).out, "y")
    runtime = openvino.Core()
    runtime.add_extension(Scaled2)
    xml, _ = ir_bytes(m.graph)
    model = runtime.read_model(xml, openvino.Tensor(np.zeros(1, np.uint8)))
    custom = next(o for o in model.get_ops() if o.get_type_name() == "Scaled")
    assert custom.attrs == {"text": 'a "b",\n<c>', "factor": -7, "axes": [1, 2]}


def test_unknown_ir_version_is_refused():
    m = Model()
    m.output(m.op.Relu(m.input("x")), "y")
    with pytest.raises(UsageError) as error:
        ir_bytes(m.graph, version=9)
    assert error.value.code == "D102"


def test_same_graph_same_bytes_whatever_the_folder(tmp_path):
    a, b = loop_model(), loop_model()
    first, second = a.write(tmp_path / "a"), b.write(tmp_path / "b" / "c")
    assert first.read_bytes() == second.read_bytes()
    assert first.with_suffix(".bin").read_bytes() == second.with_suffix(".bin").read_bytes()
    assert (first.read_bytes(), first.with_suffix(".bin").read_bytes()) == ir_bytes(a.graph)


def test_empty_graph_reads():
    graph = Graph("empty")
    assert read_pair(*ir_bytes(graph)).outputs == []
