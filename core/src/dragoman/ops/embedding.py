"""Sums of rows of an embedding table, and sparse tensors (OpenVINO specification, *Sparse*)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dragoman.graph.types import DYNAMIC, Dim, Shape, SmallValue, TensorType, Typed, boolean
from dragoman.infer.dims import from_value, merge, merge_shapes
from dragoman.lazy import np
from dragoman.ops.define import INDEX, Contradiction, Enum, In, Op, op

if TYPE_CHECKING:
    from dragoman.graph.tensor import Array


def _ranked(name: str, shape: Shape, rank: int) -> Shape:
    if shape is not None and len(shape) != rank:
        raise Contradiction(f"{name} must have {rank} dimensions, not {len(shape)}")
    return shape


class _Embedding(Op):
    """For each bag the sum of the table's rows that its indices name, weighted where there are weights."""

    emb_table = In("T")
    indices = In("I", *INDEX)
    #: dimensions of ``indices``
    rank = 1

    def bags(self, table: Typed, indices: Typed, weights: Typed | None, count: Dim) -> TensorType:
        """The output for so many bags."""
        _ranked("indices", indices.shape, self.rank)
        if weights is not None:
            _ranked("per_sample_weights", weights.shape, self.rank)
            if not merge_shapes(indices.shape, weights.shape)[0]:
                raise Contradiction("there must be a weight for each index")
        if table.shape is None:
            return TensorType(table.dtype, None)
        if not table.shape:
            raise Contradiction("the table cannot be a scalar")
        return TensorType(table.dtype, (count, *table.shape[1:]))

    def summed(self, table: Array, rows: list[list[int]], weights: list[Array] | None, default: int) -> Array:
        """The sums (or means) of rows of the table; ``default`` names the row of an empty bag, -1 none."""
        mean = getattr(self, "reduction", "sum") == "mean"
        out = np.zeros((len(rows), *table.shape[1:]), table.dtype)
        for i, bag in enumerate(rows):
            if not bag:
                out[i] = table[default] if default >= 0 else 0
                continue
            terms = table[bag]
            if weights is not None:
                terms = terms * weights[i].reshape(-1, *(1,) * (table.ndim - 1))
            out[i] = terms.sum(0) / len(bag) if mean else terms.sum(0)
        return out


class _Packed(_Embedding):
    """Bags of one size: a row of ``indices`` each."""

    per_sample_weights = In("T", optional=True)
    rank = 2

    def infer(self, table: Typed, indices: Typed, weights: Typed | None = None) -> TensorType:
        _, shape = merge_shapes(indices.shape, None if weights is None else weights.shape)
        return self.bags(table, indices, weights, DYNAMIC if shape is None else shape[0])

    def fold(self, table: Array, indices: Array, weights: Array | None = None) -> Array:
        return self.summed(table, indices.tolist(), None if weights is None else list(weights), -1)


@op("EmbeddingBagPackedSum", "opset3")
class EmbeddingBagPackedSum(_Packed):
    """Sums of rows of the table, bags of one size."""


@op("EmbeddingBagPacked", "opset15")
class EmbeddingBagPacked(_Packed):
    """Sums or means of rows of the table, bags of one size."""

    reduction = Enum("sum", "mean")


class _Offsets(_Embedding):
    """Bags of any size: each begins at its offset and ends at the next."""

    offsets = In("I", *INDEX)
    default_index = In("I", *INDEX, optional=True)
    per_sample_weights = In("T", optional=True)

    def infer(
        self, table: Typed, indices: Typed, offsets: Typed, default: Typed | None = None, weights: Typed | None = None
    ) -> TensorType:
        shape = _ranked("offsets", offsets.shape, 1)
        if default is not None:
            _ranked("default_index", default.shape, 0)
        elif weights is not None:
            raise Contradiction("weights need a default_index before them")
        return self.bags(table, indices, weights, DYNAMIC if shape is None else shape[0])

    def fold(
        self,
        table: Array,
        indices: Array,
        offsets: Array,
        default: Array | None = None,
        weights: Array | None = None,
    ) -> Array:
        cuts = [int(o) for o in offsets[1:]]
        rows = [part.tolist() for part in np.split(indices, cuts)]
        parts = None if weights is None else np.split(weights, cuts)
        return self.summed(table, rows, parts, -1 if default is None else int(default))


