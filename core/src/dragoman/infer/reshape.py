"""The shape that Reshape gives: products of dimensions with equal ones taken out, as the runtime computes them."""

from __future__ import annotations

from collections.abc import Sequence

from dragoman.graph.types import DYNAMIC, Dim, Interval, Scalar, Shape, is_static
from dragoman.infer.dims import bounds, dim_of, from_value, mul, product, same_dim, symbol_of
from dragoman.ops.define import Contradiction


def reshape_dims(shape: Shape, pattern: Sequence[Scalar], special_zero: bool) -> tuple[Dim, ...]:
    """The output's dimensions for a pattern of numbers (-1 once, 0 special on demand) and intervals.

    Contradiction when the elements cannot be laid out so.
    """
    wanted = _pattern(pattern)
    out: list[Dim] = []
    given: list[Dim] = []
    asked: list[Dim] = []
    hole: int | None = None
    for i, dim in enumerate(wanted):
        copied = special_zero and dim == 0
        if dim is None:
            if hole is not None:
                raise Contradiction("more than one -1 in the target shape")
            hole = i
            out.append(DYNAMIC)
        elif copied:
            if shape is not None and i >= len(shape):
                raise Contradiction(f"the target's 0 at {i} has no dimension to copy")
            out.append(DYNAMIC if shape is None else shape[i])
        else:
            out.append(dim)
            asked.append(dim)
        if shape is not None and i < len(shape) and not copied:
            given.append(shape[i])
    if shape is None:
        if hole is not None and not (special_zero and 0 in wanted):
            if 0 in wanted:
                raise Contradiction("-1 beside a 0 cannot be computed")
            out[hole] = Interval(1, None)
        return tuple(out)
    given += shape[len(wanted) :]
    fixed_in, free_in, fixed_out, free_out = _products(given, asked)
    if hole is not None:
        out[hole] = _missing(fixed_in, free_in, fixed_out, free_out)
    elif is_static(shape) and is_static(tuple(out)) and product(shape) != product(out):
        # beside a special 0 the runtime does not look, and the CPU plugin reads past the end
        raise Contradiction(f"{product(shape)} elements cannot be laid out as {product(out)}")
    return tuple(out)


def _pattern(items: Sequence[Scalar]) -> list[Dim | None]:
    out: list[Dim | None] = []
    for item in items:
        if isinstance(item, Interval):
            out.append(item if (item.lo or 0) >= 0 and item.lo is not None else DYNAMIC)
        elif item == -1:
            out.append(None)
        else:
            dims = from_value([item])
            if dims is None:
                raise Contradiction(f"{item} is not a dimension of a target shape")
            out += dims
    return out


def _products(given: list[Dim], asked: list[Dim]) -> tuple[int, Dim, int, Dim]:
    """(known, unknown) products of both sides after dimensions that are on both are taken out."""
    left = list(asked)
    fixed_in, free_in = 1, 1
    for dim in given:
        twin = next((i for i, o in enumerate(left) if same_dim(dim, o) and dim != 0 and _comparable(dim)), None)
        if twin is not None:
            del left[twin]
        elif isinstance(dim, int):
            fixed_in *= dim
        else:
            free_in = mul(dim, free_in)  # type: ignore[assignment]
    fixed_out, free_out = 1, 1
    for dim in left:
        if isinstance(dim, int):
            fixed_out *= dim
        else:
            free_out = mul(dim, free_out)  # type: ignore[assignment]
    return fixed_in, free_in, fixed_out, free_out


def _comparable(dim: Dim) -> bool:
    return isinstance(dim, int) or symbol_of(dim) is not None


def _missing(fixed_in: int, free_in: Dim, fixed_out: int, free_out: Dim) -> Dim:
    """What stands for -1."""
    if fixed_out == 0 and fixed_in != 0:
        raise Contradiction("-1 beside a 0 cannot be computed")
    if fixed_in != fixed_out:
        free_in, free_out = mul(free_in, fixed_in), mul(free_out, fixed_out)
    if isinstance(free_in, int) and isinstance(free_out, int):
        if free_in % free_out:
            raise Contradiction(f"{free_in} elements do not divide by {free_out}")
        return free_in // free_out
    (in_lo, in_hi), (out_lo, out_hi) = bounds(free_in), bounds(free_out)
    hi = None if in_hi is None or out_lo == 0 else in_hi // out_lo
    lo = in_lo if out_hi == 0 else min(in_lo, 1) if out_hi is None else -(-in_lo // out_hi)
    if hi is not None and hi < lo:
        raise Contradiction("the known dimensions do not divide the elements")
    return dim_of(lo, hi, symbol_of(free_in) if free_out == 1 else None)
