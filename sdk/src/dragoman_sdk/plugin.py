"""The testing kit as a plugin: ``dragoman plugin new``, ``check`` and ``test``; imports nothing heavy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dragoman.hookspecs import PluginInfo, hookimpl

if TYPE_CHECKING:
    import click

COMMANDS = {
    "new": ("dragoman_sdk.scaffold.command:new", "Write a package with a layer, its tests and all that belongs to it."),
    "check": ("dragoman_sdk.check.command:check", "Look at a plugin, hook by hook, for what its author should know."),
    "test": ("dragoman_sdk.check.command:test", "Run a plugin's own tests and the conformance suite."),
}


@hookimpl
def dragoman_plugin_info() -> PluginInfo:
    return PluginInfo("sdk", "Testing kit: plugin new, check, test", homepage="https://pypi.org/project/dragoman-sdk")


@hookimpl
def dragoman_register_commands(cli: click.Group) -> None:
    for name, (target, summary) in COMMANDS.items():
        cli.add_lazy(f"plugin {name}", target, summary)  # type: ignore[attr-defined]
