"""``dragoman plugin check`` and ``dragoman plugin test``."""

from __future__ import annotations

import dataclasses
import json
import tempfile
from pathlib import Path

import click

from dragoman.cli.arguments import json_option
from dragoman.errors import PluginError, UsageError
from dragoman_sdk.check.findings import failed, lines, summary
from dragoman_sdk.check.run import LIMIT, check_subject
from dragoman_sdk.check.subject import Subject, subject_of
from dragoman_sdk.check.testing import run_tests


@click.command("check")
@click.argument("package", metavar="NAME|FOLDER")
@click.option("--model", type=click.Path(path_type=Path), help="Convert this model with it, and run it.")
@click.option("--set", "settings", multiple=True, metavar="OPTION=VALUE", help="An option of that conversion.")
@click.option(
    "--time-limit",
    type=click.FloatRange(0, min_open=True),
    default=LIMIT,
    show_default=True,
    help="Seconds that one hook may take.",
)
@click.option("--strict", is_flag=True, help="Warnings count as errors.")
@json_option
def check(
    package: str, model: Path | None, settings: tuple[str, ...], time_limit: float, strict: bool, as_json: bool
) -> int:
    """Look at a plugin, hook by hook: what is seen, what is not, and why. Exit 7 when something must be put right.

    NAME is an installed package or plugin; a FOLDER with a pyproject.toml need not be installed,
    and comes before an installed package of that name.
    """
    options = dict(_setting(text) for text in settings)
    with tempfile.TemporaryDirectory(prefix="plugin-") as target:
        subject = _with_points(subject_of(package, Path(target)))
        found = check_subject(subject, str(model) if model else "", options, time_limit)
    bad = failed(found, strict=strict)
    if as_json:
        rows = [dataclasses.asdict(f) for f in found]
        head = {"document": "dragoman.plugin_check", "version": 1, "package": subject.name,
                "package_version": subject.version, "plugins": [*subject.points], "passed": not bad}  # fmt: skip
        click.echo(json.dumps({**head, "findings": rows}, indent=2))
    else:
        click.echo(subject.label)
        for line in lines(found):
            click.echo(line)
        click.echo(summary(found))
    return PluginError.exit_code if bad else 0


@click.command("test")
@click.argument("package", metavar="NAME|FOLDER")
@click.argument("arguments", nargs=-1, metavar="[PYTEST OPTIONS]", type=click.UNPROCESSED)
def test(package: str, arguments: tuple[str, ...]) -> int:
    """Run a plugin's own tests and the conformance suite; exit 7 when one fails.

    NAME is an installed package or plugin; a FOLDER with a pyproject.toml need not be installed,
    and comes before an installed package of that name. What follows -- goes
    to pytest.
    """
    with tempfile.TemporaryDirectory(prefix="plugin-") as target:
        return _tested(_with_points(subject_of(package, Path(target))), arguments)


def check_and_test(folder: Path) -> int:
    """Both, for a folder that was just written."""
    with tempfile.TemporaryDirectory(prefix="plugin-") as target:
        subject = subject_of(str(folder), Path(target))
        found = check_subject(subject)
        if failed(found, strict=True):
            for line in lines(found):
                click.echo(line)
        click.echo(f"{'check':<12} {summary(found)}")
        code = _tested(subject, ())
    return code or (PluginError.exit_code if failed(found) else 0)


def _tested(subject: Subject, arguments: tuple[str, ...]) -> int:
    outcomes, seconds = run_tests(subject, arguments)
    for outcome in outcomes:
        if not outcome.ok:
            click.echo(outcome.output.rstrip(), err=True)
    good = all(outcome.ok for outcome in outcomes)
    click.echo(f"{subject.label}, plugin {', '.join(subject.points)}")
    for outcome in outcomes:
        click.echo(str(outcome))
    click.echo(f"{'passed' if good else 'failed'} in {seconds:.1f} s")
    return 0 if good else PluginError.exit_code


def _with_points(subject: Subject) -> Subject:
    if not subject.points:
        raise PluginError("D601", f"{subject.label} has no plugin", str(subject.folder or ""),
                          'it needs [project.entry-points."dragoman.plugins"] in pyproject.toml')  # fmt: skip
    return subject


def _setting(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise UsageError(
            "D100", f"--set {text}: OPTION=VALUE is needed", "plugin check", "--set input_proto=x.prototxt"
        )
    return name.replace("-", "_"), value
