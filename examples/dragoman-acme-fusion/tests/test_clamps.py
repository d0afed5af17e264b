"""Chains of Clamps."""

from __future__ import annotations

from dragoman.builder import Builder
from dragoman.graph.graph import Value
from dragoman.graph.types import f32
from dragoman_acme_fusion.clamps import MergeClamps
from dragoman_sdk import RuleCase


def chain(op: Builder, *ranges: tuple[float, float]) -> Value:
    """Clamps behind each other."""
    x = op.parameter(f32, (2, 3), "x")
    for low, high in ranges:
        x = op.Clamp(x, min=low, max=high)
    return x


def test_a_chain_of_any_length_becomes_one() -> None:
    graph = RuleCase(lambda op: chain(op, (-1, 0.9), (-0.5, 2), (-3, 0.5)), [MergeClamps()]).check("Parameter Clamp")
    (clamp,) = (n for n in graph if n.op == "Clamp")
    assert (clamp.attrs.min, clamp.attrs.max) == (-0.5, 0.5)


def test_ranges_that_do_not_overlap_are_left_alone() -> None:
    RuleCase(lambda op: chain(op, (0, 1), (2, 3)), [MergeClamps()]).check_untouched("do not overlap")


def test_a_clamp_that_is_read_elsewhere_stays() -> None:
    def both(op: Builder) -> list[Value]:
        first = op.Clamp(op.parameter(f32, (2, 3), "x"), min=-1, max=1)
        return [op.Clamp(first, min=0, max=2), first]

    RuleCase(both, [MergeClamps()]).check_untouched("is read elsewhere, too")
