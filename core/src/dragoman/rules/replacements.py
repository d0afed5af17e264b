"""Reads ``--replacements FILE``: what is replaced where, by a registered rule or by one op.

Our form, in TOML or as the same structure in JSON; an entry has what it replaces and what comes instead::

    [[replace]]
    pattern = "Mul(Tanh(Div(x, constant(limit))), limit)"   # see dragoman.rules.notation
    op = "SoftClip"                       # an OpenVINO op or a plugin's; or layer = "Type" of the framework
    attributes = {limit = {from = "limit"}}

    [[replace]]
    scopes = [".*/Postprocessor"]         # regular expressions of names
    id = "SSDPostprocessor"               # a registered rule
    inputs = ["map:0"]                    # NODE:PORT, in the order the rule wants them
    outputs = ["ExpandDims$:0"]
    attributes = {confidence = 0.3}       # free for the rule

    [[replace]]
    start = ["a"]                         # points: what lies between nodes
    end = ["b", "c"]
    layer = "Fused"

Further keys: ``name``, ``kind``, ``phase`` (source, simplify, target), ``framework``, ``include_start``,
``include_end``, ``optional``. The legacy transformations configuration, a JSON list with ``id``, ``match_kind``,
``instances``, ``inputs``, ``outputs`` and ``custom_attributes``, is read into the same.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from dragoman.errors import UsageError, did_you_mean
from dragoman.ops.define import OpRegistry
from dragoman.rules.anchoring import anchor, kind_of
from dragoman.rules.describe import own_rule
from dragoman.rules.entries import Entry, collected, entries_of
from dragoman.rules.placed import read_placed
from dragoman.rules.put import PutRegion, PutRule
from dragoman.rules.rule import Pass, Rule

Bound = Rule | Pass


def load_replacements(
    path: str | Path,
    rules: Iterable[tuple[str, Bound]],
    ops: OpRegistry | None = None,
    unloaded: Sequence[str] = (),
) -> list[Bound]:
    """The replacements of a file: copies of registered rules bound to its anchors and attributes, and its own rules.

    Args:
        path: the file.
        rules: the registered rules with their plugins.
        ops: what ``op`` may name.
        unloaded: plugins that are installed and not asked, for messages.

    Raises UsageError: D143 (the file cannot be read), D144 (no rule has that id), D145 (a wrong entry), with the line.
    """
    registered = list(rules)
    known = {rule.id or rule.name: rule for _, rule in registered}
    entries = entries_of(read_placed(path))

    def bind(entry: Entry) -> Bound:
        if "id" in entry.fields or entry.legacy:
            return _bind(entry, known, unloaded)
        return own_rule(entry, ops or OpRegistry())

    bound: list[Bound] = collected(bind, entries)
    taken = {rule.name for _, rule in registered}
    for entry, rule in zip(entries, bound, strict=True):
        _settle(entry, rule, taken)
    _order(bound, [rule for _, rule in registered])
    return bound


def _settle(entry: Entry, rule: Bound, taken: set[str]) -> None:
    """Give the copy its name, its place in the file and its ports."""
    rule.label = entry.fields.get("name") or f"{entry.label}#{entry.number}"
    rule.located = entry.where
    rule.optional = entry.flag("optional", False)
    if rule.label in taken:
        raise entry.wrong(f"a rule is called {rule.label!r} already", "name", "choose another name")
    taken.add(rule.label)


def _order(bound: Sequence[Bound], registered: Sequence[Bound]) -> None:
    """Demands on bound rules hold for their copies; what a file describes itself comes first, in the file's order."""
    copies: dict[str, list[str]] = {}
    for rule in bound:
        copies.setdefault(type(rule).__name__, []).append(rule.label)
    others = [r.name for r in registered] + [r.label for r in bound if not isinstance(r, (PutRule, PutRegion))]
    earlier: list[str] = []
    for rule in bound:
        if isinstance(rule, (PutRule, PutRegion)):
            vars(rule).update(after=tuple(earlier), before=tuple(others))
            earlier.append(rule.label)
        else:
            for key in ("after", "before"):
                names = getattr(type(rule), key)
                vars(rule)[key] = (*names, *(label for n in names for label in copies.get(n, ())))


def _bind(entry: Entry, known: Mapping[str, Bound], unloaded: Sequence[str]) -> Bound:
    name = entry.fields.get("id")
    if not isinstance(name, str) or name not in known:
        hint = did_you_mean(str(name), list(known))
        if entry.legacy:
            hint += "; the file does not bring replacers of the Model Optimizer: a plugin has to"
        if unloaded:
            hint += f"; not asked: {', '.join(unloaded)} (dragoman doctor)"
        raise UsageError("D144", f"no rule has the id {name!r}", entry.where("id"), hint)
    for key in ("op", "layer", "pattern", "phase", "framework"):
        if key in entry.fields:
            raise entry.wrong(f"{key} does not go with id: the rule has its own", key, "leave one of them out")
    rule = copy.copy(known[name])
    own, kind = kind_of(rule), entry.fields.get("kind", kind_of(rule))
    if kind != own:
        hint = f"write {'match_kind' if entry.legacy else 'kind'} = {own!r}, or use another rule".replace("'", '"')
        raise entry.wrong(f"the rule is anchored by {own}, not by {kind}", "kind", hint)
    rule.attributes = {**rule.attributes, **entry.fields.get("attributes", {})}
    anchor(entry, rule)
    return rule
