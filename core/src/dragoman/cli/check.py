"""``dragoman check``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from dragoman.accuracy.compare import Report
from dragoman.cli.arguments import OptionsCommand, config_option, gathered, json_option
from dragoman.cli.progress import Progress
from dragoman.errors import AccuracyError
from dragoman.plugins import PluginHost


@click.command("check", cls=OptionsCommand)
@click.argument("model", type=click.Path())
@click.argument("ir", type=click.Path(), required=False)
@click.option("--data", type=click.Path(), help="Inputs by name in a .npz; random data otherwise.")
@click.option("--tolerance", type=float, default=1e-4, show_default=True, help="Largest error, relative to the output.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of random data.")
@click.option(
    "--samples", type=click.IntRange(1, 1000), default=1, show_default=True, help="How many random data sets."
)
@json_option
@config_option
@click.pass_context
def command(
    ctx: click.Context,
    /,
    model: str,
    ir: str | None,
    data: str | None,
    tolerance: float,
    seed: int,
    samples: int,
    as_json: bool,
    config: Path | None,
    **given: Any,
) -> int:
    """Run MODEL in its own framework and IR (an .xml; converted on the spot without) in OpenVINO, and compare.

    Exit 8 when an output differs by more than the tolerance.
    """
    from dragoman.api import check

    options = gathered(ctx, given, config)
    error: AccuracyError | None = None
    try:
        with Progress():
            report = check(
                model, ir, data=data, tolerance=tolerance, seed=seed, samples=samples,
                host=ctx.find_object(PluginHost), **options,
            )  # fmt: skip
    except AccuracyError as differs:
        found = differs.report
        if not isinstance(found, Report):
            raise
        report, error = found, differs
    click.echo(json.dumps(report.as_dict(), indent=2) if as_json else "\n".join(report.lines()))
    if error is not None and not as_json:
        click.echo(str(error), err=True)
    return 0 if error is None else AccuracyError.exit_code
