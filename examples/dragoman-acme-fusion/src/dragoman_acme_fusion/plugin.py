"""The manifest: every command of dragoman imports it, so that all else is imported where a hook is called."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dragoman.hookspecs import PluginInfo, RuntimeOp, hookimpl

if TYPE_CHECKING:
    from dragoman.frontends.extract import Extractors
    from dragoman.ops.define import Op
    from dragoman.rules.rule import Pass, Rule


@hookimpl
def dragoman_plugin_info() -> PluginInfo:
    """Who this is."""
    return PluginInfo("acme-fusion", "Acme's replacements of sub-graphs", requires=("onnx",))


@hookimpl
def dragoman_register_rules() -> list[Rule | Pass]:
    """In any order: phases, and `after` and `before` of the classes, make it."""
    from dragoman_acme_fusion.clamps import MergeClamps
    from dragoman_acme_fusion.rms_norm import FuseRmsNorm
    from dragoman_acme_fusion.swish import FuseSwish

    return [FuseRmsNorm(), FuseSwish(), MergeClamps()]


@hookimpl
def dragoman_register_ops() -> list[type[Op]]:
    """What an IR may hold besides OpenVINO's ops."""
    from dragoman_acme_fusion.rms_norm import AcmeRmsNorm

    return [AcmeRmsNorm]


@hookimpl
def dragoman_register_extractors(framework: str) -> list[Extractors]:
    """For the layer that FuseRmsNorm puts into the source graph."""
    if framework != "onnx":
        return []
    from dragoman_acme_fusion.rms_norm import layers

    return [layers]


@hookimpl
def dragoman_register_runtime_ops() -> list[RuntimeOp]:
    """What OpenVINO's CPU calls at inference."""
    from dragoman_acme_fusion.compute import rms_norm

    return [RuntimeOp("AcmeRmsNorm", rms_norm)]
