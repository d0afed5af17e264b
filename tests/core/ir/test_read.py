"""IRs that OpenVINO writes are read and written again with equal layers, attributes, names and numbers."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from tests.core.ir.models import Model, read_pair
from tests.core.ir.test_write import loop_model

from dragoman.errors import UnsupportedError
from dragoman.graph.graph import Graph
from dragoman.graph.verify import verify
from dragoman.ir.extension import ExtensionOp
from dragoman.ir.read import read_ir
from dragoman.ir.write import ir_bytes
from dragoman_sdk.opcase import core, registry

rng = np.random.default_rng(0)


def weights(*shape: int) -> np.ndarray:
    return rng.normal(size=shape).astype(np.float32)


def convolutions(ov):
    x = ov.parameter([1, 4, 16, 16], np.float32, name="x")
    y = ov.convolution(x, weights(8, 4, 3, 3), [2, 1], [1, 0], [0, 1], [1, 2])
    y = ov.prelu(y, weights(8))
    y = ov.group_convolution(y, weights(4, 2, 2, 3, 3), [1, 1], [0, 0], [0, 0], [1, 1], "same_upper")
    y = ov.max_pool(y, [1, 1], [1, 1], [0, 0], [0, 0], [2, 2], "ceil_torch").output(0)
    y = ov.avg_pool(ov.relu(y), [2, 2], [0, 0], [1, 1], [2, 2], True, "ceil", dilations=[1, 1])
    y = ov.convolution_backprop_data(y, weights(8, 3, 2, 2), [2, 2], pads_begin=[0, 0], pads_end=[1, 0])
    y = ov.interpolate(y, np.array([9, 9]), "linear_onnx", "sizes", coordinate_transformation_mode="align_corners",
                       axes=np.array([2, 3]))  # fmt: skip
    return [ov.softmax(ov.lrn(y, np.array([1]), 1e-4, 0.75, 1.0, 3), 1)], [x]


def sequences(ov):
    x = ov.parameter([2, 5, 3], np.float32, name="x")
    h, c = np.zeros((2, 1, 4), np.float32), np.zeros((2, 1, 4), np.float32)
    lengths = np.array([5, 3], np.int32)
    lstm = ov.lstm_sequence(
        x, h, c, lengths, weights(1, 16, 3), weights(1, 16, 4), weights(1, 16), 4, "reverse", clip=3.5
    )
    gru = ov.gru_sequence(
        x, h, lengths, weights(1, 12, 3), weights(1, 12, 4), weights(1, 16), 4, "forward", linear_before_reset=True
    )
    y = ov.concat([lstm.output(0), gru.output(0)], 3)
    y = ov.mvn(y, np.array([3]), True, 1e-6, "inside_sqrt")
    top = ov.topk(y, np.int64(2), -1, "max", "value", "i32")
    return [top.output(0), top.output(1), ov.cum_sum(y, np.int64(1), True, True)], [x]


def shapes(ov):
    x = ov.parameter([-1, (2, 9)], np.float32, name="x")
    size = ov.gather(ov.shape_of(x, "i32"), np.array([1, 0], np.int32), np.int32(0))
    y = ov.reshape(x, size, True)
    zeros = [0, 0]
    y = ov.strided_slice(y, np.array(zeros), np.array([0, 1]), np.array([1, 1]), [1, 0], [1, 0], zeros, zeros, zeros)
    split = ov.variadic_split(ov.transpose(y, np.array([1, 0])), np.int64(1), np.array([1, -1]))
    pad = ov.pad(split.output(1), np.array([0, 1]), np.array([1, 0]), "constant", np.float32(7.5))
    one = ov.one_hot(ov.convert(split.output(0), "i32"), np.int64(3), np.float32(1), np.float32(-1), -1)
    return [pad, one, ov.convert(ov.non_zero(x, "i32"), "f16")], [x]


def boxes(ov):
    b = ov.parameter([1, 6, 4], np.float32, name="b")
    s = ov.parameter([1, 2, 6], np.float32, name="s")
    nms = ov.non_max_suppression(b, s, np.int64(3), np.float32(0.4), np.float32(0.1), box_encoding="center")
    priors = ov.prior_box_clustered(ov.constant(np.array([2, 2])), np.array([8, 8]), {
        "width": [2.5, 4.0], "height": [1.0, 3.0], "clip": True, "step_widths": 4.0, "step_heights": 2.0,
        "step": 4.0, "offset": 0.5, "variances": [0.1, 0.2, 0.3, 0.4],
    })  # fmt: skip
    return [nms.output(0), nms.output(1), nms.output(2), priors], [b, s]


def quantised(ov):
    x = ov.parameter([2, 300], np.float32, name="x")
    y = ov.fake_quantize(x, np.float32(-2), np.float32(2), np.float32(-2), np.float32(2), 255)
    w = ov.constant(rng.integers(-128, 127, (300, 5)).astype(np.int8))
    y = ov.matmul(y, ov.multiply(ov.convert(w, "f32"), weights(5)), False, False)
    return [y, ov.elu(ov.clamp(y, -1.5, 2.25), 0.125), ov.gelu(y, "tanh")], [x]


def state(ov):
    from openvino.op.util import Variable, VariableInfo

    x = ov.parameter([2, 3], np.float32, name="x")
    info = VariableInfo()
    info.data_shape, info.data_type, info.variable_id = x.get_output_partial_shape(0), x.get_output_element_type(0), "v"
    variable = Variable(info)
    total = ov.add(ov.read_value(ov.constant(np.zeros((2, 3), np.float32)), variable), x)
    return [total], [x], [ov.assign(total, variable)]


MODELS = [convolutions, sequences, shapes, boxes, quantised, state]


def saved(build, folder: Path, **options) -> Path:
    import openvino
    import openvino.opset16 as ov

    results, parameters, *sinks = build(ov)
    for p in parameters:
        p.output(0).set_names({p.get_friendly_name(), p.get_friendly_name() + ":0"})
    model = openvino.Model([ov.result(r) for r in results], *sinks, parameters, build.__name__)
    for k, output in enumerate(model.outputs):
        output.set_names({f"out,{k}"})
    openvino.save_model(model, folder / "theirs.xml", **options)
    return folder / "theirs.xml"


def again(path: Path) -> tuple[Graph, object, object]:
    """Our graph of an IR, and the runtime's models of the IR and of what we write for it."""
    graph = read_ir(path, ops=registry())
    verify(graph, typed=True)
    return graph, core().read_model(path), read_pair(*ir_bytes(graph, graph.name))


