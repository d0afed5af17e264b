"""``dragoman doctor``: versions, plugins, what is missing and how to install it."""

from __future__ import annotations

import importlib.util
import platform
from collections.abc import Iterator

import click

from dragoman import __version__
from dragoman.cli.arguments import extension_option
from dragoman.plugins import PluginHost


@click.command("doctor")
@extension_option
@click.pass_context
def command(ctx: click.Context, extensions: tuple[str, ...]) -> int:
    """Check the installation; exit 7 when a plugin is broken."""
    host = ctx.find_object(PluginHost)
    assert host is not None
    for line in report(host):
        click.echo(line)
    return 7 if any(p.status in ("broken", "incompatible") for p in host.plugins.values()) else 0


def report(host: PluginHost) -> Iterator[str]:
    """The findings, line by line; every hook is called once, so that a broken one shows."""
    yield f"dragoman {__version__}, Python {platform.python_version()}"
    host.load_all()
    frontends = [f for _, f in host.frontends()]
    host.op_registry()
    host.rules()
    host.shape_rules()
    for frontend in frontends:
        host.extractor_table(frontend.name)
    for plugin in host.plugins.values():
        yield f"plugin {plugin.name} ({plugin.label}): {plugin.status}"
        if plugin.error:
            yield f"  {plugin.stage}: {plugin.error}"
            yield from ("  | " + line for line in plugin.trace.rstrip().splitlines())
    if not frontends:
        yield "no front-end is installed: pip install dragoman-onnx"
    for frontend in frontends:
        for _, reference in host.references(frontend.name):
            line = reference.lacks()
            yield f"check {frontend.name} models with {reference.name}: {line or 'ready'}"
    runtime = importlib.util.find_spec("openvino") is not None
    yield "OpenVINO runtime: " + ("installed" if runtime else "pip install 'dragoman[runtime]'")
