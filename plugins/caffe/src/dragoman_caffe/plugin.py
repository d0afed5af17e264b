"""The plugin's manifest and hooks; imports nothing heavy."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from dragoman.hookspecs import PluginInfo, Reference, hookimpl

if TYPE_CHECKING:
    from dragoman.frontends.contract import Frontend
    from dragoman.frontends.extract import ExtractionContext, Extractors, Layer
    from dragoman.graph.graph import Node
    from dragoman.graph.types import TensorType
    from dragoman.options import Option
    from dragoman.session import Context


@hookimpl
def dragoman_plugin_info() -> PluginInfo:
    return PluginInfo("caffe", "Caffe models", homepage="https://pypi.org/project/dragoman-caffe")


@hookimpl
def dragoman_register_frontends() -> Iterable[Frontend]:
    from dragoman_caffe.frontend import CaffeFrontend

    return [CaffeFrontend()]


@hookimpl
def dragoman_register_extractors(framework: str) -> Iterable[Extractors]:
    if framework != "caffe":
        return []
    from dragoman_caffe.layers import extractors

    return extractors()


@hookimpl
def dragoman_unknown_layer(layer: Layer, context: ExtractionContext) -> Any:
    if context.framework != "caffe" or not context.custom_layers:
        return None
    from dragoman_caffe.custom import keep

    return keep(layer, context)


@hookimpl
def dragoman_infer_shape(node: Node, context: Context) -> Sequence[TensorType] | None:
    if context.framework != "caffe":
        return None
    from dragoman_caffe.shape_answers import shape_by_caffe

    return shape_by_caffe(node, context)


@hookimpl
def dragoman_register_references() -> Iterable[Reference]:
    from dragoman_caffe import reference

    return [
        Reference("caffe", "pycaffe", reference.run_caffe, reference.missing_caffe),
        Reference("caffe", "OpenCV", reference.run_opencv, reference.missing_opencv),
    ]


@hookimpl
def dragoman_register_options(framework: str) -> Iterable[Option]:
    if framework != "caffe":
        return []
    from dragoman_caffe.options import caffe_options

    return caffe_options()
