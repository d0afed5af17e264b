"""Whether a value may hold infinities, as far as its producers tell."""

from __future__ import annotations

import math

from dragoman.graph.graph import Value

#: the results are bounded, or finite unless the numbers overflow
_FINITE = frozenset(
    {
        "Relu", "Sigmoid", "Tanh", "Clamp", "Softmax", "Elu", "Selu", "HSwish", "HSigmoid", "HardSigmoid",
        "Swish", "Mish", "Gelu", "SoftPlus", "SoftSign", "Erf", "Sin", "Cos", "Atan", "Sign", "Convolution",
        "GroupConvolution", "ConvolutionBackpropData", "GroupConvolutionBackpropData", "MVN", "OneHot",
        "BatchNormInference", "NormalizeL2", "LRN", "FakeQuantize", "RandomUniform", "ShapeOf", "Range",
        "LogicalNot",
    }
)  # fmt: skip
#: the results are finite where all inputs are
_KEEPING = frozenset(
    {
        "Add", "Subtract", "Multiply", "Abs", "Negative", "PRelu", "Maximum", "Minimum", "MatMul", "MaxPool",
        "AvgPool", "Reshape", "Transpose", "Squeeze", "Unsqueeze", "Concat", "Convert", "ReduceSum", "ReduceMean",
        "ReduceMax", "ReduceMin", "Interpolate", "Pad", "Slice", "StridedSlice", "Split", "VariadicSplit",
        "Gather", "Broadcast", "Tile", "SquaredDifference", "CumSum",
    }
)  # fmt: skip


def is_finite(value: Value, depth: int = 8) -> bool:
    """No element is infinite, unless numbers overflow; False where the producers, up to ``depth`` back, do not tell."""
    node = value.producer
    if not value.dtype.is_float or node.op in _FINITE:
        return True
    if value.tensor is not None:
        small = value.value
        return small is None or all(isinstance(i, (int, float)) and math.isfinite(i) for i in small.items)
    if depth == 0 or node.op not in _KEEPING:
        return False
    return all(v is None or is_finite(v, depth - 1) for v in node.inputs)