def run(model, feeds: list[np.ndarray], times: int = 1) -> list[np.ndarray]:
    compiled = core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": 1})
    request = compiled.create_infer_request()
    for _ in range(times):
        request.infer(dict(enumerate(feeds)))
    return [np.array(request.get_output_tensor(k).data) for k in range(len(compiled.outputs))]


def described(model) -> dict[str, tuple]:
    """Type, attributes and rt_info of each layer by its friendly name, and the names and types of its outputs."""
    return {
        o.get_friendly_name(): (
            o.get_type_name(),
            {k: str(v) for k, v in o.get_attributes().items()},
            sorted(k for k in o.get_rt_info() if k != "WeightlessCacheAttribute_0"),
            [(sorted(v.names), str(v.get_element_type()), str(v.get_partial_shape())) for v in o.outputs()],
        )
        for o in model.get_ops()
        if o.get_type_name() != "Result"
    }


@pytest.mark.parametrize("half", [False, True], ids=["f32", "f16"])
@pytest.mark.parametrize("build", MODELS, ids=lambda b: b.__name__)
def test_what_openvino_writes_comes_back_the_same(build, half, tmp_path):
    _, theirs, ours = again(saved(build, tmp_path, compress_to_fp16=half))
    assert described(ours) == described(theirs)
    for side in ("inputs", "outputs"):
        both = [[(p.names, p.get_partial_shape()) for p in getattr(m, side)] for m in (ours, theirs)]
        assert both[0] == both[1]
    feeds = [rng.normal(size=[3 if d < 0 else d for d in _sizes(i)]).astype(np.float32) for i in theirs.inputs]
    for mine, other in zip(run(ours, feeds, 2), run(theirs, feeds, 2), strict=True):
        np.testing.assert_array_equal(mine, other)


def _sizes(port) -> list[int]:
    return [d.get_length() if d.is_static else -1 for d in port.get_partial_shape()]


@pytest.mark.parametrize("build", MODELS, ids=lambda b: b.__name__)
def test_reading_our_own_text_changes_nothing(build, tmp_path):
    graph = read_ir(saved(build, tmp_path), ops=registry())
    first = ir_bytes(graph, graph.name)
    second = ir_bytes(read_ir(*first, ops=registry()), graph.name)
    assert second == first


@pytest.mark.parametrize("version", [10, 11])
def test_loops_come_back_the_same(version):
    first = ir_bytes(loop_model().graph, "m", version=version)
    graph = read_ir(*first, ops=registry())
    verify(graph, typed=True)
    assert ir_bytes(graph, "m", version=version) == first
    x = rng.normal(size=(4, 2)).astype(np.float32)
    for mine, other in zip(run(read_pair(*ir_bytes(graph)), [x]), run(read_pair(*first), [x]), strict=True):
        np.testing.assert_array_equal(mine, other)


def test_conditions_of_a_converted_onnx_model_come_back_the_same(tmp_path):
    onnx = pytest.importorskip("onnx")
    import openvino
    from onnx import TensorProto
    from onnx import helper as h

    def branch(name, op):
        node = h.make_node(op, ["x", "x"], [name])
        return h.make_graph([node], name, [], [h.make_tensor_value_info(name, TensorProto.FLOAT, [2])])

    node = h.make_node("If", ["c"], ["y"], then_branch=branch("t", "Mul"), else_branch=branch("e", "Add"))
    inputs = [
        h.make_tensor_value_info("c", TensorProto.BOOL, []),
        h.make_tensor_value_info("x", TensorProto.FLOAT, [2]),
    ]
    graph = h.make_graph([node], "g", inputs, [h.make_tensor_value_info("y", TensorProto.FLOAT, [2])])
    onnx.save(h.make_model(graph, opset_imports=[h.make_opsetid("", 17)]), tmp_path / "if.onnx")
    openvino.save_model(openvino.convert_model(tmp_path / "if.onnx"), tmp_path / "if.xml")
    _, theirs, ours = again(tmp_path / "if.xml")
    for flag in (True, False):
        feeds = [np.array(flag), np.array([3, -1], np.float32)]
        np.testing.assert_array_equal(run(ours, feeds)[0], run(theirs, feeds)[0])
        np.testing.assert_array_equal(run(ours, feeds)[0], [9, 1] if flag else [6, -2])


