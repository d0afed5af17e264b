"""The ONNX plugin keeps the contract of plugins and front-ends."""

from __future__ import annotations

from collections.abc import Iterable

from tests.fuzz.seeds import all_seeds

from dragoman_sdk.conformance import FrontendConformance, PluginConformance


class TestOnnxPlugin(PluginConformance):
    name = "onnx"


class TestOnnxFrontend(FrontendConformance):
    framework = "onnx"

    def models(self) -> Iterable[bytes]:
        return [data for _, data in all_seeds()]
