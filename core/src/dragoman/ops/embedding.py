"""Ops of the family: embedding."""

from __future__ import annotations

from dragoman.ops.define import Enum, In, Op, op


@op("EmbeddingBagOffsets", "opset15")
class EmbeddingBagOffsets(Op):
    """EmbeddingBagOffsets (opset15)."""

    emb_table = In()
    indices = In()
    offsets = In()
    default_index = In(optional=True)
    per_sample_weights = In(optional=True)
    reduction = Enum("mean", "sum", default="sum")


@op("EmbeddingBagOffsetsSum", "opset3")
class EmbeddingBagOffsetsSum(Op):
    """EmbeddingBagOffsetsSum (opset3)."""

    emb_table = In()
    indices = In()
    offsets = In()
    default_index = In(optional=True)
    per_sample_weights = In(optional=True)


@op("EmbeddingBagPacked", "opset15")
class EmbeddingBagPacked(Op):
    """EmbeddingBagPacked (opset15)."""

    emb_table = In()
    indices = In()
    per_sample_weights = In(optional=True)
    reduction = Enum("mean", "sum", default="sum")


@op("EmbeddingBagPackedSum", "opset3")
class EmbeddingBagPackedSum(Op):
    """EmbeddingBagPackedSum (opset3)."""

    emb_table = In()
    indices = In()
    per_sample_weights = In(optional=True)


@op("EmbeddingSegmentsSum", "opset3")
class EmbeddingSegmentsSum(Op):
    """EmbeddingSegmentsSum (opset3)."""

    emb_table = In()
    indices = In()
    segment_ids = In()
    num_segments = In(optional=True)
    default_index = In(optional=True)
    per_sample_weights = In(optional=True)


@op("SparseFillEmptyRows", "opset16")
class SparseFillEmptyRows(Op):
    """SparseFillEmptyRows (opset16)."""

    values_ = In()
    dense_shape = In()
    indices = In()
    default_value = In()
