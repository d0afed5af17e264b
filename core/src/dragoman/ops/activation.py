"""Ops of the family: activation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dragoman.lazy import np
from dragoman.ops.define import Enum, Float, In, Int, Op, op
from dragoman.ops.elementwise import Unary

if TYPE_CHECKING:
    from dragoman.graph.tensor import Array


@op("Relu", "opset1", xml_type="ReLU")
class Relu(Unary):
    """max(x, 0)."""

    data = In("T")

    def fold(self, data: Array) -> Array:
        return np.maximum(data, 0)


@op("PRelu", "opset1", xml_type="PReLU")
class PRelu(Op):
    """PRelu (opset1)."""

    data = In()
    slope = In()


@op("Sigmoid", "opset1")
class Sigmoid(Op):
    """Sigmoid (opset1)."""

    data = In()


@op("Tanh", "opset1")
class Tanh(Op):
    """Tanh (opset1)."""

    node = In()


@op("Elu", "opset1")
class Elu(Op):
    """Elu (opset1)."""

    data = In()
    alpha = Float(0.0)


@op("Selu", "opset1")
class Selu(Op):
    """Selu (opset1)."""

    data = In()
    alpha = In()
    lambda_value = In()


@op("Gelu", "opset2")
class GeluV2(Op):
    """Gelu (opset2)."""

    node = In()


@op("Gelu", "opset7")
class Gelu(Op):
    """Gelu (opset7)."""

    data = In()
    approximation_mode = Enum("ERF", "TANH", default="ERF")


@op("HSwish", "opset4")
class HSwish(Op):
    """HSwish (opset4)."""

    data = In()


@op("HSigmoid", "opset5")
class HSigmoid(Op):
    """HSigmoid (opset5)."""

    data = In()


@op("HardSigmoid", "opset1")
class HardSigmoid(Op):
    """HardSigmoid (opset1)."""

    data = In()
    alpha = In()
    beta = In()


@op("Swish", "opset4")
class Swish(Op):
    """Swish (opset4)."""

    data = In()
    beta = In(optional=True)


@op("Mish", "opset4")
class Mish(Op):
    """Mish (opset4)."""

    data = In()


@op("SoftPlus", "opset4")
class SoftPlus(Op):
    """SoftPlus (opset4)."""

    data = In()


@op("SoftSign", "opset9")
class SoftSign(Op):
    """SoftSign (opset9)."""

    node = In()


@op("Clamp", "opset1")
class Clamp(Op):
    """Clamp (opset1)."""

    data = In()
    min = Float(0.0)
    max = Float(0.0)


@op("Erf", "opset1")
class Erf(Op):
    """Erf (opset1)."""

    node = In()


@op("ErfInv", "opset17")
class ErfInv(Op):
    """ErfInv (opset17)."""

    node = In()


@op("Softmax", "opset1", xml_type="SoftMax")
class SoftmaxV1(Op):
    """Softmax (opset1)."""

    data = In()
    axis = Int(0)


@op("Softmax", "opset8", xml_type="SoftMax")
class Softmax(Op):
    """Softmax (opset8)."""

    data = In()
    axis = Int(1)


@op("LogSoftmax", "opset5")
class LogSoftmax(Op):
    """LogSoftmax (opset5)."""

    data = In()
    axis = Int(1)
