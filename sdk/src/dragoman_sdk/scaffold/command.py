"""``dragoman plugin new``."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from dragoman.errors import UsageError
from dragoman.plugins import PluginHost


@click.command("new")
@click.argument("name")
@click.option("--layer", "layers", multiple=True, metavar="FRAMEWORK:TYPE",
              help="A layer that it converts: caffe:Swish6, onnx:my.domain:Foo.")  # fmt: skip
@click.option("--op", is_flag=True, help="The layers become ops of the package's own, with shape inference.")
@click.option("--rule", is_flag=True, help="With a sub-graph replacement.")
@click.option("--runtime", is_flag=True, help="The ops are computed in Python at inference; implies --op.")
@click.option("-o", "--output-dir", type=click.Path(path_type=Path), default=".", help="The folder for NAME's folder.")
@click.option("--test", "tested", is_flag=True, help="Check it and run its tests, without installing it.")
@click.pass_context
def new(
    ctx: click.Context, name: str, layers: tuple[str, ...], op: bool, rule: bool, runtime: bool,
    output_dir: Path, tested: bool,
) -> int:  # fmt: skip
    """Write a package with layers, their tests and all that belongs to it, in a new folder NAME.

    The layers compute x * sigmoid(beta * x): a worked example, to be edited.
    """
    from dragoman_sdk.scaffold.installed import known_beside
    from dragoman_sdk.scaffold.naming import names_of, specs_of
    from dragoman_sdk.scaffold.package import Request, package_files
    from dragoman_sdk.scaffold.write import write_folder

    host = ctx.find_object(PluginHost)
    assert host is not None
    if not layers:
        raise UsageError("D150", "there is no layer to write it for", "plugin new", "--layer caffe:Swish6, for example")
    specs = specs_of(layers)
    request = Request(names_of(name, list(host.plugins)), specs, op, rule, runtime)
    folder = output_dir / name
    texts = package_files(request, known_beside(host, specs))
    write_folder(folder, texts)
    click.echo(str(folder))
    for path in sorted(texts):
        click.echo(f"  {path}")
    if tested:
        from dragoman_sdk.check.command import check_and_test

        return check_and_test(folder)
    shown = shlex.quote(str(folder))
    click.echo(f"next: pip install -e {shown}\n      dragoman plugin test {shown}", err=True)
    return 0
