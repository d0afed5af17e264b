"""Products of matrices."""

from __future__ import annotations

import re

from dragoman.builder import Builder
from dragoman.frontends.extract import Extractors, Layer
from dragoman.graph.graph import Value
from dragoman.graph.types import i64, static_dims
from dragoman_onnx.layers.sizes import known_dim

layers = Extractors("onnx")

#: matrices up to this size are expanded by minors
LARGEST_DET = 4


@layers("MatMul")
def matmul(layer: Layer, op: Builder, a: Value, b: Value) -> Value:
    """MatMul(A, B): as numpy.matmul."""
    return multiplied(op, a, b)


def multiplied(op: Builder, a: Value, b: Value, transpose_b: bool = False) -> Value:
    """The product, as (B'A')' where the CPU plugin does not repeat a dynamic A for every matrix of a constant B."""
    held = static_dims(b.shape)
    if held is None or len(held) != 3 or held[0] == 1 or a.rank not in (2, 3) or static_dims(a.shape) is not None:
        return op.MatMul(a, b, transpose_b=transpose_b)
    if a.rank == 3 and known_dim(a, 0) == held[0]:
        return op.MatMul(a, b, transpose_b=transpose_b)
    turned = op.MatMul(b, a, transpose_a=not transpose_b, transpose_b=True)
    result: Value = op.Transpose(turned, op.constant([0, 2, 1], i64))
    return result


@layers("Gemm")
def gemm(layer: Layer, op: Builder, a: Value, b: Value, c: Value | None = None) -> Value:
    """Gemm(A, B, C, alpha, beta, transA, transB): alpha · A'B' + beta · C."""
    alpha, beta = layer.get("alpha", 1.0), layer.get("beta", 1.0)
    turned = {"transpose_a": bool(layer.get("transA", 0)), "transpose_b": bool(layer.get("transB", 0))}
    result: Value = op.MatMul(a, b, **turned)
    if alpha != 1:
        result = op.Multiply(result, _factor(layer, op, alpha, result))
    if layer.version < 7:
        layer.ignore("broadcast")
    if c is None or beta == 0:
        return result
    if beta != 1:
        c = op.Multiply(c, _factor(layer, op, beta, c))
    return op.Add(result, c)


def _factor(layer: Layer, op: Builder, number: float, like: Value) -> Value:
    if not like.dtype.is_float and number != int(number):
        raise layer.refuse(f"integers are multiplied by {number}", "cast the matrices to a floating-point type")
    factor: Value = op.constant(number if like.dtype.is_float else int(number), like.dtype)
    return factor


@layers("Einsum", since=12)
def einsum(layer: Layer, op: Builder, *inputs: Value) -> Value:
    """Einsum(Inputs, equation): Einstein's summation."""
    equation = re.sub(r"\s+", "", layer.require("equation", str))
    for term, x in zip(equation.partition("->")[0].split(","), inputs, strict=False):
        twice = {i for i, c in enumerate(term) if c.isalpha() and term.count(c) > 1} if "." not in term else set()
        if any(x.shape is not None and i < len(x.shape) and x.shape[i] == 1 for i in twice):
            raise layer.refuse(f"the diagonal of one element in {term!r}", "the CPU plugin compiles no such Einsum")
    return op.Einsum(*inputs, equation=equation)


@layers("Det", since=11)
def det(layer: Layer, op: Builder, x: Value) -> Value:
    """Det(X): determinants of the last two axes, expanded by minors."""
    size = None if x.shape is None or len(x.shape) < 2 else x.shape[-1]
    if not isinstance(size, int) and x.shape is not None and len(x.shape) >= 2:
        size = x.shape[-2]
    if not isinstance(size, int) or not 1 <= size <= LARGEST_DET:
        raise layer.refuse(
            f"determinants of matrices of size {size} cannot be expressed", f"sizes up to {LARGEST_DET} can"
        )
    rows = [op.Gather(x, op.constant(i), op.constant(-2)) for i in range(size)]
    cells = [[op.Gather(row, op.constant(j), op.constant(-1)) for j in range(size)] for row in rows]
    return _minors(op, cells)


def _minors(op: Builder, cells: list[list[Value]]) -> Value:
    if len(cells) == 1:
        return cells[0][0]
    total: Value | None = None
    for j, first in enumerate(cells[0]):
        minor = _minors(op, [[*row[:j], *row[j + 1 :]] for row in cells[1:]])
        term = op.Multiply(first, minor)
        if total is None:
            total = term
        else:
            total = op.Add(total, term) if j % 2 == 0 else op.Subtract(total, term)
    assert total is not None
    return total
