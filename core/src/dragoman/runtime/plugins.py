"""From the plugins' runtime ops to classes that a ``Core`` takes, and what is missing or too old for an IR."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from dragoman.errors import PluginError, Problem
from dragoman.runtime.layer import Implementation
from dragoman.runtime.needs import Need
from dragoman.runtime.wrapper import guarded_class, wrapper_class

if TYPE_CHECKING:
    from dragoman.hookspecs import RuntimeOp
    from dragoman.ir.owners import Owner
    from dragoman.plugins import PluginHost

_VERSION = re.compile(r"v?(?:(\d+)!)?(\d+(?:\.\d+)*)(?:[._-]?(a|b|c|rc|alpha|beta|pre|preview)[._-]?(\d*))?"
                      r"(?:[._-]?(post|rev|r)[._-]?(\d*)|-(\d+))?(?:[._-]?(dev)[._-]?(\d*))?")  # fmt: skip
_STAGES = {"a": 0, "alpha": 0, "b": 1, "beta": 1, "c": 2, "rc": 2, "pre": 2, "preview": 2}


def classes(host: PluginHost, needs: Mapping[str, Need] | None) -> list[type]:
    """The ``openvino.Op`` classes of the ops that are needed, of all installed ones when that is None.

    Raises PluginError: D606 when an author's ``make`` fails, D603 when two plugins claim an op that is needed.
    """
    found = host.runtime_ops(needs)
    return [_class(host, owner, item, (needs or {}).get(item.op)) for owner, item in found]


def _class(host: PluginHost, owner: str, item: RuntimeOp, need: Need | None) -> type:
    plugin = str(host.owner(owner))
    if item.compute is not None:
        cls = host.op_registry().find(item.op, "extension")
        return wrapper_class(Implementation(item.op, item.compute, plugin, cls, need))
    assert item.make is not None
    try:
        made = item.make()
        if made.__name__ != item.op:
            raise TypeError(f"make gave a class of the name {made.__name__!r} for {item.op!r}; OpenVINO goes by it")
        return guarded_class(made, Implementation(item.op, made, plugin, None, need))
    except Exception as error:
        raise host.raised(owner, "dragoman_register_runtime_ops", error) from error


def check_needs(needs: Mapping[str, Need], host: PluginHost, where: str = "") -> None:
    """Every custom op of an IR can be computed here, by a plugin as new as when the IR was made.

    Args:
        needs: of the IR.
        host: the plugins.
        where: the IR, for messages.

    Raises:
        PluginError: D610 when ops are missing, D611 when plugins are older, D613 when the framework of offloaded layers
            is not installed.
    """
    runnable = {item.op for _, item in host.runtime_ops(needs)}
    wanted = [part for need in needs.values() for part in need.by_framework()]
    frameworks = {f.name: f for _, f in host.frontends()} if any(need.framework for need in wanted) else {}
    missing = [
        _missing(n, host) for n in wanted if n.op not in runnable or (n.framework and n.framework not in frameworks)
    ]
    if missing:
        count = f"{len(missing)} ops" if len(missing) > 1 else "an op"
        what = f"the IR has {count} that no installed plugin computes: {_ops(missing)}"
        raise PluginError("D610", what, where, _hints(missing), problems=[p for p, _ in missing])
    check_ages(needs, host, where)
    for need in wanted:
        if need.framework and (line := frameworks[need.framework].submodel_missing()):
            what = f"the IR has layers that run in {need.framework}, which is not installed"
            raise PluginError("D613", what, ", ".join(filter(None, (where, str(need)))), line)


def check_ages(needs: Mapping[str, Need], host: PluginHost, where: str = "") -> None:
    """The plugins that have an IR's ops here are as new as when it was made; PluginError D611 where they are older."""
    runnable = {item.op for _, item in host.runtime_ops(needs)}
    wanted = [part for op, need in needs.items() if op in runnable for part in need.by_framework()]
    older = [found for need in wanted if (found := _older(need, host)) is not None]
    if older:
        what = f"the IR was made with newer plugins than are installed, for {_ops(older)}"
        raise PluginError("D611", what, where, _hints(older), problems=[p for p, _ in older])


#: what is wrong, and what to do
_Finding = tuple[Problem, str]


def _ops(found: Sequence[_Finding]) -> str:
    return ", ".join(problem.op for problem, _ in found)


def _hints(found: Sequence[_Finding]) -> str:
    return "; ".join(dict.fromkeys(hint for _, hint in found))


def _missing(need: Need, host: PluginHost) -> _Finding:
    owner = need.owner
    if owner is None:
        what, hint = "the IR does not say which plugin it is from", f"install the plugin that computes {need.op}"
    else:
        what, hint = f"it is from the plugin {owner}", pip_line(owner)
        held = host.plugins.get(owner.plugin)
        if held is not None and held.status != "loaded":
            what += f", which is {held.status}" + (f": {held.error}" if held.error else "")
            hint = "see dragoman doctor" if held.error else f"let the plugin {owner.plugin} be loaded"
        elif held is not None:
            what += f"; the installed one, {held.label}, does not compute it"
            hint = hint if _is_older(need, host) else f"install a plugin with a runtime op for {need.op}"
    return Problem(what, str(need), "", "D610", layer=need.layers[0], op=need.op), hint


def _older(need: Need, host: PluginHost) -> _Finding | None:
    owner = need.owner
    if owner is None or not _is_older(need, host):
        return None
    what = f"it is from the plugin {owner}, and {host.plugins[owner.plugin].label} is installed"
    return Problem(what, str(need), "", "D611", layer=need.layers[0], op=need.op), pip_line(owner)


def _is_older(need: Need, host: PluginHost) -> bool:
    """The plugin that the IR names is here, in the same distribution of an earlier version."""
    owner = need.owner
    if owner is None or owner.plugin not in host.plugins:
        return False
    held = host.owner(owner.plugin)
    mine, theirs = version_key(held.version), version_key(owner.version)
    return held.distribution == owner.distribution and mine is not None and theirs is not None and mine < theirs


def pip_line(owner: Owner) -> str:
    """What to install for a plugin that an IR names."""
    if not owner.distribution:
        line = f"load the plugin {owner.plugin}, which is in no installed package"
        return f"{line}; of a single file: host=PluginHost().with_files(['{owner.plugin}.py'])"
    return (
        f"pip install '{owner.distribution}>={owner.version}'" if owner.version else f"pip install {owner.distribution}"
    )


def version_key(text: str) -> tuple[object, ...] | None:
    """An order of versions as PEP 440 has it, without local parts; None for a text that is no version."""
    found = _VERSION.fullmatch(text.strip().lower().partition("+")[0])
    if found is None:
        return None
    epoch, release, stage, stage_number, post, post_number, bare_post, dev, dev_number = found.groups()
    numbers = [int(n) for n in release.split(".")]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    # the last number: a development version comes before what it leads to
    before = (0, int(dev_number or 0)) if dev else (1, 0)
    if stage:
        phase = (_STAGES[stage], int(stage_number or 0))
    else:
        phase = (-1, 0) if dev and not (post or bare_post) else (3, 0)
    after = int(post_number or bare_post or 0) + 1 if post or bare_post else 0
    return int(epoch or 0), tuple(numbers), phase, after, before
