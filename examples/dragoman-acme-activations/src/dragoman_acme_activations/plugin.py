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
    return PluginInfo("acme-activations", "Acme's layers of Caffe and of the ONNX domain acme.nn")


@hookimpl
def dragoman_register_ops() -> list[type[Op]]:
    """What an IR may hold besides OpenVINO's ops."""
    from dragoman_acme_activations.ops import AcmeSoftClip

    return [AcmeSoftClip]


@hookimpl
def dragoman_register_extractors(framework: str) -> list[Extractors]:
    """Only those of the framework that is asked for are imported."""
    if framework == "caffe":
        from dragoman_acme_activations import caffe_layers

        return [caffe_layers.layers]
    if framework == "onnx":
        from dragoman_acme_activations import onnx_layers

        return [onnx_layers.layers]
    return []


@hookimpl
def dragoman_register_runtime_ops() -> list[RuntimeOp]:
    """What OpenVINO's CPU calls at inference."""
    from dragoman_acme_activations.compute import soft_clip

    return [RuntimeOp("AcmeSoftClip", soft_clip)]
