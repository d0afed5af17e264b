"""Binds the anchor and the ports that an entry of a replacements file gives to a rule of their kind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dragoman.rules.anchors import PointsRule, Port, RegionRule, ScopeRule
from dragoman.rules.entries import Entry, PortText
from dragoman.rules.rule import Pass, Rule


def anchor(entry: Entry, rule: Rule | Pass) -> None:
    """Give a rule the anchor and ports of an entry; D145 for those that its kind does not have."""
    if isinstance(rule, ScopeRule):
        rule.scopes = entry.expressions("scopes") or rule.scopes
        rule.loose = entry.legacy
        _needs(entry, rule, "scopes", rule.scopes)
    if isinstance(rule, PointsRule):
        rule.starts = entry.texts("start") or rule.starts
        rule.ends = entry.texts("end") or rule.ends
        rule.include_starts = entry.flag("include_start", rule.include_starts)
        rule.include_ends = entry.flag("include_end", rule.include_ends)
        _needs(entry, rule, "start", rule.starts)
        _needs(entry, rule, "end", rule.ends)
    if isinstance(rule, RegionRule):
        rule.inputs = [_port(p) for p in entry.ports("inputs")] or rule.inputs
        rule.outputs = [_port(p) for p in entry.ports("outputs")] or rule.outputs
    allowed = {
        "scopes": ScopeRule, "start": PointsRule, "end": PointsRule,
        "include_start": PointsRule, "include_end": PointsRule, "inputs": RegionRule, "outputs": RegionRule,
    }  # fmt: skip
    for key, kind in allowed.items():
        if key in entry.fields and not isinstance(rule, kind) and not entry.legacy:
            raise entry.wrong(f"{key} does not go with a replacement of kind {kind_of(rule)}", key, "leave it out")


def _needs(entry: Entry, rule: Rule | Pass, key: str, given: Sequence[Any]) -> None:
    if not given:
        raise entry.wrong(f"{key} is missing, or empty", key, f'write {key} = ["NAME"]')


def _port(text: PortText) -> Port:
    (node, number), *others = text.ports
    return Port(node, number, [Port(n, k) for n, k in others])


def kind_of(rule: Any) -> str:
    """How a rule is anchored."""
    for kind, cls in (("scope", ScopeRule), ("points", PointsRule), ("pattern", Rule)):
        if isinstance(rule, cls):
            return kind
    return "general"