@op("EmbeddingBagOffsetsSum", "opset3")
class EmbeddingBagOffsetsSum(_Offsets):
    """Sums of rows of the table, bags of any size."""


@op("EmbeddingBagOffsets", "opset15")
class EmbeddingBagOffsets(_Offsets):
    """Sums or means of rows of the table, bags of any size."""

    reduction = Enum("sum", "mean")


@op("EmbeddingSegmentsSum", "opset3")
class EmbeddingSegmentsSum(_Embedding):
    """Sums of rows of the table; ``segment_ids`` tells the bag of each index."""

    segment_ids = In("I", *INDEX)
    num_segments = In("I", *INDEX)
    default_index = In("I", *INDEX, optional=True)
    per_sample_weights = In("T", optional=True)

    def infer(
        self,
        table: Typed,
        indices: Typed,
        segments: Typed,
        count: Typed,
        default: Typed | None = None,
        weights: Typed | None = None,
    ) -> TensorType:
        _ranked("segment_ids", segments.shape, 1)
        _ranked("num_segments", count.shape, 0)
        if not merge_shapes(indices.shape, segments.shape)[0]:
            raise Contradiction("there must be a segment for each index")
        if default is not None:
            _ranked("default_index", default.shape, 0)
        elif weights is not None:
            raise Contradiction("weights need a default_index before them")
        dims = (DYNAMIC,) if count.value is None else from_value(count.value.items)
        if dims is None:
            raise Contradiction(f"there cannot be {count.value} segments")
        return self.bags(table, indices, weights, dims[0])

    def fold(
        self,
        table: Array,
        indices: Array,
        segments: Array,
        count: Array,
        default: Array | None = None,
        weights: Array | None = None,
    ) -> Array:
        places = [np.flatnonzero(segments == i) for i in range(int(count))]
        rows = [indices[p].tolist() for p in places]
        parts = None if weights is None else [weights[p] for p in places]
        return self.summed(table, rows, parts, -1 if default is None else int(default))


@op("SparseFillEmptyRows", "opset16")
class SparseFillEmptyRows(Op):
    """A sparse matrix with ``default_value`` put in the first column of each row that has no element.

    Outputs: indices, values, and for each row whether it was empty.
    """

    elements = In("T")
    dense_shape = In("I", *INDEX)
    indices = In("I", *INDEX)
    default_value = In("T")
    outputs = 3

    def infer(
        self, elements: Typed, dense_shape: Typed, indices: Typed, default: Typed
    ) -> tuple[TensorType, TensorType, TensorType]:
        count = _ranked("values", elements.shape, 1)
        size = _ranked("dense_shape", dense_shape.shape, 1)
        places = _ranked("indices", indices.shape, 2)
        _ranked("default_value", default.shape, 0)
        if size is not None and merge(size[0], 2) is None:
            raise Contradiction("only matrices can be filled: dense_shape must have 2 elements")
        if places is not None and (
            merge(places[1], 2) is None or (count is not None and merge(places[0], count[0]) is None)
        ):
            raise Contradiction("there must be a row and a column for each value")
        dims = None if dense_shape.value is None else from_value(dense_shape.value.items)
        rows = DYNAMIC if dims is None else dims[0]
        total = _filled(rows, indices.value)
        return (
            TensorType(indices.dtype, (total, 2)),
            TensorType(elements.dtype, (total,)),
            TensorType(boolean, (rows,)),
        )

    def fold(self, elements: Array, dense_shape: Array, indices: Array, default: Array) -> Any:
        empty = np.ones(int(dense_shape[0]), np.bool_)
        empty[indices[:, 0]] = False
        gaps = np.flatnonzero(empty)
        added = np.stack([gaps, np.zeros_like(gaps)], 1).astype(indices.dtype)
        places = np.concatenate([indices, added])
        order = np.argsort(places[:, 0], kind="stable")
        numbers = np.concatenate([elements, np.full(len(gaps), default, elements.dtype)])
        return places[order], numbers[order], empty


def _filled(rows: Dim, indices: SmallValue | None) -> Dim:
    """Number of elements after filling."""
    numbers = None if indices is None else indices.numbers()
    if numbers is None or not isinstance(rows, int):
        return DYNAMIC
    held = numbers[::2]
    if any(not 0 <= r < rows for r in held):
        raise Contradiction(f"an index lies outside the {rows} rows")
    return len(held) + rows - len(set(held))
