"""The plugin host: isolation, conflicts, replaces, limits, API versions."""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any

import pytest

from dragoman.errors import PluginError
from dragoman.frontends.extract import Extractors
from dragoman.graph.types import TensorType
from dragoman.hookspecs import PluginInfo, ShapeRule, hookimpl
from dragoman.ops.define import In, Op, op
from dragoman.plugins import EntryPoint, PluginHost


def plugin(name: str, info: PluginInfo | None = None, **hooks: Callable[..., Any]) -> EntryPoint:
    """An entry point whose plugin has the given hooks."""
    module = types.SimpleNamespace()
    module.dragoman_plugin_info = hookimpl(lambda: info or PluginInfo(name, "a test plugin"))
    for hook, function in hooks.items():
        setattr(module, hook, hookimpl(function))
    return EntryPoint(name, lambda: module, distribution=f"dist-{name}", version="1.0")


def relu_extractors(since: int = 1, until: int | None = None) -> Callable[[], list[Extractors]]:
    layers = Extractors("onnx")
    layers("Relu", since=since, until=until)(lambda layer, op, x: op.Relu(x))
    return lambda: [layers]


def raising(error: Exception) -> Callable[[], Any]:
    def hook() -> Any:
        raise error

    return hook


def host(*points: EntryPoint, **more: Any) -> PluginHost:
    return PluginHost(points, **more)


def test_a_plugin_whose_import_fails_is_broken_and_the_others_work() -> None:
    def no_caffe() -> Any:
        raise ImportError("No module named 'caffe'")

    held = host(EntryPoint("bad", no_caffe), plugin("good", dragoman_register_extractors=relu_extractors()))
    assert (held.plugins["bad"].status, held.plugins["bad"].stage) == ("broken", "load")
    assert "caffe" in held.plugins["bad"].error
    assert held.extractor_table("onnx").find("onnx", "Relu", 1)


def test_a_plugin_whose_hook_raises_is_broken_and_the_others_work() -> None:
    held = host(
        plugin("bad", dragoman_register_extractors=raising(RuntimeError("boom"))),
        plugin("good", dragoman_register_extractors=relu_extractors()),
    )
    assert held.extractor_table("onnx").find("onnx", "Relu", 1)
    assert held.plugins["bad"].error == "RuntimeError: boom"
    assert "Traceback" in held.plugins["bad"].trace


def test_a_plugin_that_gives_the_wrong_thing_is_broken() -> None:
    held = host(plugin("bad", dragoman_register_frontends=lambda: ["not a front-end"]))
    assert held.frontends() == []
    assert held.plugins["bad"].stage == "dragoman_register_frontends"


def test_a_plugin_with_an_unknown_argument_in_a_hook_is_broken() -> None:
    held = host(plugin("bad", dragoman_register_extractors=lambda nonsense: []))
    assert held.plugins["bad"].status == "broken"


def test_a_plugin_without_info_is_broken() -> None:
    held = host(EntryPoint("bad", types.SimpleNamespace))
    assert "dragoman_plugin_info" in held.plugins["bad"].error


def test_a_plugin_for_another_api_is_listed_without_being_imported() -> None:
    def never() -> Any:
        raise AssertionError("imported")

    held = host(EntryPoint("new", never, group="dragoman.plugins.v2"))
    assert held.plugins["new"].status == "incompatible"
    assert "v2" in held.plugins["new"].error


def test_a_plugin_that_states_another_api_version_is_not_used() -> None:
    held = host(plugin("old", PluginInfo("old", api=99), dragoman_register_extractors=relu_extractors()))
    assert held.plugins["old"].status == "broken"
    assert "99" in held.plugins["old"].error
    assert held.extractor_table("onnx").names("onnx") == []


def test_two_owners_of_a_layer_are_refused_with_both_names() -> None:
    held = host(
        plugin("one", dragoman_register_extractors=relu_extractors()),
        plugin("two", dragoman_register_extractors=relu_extractors()),
    )
    with pytest.raises(PluginError) as caught:
        held.extractor_table("onnx")
    assert caught.value.code == "D603"
    assert "dist-one" in caught.value.what
    assert "dist-two" in caught.value.what
    for way_out in ("uninstall", "disable", "replaces"):
        assert way_out in caught.value.hint


def test_owners_of_different_versions_do_not_conflict() -> None:
    held = host(
        plugin("old", dragoman_register_extractors=relu_extractors(1, 13)),
        plugin("new", dragoman_register_extractors=relu_extractors(14)),
    )
    table = held.extractor_table("onnx")
    owners = [found[0] for v in (13, 14) if (found := table.find("onnx", "Relu", v))]
    assert owners == ["old", "new"]


@pytest.mark.parametrize("winner", ["one", "two"])
def test_replaces_wins_whatever_the_order(winner: str) -> None:
    points = [
        plugin(
            name,
            PluginInfo(name, replaces=frozenset({"onnx:Relu"} if name == winner else ())),
            dragoman_register_extractors=relu_extractors(),
        )
        for name in ("one", "two")
    ]
    for order in (points, points[::-1]):
        found = host(*order).extractor_table("onnx").find("onnx", "Relu", 1)
        assert found is not None
        assert found[0] == winner


