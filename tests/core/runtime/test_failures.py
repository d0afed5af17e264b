"""What goes wrong in a runtime op is told with op, layer and plugin, however the model is run; nothing is lost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
import pytest
from tests.core.runtime.models import Net, Scale, host, run, scale_net, scaling

from dragoman import runtime
from dragoman.errors import PluginError, SourceError
from dragoman.graph.types import TensorType, parse_shape
from dragoman.hookspecs import RuntimeOp
from dragoman.ops.define import Contradiction, In, Op, op
from dragoman.runtime import IrRunner

X = np.ones((2, 3), np.float32)


def broken(attrs: Any, x: Any) -> Any:
    raise ValueError("no luck today")


WORDS = (
    "D612: the runtime op Scale failed: ValueError: no luck today",
    "where: Scale 'scaled', plugin acme (dragoman-acme 1.0), test_failures.py, line ",
    "report it to the plugin's author",
)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("shape", ["2,3", "?,3"])
@pytest.mark.parametrize("way", ["call", "infer", "async", "queue"])
def test_an_exception_reaches_the_caller(tmp_path: Path, way: str, shape: str, threads: int) -> None:
    held = scaling(broken)
    model = runtime.load(scale_net(held, tmp_path, shape), host=held)
    compiled = ov.Core().compile_model(model, "CPU", {"INFERENCE_NUM_THREADS": threads})
    request = compiled.create_infer_request()
    queue = ov.AsyncInferQueue(compiled, 1)

    def asynchronously() -> None:
        request.start_async({0: X})
        request.wait()

    def queued() -> None:
        queue.start_async({0: X})
        queue.wait_all()

    ways = {"call": lambda: compiled(X), "infer": lambda: request.infer({0: X}), "async": asynchronously,
            "queue": queued}  # fmt: skip
    with pytest.raises(RuntimeError) as caught:
        ways[way]()
    for words in WORDS:
        assert words in str(caught.value)


@pytest.mark.parametrize("threads", [1, 2])
def test_the_next_inference_is_not_blamed(tmp_path: Path, threads: int) -> None:
    def sometimes(attrs: Any, x: Any) -> Any:
        return broken(attrs, x) if x[0, 0] < 0 else x

    held = scaling(sometimes)
    model = runtime.load(scale_net(held, tmp_path), host=held)
    compiled = ov.Core().compile_model(model, "CPU", {"INFERENCE_NUM_THREADS": threads})
    for given in (X, -X, X, -X):
        if given[0, 0] < 0:
            with pytest.raises(RuntimeError, match="no luck"):
                compiled(given)
        else:
            np.testing.assert_array_equal(compiled(given)[0], given)


def test_an_op_may_run_a_model_of_its_own(tmp_path: Path) -> None:
    inner = scaling(broken)
    (tmp_path / "inner").mkdir()
    model = runtime.load(scale_net(inner, tmp_path / "inner"), host=inner)
    compiled = ov.Core().compile_model(model, "CPU", {"INFERENCE_NUM_THREADS": 1})

    def outer(attrs: Any, x: Any) -> Any:
        with pytest.raises(RuntimeError, match="no luck"):
            compiled(x)
        return x

    held = scaling(outer)
    np.testing.assert_array_equal(run(held, scale_net(held, tmp_path), x=X)[0], X)


def test_our_own_runner_raises_the_error_itself(tmp_path: Path) -> None:
    held = scaling(broken)
    with pytest.raises(PluginError) as caught:
        IrRunner(scale_net(held, tmp_path), held).run({"x": X})
    assert (caught.value.code, "Scale 'scaled'" in caught.value.where) == ("D612", True)


def test_a_failure_on_constants_is_one_of_compiling(tmp_path: Path) -> None:
    held = scaling(broken)
    net = Net(held)
    y = net.op.Scale(net.op.constant(X))
    y.producer.name = "scaled"
    xml = net.write(tmp_path, net.op.Add(y, net.input("x", "2,3")))
    with pytest.raises(PluginError, match="no luck today"):
        IrRunner(xml, held)


def test_the_hint_of_an_op_is_kept(tmp_path: Path) -> None:
    def compute(attrs: Any, x: Any) -> Any:
        raise SourceError("D201", "the table is missing", "table.bin", "put it beside the model")

    held = scaling(compute)
    with pytest.raises(PluginError) as caught:
        IrRunner(scale_net(held, tmp_path), held).run({"x": X})
    assert caught.value.hint == "put it beside the model"
    assert "the table is missing" in caught.value.what


@op("Scale", "extension")
class Stretched(Op):
    """A shape rule that lies."""

    data = In("T")
    factor = Scale.attributes["factor"]

    def infer(self, data: Any) -> TensorType:
        return TensorType(data.dtype, parse_shape("2,4"))


def test_a_shape_rule_that_lies_is_caught(tmp_path: Path) -> None:
    held = host(RuntimeOp("Scale", lambda attrs, x: x), ops=[Stretched])
    with pytest.raises(PluginError, match=r"shape \[2, 3\] was returned, and f32\[2,4\] is declared"):
        IrRunner(scale_net(held, tmp_path), held).run({"x": X})


@op("Scale", "extension")
class Square(Op):
    """Refuses what is not square."""

    data = In("T")
    factor = Scale.attributes["factor"]

    def infer(self, data: Any) -> TensorType:
        if isinstance(data.shape[0], int) and data.shape[0] != data.shape[1]:
            raise Contradiction("it is not square")
        return TensorType(data.dtype, data.shape)


@pytest.mark.parametrize("threads", [1, 2])
def test_a_shape_that_an_op_refuses_is_told_at_inference_and_at_reshape(tmp_path: Path, threads: int) -> None:
    held = host(RuntimeOp("Scale", lambda attrs, x: x), ops=[Square])
    model = runtime.load(scale_net(held, tmp_path, "?,3"), host=held)
    compiled = ov.Core().compile_model(model, "CPU", {"INFERENCE_NUM_THREADS": threads})
    with pytest.raises(
        RuntimeError, match=r"D612: Scale cannot be: it is not square\n  where: Scale 'scaled', plugin acme"
    ):
        compiled(X)
    assert compiled(np.ones((3, 3), np.float32))[0].shape == (3, 3)
    with pytest.raises(PluginError, match="it is not square"):
        model.reshape([2, 3])


def test_attributes_that_the_class_does_not_take(tmp_path: Path) -> None:
    xml = scale_net(scaling(), tmp_path)
    xml.write_text(xml.read_text().replace('factor="3"', 'factor="three"'))
    with pytest.raises(PluginError, match=r"the attributes of Scale cannot be read: .*factor"):
        runtime.load(xml, host=scaling())
    xml.write_text(xml.read_text().replace('factor="three"', 'fakter="3"'))
    with pytest.raises(PluginError, match="no attribute 'fakter'"):
        runtime.load(xml, host=scaling())


def test_without_class_and_ir_the_types_are_not_known(tmp_path: Path) -> None:
    held = host(RuntimeOp("Foo", lambda attrs, x: x))
    net = Net(held)
    xml = net.write(tmp_path, *net.kept("Foo", [net.input("x", "2")], ["f32[2]"]))
    with pytest.raises(RuntimeError, match=r"name the IR in dragoman\.runtime\.core"):
        runtime.core(host=held).read_model(xml)
    assert runtime.core(xml, host=held).read_model(xml) is not None


def handmade(evaluate: Any) -> Any:
    """An author's own class."""

    class Foo(ov.Op):  # type: ignore[misc]
        def __init__(self, inputs: Any = None) -> None:
            super().__init__(self)
            if inputs is not None:
                self.set_arguments(inputs)
                self.constructor_validate_and_infer_types()

        def validate_and_infer_types(self) -> None:
            self.set_output_type(0, self.get_input_element_type(0), self.get_input_partial_shape(0))

        def clone_with_new_inputs(self, inputs: Any) -> Any:
            return Foo(inputs)

        def has_evaluate(self) -> bool:
            return True

    Foo.evaluate = evaluate
    return Foo


