"""``dragoman convert``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from dragoman.cli.arguments import OptionsCommand, config_option, gathered, json_option
from dragoman.cli.progress import Progress
from dragoman.plugins import PluginHost
from dragoman.session import Result


@click.command("convert", cls=OptionsCommand)
@click.argument("model", type=click.Path())
@click.option("-o", "--output-dir", default=".", type=click.Path(), help="Folder of the result; made if missing.")
@click.option("--name", help="Stem of the two files.  [default: the model's stem]")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing but the result.")
@click.option("-v", "--verbose", is_flag=True, help="Show stages and rules with their times.")
@json_option
@config_option
@click.pass_context
def command(
    ctx: click.Context,
    /,
    model: str,
    output_dir: str,
    name: str | None,
    quiet: bool,
    verbose: bool,
    as_json: bool,
    config: Path | None,
    **given: Any,
) -> None:
    """Convert MODEL; writes NAME.xml and NAME.bin and prints the path of the .xml."""
    from dragoman.api import convert

    options = gathered(ctx, given, config)
    with Progress(not quiet) as progress:
        result = convert(model, host=ctx.find_object(PluginHost), progress=progress, **options)
        progress("write")
        xml = result.save(output_dir, name)
    if not quiet:
        precision = result.context.options["precision"]
        click.echo(f"weights: {_PRECISION[precision]}", err=True)
        for hint in result.context.hints:
            click.echo(f"hint: {hint}", err=True)
    if verbose:
        _details(result)
    click.echo(json.dumps(_document(result, xml), indent=2) if as_json else str(xml))


_PRECISION = {
    "keep": "kept as in the source (--precision f16 halves them)",
    "f16": "stored as f16",
    "f32": "stored as f32",
}


def _details(result: Result) -> None:
    for stage, seconds in result.context.timings.items():
        click.echo(f"{stage:<14} {seconds * 1000:8.1f} ms", err=True)
    for rule in result.rules:
        if rule.count:
            click.echo(f"rule {rule.rule}: {rule.count} times, {rule.seconds * 1000:.1f} ms", err=True)
    for section in result.sections():
        click.echo(section.title, err=True)
        for label, text in section.rows:
            click.echo(f"  {label}: {text}", err=True)


def _document(result: Result, xml: Path) -> dict[str, Any]:
    def ports(values: list[Any]) -> list[dict[str, str]]:
        return [{"name": v.label, "type": repr(v.type)} for v in values]

    return {
        "document": "dragoman.convert",
        "version": 1,
        "xml": str(xml),
        "bin": str(xml.with_suffix(".bin")),
        "framework": result.context.framework,
        "precision": result.context.options["precision"],
        "inputs": ports(result.graph.inputs),
        "outputs": ports(result.graph.outputs),
        "layers": len(result.layers),
        "rules": {rule.rule: rule.count for rule in result.rules if rule.count},
        "sections": {section.title: dict(section.rows) for section in result.sections()},
    }
