"""The core's own ops, rules and commands, registered through the same hooks as any plugin's."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from dragoman.hookspecs import PluginInfo, hookimpl

if TYPE_CHECKING:
    import click

    from dragoman.frontends.extract import Extractors
    from dragoman.hookspecs import RuntimeOp, Section
    from dragoman.ops.define import Op
    from dragoman.plugins import PluginHost
    from dragoman.rules.rule import Pass, Rule
    from dragoman.session import Result

COMMANDS = {
    "convert": "Convert a model to OpenVINO IR.",
    "plan": "Show what would become of every layer, before anything is written.",
    "inspect": "Show what is in a model file.",
    "check": "Compare the IR in OpenVINO with the source in its own framework.",
    "explain": "Explain an error code, or why a rule did not apply.",
    "plugin": "List installed plugins and what they bring.",
    "doctor": "Check the installation.",
    "demo": "Make a small network, convert it, run both and compare.",
}


@hookimpl
def dragoman_plugin_info() -> PluginInfo:
    return PluginInfo("core", "OpenVINO ops, simplification rules, commands")


@hookimpl
def dragoman_register_ops() -> Iterable[type[Op]]:
    from dragoman.offload.ops import Offloaded
    from dragoman.ops import core_ops

    return [*core_ops(), Offloaded]


@hookimpl
def dragoman_register_extractors(framework: str) -> Iterable[Extractors]:
    from dragoman.frontends.openvino_layers import openvino_layers
    from dragoman.offload.extractor import extractors

    return [*extractors(framework), openvino_layers(framework)]


@hookimpl
def dragoman_register_runtime_ops(host: PluginHost) -> Iterable[RuntimeOp]:
    from dragoman.hookspecs import RuntimeOp
    from dragoman.offload.run import OP, Parts

    return [RuntimeOp(OP, Parts(host))]


@hookimpl
def dragoman_report_sections(result: Result) -> Iterable[Section]:
    from dragoman.offload.report import sections

    return sections(result.context.offloaded)


@hookimpl
def dragoman_register_rules() -> Iterable[Rule | Pass]:
    from dragoman.rules.library import core_rules

    return [rule() for rule in core_rules()]


@hookimpl
def dragoman_register_commands(cli: click.Group) -> None:
    for name, summary in COMMANDS.items():
        cli.add_lazy(name, f"dragoman.cli.{name}:command", summary)  # type: ignore[attr-defined]
