"""Ops of the family: ctc."""

from __future__ import annotations

from dragoman.ops.define import Bool, ElementType, In, Op, op


@op("CTCGreedyDecoder", "opset1")
class CTCGreedyDecoder(Op):
    """CTCGreedyDecoder (opset1)."""

    data = In()
    sequence_mask = In()
    ctc_merge_repeated = Bool(True)


@op("CTCGreedyDecoderSeqLen", "opset6")
class CTCGreedyDecoderSeqLen(Op):
    """CTCGreedyDecoderSeqLen (opset6)."""

    data = In()
    sequence_length = In()
    blank_index = In(optional=True)
    merge_repeated = Bool(True)
    classes_index_type = ElementType("i32")
    sequence_length_type = ElementType("i32")
    outputs = 2


@op("CTCLoss", "opset4")
class CTCLoss(Op):
    """CTCLoss (opset4)."""

    logits = In()
    logit_length = In()
    labels = In()
    label_length = In()
    blank_index = In(optional=True)
    preprocess_collapse_repeated = Bool(False)
    ctc_merge_repeated = Bool(False)
    unique = Bool(False)
