"""MatMul, Einsum, Inverse, attention: types, shapes and numbers are the runtime's own."""

from __future__ import annotations

import itertools

import pytest

from dragoman_sdk.opcase import OpCase, assert_both_refuse, tensor


def known(*shapes: str) -> bool:
    """No dynamic dimension in any."""
    return not set("?.") & set("".join(shapes))


PAIRS = [
    ("2,3", "3,2"),
    ("3", "3,2"),
    ("2,3", "3"),
    ("3", "3"),
    ("4,2,3", "3,5"),
    ("1,4,2,3", "5,1,3,2"),
    ("2,3,3", "3,3"),
]
PAIRS += [
    ("?,3", "3,2"),
    ("?,2,3", "4,3,?"),
    ("2..4,3,5", "2,5,2"),
    ("...", "3,2"),
    ("3,4..5", "..2,3"),
    ("2..3,2,2", "5..,2,2"),
]
MATMULS = [
    OpCase("MatMul", [tensor("f32", a), tensor("f32", b)], {"transpose_a": ta, "transpose_b": tb}, values=known(a, b))
    for (a, b), ta, tb in itertools.product(PAIRS, (False, True), (False, True))
    if not (ta or tb) or a in ("2,3,3", "?,3", "...", "2..3,2,2")
    if not (ta != tb and a == "?,3")
] + [
    OpCase("MatMul", [tensor("f32", "2,3"), tensor("f32", "5,3")], {"transpose_b": True}),
    OpCase("MatMul", [tensor("f32", "3,2"), tensor("f32", "3,5")], {"transpose_a": True}),
    OpCase("MatMul", [tensor("f16", "2,3"), tensor("f16", "3,2")], rtol=2e-3),
    OpCase("MatMul", [tensor("i32", "2,3"), tensor("i32", "3,2")]),
    OpCase("MatMul", [tensor("u8", "2,3"), tensor("u8", "3,2")], values=False),
]
EQUATIONS = [
    ("bij,bjk->bik", ["2,3,4", "2,4,5"]),
    ("ij,jk", ["3,4", "4,5"]),
    ("ba,ac", ["2,3", "3,4"]),
    ("...ij,...jk->...ik", ["2,3,4", "4,5"]),
    ("b...,b...->...", ["2,3,4", "2,1,4"]),
    ("ii->i", ["3,3"]),
    ("ij->", ["2,3"]),
    ("bhid,bhjd->bhij", ["1,2,3,4", "1,2,5,4"]),
    ("bij,bjk->bik", ["?,3,4", "2,?,5"]),
    ("ij,ij->ij", ["3..4,5", "2..3,5"]),
    ("ij,jk", ["...", "4,5"]),
    ("...ij,jk", ["...", "4,5"]),
]
EINSUMS = [OpCase("Einsum", [tensor("f32", s) for s in sh], {"equation": e}, values=known(*sh)) for e, sh in EQUATIONS]
INVERSES = [
    OpCase("Inverse", [tensor("f32", s)], {"adjoint": adjoint}, rtol=1e-4, values=known(s))
    for s, adjoint in itertools.product(["2,2", "3,4,4", "?,?", "...", "2..3,3"], [False, True])
]
HEADS = [("1,2,3,4", "1,2,5,4", "1,2,5,6"), ("2,3,4", "2,5,4", "2,5,6"), ("1,2,3,4", "1,1,5,4", "1,1,5,6")]
HEADS += [("?,2,3,4", "1,2,?,4", "1,2,5,6"), ("...", "1,2,?,4", "1,2,5,6"), ("1,2,3,4", "...", "...")]
ATTENTIONS = [
    OpCase("ScaledDotProductAttention", [tensor("f32", s) for s in heads], {"causal": causal}, values=known(*heads))
    for heads, causal in itertools.product(HEADS, [False, True])
] + [
    OpCase("ScaledDotProductAttention", [*(tensor("f32", s) for s in HEADS[0]), tensor(kind, mask), *scale])
    for kind, mask in (("f32", "3,5"), ("boolean", "1,1,3,5"), ("f32", "1,2,3,5"))
    for scale in ([], [tensor("f32", "1")], [tensor("f32", "")])
]
GROUPED = [
    OpCase("GroupedMatMul", [tensor("f32", a), tensor("f32", b), *offsets], values=False)
    for a, b, offsets in [
        ("2,3,4", "2,5,4", []),
        ("?,3,4", "2,?,4", []),
        ("6,4", "2,5,4", [tensor("i32", "2")]),
        ("...", "2,5,4", [tensor("i32", "2")]),
    ]
]
REFUSED = [
    OpCase("MatMul", [tensor("f32", "2,3"), tensor("f32", "2,3")]),
    OpCase("MatMul", [tensor("f32", ""), tensor("f32", "2,3")]),
    OpCase("MatMul", [tensor("f32", "2,3,3"), tensor("f32", "4,3,3")]),
    OpCase("MatMul", [tensor("f16", "2,3"), tensor("f32", "3,2")]),
    OpCase("Einsum", [tensor("f32", "3,4"), tensor("f32", "4,5")], {"equation": "i j,jk->ik"}),
    OpCase("Einsum", [tensor("f32", "3,4"), tensor("f32", "5,5")], {"equation": "ij,jk->ik"}),
    OpCase("Einsum", [tensor("f32", "3,4"), tensor("f32", "4,5")], {"equation": "ij,jk->ikl"}),
    OpCase("Einsum", [tensor("f32", "3,4")], {"equation": "ij,jk->ik"}),
    OpCase("Einsum", [tensor("i32", "2,3"), tensor("f32", "3,2")], {"equation": "ij,jk->ik"}),
    OpCase("Inverse", [tensor("f32", "2,3")]),
    OpCase("Inverse", [tensor("i32", "2,2")]),
    OpCase("ScaledDotProductAttention", [tensor("f32", "3,4"), tensor("f32", "5,4"), tensor("f32", "5,6")]),
    OpCase("ScaledDotProductAttention", [*(tensor("f32", s) for s in HEADS[0]), tensor("f32", "4,5")]),
    OpCase("ScaledDotProductAttention", [*(tensor("f32", s) for s in HEADS[0]), tensor("i32", "3,5")]),
    OpCase("GroupedMatMul", [tensor("f32", "6,4"), tensor("f32", "2,5,4")]),
    OpCase("GroupedMatMul", [tensor("f32", "6,4"), tensor("f32", "5,4"), tensor("i32", "2")]),
]


@pytest.mark.parametrize("case", [*MATMULS, *EINSUMS, *INVERSES, *ATTENTIONS, *GROUPED], ids=str)
def test_matches_runtime(case: OpCase) -> None:
    case.check()


@pytest.mark.parametrize("case", REFUSED, ids=str)
def test_refused_as_by_runtime(case: OpCase) -> None:
    assert_both_refuse(case)
