"""Models that onnx_model writes are ONNX's own: read back by onnx, checked by its checker, run by onnxruntime."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from dragoman_sdk import OnnxGraph, OnnxPort, onnx_bytes, onnx_layer, onnx_node, onnx_port
from dragoman_sdk.onnx_model import ELEMENT_TYPES

X = np.array([[-1.0, 2.0, 0.5]], np.float32)


def read(model: bytes) -> onnx.ModelProto:
    return onnx.load_from_string(model)


def attributes(model: bytes) -> dict[str, object]:
    (node,) = read(model).graph.node
    return {a.name: helper.get_attribute_value(a) for a in node.attribute}


def test_a_model_is_valid_and_runs() -> None:
    import onnxruntime

    weight = np.arange(6, dtype=np.float32).reshape(3, 2)
    nodes = [onnx_node("MatMul", "x w", "a"), onnx_node("LeakyRelu", "a", "y", alpha=0.25, name="last")]
    model = onnx_bytes(nodes, {"x": "f32[batch,3]"}, {"y": "f32[batch,2]"}, constants={"w": weight})
    onnx.checker.check_model(read(model), full_check=True)
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    product = X @ weight
    np.testing.assert_allclose(session.run(None, {"x": X})[0], np.where(product > 0, product, product / 4))
    assert [n.name for n in read(model).graph.node] == ["a", "last"]


def test_it_is_the_model_that_onnx_itself_would_write() -> None:
    array = np.arange(4, dtype=np.int64)
    ours = read(
        onnx_bytes([onnx_node("Add", "x c", "y", name="add")], {"x": "i64[?,4]"}, ["y"], constants={"c": array})
    )
    node = helper.make_node("Add", ["x", "c"], ["y"], name="add")
    x = helper.make_tensor_value_info("x", TensorProto.INT64, [None, 4])
    held = [numpy_helper.from_array(array, "c")]
    graph = helper.make_graph([node], "model", [x], [onnx.ValueInfoProto(name="y")], held)
    opset = [helper.make_opsetid("", 17)]
    theirs = helper.make_model(graph, opset_imports=opset, ir_version=8, producer_name="dragoman-sdk")
    assert ours == theirs


@pytest.mark.parametrize(
    "value",
    [3, -3, 2.5, "text", b"bytes", [1, -2], [0.5, 1], ["a", "b"], np.int32(4), np.float32(0.5), True],
    ids=repr,
)
def test_attributes_are_those_that_onnx_reads(value: object) -> None:
    theirs = helper.make_attribute("value", value.item() if isinstance(value, np.generic) else value)
    (node,) = read(onnx_layer("acme:F", {"x": X}, value=value)).graph.node
    assert node.attribute[0] == theirs


def test_a_list_of_nothing_is_a_list() -> None:
    assert attributes(onnx_layer("acme:F", {"x": X}, value=[])) == {"value": []}


def test_an_array_is_a_tensor_attribute() -> None:
    found = attributes(onnx_layer("acme:F", {"x": X}, value=X, several=[X, X]))
    np.testing.assert_array_equal(numpy_helper.to_array(found["value"]), X)
    assert [list(numpy_helper.to_array(t)[0]) for t in found["several"]] == [list(X[0])] * 2


@pytest.mark.parametrize("value", [{"a": 1}, [1, "a"], None], ids=repr)
def test_what_onnx_has_no_attribute_for_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="value="):
        onnx_layer("acme:F", {"x": X}, value=value)


@pytest.mark.parametrize(
    "kind",
    [
        *(np.float16, np.float32, np.float64, np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32),
        *(np.uint64, np.bool_, ml_dtypes.bfloat16, ml_dtypes.float8_e4m3fn, ml_dtypes.float8_e5m2, np.dtype(">f4")),
    ],
    ids=lambda k: np.dtype(k).str + np.dtype(k).name,
)
def test_constants_have_the_numbers_that_onnx_reads(kind: type) -> None:
    array = np.array([[0, 1, 2], [1, 0, 1]]).astype(kind)
    (tensor,) = read(onnx_layer("acme:F", {}, constants={"c": array})).graph.initializer
    found = numpy_helper.to_array(tensor)
    assert found.dtype == array.dtype.newbyteorder("=")
    np.testing.assert_array_equal(found.astype(np.float64), array.astype(np.float64))


def test_texts_scalars_and_empty_arrays_are_constants_too() -> None:
    held = {"s": np.array(["ä", ""], object), "n": np.float32(2), "e": np.zeros((0, 3), np.float32)}
    found = {t.name: t for t in read(onnx_layer("acme:F", {}, constants=held)).graph.initializer}
    assert [v.decode() for v in found["s"].string_data] == ["ä", ""]
    assert numpy_helper.to_array(found["n"]) == 2
    assert numpy_helper.to_array(found["e"]).shape == (0, 3)


@pytest.mark.parametrize("name", sorted(ELEMENT_TYPES))
def test_element_types_have_onnx_numbers(name: str) -> None:
    theirs = {
        "boolean": "BOOL",
        "string": "STRING",
        "bf16": "BFLOAT16",
        "f8e4m3": "FLOAT8E4M3FN",
        "f8e5m2": "FLOAT8E5M2",
    }
    spelled = {"f": "FLOAT", "i": "INT", "u": "UINT"}
    name_of = theirs.get(name) or spelled[name[0]] + name[1:]
    name_of = {"FLOAT32": "FLOAT", "FLOAT64": "DOUBLE"}.get(name_of, name_of)
    assert ELEMENT_TYPES[name] == TensorProto.DataType.Value(name_of)


@pytest.mark.parametrize(
    ("text", "dims"),
    [
        ("f32[?,3]", ["", 3]),
        ("i64[]", []),
        ("u8[batch,0]", ["batch", 0]),
        ("boolean", None),
        ("f16[ 2 , n ]", [2, "n"]),
    ],
)
def test_ports_have_types_and_open_dimensions(text: str, dims: list[object] | None) -> None:
    port = read(onnx_layer("acme:F", {"x": text})).graph.input[0].type.tensor_type
    assert port.elem_type == ELEMENT_TYPES[text.partition("[")[0]]
    assert port.HasField("shape") == (dims is not None)
    if dims is not None:
        found = [d.dim_value if d.HasField("dim_value") else d.dim_param for d in port.shape.dim]
        assert found == dims


@pytest.mark.parametrize("text", ["float[2]", "f32[2", "[2]"])
def test_a_port_of_another_spelling_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"not an element type|bracket"):
        onnx_port(text)
    with pytest.raises(ValueError, match="not an element type"):
        onnx_bytes([], {"x": OnnxPort("float")}, [])


def test_domains_are_imported_with_their_versions() -> None:
    nodes = [onnx_node("acme:F", "x", "a"), onnx_node("G", "a", "y"), onnx_node("other.ai:H", "a", "z")]
    model = read(onnx_bytes(nodes, {"x": X}, ["y", "z"], opset=13, domains={"acme": 3}))
    assert {o.domain: o.version for o in model.opset_import} == {"": 13, "acme": 3, "other.ai": 1}
    assert [n.domain for n in model.graph.node] == ["acme", "", "other.ai"]


def test_inputs_and_outputs_are_left_out_by_a_dash() -> None:
    (node,) = read(onnx_bytes([onnx_node("acme:F", "x - y", "- z")], {"x": X, "y": X}, ["z"])).graph.node
    assert (list(node.input), list(node.output), node.name) == (["x", "", "y"], ["", "z"], "z")


@pytest.mark.parametrize("opset", [7, 8, 9, 12, 13, 15, 17, 18, 19, 21, 22, 23])
def test_the_checker_takes_models_of_all_opsets(opset: int) -> None:
    model = read(onnx_layer("Relu", {"x": X}, {"y": "f32[1,3]"}, opset=opset))
    onnx.checker.check_model(model)
    assert model.ir_version == helper.find_min_ir_version_for(model.opset_import)


def test_sub_graphs_are_attributes_and_bring_their_domains() -> None:
    import onnxruntime

    branches = {
        "then_branch": OnnxGraph([onnx_node("Neg", "x", "a")], {"a": "f32[1,3]"}, name="negated"),
        "else_branch": OnnxGraph([onnx_node("Add", "x one", "b")], ["b"], constants={"one": np.float32(1)}),
    }
    model = onnx_bytes([onnx_node("If", "c", "y", **branches)], {"c": "boolean[]", "x": "f32[1,3]"}, {"y": "f32[1,3]"})
    onnx.checker.check_model(read(model))
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    for chosen, expected in ((True, -X), (False, X + 1)):
        (found,) = session.run(None, {"c": np.array(chosen), "x": X})
        np.testing.assert_array_equal(found, expected)
    body = OnnxGraph([onnx_node("acme:G", "x", "y")], ["y"])
    several = read(onnx_layer("F", {"x": X}, body=body, bodies=[body, body]))
    assert {o.domain for o in several.opset_import} == {"", "acme"}
    assert [(a.name, a.type) for a in several.graph.node[0].attribute] == [
        ("body", onnx.AttributeProto.GRAPH),
        ("bodies", onnx.AttributeProto.GRAPHS),
    ]
