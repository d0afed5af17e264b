"""Connectionist temporal classification: types and numbers are the runtime's own."""

from __future__ import annotations

import pytest

from dragoman_sdk.opcase import OpCase, assert_both_refuse, const, tensor

STEPS = tensor("f32", "6,2,4")
MASK = tensor("f32", "6,2", [[1, 1], [1, 1], [1, 1], [1, 1], [1, 0], [1, 0]])
LOGITS = tensor("f32", "2,6,4")
LENGTH = tensor("i32", "2", [6, 4])
BOTH = [{"merge_repeated": True}, {"merge_repeated": False}]
WIDE = {"classes_index_type": "i64", "sequence_length_type": "i64"}


def f32(*shapes: str) -> list:
    return [tensor("f32", s) for s in shapes]


def loss(logits: str, *shapes: str) -> list:
    return [tensor("f32", logits), *(tensor("i32", s) for s in shapes)]


CASES = [
    *(OpCase("CTCGreedyDecoder", [STEPS, MASK], {"ctc_merge_repeated": m}, seed=s) for m in (0, 1) for s in (0, 1)),
    OpCase("CTCGreedyDecoder", f32("?,2,5", "3,?"), values=False),
    OpCase("CTCGreedyDecoder", f32("..4,2..6,5", "2..,1..3"), values=False),
    OpCase("CTCGreedyDecoder", f32("...", "..."), values=False),
    *(OpCase("CTCGreedyDecoderSeqLen", [LOGITS, LENGTH], m, seed=s) for m in BOTH for s in (0, 1)),
    *(OpCase("CTCGreedyDecoderSeqLen", [LOGITS, LENGTH, const(b, "i32")], m) for m in BOTH for b in (0, [1])),
    OpCase("CTCGreedyDecoderSeqLen", [LOGITS, tensor("i64", "2", [6, 4]), const(0)], WIDE),
    OpCase("CTCGreedyDecoderSeqLen", [tensor("f32", "2,..4,?"), tensor("i32", "1..2")], values=False),
    OpCase("CTCGreedyDecoderSeqLen", [tensor("f32", "..."), tensor("i32", "...")], values=False),
    OpCase("CTCLoss", loss("2,3,5", "2", "2,3", "2")),
    OpCase("CTCLoss", loss("2,3,5", "2", "2,3", "2", "")),
    OpCase("CTCLoss", loss("1..3,?,5", "2..5", "?,4", "?")),
    OpCase("CTCLoss", loss("...", "...", "...", "...")),
]

REFUSED = [
    OpCase("CTCGreedyDecoder", f32("3,2,5", "4,2")),
    OpCase("CTCGreedyDecoder", f32("3,2,5", "3,3")),
    OpCase("CTCGreedyDecoder", f32("3,2", "3,2")),
    OpCase("CTCGreedyDecoder", f32("3,2,5", "3")),
    OpCase("CTCGreedyDecoderSeqLen", [LOGITS, tensor("i32", "3")]),
    OpCase("CTCGreedyDecoderSeqLen", [LOGITS, tensor("i32", "2,1")]),
    OpCase("CTCGreedyDecoderSeqLen", [tensor("f32", "2,6"), LENGTH]),
    OpCase("CTCGreedyDecoderSeqLen", [LOGITS, LENGTH, tensor("i32", "2")]),
    OpCase("CTCGreedyDecoderSeqLen", [LOGITS, LENGTH, tensor("f32", "")]),
    OpCase("CTCLoss", loss("2,3,5", "2", "2,4", "2")),
    OpCase("CTCLoss", loss("2,3,5", "3", "2,3", "2")),
    OpCase("CTCLoss", loss("2,3", "2", "2,3", "2")),
    OpCase("CTCLoss", loss("2,3,5", "2", "2", "2")),
    OpCase("CTCLoss", loss("2,3,5", "2", "2,3", "2", "1")),
    OpCase("CTCLoss", [tensor("i32", s) for s in ("2,3,5", "2", "2,3", "2")]),
    OpCase("CTCLoss", f32("2,3,5", "2", "2,3", "2")),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_matches_runtime(case: OpCase) -> None:
    case.check()


@pytest.mark.parametrize("case", REFUSED, ids=str)
def test_refused_by_both(case: OpCase) -> None:
    assert_both_refuse(case)
