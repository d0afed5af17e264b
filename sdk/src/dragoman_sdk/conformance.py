"""Conformance classes: subclass one in a plugin's tests, and pytest runs its checks.

class TestPlugin(PluginConformance):
    name = "acme"

class TestFrontend(FrontendConformance):
    framework = "acme"
    def models(self): return [serialised_model]
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable

import pytest

from dragoman.errors import DragomanError
from dragoman.frontends.contract import HEAD, Frontend, Model, Probe
from dragoman.hookspecs import API_VERSION
from dragoman.plugins import PluginHost

HEAVY = ("numpy", "tensorflow", "torch", "onnx", "onnxruntime", "mxnet", "caffe", "openvino", "google.protobuf", "cv2")


class PluginConformance:
    """What every plugin keeps: it loads, is light, says who it is, and its hooks give what the contract says."""

    name: str = ""

    @pytest.fixture
    def host(self) -> PluginHost:
        """The core, this plugin, and those that it requires."""
        return PluginHost(only=self._needed())

    def _needed(self) -> list[str]:
        """This plugin and, one after another, what ``PluginInfo.requires`` names."""
        needed = [self.name]
        for name in needed:
            plugin = PluginHost(only=needed).plugins.get(name)
            required = plugin.info.requires if plugin is not None and plugin.info is not None else ()
            needed += [r for r in required if r not in needed]
        return needed

    def test_is_installed_and_loads(self, host: PluginHost) -> None:
        plugin = host.plugins.get(self.name)
        assert plugin is not None, f"no entry point {self.name!r} in the group dragoman.plugins"
        assert plugin.status == "loaded", f"{plugin.stage}: {plugin.error}"

    def test_says_who_it_is(self, host: PluginHost) -> None:
        info = host.plugins[self.name].info
        assert info is not None
        assert info.name == self.name
        assert info.summary, "a one-line summary is shown in dragoman plugin list"
        assert info.api == API_VERSION

    def test_its_manifest_imports_nothing_heavy(self) -> None:
        code = (
            "import sys; from dragoman.plugins import PluginHost; "
            f"PluginHost(only={self._needed()!r}); print([m for m in {HEAVY!r} if m in sys.modules])"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert done.stdout.strip() == "[]"

    def test_its_hooks_give_what_the_contract_says(self, host: PluginHost) -> None:
        frameworks = [f.name for _, f in host.frontends()]
        host.op_registry()
        host.rules()
        host.shape_rules()
        host.runtime_ops()
        for framework in frameworks:
            host.extractor_table(framework)
            host.references(framework)
        broken = {p.name: f"{p.stage}: {p.error}" for p in host.plugins.values() if p.status == "broken"}
        assert not broken


class FrontendConformance:
    """What every front-end keeps: it knows its own models, leaves others alone, and never raises but DragomanErrors."""

    framework: str = ""

    def models(self) -> Iterable[bytes]:
        """Serialised models that the front-end reads."""
        raise NotImplementedError

    @pytest.fixture
    def frontend(self) -> Frontend:
        """The front-end."""
        return next(f for _, f in PluginHost().frontends() if f.name == self.framework)

    def test_recognises_its_own_models(self, frontend: Frontend) -> None:
        for data in self.models():
            probe = frontend.probe(Model(data), data[:HEAD])
            assert isinstance(probe, Probe)
            assert 0 < probe.confidence <= 100

    @pytest.mark.parametrize(
        "data", [b"", b"\0" * 64, b"not a model at all, only text", b"\x89PNG\r\n\x1a\n" + b"\0" * 64]
    )
    def test_leaves_other_files_alone(self, frontend: Frontend, data: bytes) -> None:
        probe = frontend.probe(Model(data), data[:HEAD])
        assert probe is None or probe.confidence < 100

    def test_every_node_has_an_origin(self, frontend: Frontend) -> None:
        for data in self.models():
            for node in frontend.load(Model(data), {}):
                assert node.origin is not None, f"{node!r} has no origin"
                assert node.origin.framework == self.framework

    def test_truncated_models_are_refused_or_read(self, frontend: Frontend) -> None:
        for data in self.models():
            step = max(1, len(data) // 200)
            for length in range(0, len(data), step):
                try:
                    frontend.load(Model(data[:length]), {})
                except DragomanError as error:
                    code = error.code
                else:
                    continue
                assert code[:2] in ("D2", "D3")

    def test_the_same_bytes_give_the_same_graph(self, frontend: Frontend) -> None:
        for data in self.models():
            first = [(n.op, n.name, len(n.inputs)) for n in frontend.load(Model(data), {})]
            second = [(n.op, n.name, len(n.inputs)) for n in frontend.load(Model(data), {})]
            assert first == second
