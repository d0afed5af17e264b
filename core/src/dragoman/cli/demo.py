"""``dragoman demo``: the main job on an example made on the spot."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import click

from dragoman.errors import PluginError
from dragoman.plugins import PluginHost


@click.command("demo")
@click.option("-o", "--output-dir", type=click.Path(path_type=Path), help="Keep the model and the IR in this folder.")
@click.option("--framework", default="", help="Make the example of this framework.")
@click.pass_context
def command(ctx: click.Context, output_dir: Path | None, framework: str) -> None:
    """Make a small real network, convert it, run it in its own framework and in OpenVINO, and compare."""
    host = ctx.find_object(PluginHost)
    assert host is not None
    if output_dir is not None:
        output_dir.mkdir(parents=True, exist_ok=True)
        _run(host, framework, output_dir, str)
        return
    with tempfile.TemporaryDirectory(prefix="dragoman-demo-") as folder:
        _run(host, framework, Path(folder), lambda line: line.replace(folder + os.sep, ""))


def _run(host: PluginHost, framework: str, folder: Path, shown: Callable[[str], str]) -> None:
    from dragoman.api import check, convert, inspect, plan

    model = _example(host, framework, folder)
    for line in inspect(model, host=host).lines():
        click.echo(shown(line))
    click.echo()
    click.echo(list(plan(model, host=host).lines())[-1])
    result = convert(model, host=host)
    xml = result.save(folder, model.stem)
    click.echo(f"converted: {xml.name} and {xml.with_suffix('.bin').name}, {len(result.graph)} nodes")
    click.echo()
    try:
        report = check(model, xml, host=host, samples=3)
    except PluginError as error:
        if error.code != "D608":
            raise
        click.echo(f"not compared: {error.what}; {error.hint}")
        return
    for line in report.lines():
        click.echo(shown(line))


def _example(host: PluginHost, framework: str, folder: Path) -> Path:
    for _, frontend in sorted(host.frontends(), key=lambda found: -found[1].demo_rank):
        if framework in ("", frontend.name):
            path = frontend.example(folder)
            if path is not None:
                return path
    raise PluginError("D602", "no installed plugin has an example", "demo", "pip install 'dragoman-onnx[check]'")
