"""Command-line options made from :mod:`dragoman.options`, joined with the config file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from dragoman.config import read_config, unknown_key
from dragoman.options import CORE_OPTIONS, Option
from dragoman.plugins import PluginHost

COMMANDS = ("convert", "plan", "check", "inspect")


class OptionsCommand(click.Command):
    """A command that takes the options of the core and of every plugin."""

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Its own parameters, then an option for each declared one; kept for the context, whose plugins they are of."""
        key = f"{__name__} {self.name}"
        held: list[click.Parameter] | None = ctx.meta.get(key)
        if held is None:
            own = list(self.params)
            taken = {o for p in own for o in p.opts}
            declared = options_of(ctx.find_object(PluginHost), self.name or "")
            own += [as_click(option) for option in declared if not taken & set(option.flags)]
            shown = self.get_help_option(ctx)
            held = ctx.meta[key] = own if shown is None else [*own, shown]
        return held


def options_of(host: PluginHost | None, command: str) -> list[Option]:
    """Options of a command: the core's, then those that plugins add for any framework."""
    found = [o for o in CORE_OPTIONS if command in o.commands]
    if host is not None:
        for _, frontend in host.frontends():
            added = host.call("dragoman_register_options", Option, framework=frontend.name)
            found += [o for _, o in added if command in o.commands]
    return found


def as_click(option: Option) -> click.Option:
    """The command-line form of an option."""
    names = [option.name, *option.flags]
    if option.flag:
        return click.Option(names, is_flag=True, default=None, help=option.help)
    kind: Any = click.Choice(option.choices, case_sensitive=False) if option.choices else str
    text = option.help + (f"  [default: {option.default}]" if option.choices else "")
    return click.Option(
        names,
        type=kind,
        multiple=option.multiple,
        default=None,
        help=text,
        metavar=None if option.choices else option.metavar,
    )


def gathered(ctx: click.Context, given: dict[str, Any], config: Path | None) -> dict[str, Any]:
    """Option values: the config file's, overridden by the command line's; unknown config keys are refused (D103)."""
    command = ctx.command.name or ""
    host = ctx.find_object(PluginHost)
    read = read_config(config, command, COMMANDS)
    known = {o.name for name in COMMANDS for o in options_of(host, name)}
    for key in read.options:
        if key not in known:
            assert read.path is not None
            raise unknown_key(key, sorted(known), read.path)
    if host is not None:
        host.disable(read.disable)
    allowed = {o.name for o in options_of(host, command)}
    values = {k: v for k, v in read.options.items() if k in allowed}
    values.update({k: list(v) if isinstance(v, tuple) else v for k, v in given.items() if v not in (None, ())})
    return values


def config_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """``--config FILE``."""
    return click.option("--config", type=click.Path(path_type=Path), help="Read options from this TOML file.")(function)


def extension_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """``--extension FILE``, for commands that take no options of a conversion; the host has the files already."""
    text = "A plugin of a single Python file, for this command only; its code is run."
    flags = ("--extension", "--extensions")
    return click.option(*flags, "extensions", multiple=True, metavar="FILE", help=text, callback=_load)(function)


def _load(ctx: click.Context, option: click.Parameter, files: tuple[str, ...]) -> tuple[str, ...]:
    """Where a group is called without ``main``, the files go into its host here."""
    host = ctx.find_object(PluginHost)
    if host is not None and files:
        ctx.obj = host.with_files(files)
    return files


def json_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """``--json``."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")(function)
