"""The plugin host: discovery by entry point, isolation of each plugin, conflicts, ``replaces``, limits and tracing.

A plugin that fails to load, or whose hook raises, is marked broken and the rest goes on; it stops a conversion only
when what it would have given is needed. Two owners of one key are an error, unless one says that it replaces it.
Installed plugins come from the index (:mod:`dragoman.index`), and are imported when they are needed.
"""

from __future__ import annotations

import copy
import dataclasses
import os
import sys
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pluggy

from dragoman import hookspecs
from dragoman.discovery import EntryPoint, Plugin, installed_entry_points
from dragoman.errors import PluginError
from dragoman.hookspecs import API_VERSION, GROUP, PluginInfo, Reference, RuntimeOp, ShapeRule
from dragoman.index.host import IndexedPlugins
from dragoman.index.lookup import Index, is_off
from dragoman.index.record import OPS, RUNTIME_OPS

if TYPE_CHECKING:
    from dragoman.frontends.contract import Frontend
    from dragoman.frontends.registry import Extractor, ExtractorTable
    from dragoman.ir.owners import Owner
    from dragoman.ops.define import Op, OpRegistry

__all__ = ["CORE", "EntryPoint", "Plugin", "PluginHost", "installed_entry_points"]
CORE = "core"


class PluginHost(IndexedPlugins):
    """Loads plugins once and answers what they registered.

    Args:
        entry_points: what to load; those installed by default, each when it is needed.
        only: names to load beside the core; ``DRAGOMAN_PLUGINS`` by default, empty for none.
        disabled: names not to load.
    """

    def __init__(
        self,
        entry_points: Iterable[EntryPoint] | None = None,
        *,
        only: Iterable[str] | None = None,
        disabled: Iterable[str] = (),
    ) -> None:
        super().__init__()
        self.manager = pluggy.PluginManager("dragoman")
        self.manager.add_hookspecs(hookspecs)
        self.plugins: dict[str, Plugin] = {}
        self._disabled = set(disabled)
        limit = os.environ.get("DRAGOMAN_PLUGINS")
        self._only = set(only) if only is not None else None if limit is None else {n for n in limit.split(",") if n}
        self._trace = "hooks" in os.environ.get("DRAGOMAN_TRACE", "").split(",")
        points = self._installed() if entry_points is None else list(entry_points)
        for point in sorted(points, key=lambda p: (p.name != CORE, p.name)):
            self._load(point)
        self._check_requirements()

    def _installed(self) -> list[EntryPoint]:
        if is_off():
            return installed_entry_points()
        self._index = Index(lambda name: self._is_wanted(name) and name not in self._disabled)
        return self._index.points

    def _is_wanted(self, name: str) -> bool:
        return name == CORE or self._only is None or name in self._only

    def _load(self, point: EntryPoint) -> None:
        plugin = Plugin(point.name, point)
        if not self._is_wanted(point.name):
            return
        held = self.plugins.get(point.name)
        if held is not None:
            if held.label != plugin.label:
                held.status, held.stage = "broken", "load"
                held.error = f"the name is claimed by {held.label} and {plugin.label}; uninstall one of them"
                self._unregister(held.name)
            return
        self.plugins[point.name] = plugin
        if point.name in self._disabled:
            plugin.status = "disabled"
            return
        if point.group != GROUP:
            plugin.status, plugin.stage = "incompatible", "api"
            plugin.error = f"it is written for the hook group {point.group}; this Dragoman has {GROUP}"
            return
        if point.record is None:
            self._import(plugin)
            return
        plugin.info = point.record.info
        if (failure := point.record.failure) is not None:
            plugin.status, plugin.stage = failure.status, failure.stage
            plugin.error, plugin.trace = failure.error, failure.trace
        else:
            self.pending[point.name] = point.record

    def _import(self, plugin: Plugin) -> None:
        try:
            plugin.module = self._timed(plugin.name, "load", plugin.point.load)
            self.manager.register(plugin.module, name=plugin.name)
            self.manager.check_pending()
            plugin.info = self._own_info(plugin)
        except (Exception, SystemExit) as error:
            plugin.fail("load", error)
            self._unregister(plugin.name)

    def with_files(self, paths: Iterable[str | Path]) -> PluginHost:
        """A host that has plugins of single files too; this one stays as it is. PluginError D614, D603.

        It is this host itself where it has them already.
        """
        loaded = {p.point.file.resolve() for p in self.plugins.values() if p.point.file is not None}
        files = [file for place, file in {Path(p).resolve(): Path(p) for p in paths}.items() if place not in loaded]
        if not files:
            return self
        host = copy.copy(self)
        host.manager = pluggy.PluginManager("dragoman")
        host.manager.add_hookspecs(hookspecs)
        host.plugins = {name: dataclasses.replace(plugin) for name, plugin in self.plugins.items()}
        host._registered, host._gathered = {}, {}
        host.pending, host._told = dict(self.pending), dict(self._told)
        for name, plugin in host.plugins.items():
            if self.manager.has_plugin(name):
                host.manager.register(plugin.module, name=name)
        for file in files:
            host._load_file(file)
        return host

    def _load_file(self, file: Path) -> None:
        from dragoman.extension_files import file_entry_point, refused_hook

        point, module = file_entry_point(file)
        held = self.plugins.get(point.name)
        if held is not None and held.status != "disabled":
            raise PluginError(
                "D603",
                f"the plugin name {point.name} is claimed by {held.label} and {point.label}",
                str(file),
                f"rename the file, or disable the other (disable = [{point.name!r}] in dragoman.toml)",
            )
        plugin = self.plugins[point.name] = Plugin(point.name, point, module=module)
        try:
            self.manager.register(module, name=point.name)
            plugin.info = self._own_info(plugin)
        except Exception as error:
            raise refused_hook(file, module, error) from error
        self._check_requirements()
        if plugin.status != "loaded":
            raise PluginError("D614", f"the extension {plugin.error}", str(file), "install what it needs")

    def _own_info(self, plugin: Plugin) -> PluginInfo:
        hook = getattr(plugin.module, "dragoman_plugin_info", None)
        if hook is None and plugin.point.file is not None:
            return PluginInfo(plugin.name, (plugin.module.__doc__ or "").strip().partition("\n")[0])
        if hook is None:
            raise TypeError("the plugin has no dragoman_plugin_info hook")
        info = hook()
        if not isinstance(info, PluginInfo):
            raise TypeError(f"dragoman_plugin_info returned {type(info).__name__}, not PluginInfo")
        if info.api != API_VERSION:
            plugin.status = "incompatible"
            raise TypeError(f"it is written for hook API {info.api}; this Dragoman has {API_VERSION}")
        return info

    def _unregister(self, name: str) -> None:
        self.pending.pop(name, None)
        if self.manager.has_plugin(name):
            self.manager.unregister(name=name)

    def _check_requirements(self) -> None:
        for plugin in self.plugins.values():
            missing = [r for r in (plugin.info.requires if plugin.info else ()) if not self._works(r)]
            if missing and plugin.status == "loaded":
                plugin.status, plugin.stage = "broken", "requires"
                plugin.error = f"it needs the plugins {', '.join(missing)}"
                self._unregister(plugin.name)

    def _works(self, name: str) -> bool:
        held = self.plugins.get(name)
        return held is not None and held.status == "loaded"

    def _timed(self, owner: str, what: str, call: Callable[[], Any]) -> Any:
        if not self._trace:
            return call()
        start = time.perf_counter()
        try:
            return call()
        finally:
            took = (time.perf_counter() - start) * 1000
            sys.stderr.write(f"[hooks] {owner}: {what} {took:.1f} ms\n")

    def call(self, hook: str, expect: type | tuple[type, ...] | None = None, **arguments: Any) -> list[tuple[str, Any]]:
        """Every implementation's items as (plugin, item), in order of plugin names, the core first.

        An implementation that raises, or gives an item that is not of the expected type, marks its plugin broken;
        none of its items count. A file that the user named must work: PluginError D614.
        """
        self._wake(self.plugins, hook)
        answers = self._ask(self.plugins, hook, expect, arguments)
        return [(owner, item) for owner, items in answers.items() for item in items]

    def _ask(
        self,
        owners: Collection[str],
        hook: str,
        expect: type | tuple[type, ...] | None,
        arguments: Mapping[str, Any],
    ) -> dict[str, list[Any]]:
        found: dict[str, list[Any]] = {}
        caller = getattr(self.manager.hook, hook)
        by_owner = {i.plugin_name: i for i in caller.get_hookimpls()}
        for owner in self.plugins:
            if owner not in owners or owner not in by_owner or self.plugins[owner].status != "loaded":
                continue
            try:
                items = list(self._invoke(by_owner[owner], hook, arguments) or ())
                for item in items:
                    if expect is not None and not isinstance(item, expect) and not _is_class(item, expect):
                        raise TypeError(f"{hook} gave {item!r}")
            except Exception as error:
                self.plugins[owner].fail(hook, error)
                if (file := self.plugins[owner].point.file) is not None:
                    from dragoman.extension_files import failed_file

                    raise failed_file(file, f"{hook} of the extension failed", error) from error
                continue
            found[owner] = items
        return found

    def notify(self, hook: str, **arguments: Any) -> None:
        """Call every observer; one that raises is marked broken and the others are still called."""
        for impl in self._observers(hook):
            owner = self.plugins.get(impl.plugin_name)
            if owner is None or owner.status != "loaded":
                continue
            try:
                self._invoke(impl, hook, arguments)
            except Exception as error:
                owner.fail(hook, error)

    def _observers(self, hook: str) -> list[Any]:
        """In pluggy's order as if all plugins had been registered in the order of their names."""
        self._wake(self.plugins, hook)
        order = {name: rank for rank, name in enumerate(self.plugins)}
        impls = getattr(self.manager.hook, hook).get_hookimpls()
        return sorted(impls, key=lambda i: (i.tryfirst - i.trylast, order.get(i.plugin_name, -1)))

    def first(self, hook: str, **arguments: Any) -> tuple[str, Any] | None:
        """The first answer that is not None, with its plugin; PluginError D606 when an implementation raises."""
        from dragoman.errors import DragomanError
        from dragoman.frontends.layer import Refusal

        self._wake(self.plugins, hook)
        caller = getattr(self.manager.hook, hook)
        for impl in sorted(caller.get_hookimpls(), key=lambda i: i.plugin_name):
            try:
                answer = self._invoke(impl, hook, arguments)
            except (DragomanError, Refusal):
                raise
            except Exception as error:
                self.plugins[impl.plugin_name].fail(hook, error)
                raise self.raised(impl.plugin_name, hook, error) from error
            if answer is not None:
                return impl.plugin_name, answer
        return None

    def hooks_of(self, name: str) -> list[str]:
        """Names of the hooks that a plugin implements."""
        if name in self.pending:
            return list(self.pending[name].hooks)
        plugin = self.manager.get_plugin(name)
        callers = (self.manager.get_hookcallers(plugin) or []) if plugin is not None else []
        return sorted(caller.name for caller in callers)

    def disable(self, names: Iterable[str]) -> None:
        """Leave plugins out from now on; PluginError D601 for a name that is not installed."""
        from dragoman.errors import did_you_mean

        for name in names:
            plugin = self.plugins.get(name)
            if plugin is None:
                hint = did_you_mean(name, list(self.plugins))
                raise PluginError("D601", f"there is no plugin {name!r} to disable", "disable", hint)
            plugin.status = "disabled"
            self._unregister(name)
            self._registered.clear()
            self._gathered.clear()

    def has(self, hook: str) -> bool:
        """Any plugin implements the hook."""
        held = getattr(self.manager.hook, hook).get_hookimpls()
        return bool(held) or any(hook in record.hooks for record in self.pending.values())

    def _invoke(self, impl: Any, hook: str, arguments: Mapping[str, Any]) -> Any:
        given = [arguments[name] for name in impl.argnames]
        return self._timed(impl.plugin_name, hook, lambda: impl.function(*given))

    def raised(self, owner: str, hook: str, error: BaseException) -> PluginError:
        """The error for a hook whose answer was needed."""
        plugin = self.plugins.get(owner)
        return PluginError(
            "D606",
            f"the hook {hook} raised {type(error).__name__}: {error}",
            f"plugin {owner} ({plugin.label if plugin else 'unknown'})",
            "report it to the plugin's author; dragoman doctor shows the traceback",
        )

    def require(self, frontend: Frontend) -> None:
        """PluginError D604 when the plugin of a front-end in use is broken."""
        for name, held in self.frontends():
            plugin = self.plugins[name]
            if held is frontend and plugin.status != "loaded":
                raise PluginError(
                    "D604",
                    f"the plugin {name} is needed and {plugin.status}: {plugin.error}",
                    f"{plugin.label}, {plugin.stage}",
                    "dragoman doctor shows the traceback; reinstall the plugin or report it to its author",
                )

    def broken(self) -> list[Plugin]:
        """Plugins that failed."""
        return [p for p in self.plugins.values() if p.status in ("broken", "incompatible")]

    def frontends(self) -> list[tuple[str, Frontend]]:
        """Front-ends by plugin; conflicts on the framework's name are refused."""
        return self._once("frontends", "", self._frontends)

    def _frontends(self) -> list[tuple[str, Frontend]]:
        from dragoman.frontends.contract import Frontend

        held = self.call("dragoman_register_frontends", Frontend)
        return self._unique(held, lambda f: f"frontend:{f.name}")

    def op_registry(self) -> OpRegistry:
        """All target ops."""
        return self._once("ops", "", self._op_registry)

    def _op_registry(self) -> OpRegistry:
        from dragoman.ops.define import OpRegistry

        pending = self._pending_ops({(cls.type, cls.version) for _, cls in self._op_classes()})
        classes = [cls for _, cls in self._op_classes()]
        if not pending:
            return OpRegistry(classes)
        from dragoman.index.keys import LaterOps

        return LaterOps(classes, pending, self._later_ops)

    def _op_classes(self) -> list[tuple[str, type[Op]]]:
        """Of the plugins that are imported."""
        from dragoman.ops.define import Op

        held = self.gathered(OPS, self._awake(), Op)
        return self._unique(held, lambda c: f"op:{c.type}:{c.version}")

    def extractor_table(self, framework: str, wanted: Collection[str] | None = None) -> ExtractorTable:
        """All extractors of a framework; overlapping claims of two plugins are refused.

        Args:
            framework: as the front-end is called.
            wanted: layer types that are met; plugins without any of these are only imported for an extractor's call.
        """
        self._wake_for_layers(framework, wanted)
        whole = "extractors" if any(r.layers(framework) for r in self.pending.values()) else "all extractors"
        return self._once(whole, framework, lambda: self._extractor_table(framework))

    def _extractor_table(self, framework: str) -> ExtractorTable:
        from dragoman.frontends.registry import ExtractorTable

        table = ExtractorTable()
        for op, held in sorted(self._claims(framework).items()):
            owners = {owner for owner, _ in held}
            try:
                winner = next(iter(owners)) if len(owners) == 1 else self._winner(f"{framework}:{op}", held)
            except PluginError:
                if not owners & self.pending.keys():
                    raise
                self._wake(owners)  # an index is not believed in a quarrel
                return self._extractor_table(framework)
            for owner, entry in held:
                if winner is None or owner == winner:
                    table.add(owner, entry)
        return table

    def _claims(self, framework: str) -> dict[str, list[tuple[str, Extractor]]]:
        """Extractors by layer type, with their owners in order."""
        groups = self._extractor_groups(framework)
        entries = [(owner, e) for owner, group in groups for e in group.entries if e.framework == framework]
        if later := self._pending_extractors(framework):
            order = {name: rank for rank, name in enumerate(self.plugins)}
            entries = sorted([*entries, *later], key=lambda claim: order[claim[0]])
        claims: dict[str, list[tuple[str, Extractor]]] = {}
        for owner, entry in entries:
            claims.setdefault(entry.op, []).append((owner, entry))
        return claims

    def _winner(self, key: str, held: Sequence[tuple[str, Extractor]]) -> str | None:
        """The owner that replaces the others; None when the ranges of the owners do not meet."""
        stated = sorted({owner for owner, _ in held if self._replaces(owner, key)})
        if len(stated) == 1:
            return stated[0]
        for i, (owner, a) in enumerate(held):
            for other, b in held[i + 1 :]:
                if owner != other and any(a.covers(v) and b.covers(v) for v in {a.since, b.since}):
                    raise self._conflict(key, [owner, other])
        return None

    def _replaces(self, owner: str, key: str) -> bool:
        info = self.plugins[owner].info
        return info is not None and key in info.replaces

    def shape_rules(self) -> dict[tuple[str, str], Callable[..., Any]]:
        """Overrides of shape inference by (framework, op)."""
        held = self._unique(
            self.call("dragoman_register_shape_rules", ShapeRule), lambda r: f"shape:{r.framework}:{r.op}"
        )
        return {(r.framework, r.op): r.function for _, r in held}

    def references(self, framework: str) -> list[tuple[str, Reference]]:
        """Ways to run models of a framework."""
        return [(o, r) for o, r in self.call("dragoman_register_references", Reference) if r.framework == framework]

    def runtime_ops(self, wanted: Collection[str] | None = None) -> list[tuple[str, RuntimeOp]]:
        """Inference-time ops, of the wanted types only when these are given; conflicts among them are refused."""
        self._wake_for_runtime(wanted)
        held = self.gathered(RUNTIME_OPS, self._awake(), RuntimeOp, host=self)
        chosen = [(owner, item) for owner, item in held if wanted is None or item.op in wanted]
        return self._unique(chosen, lambda r: f"runtime:{r.op}")

    def owner(self, name: str) -> Owner:
        """A plugin with its distribution."""
        from dragoman.ir.owners import Owner

        point = self.plugins[name].point
        if point.dist is not None:
            return Owner(name, point.dist.name, point.dist.version)
        return Owner(name, point.distribution, point.version)

    def owner_of_op(self, kind: str) -> Owner | None:
        """The plugin that computes an extension op at inference, else the one with its class."""
        for owner, _ in self.runtime_ops([kind]):
            return self.owner(owner)
        self._wake([n for n, r in self.pending.items() if any(kind == xml for _, _, xml in r.ops or ())])
        held = [owner for owner, cls in self._op_classes() if cls.xml_type == kind and cls.version == "extension"]
        return self.owner(held[0]) if held else None

    def rules(self) -> list[tuple[str, Any]]:
        """Rules and passes by plugin."""
        return self._once(
            "rules", "", lambda: self._unique(self.call("dragoman_register_rules"), lambda r: f"rule:{r.name}")
        )

    def _unique(self, held: list[tuple[str, Any]], key_of: Callable[[Any], str]) -> list[tuple[str, Any]]:
        claims: dict[str, list[tuple[str, Any]]] = {}
        for owner, item in held:
            claims.setdefault(key_of(item), []).append((owner, item))
        kept = []
        for key, group in claims.items():
            if len(group) > 1:
                stated = [claim for claim in group if self._replaces(claim[0], key)]
                if len(stated) != 1:
                    raise self._conflict(key, [owner for owner, _ in group])
                group = stated
            kept.append(group[0])
        return kept

    def _conflict(self, key: str, owners: Sequence[str]) -> PluginError:
        labels = [f"{o} ({self.plugins[o].label})" for o in dict.fromkeys(owners)]
        return PluginError(
            "D603",
            f"{key} is claimed by {' and '.join(labels)}",
            "plugins",
            f"uninstall one, disable one (disable = [{owners[-1]!r}] in dragoman.toml), "
            f"or let one state replaces={{{key!r}}}",
        )


def _is_class(item: Any, expect: type | tuple[type, ...]) -> bool:
    return isinstance(item, type) and issubclass(item, expect)
