"""Strings from and to bytes: types are the runtime's own."""

from __future__ import annotations

import pytest

from dragoman_sdk.opcase import OpCase, assert_both_refuse, const, tensor


def pack(kind: str, begins: str, ends: str, symbols: str) -> list:
    return [tensor(kind, begins), tensor(kind, ends), tensor("u8", symbols)]


BYTES = const([65, 66, 67], "u8")
CASES = [
    *(OpCase("StringTensorPack", pack(k, "2,3", "2,3", "10")) for k in ("i32", "i64")),
    OpCase("StringTensorPack", pack("i32", "2,?", "?,3", "?")),
    OpCase("StringTensorPack", pack("i32", "...", "2", "9")),
    OpCase("StringTensorPack", pack("i32", "...", "...", "...")),
    OpCase("StringTensorPack", pack("i32", "", "", "3")),
    OpCase("StringTensorPack", [const([0, 1]), const([1, 3]), BYTES]),
    *(OpCase("StringTensorUnpack", [tensor("string", s)]) for s in ("2,?", "...", "")),
]

REFUSED = [
    OpCase("StringTensorPack", pack("i32", "2", "3", "9")),
    OpCase("StringTensorPack", pack("i32", "2", "2", "3,3")),
    OpCase("StringTensorPack", pack("f32", "2", "2", "3")),
    OpCase("StringTensorPack", [tensor("i32", "2"), tensor("i64", "2"), tensor("u8", "9")]),
    OpCase("StringTensorPack", [tensor("i32", "2"), tensor("i32", "2"), tensor("i8", "9")]),
    OpCase("StringTensorPack", [const([0, 1]), const([1, 5]), BYTES]),
    OpCase("StringTensorPack", [const([1, 0]), const([0, 1]), BYTES]),
    OpCase("StringTensorUnpack", [tensor("u8", "2")]),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_matches_runtime(case: OpCase) -> None:
    case.check()


@pytest.mark.parametrize("case", REFUSED, ids=str)
def test_refused_by_both(case: OpCase) -> None:
    assert_both_refuse(case)
