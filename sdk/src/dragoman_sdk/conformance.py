"""Conformance classes: subclass one in a plugin's tests, and pytest runs its checks.

    class TestPlugin(PluginConformance):
        name = "acme"
        def models(self): return [onnx_layer("acme:SoftClip", {"x": "f32[?,3]"})]

    class TestFrontend(FrontendConformance):
        framework = "acme"
        def models(self): return [serialised_model]

The checks are methods; a subclass may add its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from dragoman.api import convert
from dragoman.errors import DragomanError
from dragoman.frontends.contract import HEAD, Frontend, Model, Probe
from dragoman.graph.text import graph_text
from dragoman.plugins import PluginHost
from dragoman_sdk import contract
from dragoman_sdk.caffe_model import CaffeNet
from dragoman_sdk.sealed import sealed


def _none(faults: Iterable[str]) -> None:
    found = list(faults)
    if found:
        pytest.fail("\n".join(found), pytrace=False)


class PluginConformance:
    """What every plugin keeps: it loads, is light, says who it is, and its hooks give what the contract says.

    Attributes:
        name: of the plugin's entry point.
    """

    name: str = ""

    def models(self) -> Iterable[Any]:
        """Small models that the plugin converts: what ``dragoman.convert`` takes, or a CaffeNet; none by default."""
        return ()

    @pytest.fixture
    def host(self) -> PluginHost:
        """All installed plugins, freshly loaded."""
        host = PluginHost()
        host.load_all()
        return host

    def test_it_loads_and_says_who_it_is(self, host: PluginHost) -> None:
        _none(contract.info_faults(host, self.name))

    def test_it_states_the_versions_of_dragoman_that_it_works_with(self, host: PluginHost) -> None:
        _none(contract.range_faults(host.plugins[self.name]))

    def test_its_manifest_imports_nothing_heavy(self) -> None:
        _none(contract.import_faults(self.name))

    def test_its_hooks_give_what_the_contract_says(self, host: PluginHost) -> None:
        _none(contract.hook_faults(host, self.name))

    def test_its_names_are_unique(self, host: PluginHost) -> None:
        _none(contract.name_faults(host, self.name))

    def test_its_ops_infer_and_are_documented(self, host: PluginHost) -> None:
        _none(contract.op_faults(host, self.name))

    def test_its_extractors_are_documented(self, host: PluginHost) -> None:
        _none(contract.extractor_faults(host, self.name))

    def test_its_rules_are_documented_and_can_be_read(self, host: PluginHost) -> None:
        _none(contract.rule_faults(host, self.name))

    def test_its_runtime_ops_make_classes(self, host: PluginHost) -> None:
        if not any(owner == self.name for owner, _ in host.runtime_ops()):
            return
        pytest.importorskip("openvino", reason="classes of runtime ops need OpenVINO")
        _none(contract.runtime_faults(host, self.name))

    def test_the_same_model_gives_the_same_bytes(self, tmp_path: Path) -> None:
        for index, model in enumerate(self._placed(tmp_path)):
            first, second = (convert(model, host=PluginHost()).ir() for _ in range(2))
            assert first == second, f"model {index}: two conversions give different IRs"

    def test_a_conversion_writes_nothing_but_its_output(self, tmp_path: Path) -> None:
        models = self._placed(tmp_path / "models")
        with sealed(tmp_path) as seen:
            for index, model in enumerate(models):
                convert(model, host=PluginHost()).save(tmp_path / f"out{index}")
        _none(seen)

    def _placed(self, folder: Path) -> list[Any]:
        models = list(enumerate(self.models()))
        return [m.save(folder / f"net{k}") if isinstance(m, CaffeNet) else m for k, m in models]


class FrontendConformance:
    """What every front-end keeps: it knows its own models, leaves others alone, and never raises but DragomanErrors.

    Attributes:
        framework: the front-end's name.
        steps: of each model, about as many truncations are tried.
    """

    framework: str = ""
    steps: int = 200

    def models(self) -> Iterable[bytes]:
        """Serialised models that the front-end reads."""
        raise NotImplementedError

    @pytest.fixture
    def frontend(self) -> Frontend:
        """The front-end."""
        held = {frontend.name: frontend for _, frontend in PluginHost().frontends()}
        assert self.framework in held, f"no front-end is called {self.framework!r}; there are {', '.join(held)}"
        return held[self.framework]

    def test_it_says_what_it_is(self, frontend: Frontend) -> None:
        assert frontend.summary, "one line for dragoman plugin info"
        assert all(suffix.startswith(".") and suffix == suffix.lower() for suffix in frontend.suffixes)

    def test_recognises_its_own_models(self, frontend: Frontend) -> None:
        for data in self.models():
            probe = frontend.probe(Model(data), data[:HEAD])
            assert isinstance(probe, Probe)
            assert 0 < probe.confidence <= 100
            assert probe.format

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

    def test_nodes_come_after_what_they_read_and_have_names_of_their_own(self, frontend: Frontend) -> None:
        for data in self.models():
            seen: set[int] = set()
            names: set[str] = set()
            for node in frontend.load(Model(data), {}):
                late = [v for v in node.inputs if v is not None and id(v.producer) not in seen]
                assert not late, f"{node!r} comes before {late[0]!r}, which it reads"
                assert node.name not in names, f"two nodes are called {node.name!r}"
                seen.add(id(node))
                names.add(node.name)

    def test_truncated_models_are_refused_or_read(self, frontend: Frontend) -> None:
        for data in self.models():
            for length in range(0, len(data), max(1, len(data) // self.steps)):
                _assert_read_or_refused(frontend, data[:length], f"cut at {length}")

    def test_damaged_models_are_refused_or_read(self, frontend: Frontend) -> None:
        for data in self.models():
            for place in range(0, len(data), max(1, len(data) // self.steps)):
                damaged = data[:place] + bytes([data[place] ^ 0xFF]) + data[place + 1 :]
                _assert_read_or_refused(frontend, damaged, f"damaged at {place}")

    def test_the_same_bytes_give_the_same_graph(self, frontend: Frontend) -> None:
        for data in self.models():
            first, second = (graph_text(frontend.load(Model(data), {})) for _ in range(2))
            assert first == second

    def test_reading_writes_nothing(self, frontend: Frontend) -> None:
        with sealed() as seen:
            for data in self.models():
                frontend.load(Model(data), {})
        _none(seen)


def _assert_read_or_refused(frontend: Frontend, data: bytes, what: str) -> None:
    try:
        frontend.load(Model(data), {})
    except DragomanError as error:
        if error.code[:2] not in ("D2", "D3"):
            pytest.fail(f"{what}: {error}")
    except Exception as error:
        pytest.fail(f"{what}: {type(error).__name__}: {error} is no DragomanError")
