"""``dragoman plan``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from dragoman.cli.arguments import OptionsCommand, config_option, gathered, json_option
from dragoman.cli.progress import Progress
from dragoman.errors import UnsupportedError
from dragoman.plugins import PluginHost


@click.command("plan", cls=OptionsCommand)
@click.argument("model", type=click.Path())
@json_option
@config_option
@click.pass_context
def command(ctx: click.Context, /, model: str, as_json: bool, config: Path | None, **given: Any) -> int:
    """Show every layer of MODEL, who converts it and what is missing; writes nothing. Exit 4 when incomplete."""
    from dragoman.api import plan

    with Progress() as progress:
        found = plan(model, host=ctx.find_object(PluginHost), progress=progress, **gathered(ctx, given, config))
    click.echo(json.dumps(found.as_dict(), indent=2) if as_json else "\n".join(found.lines()))
    return 0 if found.complete else UnsupportedError.exit_code
