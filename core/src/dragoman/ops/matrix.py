"""Products of matrices and tensors.

Behaviour: OpenVINO specification, "matrix multiplication" ops MatMul-1, Einsum-7, Inverse-14,
ScaledDotProductAttention-13, GroupedMatMul-17; shapes as the runtime infers them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dragoman.graph.types import DYNAMIC, Dim, Shape, TensorType, Typed, boolean
from dragoman.infer.broadcast import broadcast, broadcast_dim
from dragoman.infer.dims import compatible, merge
from dragoman.infer.einsum import einsum_shape
from dragoman.infer.small import need_rank
from dragoman.lazy import np
from dragoman.ops.define import INDEX, Bool, Contradiction, In, Op, Str, op

if TYPE_CHECKING:
    from dragoman.graph.tensor import Array


def exact(array: Array) -> Array:
    """Small floats as f32, so that sums are not rounded at each step."""
    return array.astype(np.float32) if array.dtype.itemsize < 4 and array.dtype.kind not in "iub" else array


@op("MatMul", "opset1")
class MatMul(Op):
    """Product of the last two dimensions (either transposed on demand); the others broadcast, vectors as in numpy."""

    a = In("T")
    b = In("T")
    transpose_a = Bool(False)
    transpose_b = Bool(False)

    def infer(self, a: Typed, b: Typed) -> TensorType:
        kind = b.dtype if a.dtype.is_dynamic else a.dtype
        if a.shape is None or b.shape is None:
            return TensorType(kind, None)
        if not a.shape or not b.shape:
            raise Contradiction("scalars cannot be multiplied as matrices")
        left, right = _matrix(a.shape, self.transpose_a), _matrix(b.shape, self.transpose_b)
        left = (1, *left) if len(left) == 1 else left
        right = (*right, 1) if len(right) == 1 else right
        inner, outer = left[-1], right[-2]
        if isinstance(inner, int) and isinstance(outer, int) and inner != outer:
            raise Contradiction(f"{inner} columns times {outer} rows")
        shape = (*_batches(left[:-2], right[:-2]), left[-2], right[-1])
        if len(a.shape) == 1:
            shape = (*shape[:-2], shape[-1])
        return TensorType(kind, shape[:-1] if len(b.shape) == 1 else shape)

    def fold(self, a: Array, b: Array) -> Array:
        left = exact(a.swapaxes(-1, -2) if self.transpose_a and a.ndim > 1 else a)
        right = exact(b.swapaxes(-1, -2) if self.transpose_b and b.ndim > 1 else b)
        return np.asarray(np.matmul(left, right)).astype(a.dtype)


def _matrix(shape: tuple[Dim, ...], transpose: bool) -> tuple[Dim, ...]:
    return (*shape[:-2], shape[-1], shape[-2]) if transpose and len(shape) > 1 else shape


def _batches(a: tuple[Dim, ...], b: tuple[Dim, ...]) -> tuple[Dim, ...]:
    rank = max(len(a), len(b))
    a, b = (1,) * (rank - len(a)) + a, (1,) * (rank - len(b)) + b
    return tuple(_batch(x, y) for x, y in zip(a, b, strict=True))


def _batch(x: Dim, y: Dim) -> Dim:
    try:
        return broadcast_dim(x, y)
    except Contradiction:
        if isinstance(x, int) and isinstance(y, int):
            raise
        return DYNAMIC


@op("Einsum", "opset7")
class Einsum(Op):
    """Sums of products by an equation like ``"bij,bjk->bik"``."""

    tensors = In("T", variadic=True)
    equation = Str()

    def infer(self, *tensors: Typed) -> TensorType:
        if not tensors:
            raise Contradiction("Einsum needs an input")
        return TensorType(tensors[0].dtype, einsum_shape(self.equation, [t.shape for t in tensors]))

    def fold(self, *tensors: Array) -> Array:
        return np.asarray(np.einsum(self.equation, *map(exact, tensors))).astype(tensors[0].dtype)


@op("Inverse", "opset14")
class Inverse(Op):
    """Inverse of the last two dimensions; with ``adjoint`` its transpose."""

    data = In("T", "float")
    adjoint = Bool(False)

    def infer(self, data: Typed) -> TensorType:
        shape = data.shape
        if shape is not None:
            if len(shape) < 2:
                raise Contradiction("a matrix has at least two dimensions")
            if isinstance(shape[-1], int) and isinstance(shape[-2], int) and shape[-1] != shape[-2]:
                raise Contradiction(f"{shape[-2]} rows and {shape[-1]} columns are not square")
        return TensorType(data.dtype, shape)

    def fold(self, data: Array) -> Array:
        out = np.linalg.inv(data.astype(np.float64))
        return (out.swapaxes(-1, -2) if self.adjoint else out).astype(data.dtype)


@op("ScaledDotProductAttention", "opset13")
class ScaledDotProductAttention(Op):
    """softmax(query * key^T * scale + mask) * value; ``causal`` puts its own triangular mask."""

    query = In("T", "float")
    key = In("T", "float")
    value = In("T", "float")
    attention_mask = In("", "float", "bool", optional=True)
    scale = In("T", "float", optional=True)
    causal = Bool(False)

    def infer(
        self, query: Typed, key: Typed, value: Typed, attention_mask: Typed | None = None, scale: Typed | None = None
    ) -> TensorType:
        batch: Shape = None
        rows: Dim = DYNAMIC
        depth: Dim = DYNAMIC
        if query.shape is not None:
            batch, rows, depth = _stacked(query.shape, "query")
        columns: Dim = DYNAMIC
        out_depth: Dim = DYNAMIC
        if key.shape is not None:
            key_batch, columns, key_depth = _stacked(key.shape, "key")
            batch = _met(batch, key_batch)
            _same(depth, key_depth, "query and key")
        if value.shape is not None:
            value_batch, value_rows, out_depth = _stacked(value.shape, "value")
            batch = _met(batch, value_batch)
            columns = _same(columns, value_rows, "key and value")
        if attention_mask is not None:
            self._check_mask_type(query, attention_mask)
            if attention_mask.shape and not self.causal:
                batch, rows = _masked(attention_mask.shape, batch, rows, columns)
        need_rank(scale, 0, 1, what="the scale")
        if scale is not None and scale.shape and not compatible(scale.shape[0], 1):
            raise Contradiction("the scale must have one element")
        return TensorType(query.dtype, None if batch is None else (*batch, rows, out_depth))

    @staticmethod
    def _check_mask_type(query: Typed, mask: Typed) -> None:
        if mask.dtype not in (boolean, query.dtype) and not mask.dtype.is_dynamic:
            raise Contradiction(f"the mask must be boolean or {query.dtype}, not {mask.dtype}")

    def fold(
        self, query: Array, key: Array, value: Array, attention_mask: Array | None = None, scale: Array | None = None
    ) -> Array:
        q, k, v = (t.astype(np.float64) for t in (query, key, value))
        factor = float(np.ravel(scale)[0]) if scale is not None else q.shape[-1] ** -0.5
        scores = q @ k.swapaxes(-1, -2) * factor
        mask = attention_mask
        if self.causal:
            mask = np.tri(*scores.shape[-2:], dtype=bool)
        if mask is not None:
            scores = np.where(mask, scores, -np.inf) if mask.dtype == bool else scores + mask
        weight = np.exp(scores - scores.max(axis=-1, keepdims=True))
        return np.asarray(weight / weight.sum(axis=-1, keepdims=True) @ v).astype(query.dtype)


def _stacked(shape: tuple[Dim, ...], name: str) -> tuple[tuple[Dim, ...], Dim, Dim]:
    """(batch, rows, columns)."""
    if len(shape) < 3:
        raise Contradiction(f"{name} must have at least 3 dimensions, not {len(shape)}")
    return shape[:-2], shape[-2], shape[-1]


def _same(a: Dim, b: Dim, what: str) -> Dim:
    met = merge(a, b)
    if met is None:
        raise Contradiction(f"{what} do not fit: {a} and {b}")
    return met


def _met(held: Shape, batch: tuple[Dim, ...]) -> Shape:
    return None if held is None else broadcast(held, batch)


def _masked(mask: tuple[Dim, ...], batch: Shape, rows: Dim, columns: Dim) -> tuple[Shape, Dim]:
    if len(mask) < 2:
        raise Contradiction("the mask must have at least 2 dimensions")
    broadcast_dim(columns, mask[-1])
    if len(mask) > 2:
        batch = _met(batch, mask[:-2])
    return batch, broadcast_dim(rows, mask[-2])


@op("GroupedMatMul", "opset17")
class GroupedMatMul(Op):
    """One product with a transposed matrix per group: (G,M,K)x(G,N,K), or (rows,K)x(G,N,K) cut at ``offsets``."""

    a = In("T")
    b = In("T")
    offsets = In("", *INDEX, optional=True)

    def infer(self, a: Typed, b: Typed, offsets: Typed | None = None) -> TensorType:
        if a.shape is None or b.shape is None:
            return TensorType(a.dtype, None)
        ranks = (len(a.shape), len(b.shape))
        if ranks not in ((3, 3), (2, 3)):
            raise Contradiction(f"ranks {ranks[0]} and {ranks[1]} are not 3 and 3 or 2 and 3")
        if merge(a.shape[-1], b.shape[-1]) is None:
            raise Contradiction(f"{a.shape[-1]} columns and {b.shape[-1]} columns")
        if ranks == (3, 3):
            groups = merge(a.shape[0], b.shape[0])
            if groups is None:
                raise Contradiction(f"{a.shape[0]} groups and {b.shape[0]} groups")
            return TensorType(a.dtype, (groups, a.shape[1], b.shape[1]))
        if offsets is None:
            raise Contradiction("offsets are needed to cut the groups")
        need_rank(offsets, 1, what="the offsets")
        return TensorType(a.dtype, (a.shape[0], b.shape[1]))
