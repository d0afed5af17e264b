"""RuntimeCase runs an extension op as a user's program would, and tells where it is not what is expected."""

from __future__ import annotations

import types
from typing import Any

import numpy as np
import pytest

from dragoman.errors import PluginError
from dragoman.graph.types import TensorType
from dragoman.hookspecs import PluginInfo, RuntimeOp, hookimpl
from dragoman.ops.define import Float, In, Op, op
from dragoman_sdk import RuntimeCase, const, tensor

X = np.array([[-1.0, 2.0, 0.5]], np.float32)


@op("Swish6", "extension")
class Swish6(Op):
    """x * min(max(beta * x, 0), 6)."""

    data = In("T", "float")
    beta = Float(1.0)

    def infer(self, data: Any) -> TensorType:
        return TensorType(data.dtype, data.shape)


@op("Halves", "extension")
class Halves(Op):
    """The first and the last columns, as many as a constant says."""

    data = In("T")
    count = In("", "i64", constant=True)
    outputs = 2

    def infer(self, data: Any, count: Any) -> tuple[TensorType, TensorType]:
        (size,) = count.value.numbers()
        made = TensorType(data.dtype, (data.shape[0], size))
        return made, made


def acme(compute: Any, *classes: type[Op], kind: str = "Swish6") -> Any:
    return types.SimpleNamespace(
        dragoman_plugin_info=hookimpl(lambda: PluginInfo("acme")),
        dragoman_register_ops=hookimpl(lambda: list(classes)),
        dragoman_register_runtime_ops=hookimpl(lambda: [RuntimeOp(kind, compute)]),
    )


def swish6(attrs: Any, x: Any) -> Any:
    return x * np.clip(np.float32(attrs.beta) * x, 0, 6)


def expected(beta: float) -> np.ndarray:
    return X * np.minimum(np.maximum(np.float32(beta) * X, 0), 6)


def test_numbers_are_those_that_are_expected(plugin_host: Any) -> None:
    case = RuntimeCase("Swish6", [X], [expected(2)], {"beta": 2.0}, host=plugin_host(acme(swish6, Swish6)))
    (found,) = case.check()
    np.testing.assert_allclose(found, expected(2))


def test_other_numbers_fail_and_the_element_is_told(plugin_host: Any) -> None:
    case = RuntimeCase("Swish6", [X], [expected(3)], {"beta": 2.0}, host=plugin_host(acme(swish6, Swish6)))
    with pytest.raises(AssertionError, match=r"Swish6 with the shapes of its inputs: (?s:.*)\[0, 1\]: found"):
        case.check()


def test_shape_inference_that_is_wrong_for_open_dimensions_fails(plugin_host: Any) -> None:
    class Careless(Swish6):
        def infer(self, data: Any) -> TensorType:
            if not isinstance(data.shape[0], int):
                return TensorType(data.dtype, (data.shape[0], 7))
            return TensorType(data.dtype, data.shape)

    host = plugin_host(acme(swish6, op("Swish6", "extension")(Careless)))
    with pytest.raises((PluginError, AssertionError, RuntimeError), match=r"open dimensions|shape"):  # of the runtime
        RuntimeCase("Swish6", [X], [expected(1)], host=host).check()
    RuntimeCase("Swish6", [X], [expected(1)], host=host, dynamic=False).check()


def test_constants_and_several_outputs(plugin_host: Any) -> None:
    host = plugin_host(acme(lambda attrs, x, n: (x[:, : int(n[0])], x[:, -int(n[0]) :]), Halves, kind="Halves"))
    RuntimeCase("Halves", [tensor("f32", "1,3", X), const([2])], [X[:, :2], X[:, 1:]], host=host).check()
    with pytest.raises(AssertionError, match="has 2 outputs, 1 are expected"):
        RuntimeCase("Halves", [X, const([2])], [X[:, :2]], host=host).check()


def test_integers_reach_the_op_as_declared(plugin_host: Any) -> None:
    kinds = []

    def spy(attrs: Any, x: Any) -> Any:
        kinds.append(x.dtype)
        return x + 1

    x = np.array([1, 2], np.int64)
    RuntimeCase("Plus", [x], [x + 1], outputs=["i64[2]"], host=plugin_host(acme(spy, kind="Plus"))).check()
    assert set(kinds) == {np.dtype(np.int64)}


def test_an_op_without_a_class_needs_the_types_of_its_outputs(plugin_host: Any) -> None:
    host = plugin_host(acme(lambda attrs, x: x * np.float32(attrs["beta"]), kind="Plain"))
    RuntimeCase("Plain", [X], [X * 2], {"beta": 2}, outputs=["f32[1,3]"], host=host).check()
    with pytest.raises(AssertionError, match="no plugin registers an extension op 'Plain'"):
        RuntimeCase("Plain", [X], [X], host=host).check()


def test_an_op_that_nothing_computes_is_told(plugin_host: Any) -> None:
    host = plugin_host(acme(swish6, Swish6, kind="Other"))
    with pytest.raises(PluginError) as caught:
        RuntimeCase("Swish6", [X], [X], host=host).check()
    assert caught.value.code == "D610"


def test_an_error_of_the_op_reaches_the_test(plugin_host: Any) -> None:
    def broken(attrs: Any, x: Any) -> Any:
        raise ValueError("no such thing")

    with pytest.raises(PluginError, match="no such thing"):
        RuntimeCase("Swish6", [X], [X], host=plugin_host(acme(broken, Swish6))).check()
