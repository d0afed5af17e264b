"""``dragoman plugin``: what is installed and what each plugin brings."""

from __future__ import annotations

import importlib.util
import json
from typing import Any

import click

from dragoman.cli import LazyGroup
from dragoman.cli.arguments import extension_option, json_option
from dragoman.errors import PluginError, did_you_mean
from dragoman.plugins import Plugin, PluginHost

#: commands of this group that dragoman-sdk registers
OF_THE_SDK = ("new", "check", "test")


class PluginGroup(LazyGroup):
    """Names the package to install for the commands that come with the testing kit."""

    def advice(self, ctx: click.Context, name: str) -> str:
        """A pip line for these, else the closest command."""
        if name not in OF_THE_SDK:
            return did_you_mean(name, [*self.list_commands(ctx), *OF_THE_SDK])
        kit = _host(ctx).plugins.get("sdk")
        if kit is not None:
            return f"it is of {kit.label}, which is {kit.status}: {kit.error}"
        if importlib.util.find_spec("dragoman_sdk") is not None:
            return "dragoman-sdk is left out by --no-plugins or DRAGOMAN_PLUGINS; its plugin is called sdk"
        return "pip install dragoman-sdk"


@click.group("plugin", cls=PluginGroup)
def command() -> None:
    """Show the installed plugins; with dragoman-sdk, write new ones, check and test them."""


@command.command("list")
@click.option("--hooks", is_flag=True, help="With the hooks that each implements.")
@extension_option
@json_option
@click.pass_context
def list_plugins(ctx: click.Context, hooks: bool, as_json: bool, extensions: tuple[str, ...]) -> None:
    """One line for each plugin: name, distribution, status."""
    host = _host(ctx)
    host.load_all()
    rows = [_row(host, plugin, hooks) for plugin in host.plugins.values()]
    if as_json:
        click.echo(json.dumps({"document": "dragoman.plugins", "version": 1, "plugins": rows}, indent=2))
        return
    for row in rows:
        click.echo(f"{row['name']:<12} {row['distribution']:<24} {row['status']:<12} {row['error'] or row['summary']}")
        for hook in row.get("hooks", ()):
            click.echo(f"             {hook}")


@command.command("info")
@click.argument("name")
@extension_option
@json_option
@click.pass_context
def info(ctx: click.Context, name: str, as_json: bool, extensions: tuple[str, ...]) -> None:
    """Everything about one plugin."""
    host = _host(ctx)
    host.load_all()
    plugin = host.plugins.get(name)
    if plugin is None:
        raise PluginError("D601", f"there is no plugin {name!r}", "plugin info", did_you_mean(name, list(host.plugins)))
    row = _row(host, plugin, True)
    if as_json:
        click.echo(json.dumps({"document": "dragoman.plugin", "version": 1, **row}, indent=2))
        return
    for key, value in row.items():
        click.echo(f"{key}: {', '.join(value) if isinstance(value, list) else value}")
    if plugin.trace:
        click.echo(plugin.trace)


def _host(ctx: click.Context) -> PluginHost:
    host = ctx.find_object(PluginHost)
    assert host is not None
    return host


def _row(host: PluginHost, plugin: Plugin, hooks: bool) -> dict[str, Any]:
    row: dict[str, Any] = {
        "name": plugin.name,
        "distribution": plugin.label,
        "status": plugin.status,
        "summary": plugin.info.summary if plugin.info else "",
        "error": f"{plugin.stage}: {plugin.error}" if plugin.error else "",
    }
    if hooks:
        row["homepage"] = plugin.info.homepage if plugin.info else ""
        row["hooks"] = host.hooks_of(plugin.name)
    return row
