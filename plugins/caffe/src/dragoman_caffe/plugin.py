"""The plugin's manifest and hooks; imports nothing heavy."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from dragoman.hookspecs import PluginInfo, hookimpl

if TYPE_CHECKING:
    from dragoman.frontends.contract import Frontend
    from dragoman.frontends.extract import Extractors
    from dragoman.options import Option


@hookimpl
def dragoman_plugin_info() -> PluginInfo:
    return PluginInfo("caffe", "Caffe models", homepage="https://pypi.org/project/dragoman-caffe")


@hookimpl
def dragoman_register_frontends() -> Iterable[Frontend]:
    from dragoman_caffe.frontend import CaffeFrontend

    return [CaffeFrontend()]


@hookimpl
def dragoman_register_extractors() -> Iterable[Extractors]:
    from dragoman_caffe.layers import extractors

    return extractors()


@hookimpl
def dragoman_register_options(framework: str) -> Iterable[Option]:
    if framework != "caffe":
        return []
    from dragoman_caffe.options import caffe_options

    return caffe_options()
