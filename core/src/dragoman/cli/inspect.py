"""``dragoman inspect``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from dragoman.cli.arguments import OptionsCommand, config_option, gathered, json_option
from dragoman.plugins import PluginHost


@click.command("inspect", cls=OptionsCommand)
@click.argument("model", type=click.Path())
@json_option
@config_option
@click.pass_context
def command(ctx: click.Context, /, model: str, as_json: bool, config: Path | None, **given: Any) -> None:
    """Show what is in MODEL: format, inputs, outputs, layers, weights. Loads no weights, needs no extractor."""
    from dragoman.api import inspect

    found = inspect(model, host=ctx.find_object(PluginHost), **gathered(ctx, given, config))
    click.echo(json.dumps(found.as_dict(), indent=2) if as_json else "\n".join(found.lines()))
