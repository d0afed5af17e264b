"""Element types: a function sees those that the IR declares, whatever the CPU plugin computes in; nothing is copied."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
import pytest
from tests.core.runtime.models import CPU, Net, host, run

from dragoman import runtime
from dragoman.errors import PluginError
from dragoman.graph.types import DTYPES, dtype
from dragoman.hookspecs import RuntimeOp
from dragoman.runtime import from_tensor, to_tensor

WHOLE = [k for k, t in DTYPES.items() if t.bits >= 8 and t.name != "f8e8m0"]
BIG = 1 << 22


def through(folder: Path, kind: str, x: Any, compute: Any, made: str = "", shape: str = "") -> Any:
    """x by one layer of that element type, to one of the type ``made``, through the CPU plugin."""
    held = host(RuntimeOp("Foo", compute))
    net = Net(held)
    shape = shape or ",".join(map(str, x.shape))
    (y,) = net.kept("Foo", [net.input("x", shape, kind)], [f"{made or kind}[{shape}]"])
    model = runtime.load(net.write(folder, y), host=held)
    request = ov.Core().compile_model(model, "CPU", CPU).create_infer_request()
    request.set_input_tensor(to_tensor(x, model.input(0).get_element_type()))
    request.infer()
    return from_tensor(request.get_output_tensor(0))


@pytest.mark.parametrize("shape", ["2,3", "?,3"])
@pytest.mark.parametrize("kind", WHOLE)
def test_inputs_and_outputs_have_the_declared_type(tmp_path: Path, kind: str, shape: str) -> None:
    seen: list[Any] = []

    def compute(attrs: Any, x: Any) -> Any:
        seen.append((x.dtype, x.astype(np.float64).tolist(), x.flags.writeable))
        return x[::-1]

    x = np.array([[0, 1, 1], [1, 0, 0]] if kind == "boolean" else [[0, 1, 2], [3, 4, 6]]).astype(dtype(kind).numpy)
    found = through(tmp_path, kind, x, compute, shape=shape)
    assert seen == [(x.dtype, x.astype(np.float64).tolist(), False)]
    assert found.dtype == x.dtype
    np.testing.assert_array_equal(found.astype(np.float64), x[::-1].astype(np.float64))


def test_negative_numbers_and_large_ones(tmp_path: Path) -> None:
    x = np.array([-(2**31), -1, 2**31 - 1])
    np.testing.assert_array_equal(through(tmp_path, "i64", x, lambda attrs, x: x), x)


def test_strings(tmp_path: Path) -> None:
    seen: list[Any] = []

    def compute(attrs: Any, x: Any) -> Any:
        seen.append(x)
        return np.array([[t + "!" for t in row] for row in x], object)

    x = np.array([["a", "", "naïve, 日本"], ["\n", "long " * 9, '"']], object)
    found = through(tmp_path, "string", x, compute)
    assert seen[0].tolist() == x.tolist()
    assert found.tolist() == [[t + "!" for t in row] for row in x]


@pytest.mark.parametrize("kind", ["u4", "i4", "nf4", "u1"])
def test_types_of_less_than_a_byte_are_refused(tmp_path: Path, kind: str) -> None:
    held = host(RuntimeOp("Foo", lambda attrs, x: x))
    net = Net(held)
    (y,) = net.kept("Foo", [net.input("x", "2,4", kind)], ["f32[2,4]"])
    with pytest.raises(PluginError, match=f"elements of type {kind}") as caught:
        runtime.load(net.write(tmp_path, y), host=held)
    assert caught.value.code == "D612"


def test_results_of_a_smaller_kind_are_converted(tmp_path: Path) -> None:
    x = np.array([0, 1, 2], np.float32)
    assert through(tmp_path, "f32", x, lambda attrs, x: x.astype(np.float64) / 4).tolist() == [0, 0.25, 0.5]
    assert through(tmp_path, "f32", x, lambda attrs, x: [1, 2, 3]).tolist() == [1, 2, 3]
    assert through(tmp_path, "f32", x, lambda attrs, x: x > 1, "i64").tolist() == [0, 0, 1]
    assert through(tmp_path, "f32", x, lambda attrs, x: x > 1, "boolean").tolist() == [False, False, True]
    assert through(tmp_path, "f32", x, lambda attrs, x: np.arange(3), "u8").tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    "made, result, what",
    [
        ("i32", np.ones(3, np.float32), "an array of float32 was returned, and i32 is declared"),
        ("boolean", np.ones(3, np.int32), "an array of int32 was returned, and boolean is declared"),
        ("u8", np.array([0, 1, 300]), "numbers from 0 to 300 were returned, and u8 is declared"),
        ("u8", np.array([0, -1, 3]), "numbers from -1 to 3 were returned"),
        ("f32", np.array([1j, 0, 0]), "complex128"),
        ("f32", None, "shape [] was returned"),
        ("f32", np.ones((3, 1), np.float32), "an array of shape [3, 1] was returned, and f32[3] is declared"),
        ("f32", np.ones(4, np.float32), "an array of shape [4] was returned"),
        ("f32", (np.ones(3), np.ones(3)), "2 arrays were returned for 1 outputs"),
    ],
)
def test_results_that_are_not_what_is_declared_are_refused(tmp_path: Path, made: str, result: Any, what: str) -> None:
    with pytest.raises(RuntimeError) as caught:
        through(tmp_path, "f32", np.zeros(3, np.float32), lambda attrs, x: result, made)
    assert "D612" in str(caught.value)
    assert what in str(caught.value)


@pytest.mark.parametrize("kind", ["f32", "i32", "u8", "i8"])
def test_inputs_are_views_of_what_the_user_gives(tmp_path: Path, kind: str) -> None:
    shared: list[bool] = []
    held = host(RuntimeOp("Foo", lambda attrs, x: (shared.append(np.shares_memory(x, tensor.data)), x[:1])[1]))
    net = Net(held)
    (y,) = net.kept("Foo", [net.input("x", "?", kind)], [f"{kind}[?]"])
    model = runtime.load(net.write(tmp_path, y), host=held)
    request = ov.Core().compile_model(model, "CPU", CPU).create_infer_request()
    tensor = ov.Tensor(np.ones(BIG, dtype(kind).numpy))
    request.set_input_tensor(tensor)
    request.infer()
    assert shared == [True]


@pytest.mark.parametrize("kind, copies", [("f32", 0), ("boolean", 0), ("u8", 0), ("bf16", 0), ("i32", 0), ("i64", 1)])
def test_nothing_large_is_copied_but_what_must_change(tmp_path: Path, kind: str, copies: int) -> None:
    held = host(RuntimeOp("Foo", lambda attrs, x: x))
    net = Net(held)
    (y,) = net.kept("Foo", [net.input("x", f"{BIG}", kind)], [f"{kind}[{BIG}]"])
    model = runtime.load(net.write(tmp_path, y), host=held)
    request = ov.Core().compile_model(model, "CPU", CPU).create_infer_request()
    request.set_input_tensor(to_tensor(np.ones(BIG, dtype(kind).numpy), model.input(0).get_element_type()))
    request.infer(share_outputs=True)
    tracemalloc.start()
    try:
        request.start_async()
        request.wait()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    size = BIG * dtype(kind).bits // 8
    assert copies * size <= peak < copies * size + (1 << 16)


def test_an_input_cannot_be_changed(tmp_path: Path) -> None:
    def compute(attrs: Any, x: Any) -> Any:
        x += 1
        return x

    with pytest.raises(RuntimeError, match="read-only"):
        through(tmp_path, "f32", np.zeros(3, np.float32), compute)


def test_booleans_are_what_numpy_takes_for_them(tmp_path: Path) -> None:
    """The runtime's own comparison may store another true than 1."""
    held = host(RuntimeOp("Count", lambda attrs, x: np.array([x.sum(), x.view(np.uint8).max()])))
    net = Net(held)
    made = net.op.Greater(net.input("x", "?"), np.float32(0))
    (y,) = net.kept("Count", [net.op.Convert(made, destination_type="boolean")], ["i64[2]"])
    assert run(held, net.write(tmp_path, y), x=np.array([-1, 1, 5, 9], np.float32))[0].tolist() == [3, 1]
