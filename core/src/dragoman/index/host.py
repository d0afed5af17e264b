"""What a plugin host does with plugins that it knows from the index: each is imported when its answer is needed.

An index only says what need not be imported. Whatever a plugin then says is compared with it; where they differ, the
index is thrown away and every plugin is imported.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from dragoman.discovery import Plugin
from dragoman.errors import PluginError
from dragoman.index.record import EXTRACTORS, OPS, RUNTIME_OPS, ExtractorKey, Record

if TYPE_CHECKING:
    from dragoman.frontends.registry import Extractor, Extractors
    from dragoman.index.lookup import Index
    from dragoman.ops.define import Op

_T = TypeVar("_T")


class IndexedPlugins:
    """The part of a plugin host that decides who is imported, and keeps what register hooks gave."""

    plugins: dict[str, Plugin]

    def __init__(self) -> None:
        #: known from the index, and not imported
        self.pending: dict[str, Record] = {}
        #: imported, with what the index had of them
        self._told: dict[str, Record] = {}
        self._index: Index | None = None
        #: how often the index was found wrong
        self._wrong = 0
        self._gathered: dict[tuple[str, str], dict[str, list[Any]]] = {}
        self._registered: dict[tuple[str, str], Any] = {}
        #: one host may serve several threads
        self._lock = threading.RLock()

    def _import(self, plugin: Plugin) -> None:
        raise NotImplementedError

    def _check_requirements(self) -> None:
        raise NotImplementedError

    def _ask(
        self, owners: Collection[str], hook: str, expect: Any, arguments: Mapping[str, Any]
    ) -> dict[str, list[Any]]:
        raise NotImplementedError

    def hooks_of(self, name: str) -> list[str]:
        """Names of the hooks that a plugin implements."""
        raise NotImplementedError

    def _once(self, what: str, framework: str, make: Callable[[], _T]) -> _T:
        """What is made of the plugins' answers is kept: it is the same for all conversions of a host."""
        key = (what, framework)
        with self._lock:
            while key not in self._registered:
                before = self._wrong
                made = make()
                if before == self._wrong:
                    self._registered[key] = made
            found: _T = self._registered[key]
            return found

    def gathered(
        self, hook: str, owners: Iterable[str] | None = None, expect: Any = None, **arguments: Any
    ) -> list[tuple[str, Any]]:
        """Items of a register hook as (plugin, item), of some plugins or of all; each is asked once."""
        wanted = set(self.plugins if owners is None else owners)
        with self._lock:
            held = self._gathered.setdefault((hook, str(arguments.get("framework", ""))), {})
            new = [name for name in self.plugins if name in wanted and name not in held]
            if new:
                self._wake(new, hook)
                answers = self._ask(new, hook, expect, arguments)
                for name in new:
                    held[name] = answers.get(name, [])
                    self._compare(name, hook, arguments, held[name])
        return [(name, item) for name in self.plugins if name in wanted for item in held.get(name, ())]

    def _wake(self, names: Iterable[str], hook: str = "") -> None:
        """Import those of the plugins that have the hook."""
        with self._lock:
            self._wake_now(names, hook)

    def _wake_now(self, names: Iterable[str], hook: str) -> None:
        chosen = [n for n in names if n in self.pending and (not hook or hook in self.pending[n].hooks)]
        wrong = False
        for name in chosen:
            record = self.pending.pop(name, None)
            plugin = self.plugins[name]
            if record is None or plugin.status != "loaded":
                continue
            self._import(plugin)
            if plugin.status != "loaded" or plugin.info != record.info or tuple(self.hooks_of(name)) != record.hooks:
                wrong = True
            else:
                self._told[name] = record
        if chosen:
            self._check_requirements()
        if wrong:
            self._distrust()

    def _distrust(self) -> None:
        """The index is wrong: forget it and all that was made with it, and import everything."""
        self._wrong += 1
        self._told.clear()
        self._registered.clear()
        if self._index is not None:
            self._index.forget()
        self._wake(list(self.pending))

    def _compare(self, name: str, hook: str, arguments: Mapping[str, Any], items: list[Any]) -> None:
        record = self._told.get(name)
        if record is None or hook not in (EXTRACTORS, OPS, RUNTIME_OPS) or hook not in record.hooks:
            return
        from dragoman.index.keys import extractor_keys, op_keys

        seen: tuple[Any, ...] | None
        if hook == EXTRACTORS:
            framework = arguments["framework"]
            seen, now = record.layers(framework), extractor_keys(items, framework)
            tells = any(g.definitions and g.framework == framework for g in items)
            differs = seen is not None and (tells != (framework in record.definitions) or seen != now)
        else:
            seen = record.ops if hook == OPS else record.runtime
            differs = seen is not None and seen != (op_keys(items) if hook == OPS else tuple(r.op for r in items))
        if differs:
            self._distrust()

    def load_all(self) -> Any:
        """Import every plugin, also those that are remembered as broken; returns the host."""
        self._wake(list(self.pending))
        self._try_failed(fatal=True)
        return self

    def look_again(self, framework: str = "") -> bool:
        """Import what was left out; True when anything is otherwise than the index has it. Only once."""
        if self._index is None:
            return False
        before = self._wrong
        self._wake(list(self.pending))
        if framework:
            self.gathered(EXTRACTORS, framework=framework)
        self._try_failed(fatal=False)
        self._index = None
        return before != self._wrong

    def _try_failed(self, *, fatal: bool) -> None:
        """Whether plugins that failed still do; those that take the process with them are tried in another one."""
        for plugin in self.plugins.values():
            record, index = plugin.point.record, self._index
            failure = None if record is None else record.failure
            if index is None or failure is None or plugin.status == "disabled" or (failure.fatal and not fatal):
                continue
            if failure.fatal:
                again = index.look_again(plugin.name)
                if again is not None and again.failure is not None and again.failure.fatal:
                    continue
            plugin.status, plugin.stage, plugin.error, plugin.trace = "loaded", "", "", ""
            self._import(plugin)
            if plugin.status == "loaded" or plugin.error != failure.error:
                self._gathered.clear()
                self._distrust()
        self._check_requirements()

    def _awake(self, *more: str) -> list[str]:
        return [name for name in self.plugins if name not in self.pending or name in more]

    def _extractor_groups(self, framework: str) -> list[tuple[str, Extractors]]:
        """Of the plugins that are imported."""
        from dragoman.frontends.registry import Extractors

        return self.gathered(EXTRACTORS, self._awake(), Extractors, framework=framework)

    def _wake_for_layers(self, framework: str, wanted: Collection[str] | None) -> None:
        """Import the plugins that have extractors for any of the layer types (for any at all when None)."""
        chosen = []
        for name, record in self.pending.items():
            keys = record.layers(framework)
            if keys is None or (wanted is None and keys) or any(key[0] in wanted for key in keys if wanted is not None):
                chosen.append(name)
        self._wake(chosen)

    def definitions(self, framework: str) -> list[tuple[str, str]]:
        """What the plugins' extractors tell the front-end of a framework, with their owners."""
        held = self.pending.items()
        self._wake([n for n, r in held if framework in r.definitions or r.layers(framework) is None])
        groups = self._extractor_groups(framework)
        return [(owner, g.definitions) for owner, g in groups if g.framework == framework and g.definitions]

    def _pending_extractors(self, framework: str) -> list[tuple[str, Extractor]]:
        """Those of plugins that are not imported; each imports its plugin when it is called."""
        if not self.pending:
            return []
        from dragoman.index.keys import later

        def find(owner: str) -> Callable[[ExtractorKey], Extractor]:
            return lambda key: self._extractor(owner, framework, key)

        return [
            (owner, later(framework, key, find(owner)))
            for owner, record in self.pending.items()
            for key in record.layers(framework) or ()
        ]

    def _extractor(self, owner: str, framework: str, key: ExtractorKey) -> Extractor:
        from dragoman.frontends.registry import Extractors
        from dragoman.index.keys import extractor_key

        groups: list[tuple[str, Extractors]] = self.gathered(EXTRACTORS, [owner], Extractors, framework=framework)
        for _, group in groups:
            for entry in group.entries:
                if entry.framework == framework and extractor_key(entry) == key:
                    return entry
        plugin = self.plugins[owner]
        state = f"{plugin.status}: {plugin.error}" if plugin.error else "otherwise than when it was looked at before"
        raise PluginError(
            "D604", f"the plugin {owner} is needed for {framework}:{key[0]}, and is {state}", plugin.label,
            "run it again; dragoman doctor shows what is wrong with a plugin",
        )  # fmt: skip

    def _pending_ops(self, taken: Iterable[tuple[str, str]]) -> dict[str, set[str]]:
        """Plugins, not imported, by the types of their ops; those whose keys meet another's are imported."""
        claims: dict[tuple[str, str], list[str]] = {key: [""] for key in taken}
        chosen = []
        for name, record in self.pending.items():
            if OPS in record.hooks and record.ops is None:
                chosen.append(name)
            for kind, version, _ in record.ops or ():
                claims.setdefault((kind, version), []).append(name)
        chosen += [name for owners in claims.values() if len(owners) > 1 for name in owners if name]
        self._wake(chosen)
        names: dict[str, set[str]] = {}
        for name, record in self.pending.items():
            for kind, _, xml in record.ops or ():
                names.setdefault(kind, set()).add(name)
                names.setdefault(xml, set()).add(name)
        return names

    def _later_ops(self, owners: set[str]) -> list[type[Op]]:
        from dragoman.ops.define import Op

        return [cls for _, cls in self.gathered(OPS, owners, Op)]

    def _wake_for_runtime(self, wanted: Collection[str] | None) -> None:
        chosen = [
            name
            for name, record in self.pending.items()
            if RUNTIME_OPS in record.hooks
            and (wanted is None or record.runtime is None or any(op in wanted for op in record.runtime))
        ]
        self._wake(chosen)
