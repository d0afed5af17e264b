"""What every plugin keeps."""

from __future__ import annotations

from dragoman_sdk import PluginConformance


class TestPlugin(PluginConformance):
    name = "acme-activations"
