"""The ONNX reader: what is in the file, weights left there, quirks of exporters."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from tests.onnx.support import model_of, port

from dragoman.errors import SourceError, UnsupportedError
from dragoman.files import FileSource, MemorySource
from dragoman.graph.graph import CONSTANT, Graph
from dragoman.graph.tensor import FileTensor
from dragoman.graph.types import Interval
from dragoman_onnx.elements import ELEMENTS
from dragoman_onnx.reader import read_model


def read(model: onnx.ModelProto) -> Graph:
    return read_model(MemorySource(model.SerializeToString()), None)


def constants(graph: Graph) -> dict[str, np.ndarray]:
    return {n.name: n.tensor.numpy() for n in graph if n.op == CONSTANT and n.tensor is not None}


NUMERIC = [c for c, kind in ELEMENTS.items() if kind is not None and kind.kind != "string"]


@pytest.mark.parametrize("code", NUMERIC, ids=lambda c: TensorProto.DataType.Name(c))
@pytest.mark.parametrize("raw", [True, False], ids=["raw", "typed"])
def test_initializers_of_every_type_have_onnx_s_own_numbers(code: int, raw: bool) -> None:
    kind = helper.tensor_dtype_to_np_dtype(code)
    array = np.array([[0, 1, 1], [1, 0, 1], [1, 1, 0]]).astype(kind)
    tensor = numpy_helper.from_array(array, "w")
    if not raw:
        tensor = helper.make_tensor("w", code, array.shape, array.reshape(-1).astype(np.float32).tolist())
    model = model_of([helper.make_node("Identity", ["w"], ["y"])], [], [port("y")])
    model.graph.initializer.append(tensor)
    found = constants(read(model))["w"]
    np.testing.assert_array_equal(found.astype(np.float32), numpy_helper.to_array(tensor).astype(np.float32))


def test_strings_are_kept() -> None:
    tensor = helper.make_tensor("w", TensorProto.STRING, [2], [b"one", b"two"])
    model = model_of([helper.make_node("Identity", ["w"], ["y"])], [], [port("y")])
    model.graph.initializer.append(tensor)
    assert constants(read(model))["w"].tolist() == [b"one", b"two"]


def test_large_weights_stay_in_the_file(tmp_path: Path) -> None:
    weight = np.arange(1000, dtype=np.float32)
    model = model_of([helper.make_node("Add", ["x", "w"], ["y"])], [port("x")], [port("y")], constants={"w": weight})
    onnx.save(model, tmp_path / "m.onnx")
    graph = read_model(FileSource(tmp_path / "m.onnx"), tmp_path)
    node = graph.find("w")
    assert node is not None
    assert isinstance(node.tensor, FileTensor)
    np.testing.assert_array_equal(node.tensor.numpy(), weight)


def test_external_data_is_read_from_its_file(tmp_path: Path) -> None:
    weight = np.random.default_rng(0).normal(size=(300, 20)).astype(np.float32)
    model = model_of([helper.make_node("MatMul", ["x", "w"], ["y"])], [port("x")], [port("y")], constants={"w": weight})
    onnx.save(model, tmp_path / "m.onnx", save_as_external_data=True, location="m.data", size_threshold=0)
    graph = read_model(FileSource(tmp_path / "m.onnx"), tmp_path)
    np.testing.assert_array_equal(constants(graph)["w"], weight)


def test_symbols_of_one_name_are_one_symbol() -> None:
    model = model_of([helper.make_node("Relu", ["x"], ["y"])], [port("x", shape=["n", 3, "n", None])], [port("y")])
    shape = read(model).inputs[0].shape
    assert shape is not None
    n, three, again, unnamed = shape
    assert isinstance(n, Interval)
    assert isinstance(again, Interval)
    assert n.symbol is not None
    assert n.symbol is again.symbol
    assert three == 3
    assert isinstance(unnamed, Interval)
    assert unnamed.symbol is None


def test_nodes_without_or_with_equal_names_get_names_of_their_own() -> None:
    nodes = [
        helper.make_node("Relu", ["x"], ["a"]),
        helper.make_node("Relu", ["a"], ["b"], name="same"),
        helper.make_node("Relu", ["b"], ["c"], name="same"),
    ]
    graph = read(model_of(nodes, [port("x")], [port("c")]))
    assert [n.name for n in graph] == ["x", "a", "same", "same_1"]


def test_nodes_may_stand_in_any_order() -> None:
    nodes = [helper.make_node("Neg", ["a"], ["y"]), helper.make_node("Relu", ["x"], ["a"])]
    assert [n.op for n in read(model_of(nodes, [port("x")], [port("y")]))] == ["@input", "Relu", "Neg"]


def test_an_initializer_that_is_also_an_input_is_a_constant() -> None:
    model = model_of(
        [helper.make_node("Add", ["x", "w"], ["y"])], [port("x"), port("w")], [port("y")],
        constants={"w": np.ones(3, np.float32)},
    )  # fmt: skip
    assert [v.names for v in read(model).inputs] == [("x",)]


def test_a_sparse_initializer_is_made_dense() -> None:
    values = numpy_helper.from_array(np.array([5, 7], np.float32), "w")
    indices = numpy_helper.from_array(np.array([1, 4], np.int64), "i")
    model = model_of([helper.make_node("Identity", ["w"], ["y"])], [], [port("y")])
    model.graph.sparse_initializer.append(helper.make_sparse_tensor(values, indices, [2, 3]))
    np.testing.assert_array_equal(constants(read(model))["w"], [[0, 5, 0], [0, 7, 0]])


def test_bodies_read_values_of_the_graphs_around_them() -> None:
    inner = helper.make_graph([helper.make_node("Add", ["x", "x"], ["r"])], "then", [], [port("r")])
    other = helper.make_graph([helper.make_node("Neg", ["x"], ["r"])], "else", [], [port("r")])
    node = helper.make_node("If", ["c"], ["y"], then_branch=inner, else_branch=other)
    graph = read(model_of([node], [port("c", bool, []), port("x", shape=[2])], [port("y")]))
    branch = next(n for n in graph if n.op == "If").bodies["then_branch"]
    assert next(iter(branch)).inputs[0] is graph.inputs[1]


def test_the_opset_of_a_function_holds_inside_it() -> None:
    function = helper.make_function(
        "local", "f", ["a"], ["b"], [helper.make_node("Relu", ["a"], ["b"])], [helper.make_opsetid("", 13)]
    )
    model = model_of(
        [helper.make_node("f", ["x"], ["y"], domain="local")], [port("x")], [port("y")],
        domains={"local": 1}, functions=[function],
    )  # fmt: skip
    graph = read(model)
    relu = next(n for n in graph if n.op == "Relu")
    assert graph.info["other_opsets"][id(relu)][1][""] == 13


BROKEN = {
    "an input made by no node": model_of([helper.make_node("Relu", ["nowhere"], ["y"])], [port("x")], [port("y")]),
    "an output made by no node": model_of([helper.make_node("Relu", ["x"], ["a"])], [port("x")], [port("y")]),
    "a value made twice": model_of(
        [helper.make_node("Relu", ["x"], ["y"]), helper.make_node("Neg", ["x"], ["y"])], [port("x")], [port("y")]
    ),
    "a cycle": model_of(
        [helper.make_node("Add", ["x", "b"], ["a"]), helper.make_node("Relu", ["a"], ["b"])], [port("x")], [port("b")]
    ),
    "a node without type": model_of([helper.make_node("", ["x"], ["y"])], [port("x")], [port("y")]),
}


@pytest.mark.parametrize("model", BROKEN.values(), ids=BROKEN)
def test_a_graph_that_contradicts_itself_is_refused(model: onnx.ModelProto) -> None:
    with pytest.raises(SourceError) as caught:
        read(model)
    assert caught.value.code == "D210"


def test_data_that_disagree_with_the_shape_are_refused() -> None:
    model = model_of([helper.make_node("Relu", ["w"], ["y"])], [], [port("y")], constants={"w": np.ones(4, np.float32)})
    model.graph.initializer[0].dims[0] = 5
    with pytest.raises(SourceError, match="takes 20 bytes, and 16 are given") as caught:
        read(model)
    assert caught.value.code == "D212"


def test_a_huge_shape_costs_nothing() -> None:
    model = model_of([helper.make_node("Relu", ["w"], ["y"])], [], [port("y")], constants={"w": np.ones(4, np.float32)})
    model.graph.initializer[0].dims[:] = [2**40, 2**20]
    with pytest.raises(SourceError, match="too large"):
        read(model)


def test_types_that_openvino_lacks_are_named() -> None:
    model = model_of([helper.make_node("Identity", ["w"], ["y"])], [], [port("y")])
    model.graph.initializer.append(helper.make_tensor("w", TensorProto.COMPLEX64, [1], [1 + 2j]))
    with pytest.raises(UnsupportedError, match="complex64") as caught:
        read(model)
    assert caught.value.code == "D305"


@pytest.mark.parametrize("location", ["../w.bin", "/etc/passwd", "a/../../w.bin", "C:\\w.bin", ""])
def test_external_data_outside_the_folder_is_refused(tmp_path: Path, location: str) -> None:
    (tmp_path / "w.bin").write_bytes(bytes(16))
    folder = tmp_path / "model"
    folder.mkdir()
    model = model_of([helper.make_node("Relu", ["w"], ["y"])], [], [port("y")], constants={"w": np.ones(4, np.float32)})
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=location)
    with pytest.raises(SourceError) as caught:
        read_model(MemorySource(model.SerializeToString()), folder)
    assert caught.value.code == "D206"


def test_external_data_behind_a_link_outside_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(bytes(16))
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "w.bin").symlink_to(tmp_path / "secret")
    model = model_of([helper.make_node("Relu", ["w"], ["y"])], [], [port("y")], constants={"w": np.ones(4, np.float32)})
    onnx.external_data_helper.set_external_data(model.graph.initializer[0], "w.bin")
    model.graph.initializer[0].ClearField("raw_data")
    with pytest.raises(SourceError) as caught:
        read_model(MemorySource(model.SerializeToString()), folder)
    assert caught.value.code == "D206"


def test_external_data_shorter_than_said_is_refused(tmp_path: Path) -> None:
    (tmp_path / "w.bin").write_bytes(bytes(12))
    model = model_of([helper.make_node("Relu", ["w"], ["y"])], [], [port("y")], constants={"w": np.ones(4, np.float32)})
    onnx.external_data_helper.set_external_data(model.graph.initializer[0], "w.bin")
    model.graph.initializer[0].ClearField("raw_data")
    with pytest.raises(SourceError) as caught:
        read_model(MemorySource(model.SerializeToString()), tmp_path)
    assert caught.value.code == "D204"


def wrapped(number: int, data: bytes) -> bytes:
    """A length-delimited field; protobuf itself refuses to write messages as deep as the test needs."""
    size, length = b"", len(data)
    while length > 0x7F:
        size += bytes([length & 0x7F | 0x80])
        length >>= 7
    return bytes([number << 3 | 2]) + size + bytes([length]) + data


def test_graphs_nested_a_hundred_deep_are_refused() -> None:
    graph = wrapped(1, helper.make_node("Identity", ["x"], ["y"]).SerializeToString())
    for _ in range(100):
        attribute = wrapped(1, b"then_branch") + wrapped(6, graph)
        node = wrapped(1, b"c") + wrapped(2, b"y") + wrapped(4, b"If") + wrapped(5, attribute)
        graph = wrapped(1, node)
    with pytest.raises(SourceError, match="nested") as caught:
        read_model(MemorySource(wrapped(7, graph)), None)
    assert caught.value.code == "D208"


def test_an_opset_from_the_future_is_refused() -> None:
    model = model_of([helper.make_node("Relu", ["x"], ["y"])], [port("x")], [port("y")])
    model.opset_import[0].version = 999
    with pytest.raises(UnsupportedError) as caught:
        read(model)
    assert caught.value.code == "D303"