def double(self: Any, outputs: Any, inputs: Any) -> bool:
    outputs[0].data[...] = 2 * inputs[0].data
    return True


def fail(self: Any, outputs: Any, inputs: Any) -> bool:
    raise ValueError("no luck today")


@pytest.mark.parametrize("threads", [1, 2])
def test_a_class_by_the_author_is_held_to_the_same(tmp_path: Path, threads: int) -> None:
    def compiled(evaluate: Any) -> Any:
        held = host(RuntimeOp("Foo", make=lambda: handmade(evaluate)))
        net = Net(held)
        (y,) = net.kept("Foo", [net.input("x", "2,3")], ["f32[2,3]"])
        y.producer.name = "mine"
        model = runtime.load(net.write(tmp_path, y), host=held)
        return ov.Core().compile_model(model, "CPU", {"INFERENCE_NUM_THREADS": threads})

    assert compiled(double)(X)[0].tolist() == (2 * X).tolist()
    for evaluate, told in ((fail, "no luck today"), (lambda *given: False, "did not return True")):
        with pytest.raises(RuntimeError, match=f"D612(?s:.)*{told}(?s:.)*Foo 'mine', plugin acme"):
            compiled(evaluate)(X)


def test_either_compute_or_make() -> None:
    with pytest.raises(TypeError, match="either compute or make"):
        RuntimeOp("Foo")
    with pytest.raises(TypeError, match="either compute or make"):
        RuntimeOp("Foo", lambda attrs: 1, lambda: int)


