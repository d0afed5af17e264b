"""``dragoman explain``: the page of an error code, or why a rule does not apply."""

from __future__ import annotations

from importlib import resources

import click

from dragoman.cli.arguments import extension_option
from dragoman.errors import UsageError, did_you_mean
from dragoman.plugins import PluginHost


@click.command("explain")
@click.argument("topic")
@click.argument("model", required=False, type=click.Path())
@click.option("--node", help="With a rule: the node or layer where it was expected to apply.")
@extension_option
@click.pass_context
def command(ctx: click.Context, topic: str, model: str | None, node: str | None, extensions: tuple[str, ...]) -> None:
    """Explain an error code (D301), or why the rule TOPIC does not apply to MODEL at --node."""
    if topic[:1] in "Dd" and topic[1:].isdigit():
        click.echo(page(topic.upper()))
        return
    host = ctx.find_object(PluginHost)
    assert host is not None
    click.echo("\n".join(why(host, topic, model, node)))


def codes() -> list[str]:
    """All codes that have a page."""
    folder = resources.files("dragoman") / "pages"
    return sorted(f.name.removesuffix(".md") for f in folder.iterdir() if f.name.startswith("D"))


def page(code: str) -> str:
    """The text of a code's page; UsageError D106 for an unknown code."""
    file = resources.files("dragoman") / "pages" / f"{code}.md"
    if not file.is_file():
        raise UsageError("D106", f"there is no error code {code}", "explain", did_you_mean(code, codes()))
    return file.read_text(encoding="utf-8").rstrip()


def why(host: PluginHost, rule: str, model: str | None, node: str | None) -> list[str]:
    """What a rule does, and where it is given, why it does not apply at a node."""
    rules = {r.name: r for _, r in host.rules()}
    if rule not in rules:
        raise UsageError("D141", f"there is no rule {rule!r}", "explain", did_you_mean(rule, list(rules)))
    if model is None or node is None:
        text = (type(rules[rule]).__doc__ or "").strip()
        return [
            f"{rule} (phase {rules[rule].phase}): {text}",
            "give MODEL and --node NAME to see why it does not apply",
        ]
    from dragoman.session import Session

    reasons = Session(host=host).explain_rule(model, rule, node)
    return reasons or [f"{rule} applies at {node!r}"]
