"""Connectionist temporal classification (OpenVINO specification, *CTCGreedyDecoder*, *CTCLoss*)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dragoman.graph.types import DYNAMIC, Dim, Shape, TensorType, Typed
from dragoman.infer.dims import merge
from dragoman.lazy import np
from dragoman.ops.define import INTEGER, Bool, Contradiction, ElementType, In, Op, op
from dragoman.ops.elementwise import REAL

if TYPE_CHECKING:
    from dragoman.graph.tensor import Array


def _dims(name: str, shape: Shape, rank: int) -> tuple[Dim, ...]:
    if shape is None:
        return (DYNAMIC,) * rank
    if len(shape) != rank:
        raise Contradiction(f"{name} must have {rank} dimensions, not {len(shape)}")
    return shape


def _one(what: str, *dims: Dim) -> Dim:
    out: Dim = DYNAMIC
    for d in dims:
        met = merge(out, d)
        if met is None:
            raise Contradiction(f"the inputs differ in their {what}")
        out = met
    return out


def _decoded(scores: Array, blank: int, merge_repeated: bool) -> list[int]:
    """Classes of one sequence: the best of each step, without blanks and, if asked, repetitions."""
    out: list[int] = []
    last = -1
    for best in scores.argmax(-1).tolist():
        if best != blank and not (merge_repeated and best == last):
            out.append(best)
        last = best
    return out


@op("CTCGreedyDecoder", "opset1")
class CTCGreedyDecoder(Op):
    """The best class of each step, without blanks (the last class) and repetitions; -1 fills up.

    A sequence ends at the first 0 of its mask.
    """

    data = In("T")
    sequence_mask = In()
    ctc_merge_repeated = Bool(True)

    def infer(self, data: Typed, mask: Typed) -> TensorType:
        steps, batch, _ = _dims("data", data.shape, 3)
        mask_steps, mask_batch = _dims("sequence_mask", mask.shape, 2)
        shape = (_one("batch", batch, mask_batch), _one("length", steps, mask_steps), 1, 1)
        return TensorType(data.dtype, shape)

    def fold(self, data: Array, mask: Array) -> Array:
        steps, batch, classes = data.shape
        out = np.full((batch, steps, 1, 1), -1, data.dtype)
        for n in range(batch):
            length = next((t for t in range(steps) if mask[t, n] == 0), steps)
            found = _decoded(data[:length, n], classes - 1, self.ctc_merge_repeated)
            out[n, : len(found), 0, 0] = found
        return out


@op("CTCGreedyDecoderSeqLen", "opset6")
class CTCGreedyDecoderSeqLen(Op):
    """The best class of each step, without blanks and repetitions, filled up with -1; and how many there are."""

    data = In()
    sequence_length = In("I")
    blank_index = In("", *INTEGER, optional=True)
    merge_repeated = Bool(True)
    classes_index_type = ElementType("i32")
    sequence_length_type = ElementType("i32")
    outputs = 2

    def infer(self, data: Typed, length: Typed, blank: Typed | None = None) -> tuple[TensorType, TensorType]:
        batch, steps, _ = _dims("data", data.shape, 3)
        (count,) = _dims("sequence_length", length.shape, 1)
        if blank is not None and blank.shape and (len(blank.shape) > 1 or merge(blank.shape[0], 1) is None):
            raise Contradiction("blank_index must be one number")
        batch = _one("batch", batch, count)
        return TensorType(self.classes_index_type, (batch, steps)), TensorType(self.sequence_length_type, (batch,))

    def fold(self, data: Array, length: Array, blank: Array | None = None) -> tuple[Array, Array]:
        batch, steps, classes = data.shape
        gap = classes - 1 if blank is None else int(blank.reshape(()))
        out = np.full((batch, steps), -1, self.classes_index_type.numpy)
        counts = np.zeros(batch, self.sequence_length_type.numpy)
        for n in range(batch):
            found = _decoded(data[n, : int(length[n])], gap, self.merge_repeated)
            out[n, : len(found)] = found
            counts[n] = len(found)
        return out, counts


@op("CTCLoss", "opset4")
class CTCLoss(Op):
    """-ln of the probability of each sequence of labels."""

    logits = In("", *REAL)
    logit_length = In("", *INTEGER)
    labels = In("", *INTEGER)
    label_length = In("", *INTEGER)
    blank_index = In("", *INTEGER, optional=True)
    preprocess_collapse_repeated = Bool(False)
    ctc_merge_repeated = Bool(True)
    unique = Bool(False)

    def infer(
        self, logits: Typed, logit_length: Typed, labels: Typed, label_length: Typed, blank: Typed | None = None
    ) -> TensorType:
        batch, steps, _ = _dims("logits", logits.shape, 3)
        (a,) = _dims("logit_length", logit_length.shape, 1)
        b, label_steps = _dims("labels", labels.shape, 2)
        (c,) = _dims("label_length", label_length.shape, 1)
        if blank is not None:
            _dims("blank_index", blank.shape, 0)
        _one("length", steps, label_steps)
        return TensorType(logits.dtype, (_one("batch", batch, a, b, c),))
