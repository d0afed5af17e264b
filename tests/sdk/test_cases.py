"""OpCase, GraphCase and RuleCase pass where the runtime agrees, and fail where it does not."""

from __future__ import annotations

import types
from typing import Any

import numpy as np
import pytest

from dragoman.graph.types import TensorType, f32
from dragoman.hookspecs import PluginInfo, RuntimeOp, hookimpl
from dragoman.ops.define import Float, In, Op, op
from dragoman.rules.rule import NoMatch, Rule
from dragoman_sdk import GraphCase, OpCase, RuleCase, const, tensor

X = np.array([[-1.0, 2.0, 0.5]], np.float32)


@op("Elu", "opset1")
class Doubled(Op):
    """An Elu whose inference is wrong: OpenVINO keeps the shape."""

    data = In("T")
    alpha = Float(1.0)

    def infer(self, data: Any) -> TensorType:
        return TensorType(data.dtype, (*data.shape, 2))


class Negated(Rule):
    """x * -1 -> -x."""

    def pattern(self, op: Any, x: Any, minus: Any) -> Any:
        return op.Multiply(x, op.constant(minus))

    def check(self, minus: Any) -> None:
        if minus.tensor is None or minus.tensor.count != 1 or float(minus.tensor.numpy().item()) != -1:
            raise NoMatch("the factor is not -1")

    def rewrite(self, op: Any, x: Any) -> Any:
        return op.Negative(x)


class Careless(Negated):
    """x * c -> -x, which is wrong."""

    def check(self, minus: Any) -> None:
        return None


class Source(Negated):
    """Of another phase."""

    phase = "source"


def times(factor: float) -> Any:
    return lambda op: op.Multiply(op.parameter(f32, (1, 3), "x"), op.constant(factor, f32))


def test_an_op_is_given_by_name_or_by_class() -> None:
    OpCase("Relu", [tensor("f32", "?,3")]).check()
    with pytest.raises(AssertionError, match=r"Elu\(.*we infer f32\[1,3,2\], the runtime f32\[1,3\]"):
        OpCase(Doubled, [tensor("f32", "1,3")]).check(ops_of(Doubled))


def ops_of(cls: type[Op]) -> Any:
    from dragoman.ops import core_ops
    from dragoman.ops.define import OpRegistry

    return OpRegistry([*(c for c in core_ops() if c.type != cls.type), cls])


def test_an_extension_op_is_sent_to_its_own_case() -> None:
    @op("Mine", "extension")
    class Mine(Op):
        """Of nobody else."""

        x = In()

    with pytest.raises(TypeError, match="RuntimeCase"):
        OpCase(Mine, [tensor("f32", "1")]).check()


def test_a_graph_has_the_numbers_that_are_expected() -> None:
    (found,) = GraphCase(times(2), {"x": X}, [X * 2]).check()
    np.testing.assert_array_equal(found, X * 2)
    assert GraphCase(times(2)).check() == []
    with pytest.raises(AssertionError, match=r"output 0 \[1x3\]: differs"):
        GraphCase(times(2), {"x": X}, [X * 3]).check()
    with pytest.raises(AssertionError, match="1 outputs, 2 are expected"):
        GraphCase(times(2), {"x": X}, [X * 2, X]).check()


def test_a_rule_keeps_the_numbers() -> None:
    RuleCase(times(-1), [Negated()]).check("Parameter Negative")
    with pytest.raises(AssertionError, match="output 0"):
        RuleCase(times(3), [Careless()]).check()


def test_a_rule_says_why_it_keeps_its_hands_off() -> None:
    case = RuleCase(times(3), [Negated()])
    case.check_untouched()
    case.check_untouched(because="the factor is not -1")
    with pytest.raises(AssertionError, match="'too large' is no reason given"):
        case.check_untouched(because="too large")
    with pytest.raises(AssertionError, match="a rule fires"):
        RuleCase(times(-1), [Negated()]).check_untouched()


def test_a_rule_of_the_source_phase_is_sent_to_its_own_case() -> None:
    with pytest.raises(TypeError, match="Source: a rule of the phase source"):
        RuleCase(times(-1), [Source()]).check()


def test_constants_of_a_case_are_constants_of_the_graph() -> None:
    graph, node = OpCase("ReduceSum", [tensor("f32", "2,3"), const([1])], {"keep_dims": False}).build()
    assert node.input(1).tensor is not None
    assert [v.shape for v in graph.outputs] == [(2,)]


@op("Gated", "extension")
class Gated(Op):
    """max(x, 0) * 2."""

    x = In("T", "float")

    def infer(self, x: Any) -> TensorType:
        return TensorType(x.dtype, x.shape)


class IntoGated(Rule):
    """Relu(x) * 2 -> Gated(x)."""

    def pattern(self, op: Any, x: Any, two: Any) -> Any:
        return op.Multiply(op.Relu(x), op.constant(two))

    def rewrite(self, op: Any, x: Any) -> Any:
        return op.Gated(x)


def doubled_relu(op: Any) -> Any:
    return op.Multiply(op.Relu(op.parameter(f32, (1, 3), "x")), op.constant(2.0, f32))


def gated(compute: Any) -> Any:
    return types.SimpleNamespace(
        dragoman_plugin_info=hookimpl(lambda: PluginInfo("acme")),
        dragoman_register_ops=hookimpl(lambda: [Gated]),
        dragoman_register_runtime_ops=hookimpl(lambda: [RuntimeOp("Gated", compute)]),
    )


def test_a_rule_that_makes_an_op_of_a_plugin_is_run_with_its_runtime_op(plugin_host: Any) -> None:
    right = plugin_host(gated(lambda attrs, x: np.maximum(x, 0) * np.float32(2)))
    RuleCase(doubled_relu, [IntoGated()], host=right).check("Parameter Gated")
    wrong = plugin_host(gated(lambda attrs, x: np.maximum(x, 0)))
    with pytest.raises(AssertionError, match="output 0"):
        RuleCase(doubled_relu, [IntoGated()], host=wrong).check()


def test_a_graph_with_an_op_of_a_plugin_is_run_with_its_runtime_op(plugin_host: Any) -> None:
    host = plugin_host(gated(lambda attrs, x: np.maximum(x, 0) * np.float32(2)))
    GraphCase(lambda op: op.Gated(op.parameter(f32, (1, 3), "x")), {"x": X}, [np.maximum(X, 0) * 2], host=host).check()
