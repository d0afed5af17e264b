"""The plugin's manifest and hooks; imports nothing heavy."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from dragoman.hookspecs import PluginInfo, Reference, hookimpl

if TYPE_CHECKING:
    from dragoman.frontends.contract import Frontend
    from dragoman.frontends.extract import ExtractionContext, Extractors, Layer


@hookimpl
def dragoman_plugin_info() -> PluginInfo:
    return PluginInfo("onnx", "ONNX models", homepage="https://pypi.org/project/dragoman-onnx")


@hookimpl
def dragoman_register_frontends() -> Iterable[Frontend]:
    from dragoman_onnx.frontend import OnnxFrontend

    return [OnnxFrontend()]


@hookimpl
def dragoman_register_extractors(framework: str) -> Iterable[Extractors]:
    if framework != "onnx":
        return []
    from dragoman_onnx.layers import extractors

    return extractors()


@hookimpl
def dragoman_register_references() -> Iterable[Reference]:
    from dragoman_onnx import reference

    return [Reference("onnx", "onnxruntime", reference.run, reference.missing)]


@hookimpl
def dragoman_unknown_layer(layer: Layer, context: ExtractionContext) -> Any:
    if context.framework != "onnx":
        return None
    from dragoman_onnx.functions import convert_by_body

    return convert_by_body(layer, context)