def test_a_class_of_another_name_is_refused(tmp_path: Path) -> None:
    held = host(RuntimeOp("Scale", make=lambda: dict), ops=[Scale])
    with pytest.raises(PluginError, match="'dict' for 'Scale'") as caught:
        runtime.load(scale_net(held, tmp_path), host=held)
    assert caught.value.code == "D606"


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("shape", ["2,3", "?,3"])
def test_a_failed_request_leaves_nothing_to_those_that_follow(tmp_path: Path, shape: str, threads: int) -> None:
    seen: list[float] = []

    def sometimes(attrs: Any, x: Any) -> Any:
        seen.append(float(x[0, 0]))
        return broken(attrs, x) if x[0, 0] < 0 else x

    held = scaling(sometimes)
    model = runtime.load(scale_net(held, tmp_path, shape), host=held)
    compiled = ov.Core().compile_model(model, "CPU", {"INFERENCE_NUM_THREADS": threads})
    given = [1, -2, 3, 4, -5, -6, 7, *range(8, 60)]
    for number in given:
        x = np.full((2, 3), number, np.float32)
        request = compiled.create_infer_request()  # the one before is gone
        if number < 0:
            with pytest.raises(RuntimeError, match="no luck"):
                request.infer({0: x})
        else:
            np.testing.assert_array_equal(request.infer({0: x})[0], x)
    assert seen == given


def test_a_queue_that_failed_can_be_dropped_while_its_requests_run(tmp_path: Path) -> None:
    held = scaling(lambda attrs, x: broken(attrs, x) if x[0, 0] < 0 else x)
    model = runtime.load(scale_net(held, tmp_path), host=held)
    compiled = ov.Core().compile_model(model, "CPU", {"NUM_STREAMS": 2})

    def fill(queue: ov.AsyncInferQueue) -> None:
        for number in range(20):
            queue.start_async({0: -X if number % 7 == 3 else X})
        queue.wait_all()

    for _ in range(20):
        with pytest.raises(RuntimeError, match="no luck"):
            fill(ov.AsyncInferQueue(compiled, 4))


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("shared", [False, True])
def test_results_are_copies_unless_they_are_wanted_shared(tmp_path: Path, shared: bool, threads: int) -> None:
    held = host(RuntimeOp("Both", lambda attrs, x: (x, x.astype(np.int64).astype(str).astype(object))))
    net = Net(held)
    xml = net.write(tmp_path, *net.kept("Both", [net.input("x", "2,3")], ["f32[2,3]", "string[2,3]"]))
    config = {"INFERENCE_NUM_THREADS": threads}
    request = ov.Core().compile_model(runtime.load(xml, host=held), "CPU", config).create_infer_request()
    first = request.infer(X, share_outputs=shared)
    assert np.shares_memory(first[0], request.get_output_tensor(0).data) is shared
    np.testing.assert_array_equal(first["y0"], X)
    assert request.infer({0: 2 * X})["y1"].tolist() == [["2"] * 3] * 2
    assert request.infer([X], decode_strings=False)["y1"].tolist() == [[b"1"] * 3] * 2
