"""What the hooks of a plugin give: kinds of items, extractors and ops, runtime ops, and quarrels with other plugins."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from dragoman.errors import DragomanError, closest, did_you_mean
from dragoman.frontends.contract import Frontend
from dragoman.frontends.registry import Extractors
from dragoman.hookspecs import Reference, RuntimeOp, ShapeRule
from dragoman.ops.define import Op
from dragoman.options import Option
from dragoman.plugins import PluginHost
from dragoman.rules.rule import Pass, Rule, Transformation
from dragoman_sdk import contract
from dragoman_sdk.check.log import Log
from dragoman_sdk.check.watched import WatchedHost

#: what the items of each register hook are, and how one is called in the report
ITEMS: dict[str, tuple[tuple[type, ...], Callable[[Any], str]]] = {
    "dragoman_register_frontends": ((Frontend,), lambda f: str(f.name)),
    "dragoman_register_extractors": (
        (Extractors,), lambda g: ", ".join(f"{e.framework}:{e.op}" for e in g.entries) or "a group without extractors",
    ),
    "dragoman_register_ops": ((Op,), lambda c: f"{c.type} ({c.version})"),
    "dragoman_register_shape_rules": ((ShapeRule,), lambda r: f"{r.framework or 'any'}:{r.op}"),
    "dragoman_register_rules": ((Rule, Pass, Transformation), lambda r: f"{r.name} ({r.phase})"),
    "dragoman_register_references": ((Reference,), lambda r: f"{r.framework}: {r.name}"),
    "dragoman_register_runtime_ops": ((RuntimeOp,), lambda r: str(r.op)),
    "dragoman_register_options": ((Option,), lambda o: str(o.name)),
}  # fmt: skip
#: level, subject, and what says in words what is wrong
CONTRACT: tuple[tuple[str, str, Callable[[PluginHost, str], list[str]]], ...] = (
    ("error", "dragoman_plugin_info", contract.info_faults),
    ("warning", "ops", contract.op_faults),
    ("warning", "extractors", contract.extractor_faults),
    ("error", "rules", contract.rule_faults),
    ("error", "names", contract.name_faults),
    ("error", "runtime ops", contract.runtime_faults),
)


def look_at_content(host: WatchedHost, log: Log) -> None:
    """Call every register hook of the watched plugin, and look at what it gives."""
    frameworks = sorted({f.name for p in [*host.plugins] for f in _frontends_of(host, p)})
    given: dict[str, list[Any]] = {}
    for hook, (kinds, name_of) in ITEMS.items():
        if hook in host.hooks_of(host.watched):
            given[hook] = _items(host, log, hook, frameworks)
            _report(log, hook, given[hook], kinds, name_of)
    groups = [g for g in given.get("dragoman_register_extractors", ()) if isinstance(g, Extractors)]
    _frameworks(log, groups, frameworks)
    ops = [c for c in given.get("dragoman_register_ops", ()) if isinstance(c, type) and issubclass(c, Op)]
    runtime = [r for r in given.get("dragoman_register_runtime_ops", ()) if isinstance(r, RuntimeOp)]
    _computed(log, ops, runtime)
    _contract(host, log)
    _conflicts(host, log, frameworks)
    _replaced(host, log, frameworks)


def _frontends_of(host: WatchedHost, plugin: str) -> list[Frontend]:
    try:
        return [f for owner, f in host.frontends() if owner == plugin]
    except DragomanError:  # told as a conflict
        return []


def _items(host: WatchedHost, log: Log, hook: str, frameworks: Sequence[str]) -> list[Any]:
    impl = next(i for i in getattr(host.manager.hook, hook).get_hookimpls() if i.plugin_name == host.watched)
    found: list[Any] = []
    arguments = [{"framework": name} for name in frameworks] if "framework" in impl.argnames else [{}]
    for given in arguments:
        try:
            answer = host._invoke(impl, hook, given)
        except Exception:  # the host's log has it
            return found
        found += answer or ()
    return found


def _report(log: Log, hook: str, items: Iterable[Any], kinds: tuple[type, ...], name_of: Callable[[Any], str]) -> None:
    names = []
    for item in items:
        if isinstance(item, kinds) or (isinstance(item, type) and issubclass(item, kinds) and Op in kinds):
            names.append(name_of(item))
            continue
        wanted = " or ".join(k.__name__ for k in kinds[:2])
        hint = f"give {item.__name__}(), not the class" if isinstance(item, type) and issubclass(item, kinds) else ""
        hint = hint or (
            f"give the class, not an object of it ({type(item).__name__})" if isinstance(item, Op) else hint
        )
        log.find("error", hook, f"it gave {item!r}, which is no {wanted}; none of its items count", hint)
    if names:
        log.find("seen", hook, "gives " + ", ".join(dict.fromkeys(names)))
    elif not list(items):
        log.find("warning", hook, "it gave nothing", "leave the hook out, or return what it is for")


def _frameworks(log: Log, groups: Iterable[Extractors], frameworks: Sequence[str]) -> None:
    for entry in dict.fromkeys(e for g in groups for e in g.entries):
        if frameworks and entry.framework not in frameworks:
            log.find("error", f"extractor {entry.framework}:{entry.op}",
                     f"no installed front-end reads models of {entry.framework!r}",
                     did_you_mean(entry.framework, frameworks))  # fmt: skip


def _computed(log: Log, ops: Iterable[type[Op]], runtime: Iterable[RuntimeOp]) -> None:
    """Whether ops and runtime ops belong together."""
    computed = {r.op for r in runtime}
    known = [c.type for c in ops if c.version == "extension"]
    for op in known:
        if op not in computed:
            log.find("note", f"op {op}", "it has no runtime op: an IR that keeps one runs only where OpenVINO knows it",
                     "dragoman_register_runtime_ops gives it one in numpy, or a rule replaces it")  # fmt: skip
    for op in computed - {*known}:
        near = closest(op, known, 1)
        log.find("warning" if near else "note", f"runtime op {op}", "the plugin has no op class of this type, so its "
                 "attributes are texts", f"did you mean {near[0]!r}?" if near else "register its class")  # fmt: skip


def _contract(host: WatchedHost, log: Log) -> None:
    """What the conformance suite asserts too."""
    for level, subject, faults in CONTRACT:
        try:
            found = faults(host, host.watched)
        except DragomanError:  # a conflict, or a hook that raised: told as such
            continue
        for fault in found:
            log.find(level, subject, fault)


def _conflicts(host: WatchedHost, log: Log, frameworks: Iterable[str]) -> None:
    calls: list[Callable[[], object]] = [
        host.frontends, host.op_registry, host.rules, host.shape_rules, host.runtime_ops,
        *((lambda f=f: host.extractor_table(f)) for f in frameworks),
    ]  # fmt: skip
    for call in calls:
        try:
            call()
        except DragomanError as error:
            if error.code == "D603":
                log.find("error", "conflicts", error.what, error.hint)
        except ValueError as error:
            log.find("error", "conflicts", str(error), "")


def _replaced(host: WatchedHost, log: Log, frameworks: Sequence[str]) -> None:
    """Keys of ``replaces`` that take nothing over are misspelt, or the other plugin is not here."""
    info = host.plugins[host.watched].info
    keys = sorted(info.replaces) if info is not None else []
    layers: dict[str, set[str]] = {}
    for framework in frameworks:
        for owner, group in host._extractor_groups(framework):
            for entry in group.entries:
                layers.setdefault(f"{entry.framework}:{entry.op}", set()).add(owner)
    for key in keys:
        if key.partition(":")[0] not in frameworks:
            continue
        owners = layers.get(key, set())
        if host.watched not in owners:
            own = [k for k, held in layers.items() if host.watched in held]
            log.find("error", "replaces", f"{key} is replaced, and the plugin does not register it",
                     did_you_mean(key, own))  # fmt: skip
        elif owners == {host.watched}:
            log.find("note", "replaces", f"{key} is replaced, and no installed plugin has it",
                     did_you_mean(key, [k for k, held in layers.items() if host.watched not in held]))  # fmt: skip
