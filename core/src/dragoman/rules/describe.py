"""Rules out of a replacements file alone: a pattern, scope or points, and the op or layer that comes instead."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dragoman.errors import did_you_mean
from dragoman.ops.define import Op, OpRegistry
from dragoman.rules.anchoring import anchor
from dragoman.rules.entries import KINDS, Entry
from dragoman.rules.notation import NotationError, Written, parse_pattern
from dragoman.rules.put import Put, PutPoints, PutRegion, PutRule, PutScope, Taken
from dragoman.rules.rule import Pass, Rule

_ANCHORS = {"pattern": "pattern", "scopes": "scope", "start": "points", "end": "points"}


def own_rule(entry: Entry, ops: OpRegistry) -> Rule | Pass:
    """The rule that an entry without ``id`` describes; UsageError D145."""
    kind = _kind(entry)
    phase = entry.fields.get("phase", "source")
    rule: PutRule | PutRegion
    if kind == "pattern":
        rule = PutRule()
        rule.written = _pattern(entry)
        rule.put = _put(entry, ops, rule.written)
        _check_names(entry, rule)
    else:
        rule = PutScope() if kind == "scope" else PutPoints()
        rule.put = _put(entry, ops, None)
    if phase != "source" and "layer" in entry.fields:
        hint = 'write op = "..." or phase = "source"'
        raise entry.wrong(f"a layer of the framework does not exist in the phase {phase}", "layer", hint)
    vars(rule).update(phase=phase, framework=entry.fields.get("framework", ""))
    if isinstance(rule, PutRegion):
        ports = entry.fields.get("inputs", [])
        given = ports if isinstance(ports, list) else [ports]
        named = Entry(entry.number, entry.placed, entry.path, dict(entry.fields), entry.paths)
        named.fields["inputs"] = [p for p in given if isinstance(p, str)]
        anchor(named, rule)
    return rule


def _kind(entry: Entry) -> str:
    """How an entry is anchored."""
    found = {kind for key, kind in _ANCHORS.items() if key in entry.fields}
    kind: str | None = entry.fields.get("kind")
    if kind == "general" or not found:
        hint = "write pattern, scopes, or start and end; or id for a registered rule"
        raise entry.wrong("it does not say what is replaced", "kind", hint)
    if len(found) > 1 or (kind is not None and found != {kind}):
        named = [k for k in _ANCHORS if k in entry.fields]
        raise entry.wrong(f"{' and '.join(named)} are of different kinds", named[-1], f"one of {', '.join(KINDS)}")
    return found.pop()


def _pattern(entry: Entry) -> Written:
    for key in ("outputs", "include_start", "include_end"):
        if key in entry.fields:
            raise entry.wrong(f"{key} does not go with a pattern", key, "leave it out")
    text: str = entry.fields["pattern"]
    try:
        return parse_pattern(text)
    except NotationError as error:
        lines = text.splitlines()
        shown = lines[error.line - 1].strip() if error.line <= len(lines) else ""
        place = f"line {error.line}, column {error.column} of the pattern"
        raise entry.wrong(f"{error.what} ({place})", "pattern", "dragoman explain D145", shown) from None


def _put(entry: Entry, ops: OpRegistry, written: Written | None) -> Put:
    held = [k for k in ("op", "layer") if k in entry.fields]
    if len(held) != 1:
        what = "it does not say what comes instead" if not held else "op and layer exclude each other"
        hint = 'write op = "Type", layer = "Type" of the framework, or id = "rule"'
        raise entry.wrong(what, held[-1] if held else "", hint)
    kind = entry.fields[held[0]]
    cls = None
    if held == ["op"]:
        cls = ops.latest(kind)
        if cls is None:
            hint = did_you_mean(kind, ops.types()) + '; layer = "..." for one of the framework'
            raise entry.wrong(f"there is no op {kind!r}", "op", hint)
    given = entry.fields.get("inputs", [])
    inputs = given if isinstance(given, list) else [given]
    for item in inputs:
        if not isinstance(item, (str, int, float, list)):
            raise entry.wrong(f"{item!r} is no input", "inputs", "a name, a number or a list of numbers")
    attributes = {
        name: _attribute(entry, cls, name, value) for name, value in entry.fields.get("attributes", {}).items()
    }
    for name, field in cls.attributes.items() if cls is not None else ():
        if field.required and name not in attributes:
            key = "attributes" if "attributes" in entry.fields else "op"
            raise entry.wrong(f"{kind} needs the attribute {name!r}", key, f"write attributes = {{{name} = ...}}")
    put = Put(kind, cls, tuple(inputs), attributes)
    if written is not None:
        count = len(inputs) or sum(v not in written.constants for v in written.variables)
        if why := put.misfit(count, 1):
            raise entry.wrong(why, "inputs" if inputs else held[0], f"{kind} has: {_ports(cls)}")
    return put


def _ports(cls: type[Op] | None) -> str:
    return ", ".join(p.name for p in cls.inputs) if cls is not None else ""


def _attribute(entry: Entry, cls: type[Op] | None, name: str, value: Any) -> Any:
    """A literal that the op takes, or ``{from = NAME, attribute = NAME}``."""
    key = f"attributes.{name}"
    field = cls.attributes.get(name) if cls is not None else None
    if cls is not None and field is None:
        hint = did_you_mean(name, list(cls.attributes)) or f"{cls.type} has no attributes"
        raise entry.wrong(f"{cls.type} has no attribute {name!r}", key, hint)
    if isinstance(value, Mapping):
        texts = isinstance(value.get("from"), str) and isinstance(value.get("attribute", ""), str)
        if not texts or value.keys() - {"from", "attribute"}:
            raise entry.wrong(f"{value!r} is no value of {name}", key, 'write {from = "NAME", attribute = "NAME"}')
        return Taken(value["from"], value.get("attribute", ""))
    if field is not None:
        try:
            field.check(value)
        except (TypeError, ValueError, KeyError) as error:
            raise entry.wrong(f"{name}: {error}", key, f"a value of {cls.type if cls else ''}.{name}") from None
    return value


def _check_names(entry: Entry, rule: PutRule) -> None:
    """Inputs and attributes name what the pattern has."""
    written = rule.written
    inner = [n for n in written.nodes if n != written.root.bind]
    for name in rule.put.inputs:
        if isinstance(name, str) and name not in (*written.variables, *inner):
            hint = did_you_mean(name, [*written.variables, *inner])
            raise entry.wrong(f"the pattern has no value {name!r}", "inputs", hint, name)
    for name, value in rule.put.attributes.items():
        if not isinstance(value, Taken):
            continue
        key, known = f"attributes.{name}", [*written.variables, *written.nodes]
        if value.name not in known:
            raise entry.wrong(f"the pattern has nothing called {value.name!r}", key, did_you_mean(value.name, known))
        if not value.attribute and value.name not in written.constants:
            hint = f"write constant({value.name}) in the pattern, or say which attribute"
            raise entry.wrong(f"{value.name!r} is no constant of the pattern", key, hint)
