"""The core's own ops, rules and commands, registered through the same hooks as any plugin's."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from dragoman.hookspecs import PluginInfo, hookimpl

if TYPE_CHECKING:
    from dragoman.ops.define import Op
    from dragoman.rules.rule import Pass, Rule


@hookimpl
def dragoman_plugin_info() -> PluginInfo:
    return PluginInfo("core", "OpenVINO ops, simplification rules, commands")


@hookimpl
def dragoman_register_ops() -> Iterable[type[Op]]:
    from dragoman.ops import core_ops

    return core_ops()


@hookimpl
def dragoman_register_rules() -> Iterable[Rule | Pass]:
    from dragoman.rules.library import core_rules

    return [rule() for rule in core_rules()]
