"""The plugins of this repository conform; a plugin with faults is told each of them."""

from __future__ import annotations

import importlib
import sys
import types
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dragoman.frontends.extract import Extractors
from dragoman.graph.types import TensorType
from dragoman.hookspecs import PluginInfo, RuntimeOp, hookimpl
from dragoman.ops.define import Float, In, Op, op
from dragoman.plugins import PluginHost
from dragoman.rules.rule import Rule
from dragoman_sdk import (
    CaffeNet,
    FrontendConformance,
    PluginConformance,
    caffe_layer,
    contract,
    onnx_bytes,
    onnx_layer,
    onnx_node,
)
from dragoman_sdk.sealed import sealed


class TestOnnxPlugin(PluginConformance):
    name = "onnx"

    def models(self) -> Iterable[bytes]:
        return [onnx_layer("LeakyRelu", {"x": "f32[?,3]"}, alpha=0.1)]


class TestCaffePlugin(PluginConformance):
    name = "caffe"

    def models(self) -> Iterable[CaffeNet]:
        text = "inner_product_param { num_output: 2 }"
        return [caffe_layer("InnerProduct", {"x": (1, 3)}, text, blobs=[np.ones((2, 3)), np.ones(2)])]


class TestOnnxFrontend(FrontendConformance):
    framework = "onnx"

    def models(self) -> Iterable[bytes]:
        weight = np.ones((3, 2), np.float32)
        nodes = [onnx_node("MatMul", "x w", "a"), onnx_node("Relu", "a", "y")]
        return [onnx_bytes(nodes, {"x": "f32[?,3]"}, {"y": "f32[?,2]"}, constants={"w": weight})]


def clean() -> dict[str, Any]:
    return {"dragoman_plugin_info": hookimpl(lambda: PluginInfo("acme", "Layers of acme"))}


@pytest.fixture
def faults(plugin_host: Any) -> Any:
    def find(check: Any, **hooks: Any) -> list[str]:
        module = types.SimpleNamespace(**clean() | {k: hookimpl(v) for k, v in hooks.items()})
        found: list[str] = check(plugin_host(module), "acme")
        return found

    return find


@pytest.mark.parametrize(
    ("info", "told"),
    [
        (PluginInfo("Acme", "x"), "'Acme' is no name"),
        (PluginInfo("acme"), "one line"),
        (PluginInfo("acme", "a\nb"), "one line"),
        (PluginInfo("acme", "x" * 101), "one line"),
        (PluginInfo("acme", "x", homepage="acme.example"), "is no address"),
        (PluginInfo("acme", "x", replaces=frozenset({"Gelu"})), "'Gelu', which is no key"),
    ],
    ids=lambda v: v if isinstance(v, str) else "",
)
def test_a_manifest_that_misleads_is_told(plugin_host: Any, info: PluginInfo, told: str) -> None:
    host = plugin_host(types.SimpleNamespace(dragoman_plugin_info=hookimpl(lambda: info)))
    (found,) = contract.info_faults(host, info.name)
    assert told in found


def test_another_name_and_a_missing_plugin_are_told(plugin_host: Any) -> None:
    host = plugin_host()
    (found,) = contract.info_faults(host, "acme")
    assert found.startswith("no entry point 'acme'")


@pytest.mark.parametrize(
    ("requires", "told"),
    [
        ([], "does not depend on dragoman"),
        (["dragoman-onnx>=0.1,<0.3"], "does not depend on dragoman"),
        (["dragoman"], "no lower bound"),
        (["dragoman>=0.1"], "no upper bound"),
        (["dragoman (<0.3)"], "no lower bound"),
        (["dragoman>=0.1,<0.3; extra == 'test'"], "does not depend on dragoman"),
    ],
    ids=str,
)
def test_a_range_that_is_open_is_told(requires: list[str], told: str) -> None:
    assert told in contract.range_faults(plugin_of(requires))[0]


@pytest.mark.parametrize("requires", ["dragoman>=0.1,<0.3", "dragoman[runtime] ~= 0.1", "dragoman==0.1.0"])
def test_a_range_with_both_ends_is_right(requires: str) -> None:
    assert contract.range_faults(plugin_of(["numpy", requires])) == []


def plugin_of(requires: list[str]) -> Any:
    return types.SimpleNamespace(
        point=types.SimpleNamespace(dist=types.SimpleNamespace(requires=requires, name="dragoman-acme"))
    )


