"""The manifest: every command of dragoman imports it, so that all else is imported where a hook is called."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dragoman.hookspecs import PluginInfo, RuntimeOp, hookimpl

if TYPE_CHECKING:
    from dragoman.frontends.extract import Extractors
    from dragoman.ops.define import Op


@hookimpl
def dragoman_plugin_info() -> PluginInfo:
    """Who this is."""
    return PluginInfo("acme-caffe-fork", "Layers and message fields of Acme's fork of Caffe", requires=("caffe",))


@hookimpl
def dragoman_register_extractors(framework: str) -> list[Extractors]:
    """The messages come with the layers."""
    if framework != "caffe":
        return []
    from dragoman_acme_caffe_fork.layers import layers

    return [layers]


@hookimpl
def dragoman_register_ops() -> list[type[Op]]:
    """What an IR may hold besides OpenVINO's ops."""
    from dragoman_acme_caffe_fork.taper import AcmeTaper

    return [AcmeTaper]


@hookimpl
def dragoman_register_runtime_ops() -> list[RuntimeOp]:
    """What OpenVINO's CPU calls at inference."""
    from dragoman_acme_caffe_fork.compute import taper

    return [RuntimeOp("AcmeTaper", taper)]