def test_two_replacers_conflict() -> None:
    points = [
        plugin(n, PluginInfo(n, replaces=frozenset({"onnx:Relu"})), dragoman_register_extractors=relu_extractors())
        for n in ("one", "two")
    ]
    with pytest.raises(PluginError):
        host(*points).extractor_table("onnx")


def test_two_owners_of_an_op_are_refused() -> None:
    def ops() -> list[type[Op]]:
        @op("Acme", "extension")
        class Acme(Op):
            data = In("T")

            def infer(self, data: Any) -> TensorType:
                return TensorType(data.dtype, data.shape)

        return [Acme]

    with pytest.raises(PluginError, match="op:Acme:extension"):
        host(plugin("one", dragoman_register_ops=ops), plugin("two", dragoman_register_ops=ops)).op_registry()


def test_a_missing_requirement_disables_a_plugin() -> None:
    held = host(plugin("needy", PluginInfo("needy", requires=("absent",))))
    assert held.plugins["needy"].status == "broken"
    assert "absent" in held.plugins["needy"].error


def test_two_distributions_with_one_plugin_name_are_told_apart() -> None:
    one, two = plugin("same"), plugin("same")
    held = host(one, EntryPoint("same", two.load, distribution="other", version="2.0"))
    assert held.plugins["same"].status == "broken"
    assert "other 2.0" in held.plugins["same"].error


def test_the_environment_limits_what_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DRAGOMAN_PLUGINS", "one,other")
    assert list(host(plugin("one"), plugin("two"), plugin("core")).plugins) == ["core", "one"]


def test_no_plugins_means_the_core_alone() -> None:
    assert list(host(plugin("one"), plugin("core"), only=()).plugins) == ["core"]


def test_disabled_plugins_are_listed_and_not_used() -> None:
    held = host(plugin("one", dragoman_register_extractors=relu_extractors()), disabled=["one"])
    assert held.plugins["one"].status == "disabled"
    assert held.extractor_table("onnx").names("onnx") == []


def test_disabling_later_forgets_what_it_registered() -> None:
    held = host(plugin("one", dragoman_register_extractors=relu_extractors()))
    assert held.extractor_table("onnx").names("onnx") == ["Relu"]
    held.disable(["one"])
    assert held.extractor_table("onnx").names("onnx") == []


def test_disabling_a_plugin_that_is_not_there_names_the_closest() -> None:
    with pytest.raises(PluginError) as caught:
        host(plugin("caffe")).disable(["cafe"])
    assert (caught.value.code, "caffe" in caught.value.hint) == ("D601", True)


def test_register_hooks_run_once() -> None:
    calls: list[int] = []

    def extractors() -> list[Extractors]:
        calls.append(1)
        return []

    held = host(plugin("one", dragoman_register_extractors=extractors))
    for _ in range(3):
        held.extractor_table("onnx")
    assert calls == [1]


def test_hooks_can_be_traced(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("DRAGOMAN_TRACE", "hooks")
    host(plugin("one", dragoman_register_extractors=relu_extractors())).extractor_table("onnx")
    assert "[hooks] one: dragoman_register_extractors" in capsys.readouterr().err


def test_the_first_answer_wins_and_none_passes_on() -> None:
    held = host(
        plugin("a", dragoman_infer_shape=lambda node, context: None),
        plugin("b", dragoman_infer_shape=lambda node, context: ["answer"]),
        plugin("c", dragoman_infer_shape=lambda node, context: ["never"]),
    )
    assert held.first("dragoman_infer_shape", node=None, context=None) == ("b", ["answer"])


def test_a_needed_hook_that_raises_is_an_error_with_its_owner() -> None:
    def boom(node: Any) -> Any:
        raise ValueError("no shape")

    held = host(plugin("one", dragoman_infer_shape=boom))
    with pytest.raises(PluginError, match="no shape") as caught:
        held.first("dragoman_infer_shape", node=None, context=None)
    assert caught.value.code == "D606"
    assert "dist-one 1.0" in caught.value.where


def test_an_observer_that_raises_does_not_stop_the_others() -> None:
    seen: list[str] = []
    held = host(
        plugin("bad", dragoman_stage_finished=lambda stage: 1 / 0),
        plugin("good", dragoman_stage_finished=lambda stage: seen.append(stage)),
    )
    held.notify("dragoman_stage_finished", stage="load", graph=None, context=None)
    assert seen == ["load"]
    assert held.plugins["bad"].status == "broken"


def test_shape_rules_are_keyed_by_framework_and_op() -> None:
    rule = ShapeRule("Relu", lambda node: None, "onnx")
    assert list(host(plugin("one", dragoman_register_shape_rules=lambda: [rule])).shape_rules()) == [("onnx", "Relu")]
