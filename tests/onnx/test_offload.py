"""Layers of ONNX models that onnxruntime computes inside an IR."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from tests.onnx.support import model_of, port

import dragoman
from dragoman import runtime
from dragoman.errors import PluginError, UnsupportedError, UsageError
from dragoman_onnx import offload_runtime
from dragoman_sdk.offloadcase import OffloadCase, OffloadConformance

ort = pytest.importorskip("onnxruntime")
node = helper.make_node
X = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)
W = np.random.default_rng(1).normal(size=(3, 3)).astype(np.float32)


def mlp(shape: list[Any] | None = None, **options: Any) -> onnx.ModelProto:
    """x -> MatMul -> Tanh -> Relu -> Add of both -> y."""
    nodes = [
        node("MatMul", ["x", "w"], ["a"], name="product"),
        node("Tanh", ["a"], ["b"], name="tanh"),
        node("Relu", ["b"], ["c"], name="relu"),
        node("Add", ["c", "a"], ["y"], name="sum"),
    ]
    return model_of(nodes, [port("x", shape=shape or ["n", 3])], [port("y")], constants={"w": W}, **options)


def strings() -> onnx.ModelProto:
    """Texts in, joined, compared; the comparison goes on as numbers."""
    nodes = [
        node("StringConcat", ["s", "t"], ["joined"], name="join"),
        node("Equal", ["joined", "u"], ["same"], name="equal"),
        node("Cast", ["same"], ["y"], name="cast", to=TensorProto.FLOAT),
    ]
    ports = [port(n, TensorProto.STRING, ["n"]) for n in "stu"]
    return model_of(nodes, ports, [port("y"), port("joined", TensorProto.STRING)], opset=20)


def texts(*given: str) -> Any:
    return np.array(given, dtype=object)


class TestOffload(OffloadConformance):
    def cases(self) -> Iterable[OffloadCase]:
        yield OffloadCase(mlp(), {"x": X}, offload=["Tanh", "relu"], parts=[["tanh", "relu"]])
        yield OffloadCase(mlp(), {"x": X}, offload=[".*"], parts=[["product", "tanh", "relu", "sum"]])
        yield OffloadCase(mlp([4, 3]), {"x": X}, offload=["product", "sum"], parts=[["product"], ["sum"]])
        feeds = {"s": texts("a", "b"), "t": texts("x", "ü"), "u": texts("ax", "by")}
        expected = {"y": np.array([1, 0], np.float32), "joined": texts("ax", "bü")}
        yield OffloadCase(strings(), feeds, expected, unsupported=True, parts=[["join", "equal"]])


def test_the_body_of_a_layer_reads_values_from_outside() -> None:
    then = helper.make_graph([node("Mul", ["x", "k"], ["t"], name="scaled")], "then", [], [port("t")])
    other = helper.make_graph(
        [node("Add", ["x", "one"], ["e"], name="shifted")], "else", [], [port("e")], [numpy_helper.from_array(W, "one")]
    )
    nodes = [
        node("Neg", ["x"], ["m"], name="negated"),
        node("If", ["c"], ["y"], name="choice", then_branch=then, else_branch=other),
        node("Add", ["y", "m"], ["z"], name="sum"),
    ]
    ports = [port("x", shape=[3, 3]), port("c", bool, [])]
    model = model_of(nodes, ports, [port("z")], constants={"k": np.float32([[2, 3, 4]])})
    for condition in (True, False):
        feeds = {"x": W, "c": np.array(condition)}
        OffloadCase(model, feeds, offload=["choice"], parts=[["choice"]]).check()
        OffloadCase(model, feeds, offload=["If", "sum"], parts=[["choice", "sum"]]).check()


def test_a_loop_over_a_sequence_stays_inside_its_part() -> None:
    body = helper.make_graph(
        [
            node("Identity", ["go"], ["on"]),
            node("Cast", ["i"], ["i_f"], to=TensorProto.FLOAT),
            node("Mul", ["x", "i_f"], ["scaled"]),
            node("SequenceInsert", ["held", "scaled"], ["longer"]),
        ],
        "body",
        [
            port("i", np.int64, []),
            port("go", bool, []),
            helper.make_tensor_sequence_value_info("held", TensorProto.FLOAT, None),
        ],
        [port("on", bool, []), helper.make_tensor_sequence_value_info("longer", TensorProto.FLOAT, None)],
    )
    nodes = [
        node("SequenceEmpty", [], ["empty"], name="empty", dtype=TensorProto.FLOAT),
        node("Loop", ["times", "", "empty"], ["all"], name="loop", body=body),
        node("ConcatFromSequence", ["all"], ["y"], name="joined", axis=0),
    ]
    model = model_of(nodes, [port("x", shape=[2, 3]), port("times", np.int64, [])], [port("y", shape=["m", 3])])
    feeds = {"x": X[:2], "times": np.array(3)}
    expected = {"y": np.concatenate([X[:2] * k for k in range(3)])}
    OffloadCase(model, feeds, expected, unsupported=True, parts=[["empty", "loop", "joined"]]).check()


def test_weights_that_only_the_part_reads_go_into_it_and_shared_ones_come_in() -> None:
    shared = np.random.default_rng(2).normal(size=(64, 64)).astype(np.float32)
    own = np.random.default_rng(3).normal(size=(64, 64)).astype(np.float32)
    nodes = [
        node("MatMul", ["x", "shared"], ["a"], name="first"),
        node("MatMul", ["a", "own"], ["b"], name="second"),
        node("MatMul", ["b", "shared"], ["y"], name="third"),
    ]
    model = model_of(nodes, [port("x", shape=[2, 64])], [port("y")], constants={"shared": shared, "own": own})
    case = OffloadCase(model, {"x": np.ones((2, 64), np.float32)}, offload=["second", "third"])
    case.check()
    result = case.convert()
    (part,) = result.context.offloaded
    assert own.nbytes < part.nbytes < own.nbytes + 1000
    assert [text.partition(":")[0] for text in part.inputs] == ["a", "shared"]
    assert len(result.ir()[1]) < shared.nbytes + own.nbytes + 1000


def test_weights_of_a_file_are_not_read_to_be_embedded(tmp_path: Path) -> None:
    weight = np.random.default_rng(4).normal(size=(256, 256)).astype(np.float32)
    model = model_of(
        [node("MatMul", ["x", "w"], ["y"], name="product")], [port("x", shape=[1, 256])], [port("y")],
        constants={"w": weight},
    )  # fmt: skip
    onnx.save(model, tmp_path / "m.onnx")
    result = dragoman.convert(tmp_path / "m.onnx", offload=["product"])
    (constant,) = [n for n in result.graph if n.tensor is not None and n.tensor.dtype.name == "u8"]
    assert [type(p).__name__ for p in constant.tensor.pieces if not isinstance(p, bytes)] == ["FileTensor"]  # type: ignore[union-attr]
    x = np.ones((1, 256), np.float32)
    assert np.allclose(runtime.IrRunner(result.openvino()).run({"x": x})["y"], x @ weight, atol=1e-4)


@pytest.mark.parametrize("kind", [np.float16, np.int8, np.uint8, np.int32, np.int64, np.uint16, np.bool_])
def test_element_types_cross_the_border(kind: Any) -> None:
    data = np.array([[0, 1, 1], [1, 0, 1]]).astype(kind)
    model = model_of(
        [node("Identity", ["x"], ["a"], name="before"), node("Identity", ["a"], ["y"], name="after")],
        [port("x", kind, ["n", 3])], [port("y", kind)],
    )  # fmt: skip
    found = OffloadCase(model, {"x": data}, {"y": data}, offload=["after"]).check()["y"]
    assert found.dtype == data.dtype


@pytest.mark.parametrize("kind", [TensorProto.BFLOAT16, TensorProto.FLOAT8E4M3FN, TensorProto.FLOAT8E5M2])
def test_element_types_that_numpy_lacks_cross_the_border(kind: int) -> None:
    data = np.array([[0.0, 1.5, -2.0]], np.float32)
    nodes = [
        node("Cast", ["x"], ["a"], name="narrow", to=kind),
        node("Identity", ["a"], ["b"], name="same"),
        node("Cast", ["b"], ["y"], name="wide", to=TensorProto.FLOAT),
    ]
    model = model_of(nodes, [port("x", shape=["n", 3])], [port("y")], opset=19)
    for pattern in ("same", "narrow", "wide"):
        OffloadCase(model, {"x": data}, {"y": data}, offload=[pattern], parts=[[pattern]]).check()


def test_a_symbol_of_the_inputs_comes_out_as_the_same() -> None:
    result = dragoman.convert(mlp(), offload=["tanh"])
    (made,) = [n for n in result.graph if n.op == "Offloaded"]
    assert made.out.shape[0] is made.inputs[1].shape[0]


def test_a_model_of_an_opset_that_onnxruntime_does_not_know_yet() -> None:
    newest = onnx.defs.onnx_opset_version()
    OffloadCase(mlp(opset=newest), {"x": X}, {"y": np.maximum(np.tanh(X @ W), 0) + X @ W}, offload=[".*"]).check()


def test_operators_that_only_onnxruntime_has() -> None:
    nodes = [
        node("Abs", ["x"], ["a"], name="absolute"),
        node("MurmurHash3", ["a"], ["h"], name="hash", domain="com.microsoft", seed=7, positive=0),
        node("Sign", ["h"], ["y"], name="sign"),
    ]
    model = model_of(
        nodes, [port("x", np.int32, ["n"])], [port("y", np.int32), port("h", np.int32)], domains={"com.microsoft": 1}
    )
    OffloadCase(model, {"x": np.arange(-5, 5, dtype=np.int32)}, unsupported=True, parts=[["hash"]]).check()


@pytest.mark.parametrize(("kind", "to", "why"), [(np.float64, TensorProto.INT64, "of which the CPU plugin makes f32"),
                                                 (np.int64, TensorProto.DOUBLE, "hands over as i32")])  # fmt: skip
def test_what_needs_all_64_bits_is_refused(kind: Any, to: int, why: str) -> None:
    model = model_of(
        [node("BitCast", ["x"], ["y"], name="bits", to=to)], [port("x", kind, [3])], [port("y", to)], opset=26
    )
    with pytest.raises(UnsupportedError, match="1 layer") as caught:
        dragoman.convert(model, offload_unsupported=True)
    assert why in caught.value.problems[0].what


def test_a_part_takes_in_what_makes_doubles_of_its_input() -> None:
    nodes = [
        node("Cast", ["x"], ["d"], name="double", to=TensorProto.DOUBLE),
        node("Floor", ["d"], ["f"], name="floor"),
        node("Cast", ["f"], ["y"], name="single", to=TensorProto.FLOAT),
    ]
    model = model_of(nodes, [port("x", shape=["n", 3])], [port("y")])
    OffloadCase(model, {"x": X}, {"y": np.floor(X)}, offload=["floor"], parts=[["double", "floor"]]).check()


def test_a_sequence_that_the_model_gives_out_is_refused_by_name() -> None:
    model = model_of(
        [node("SplitToSequence", ["x", "n"], ["parts"], name="split")],
        [port("x", shape=[4, 3]), port("n", np.int64, [])],
        [helper.make_tensor_sequence_value_info("parts", TensorProto.FLOAT, None)],
    )
    with pytest.raises(UnsupportedError) as caught:
        dragoman.convert(model, offload_unsupported=True)
    assert "'parts' is seq(tensor(float))" in caught.value.problems[0].what


def test_a_part_that_onnxruntime_refuses_is_named_with_its_words() -> None:
    model = model_of([node("Foo", ["x"], ["y"], name="foo", domain="acme")], [port("x", shape=[1])], [port("y")],
                     domains={"acme": 1})  # fmt: skip
    with pytest.raises(UnsupportedError) as caught:
        dragoman.convert(model, offload_unsupported=True)
    assert "onnxruntime refuses the part" in caught.value.problems[0].what
    assert "acme" in caught.value.problems[0].what


def test_a_pattern_that_fits_inside_a_body_only_points_at_its_owner() -> None:
    then = helper.make_graph([node("Neg", ["x"], ["t"], name="inner")], "then", [], [port("t")])
    other = helper.make_graph([node("Abs", ["x"], ["e"], name="other")], "else", [], [port("e")])
    model = model_of(
        [node("If", ["c"], ["y"], name="choice", then_branch=then, else_branch=other)],
        [port("x", shape=[1]), port("c", bool, [])], [port("y")],
    )  # fmt: skip
    with pytest.raises(UsageError) as caught:
        dragoman.convert(model, offload=["inner"])
    assert "--offload 'choice'" in caught.value.hint


def test_converting_without_onnxruntime_tells_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "onnxruntime", None)
    with pytest.raises(PluginError) as caught:
        dragoman.convert(mlp(), offload=["tanh"])
    assert caught.value.code == "D613"
    assert "pip install 'dragoman-onnx[offload]'" in caught.value.hint


def test_loading_without_onnxruntime_tells_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    xml = dragoman.convert(mlp(), offload=["tanh"]).save(tmp_path, "m")
    monkeypatch.setattr(offload_runtime.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(PluginError) as caught:
        runtime.load(xml)
    assert caught.value.code == "D613"
    assert caught.value.hint == "pip install 'dragoman-onnx[offload]'"


def test_check_tells_the_share_of_time(tmp_path: Path) -> None:
    onnx.save(mlp([4, 3]), tmp_path / "m.onnx")
    report = dragoman.check(tmp_path / "m.onnx", offload=["tanh"])
    assert report.offloaded is not None
    assert 0 < report.offloaded <= 1
    assert any("of the IR's time" in line for line in report.lines())
    assert dragoman.check(tmp_path / "m.onnx").offloaded is None


@pytest.mark.parametrize(("stated", "expected"), [("3", 3), ("", None), ("many", None)])
def test_threads_are_stated_or_few(stated: str, expected: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DRAGOMAN_OFFLOAD_THREADS", stated)
    assert offload_runtime.threads() == (expected or min(4, len(__import__("os").sched_getaffinity(0))))


def test_random_numbers_that_would_be_drawn_only_once_are_refused() -> None:
    nodes = [
        node("RandomNormal", [], ["r"], name="noise", shape=[3]),
        node("Add", ["x", "r"], ["y"], name="sum"),
    ]
    model = model_of(nodes, [port("x", shape=[3])], [port("y")])
    with pytest.raises(UnsupportedError) as caught:
        dragoman.convert(model, offload=["noise"])
    assert "only once" in caught.value.problems[0].what
    runner = runtime.IrRunner(dragoman.convert(model, offload=["noise", "sum"]).openvino())
    first, second = (runner.run({"x": np.zeros(3, np.float32)})["y"] for _ in range(2))
    assert not np.array_equal(first, second)


def test_an_offloaded_model_is_exported_and_imported(tmp_path: Path) -> None:
    xml = dragoman.convert(mlp(), offload=["tanh", "sum"]).save(tmp_path, "m")
    core = runtime.core(xml)
    config = {"INFERENCE_PRECISION_HINT": "f32"}
    exported = core.compile_model(runtime.load(xml, core), "CPU", config).export_model()
    exported.seek(0)
    again = core.import_model(exported, "CPU", config)
    assert np.allclose(again({"x": X})[0], np.maximum(np.tanh(X @ W), 0) + X @ W, atol=1e-5)


def test_a_condition_that_a_part_makes_is_read_outside() -> None:
    nodes = [
        node("Less", ["x", "w"], ["c"], name="less"),
        node("Where", ["c", "x", "w"], ["y"], name="where"),
        node("Not", ["c"], ["n"], name="not"),
    ]
    model = model_of(nodes, [port("x", shape=["n", 3])], [port("y"), port("n", bool)], constants={"w": W[:1]})
    for pattern in ("less", "where", "not"):
        OffloadCase(model, {"x": X}, offload=[pattern]).check()


@pytest.mark.parametrize("kind", [np.float16, np.int8, np.uint8, np.int32, np.int64, np.uint16, np.int16, np.uint32])
def test_results_of_all_types_are_read_outside_with_constants_of_their_type(kind: Any) -> None:
    nodes = [
        node("Identity", ["x"], ["a"], name="part"),
        node("Concat", ["a", "k"], ["y"], name="joined", axis=0),
        node("Cast", ["y"], ["z"], name="wide", to=TensorProto.FLOAT),
    ]
    data = np.array([3, 1, 2]).astype(kind)
    model = model_of(
        nodes, [port("x", kind, ["n"])], [port("y", kind, ["m"]), port("z", shape=["m"])],
        constants={"k": np.array([5, 7]).astype(kind)},
    )  # fmt: skip
    joined = np.concatenate([data, np.array([5, 7]).astype(kind)])
    OffloadCase(model, {"x": data}, {"y": joined, "z": joined.astype(np.float32)}, offload=["part"]).check()


def test_a_result_beyond_the_integers_of_the_cpu_plugin_is_an_error_and_no_wrong_number(tmp_path: Path) -> None:
    nodes = [node("Mul", ["x", "k"], ["big"], name="part"), node("Neg", ["big"], ["y"], name="negated")]
    model = model_of(nodes, [port("x", np.int64, [1])], [port("y", np.int64)], constants={"k": np.array([1 << 40])})
    runner = runtime.IrRunner(dragoman.convert(model, offload=["part"]).openvino())
    assert runner.run({"x": np.array([0])})["y"] == 0
    with pytest.raises(PluginError, match="1099511627776"):
        runner.run({"x": np.array([1])})
    alone = model_of(
        nodes[:1], [port("x", np.int64, [1])], [port("big", np.int64)], constants={"k": np.array([1 << 40])}
    )
    whole = runtime.IrRunner(dragoman.convert(alone, offload=["part"]).openvino())
    assert whole.run({"x": np.array([1])})["big"] == 1 << 40
