"""Ops of the family: search."""

from __future__ import annotations

from dragoman.ops.define import Bool, ElementType, Enum, In, Int, Op, op


@op("TopK", "opset1")
class TopKV1(Op):
    """TopK (opset1)."""

    data = In()
    k = In()
    axis = Int(0)
    mode = Enum("max", "min", default="max")
    sort = Enum("index", "none", "value", default="none")
    index_element_type = ElementType("i32")
    outputs = 2


@op("TopK", "opset3")
class TopKV3(Op):
    """TopK (opset3)."""

    data = In()
    k = In()
    axis = Int(0)
    mode = Enum("max", "min", default="max")
    sort = Enum("index", "none", "value", default="none")
    index_element_type = ElementType("i32")
    outputs = 2


@op("TopK", "opset11")
class TopK(Op):
    """TopK (opset11)."""

    data = In()
    k = In()
    axis = Int(0)
    mode = Enum("max", "min", default="max")
    sort = Enum("index", "none", "value", default="none")
    index_element_type = ElementType("i32")
    stable = Bool(False)
    outputs = 2


@op("NonZero", "opset3")
class NonZero(Op):
    """NonZero (opset3)."""

    data = In()
    output_type = ElementType("i64")


@op("Unique", "opset10")
class Unique(Op):
    """Unique (opset10)."""

    data = In()
    axis = In(optional=True)
    sorted = Bool(True)
    index_element_type = ElementType("i64")
    count_element_type = ElementType("i64")
    outputs = 4


@op("SearchSorted", "opset15")
class SearchSorted(Op):
    """SearchSorted (opset15)."""

    sorted_sequence = In()
    values_ = In()
    right_mode = Bool(False)
    output_type = ElementType("i64")


@op("Bucketize", "opset3")
class Bucketize(Op):
    """Bucketize (opset3)."""

    data = In()
    buckets = In()
    output_type = ElementType("dynamic")
    with_right_bound = Bool(True)


@op("SegmentMax", "opset16")
class SegmentMax(Op):
    """SegmentMax (opset16)."""

    data = In()
    segment_ids = In()
    num_segments = In(optional=True)
    fill_mode = Enum("lowest", "zero", default="zero")