def test_a_heavy_manifest_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    info = tmp_path / "dragoman_acme-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: dragoman-acme\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[dragoman.plugins]\nacme = acme_heavy\n")
    manifest = tmp_path / "acme_heavy.py"
    text = "from dragoman.hookspecs import *\n\n@hookimpl\ndef dragoman_plugin_info(): return PluginInfo('acme')\n"
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    manifest.write_text(text)
    assert contract.import_faults("acme") == []
    manifest.write_text("import numpy\n" + text)
    assert contract.import_faults("acme") == ["its manifest imports numpy: import it inside the hook that needs it"]


@op("Bare", "extension")
class Bare(Op):
    x = In()


@op("Lossy", "extension")
class Lossy(Op):
    """Writes another number than it has."""

    x = In()
    beta = Float(1.0)

    def xml(self) -> dict[str, str]:
        return {"beta": "2"}

    def infer(self, x: Any) -> TensorType:
        return TensorType(x.dtype, x.shape)


def test_ops_without_inference_text_or_a_way_back_are_told(faults: Any) -> None:
    found = faults(contract.op_faults, dragoman_register_ops=lambda: [Bare, Lossy])
    assert [f.partition(":")[0] for f in found] == [
        "op Bare (extension) has no docstring",
        "op Bare (extension) has no infer",
        "op Lossy (extension)",
    ]
    assert "is read back as" in found[2]


def test_an_extractor_without_text_is_told(faults: Any) -> None:
    layers = Extractors("onnx")
    layers("acme:F")(lambda layer, op, x: x)
    (found,) = faults(contract.extractor_faults, dragoman_register_extractors=lambda: [layers])
    assert found.startswith("the extractor of onnx:acme:F has no docstring")


class Wrong(Rule):
    def pattern(self, op: Any, x: Any) -> Any:
        return op.nothing.of.that.sort


class Phase(Rule):
    """x -> x."""

    phase = "never"

    def pattern(self, op: Any, x: Any) -> Any:
        return op.Relu(x)


def test_rules_that_cannot_be_read_are_told(faults: Any) -> None:
    found = faults(contract.rule_faults, dragoman_register_rules=lambda: [Wrong(), Phase()])
    assert any("the rule Wrong has no docstring" in f for f in found)
    assert any("pattern of the rule Wrong cannot be read" in f for f in found)
    assert any("phase 'never'" in f for f in found)


def test_runtime_ops_of_another_form_are_told(faults: Any) -> None:
    found = faults(
        contract.runtime_faults,
        dragoman_register_ops=lambda: [Lossy],
        dragoman_register_runtime_ops=lambda: [RuntimeOp("Lossy", lambda attrs: None)],
    )
    assert found == ["compute of Lossy does not take attrs and 1 inputs"]
    (made,) = faults(
        contract.runtime_faults, dragoman_register_runtime_ops=lambda: [RuntimeOp("Other", make=lambda: Bare)]
    )
    assert "Bare" in made


def test_what_is_registered_twice_is_told(faults: Any) -> None:
    found = faults(
        contract.name_faults,
        dragoman_register_ops=lambda: [Lossy, Lossy],
        dragoman_register_rules=lambda: [Phase(), Phase()],
    )
    assert found == ["op Lossy (extension) is registered 2 times", "rule Phase is registered 2 times"]


def test_a_hook_that_raises_and_a_claim_of_anothers_layer_are_told(faults: Any) -> None:
    def broken() -> Any:
        raise ValueError("no luck")

    (found,) = faults(contract.hook_faults, dragoman_register_ops=broken)
    assert "ValueError: no luck" in found
    layers = Extractors("onnx")
    layers("Relu")(lambda layer, op, x: x)
    (claim,) = faults(contract.hook_faults, dragoman_register_extractors=lambda: [layers])
    assert "onnx:Relu is claimed by" in claim


def test_writing_elsewhere_and_connections_are_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    with sealed(tmp_path / "allowed") as seen:
        (tmp_path / "allowed").mkdir()
        (tmp_path / "allowed" / "a").write_text("x")
        (outside / "b").write_text("x")
        (outside / "b").read_text()
        (outside / "b").rename(outside / "c")
        with pytest.raises(OSError):
            importlib.import_module("socket").create_connection(("127.0.0.1", 9), timeout=0.1)
    assert [line.split()[0] for line in seen] == [
        "writes",
        "os.rename",
        "os.rename",
        "socket.getaddrinfo",
        "socket.connect",
    ]
    (outside / "d").write_text("after")
    assert len(seen) == 5


def test_the_host_of_a_check_is_not_left_with_modules(plugin_host: Any) -> None:
    before = {*sys.modules}
    contract.info_faults(PluginHost(only=["onnx"]), "onnx")
    assert not {m for m in {*sys.modules} - before if m.startswith("onnx.")}
