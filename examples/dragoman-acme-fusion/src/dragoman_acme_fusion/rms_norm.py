"""RMS norms as exporters write them, kept as one op.

    x / sqrt(mean(x * x, last axis) + epsilon) * weight

The rule works on the source graph, where the nodes are ONNX's own and nothing has been changed yet. It puts in a layer
of a domain of Acme's, which the extractor then converts as if it had been in the file.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dragoman.builder import Builder
from dragoman.frontends.extract import Extractors, Layer
from dragoman.graph.graph import Value
from dragoman.graph.types import TensorType, Typed
from dragoman.ops.define import Contradiction, Float, In, Op, op
from dragoman.rules.pattern import Trace
from dragoman.rules.rule import NoMatch, Rule

LAYER = "acme.fusion:RmsNorm"


class FuseRmsNorm(Rule):
    """x / sqrt(mean(x * x) + epsilon) * weight -> RmsNorm(x, weight)."""

    phase = "source"
    framework = "onnx"

    def pattern(self, op: Trace, x: Any, two: Any, axes: Any, epsilon: Any, weight: Any) -> list[Any]:
        """The square is a product or a power, the axes an attribute (until ONNX 17) or an input."""
        forms = []
        for square in (op.Mul(x, x), op.Pow(x, op.constant(two))):
            for mean in (op.ReduceMean(square, bind="mean"), op.ReduceMean(square, op.constant(axes), bind="mean")):
                root = op.Sqrt(op.Add(mean, op.constant(epsilon)))
                forms.append(op.Mul(op.Div(x, root), op.constant(weight)))
        return forms

    def check(
        self, mean: Value, epsilon: Value, weight: Value, axes: Value | None = None, two: Value | None = None
    ) -> Mapping[str, Any]:
        """The norm is over the last axis alone, and its constants are what the op can hold."""
        attrs = mean.producer.attrs
        over = axes.tensor.numpy().tolist() if axes is not None and axes.tensor is not None else attrs.get("axes")
        if over != [-1]:
            raise NoMatch(f"the mean is taken over the axes {over}, and the norm over the last one alone")
        if attrs.get("keepdims", 1) != 1:
            raise NoMatch("the mean drops its axis")
        if two is not None and _number(two) != 2:
            raise NoMatch(f"the power is {_number(two):g}")
        small = _number(epsilon)
        if small is None or small <= 0:
            raise NoMatch("epsilon is not one number above 0")
        if weight.rank != 1:
            raise NoMatch(f"the weight has the shape {weight.type}")
        return {"small": small}

    def rewrite(self, op: Any, x: Value, weight: Value, small: float) -> Value:
        """One layer in the place of the nodes."""
        y: Value = op.make(LAYER, x, weight, epsilon=small)
        return y


def _number(value: Value) -> float | None:
    """The one number of a constant."""
    array = value.tensor.numpy() if value.tensor is not None else None
    return float(array.reshape(-1)[0]) if array is not None and array.size == 1 else None


layers = Extractors("onnx")


@layers(LAYER)
def rms_norm(layer: Layer, op: Builder, x: Value, weight: Value) -> Value:
    """What the rule made."""
    y: Value = op.AcmeRmsNorm(x, weight, epsilon=layer.require("epsilon", float))
    return y


@op("AcmeRmsNorm", "extension")
class AcmeRmsNorm(Op):
    """data / sqrt(mean(data * data, last axis) + epsilon) * weight."""

    data = In("T", "float")
    weight = In("T", "float")
    epsilon = Float()

    def infer(self, data: Typed, weight: Typed) -> TensorType:
        """The type and shape of the data."""
        if data.shape and weight.shape and isinstance(data.shape[-1], int) and weight.shape != data.shape[-1:]:
            raise Contradiction(f"a weight of {weight.shape[0]} for rows of {data.shape[-1]}")
        return TensorType(data.dtype, data.shape)