def test_the_class_of_a_layers_own_opset_is_taken(tmp_path):
    import openvino
    import openvino.opset1 as ov1
    import openvino.opset3 as ov3

    x = ov1.parameter([2, 5], np.float32, name="x")
    old, newer = ov1.topk(x, np.int64(2), 1, "max", "value"), ov3.topk(x, np.int64(2), 1, "max", "value")
    model = openvino.Model([ov1.result(old.output(0)), ov1.result(newer.output(1))], [x], "m")
    openvino.save_model(model, tmp_path / "m.xml")
    graph = read_ir(tmp_path / "m.xml", ops=registry())
    assert [n.attrs.version for n in graph if n.op == "TopK"] == ["opset3", "opset1"]


def test_weights_stay_in_the_file(tmp_path):
    path = saved(convolutions, tmp_path, compress_to_fp16=False)
    graph = read_ir(path, ops=registry())
    places = [n.tensor.file_range() for n in graph if n.tensor is not None and n.tensor.count]
    assert all(p is not None and p[0].name == str(path.with_suffix(".bin")) for p in places)


def test_texts_and_empty_constants_come_back():
    m = Model()
    texts = np.array(["a", "", "héé"], object)
    m.graph.outputs = [m.op.constant(texts), m.op.constant(np.zeros((0, 2), np.float32))]
    graph = read_ir(*ir_bytes(m.graph), ops=registry())
    np.testing.assert_array_equal(graph.outputs[0].producer.tensor.numpy(), texts)
    assert graph.outputs[1].producer.tensor.shape == (0, 2)
    assert ir_bytes(graph, "model") == ir_bytes(m.graph, "model")


def test_rt_info_layouts_and_awkward_names_come_back():
    m = Model()
    m.graph.info["rt_info"] = {"a": {"b": "1", "odd key": 'v"'}, "info <": "2"}
    x = m.input('x,"\\\n')
    x.producer.info["layout"] = {"version": "0", "layout": "[N,C]"}
    y = m.op.Relu(x)
    y.producer.info["fused_names"] = {"version": "0", "value": "a,b"}
    y.names = ("inner", "a,b")
    m.output(y, "out")
    first = ir_bytes(m.graph, "a <b>")
    graph = read_ir(*first, ops=registry())
    assert graph.info["rt_info"] == m.graph.info["rt_info"]
    assert graph.inputs[0].names == ('x,"\\\n',)
    assert graph.names_of_output(0) == ("out",)
    assert ir_bytes(graph, graph.name) == first


def test_custom_layers_without_a_class_are_kept():
    m = Model()
    m.output(m.op.Relu(m.input("x")), "y")
    xml, data = ir_bytes(m.graph)
    odd = re.sub(
        rb'type="ReLU" version="opset1">', b'type="Mine" version="extension">\n<data a="1,2" b="t &lt;" />', xml
    )
    graph = read_ir(odd, data, ops=registry())
    node = next(n for n in graph if n.op == "Mine")
    assert isinstance(node.attrs, ExtensionOp)
    assert node.attrs.xml() == {"a": "1,2", "b": "t <"}
    assert repr(node.out.type) == "f32[2,3]"
    assert ir_bytes(read_ir(*ir_bytes(graph), ops=registry())) == ir_bytes(graph)


def test_everything_that_cannot_be_read_is_told_at_once():
    m = Model()
    m.output(m.op.Tanh(m.op.Sigmoid(m.op.Elu(m.input("x"), alpha=0.5))), "y")
    xml, data = ir_bytes(m.graph)
    xml = xml.replace(b'type="Tanh"', b'type="Nope"').replace(
        b'type="Sigmoid" version="opset1"', b'type="Sigmoid" version="magic"'
    )
    xml = xml.replace(b'alpha="0.5"', b'alpha="0.5" beta="1"')
    with pytest.raises(UnsupportedError) as error:
        read_ir(xml, data, ops=registry())
    assert error.value.code == "D301"
    assert [(p.op, p.code) for p in error.value.problems] == [("Elu", "D302"), ("Sigmoid", "D301"), ("Nope", "D301")]
    assert all("line " in p.where for p in error.value.problems)


def test_a_preprocessing_section_is_refused():
    m = Model()
    m.output(m.op.Relu(m.input("x")), "y")
    xml, data = ir_bytes(m.graph)
    xml = xml.replace(b"</net>", b'<pre-process reference-layer-name="x"/></net>')
    with pytest.raises(UnsupportedError) as error:
        read_ir(xml, data, ops=registry())
    assert error.value.code == "D302"
