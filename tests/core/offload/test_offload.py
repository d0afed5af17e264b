"""Layers that run in their own framework: chosen, gathered, carried by the IR, run; with a framework made for this."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.core.offload.toy import ToyFrontend, X, host, named, source

from dragoman import runtime
from dragoman.api import convert, plan
from dragoman.errors import DragomanError, InferError, PluginError, UnsupportedError, UsageError
from dragoman.graph.graph import CONSTANT
from dragoman.graph.types import DYNAMIC, TensorType, f32, u4
from dragoman.offload.clusters import clusters
from dragoman.offload.ops import Offloaded
from dragoman.offload.parts import fold, unfold
from dragoman.plugins import PluginHost
from dragoman_sdk import OffloadCase

CHAIN = b"toy a=x b=a c=b d=c -> d"


def parts(model: bytes, plugins: PluginHost | None = None, **options: Any) -> list[list[str]]:
    result = convert(model, host=plugins or host(), **options)
    return [[name for name, _ in part.layers] for part in result.context.offloaded]


def test_layers_by_name_and_by_type_are_gathered_and_run() -> None:
    case = OffloadCase(CHAIN, {"x": X}, {"d": X * 16}, offload=["b|c"], parts=[["b", "c"]], host=host())
    case.check()
    OffloadCase(CHAIN, {"x": X}, {"d": X * 16}, offload=["Toy"], parts=[["a", "b", "c", "d"]], host=host()).check()


def test_parts_that_feed_each_other_through_the_ir() -> None:
    model = b"toy a=x b=a c=a,b d=c,a -> d b"
    expected = {"d": ((X * 2 + X * 4) * 2 + X * 2) * 2, "b": X * 4}
    OffloadCase(model, {"x": X}, expected, offload=["a", "c|d"], parts=[["a"], ["c", "d"]], host=host()).check()


def test_several_results_and_open_dimensions() -> None:
    model = b"toy a=x b=a c=a -> b c of ?,3"
    feeds = np.concatenate([X, X + 1])
    OffloadCase(model, {"x": feeds}, {"b": feeds * 4, "c": feeds * 4}, offload=["b|a"], host=host()).check()


def test_what_cannot_be_converted_is_offloaded_on_demand() -> None:
    model = b"toy a=x b=Odd:a c=b d=Odd:c,a -> d"
    with pytest.raises(UnsupportedError):
        convert(model, host=host())
    expected = {"d": (X * 8 + X * 2) * 2}
    case = OffloadCase(model, {"x": X}, expected, unsupported=True, parts=[["b"], ["d"]], host=host())
    case.check()
    told = plan(model, host=host(), offload_unsupported=True)
    assert told.complete
    assert told.offloaded == {"b/offloaded": ["b"], "d/offloaded": ["d"]}
    assert {layer.name: layer.status for layer in told.layers} == {
        "a": "converted", "b": "offloaded", "c": "converted", "d": "offloaded",
    }  # fmt: skip
    assert any("needs Python at inference" in hint for hint in told.hints)


def test_a_part_grows_until_its_border_is_made_of_tensors() -> None:
    # Listed gives a list, which its reader would have to take from OpenVINO
    assert parts(b"toy a=x b=Listed:a c=b d=c -> d", offload=["c"]) == [["b", "c"]]


def test_a_result_that_cannot_leave_draws_its_readers_in() -> None:
    class Sequences(ToyFrontend):
        def submodel(self, graph: Any, nodes: Any, inputs: Any, outputs: Any) -> Any:
            self.says = "sequence" if outputs[0].producer.name == "b" else None
            return super().submodel(graph, nodes, inputs, outputs)

    assert parts(b"toy a=x b=a c=b d=c -> d", host(Sequences()), offload=["b"]) == [["b", "c"]]
    with pytest.raises(UnsupportedError, match="'b' is sequence, which OpenVINO cannot"):
        parts(b"toy a=x b=a -> b", host(Sequences()), offload=["b"])


def test_elements_of_less_than_a_byte_do_not_leave_a_part() -> None:
    frontend = ToyFrontend()
    frontend.says = TensorType(u4, (1, 3))
    with pytest.raises(UnsupportedError, match="a tensor of u4"):
        convert(CHAIN, host=host(frontend), offload=["d"])


@pytest.mark.parametrize(("shape", "expected"), [("1,3", "f32[1,3]"), ("?,3", "f32[?,?]")])
def test_an_unknown_rank_is_learned_by_running_the_part(shape: str, expected: str) -> None:
    frontend = ToyFrontend()
    frontend.says = TensorType(f32, None)
    result = convert(b"toy a=x b=a -> b of " + shape.encode(), host=host(frontend), offload=["a"])
    (node,) = [n for n in result.graph if n.op == "Offloaded"]
    assert node.attrs.gives == expected


def test_a_dimension_on_which_runs_differ_stays_open() -> None:
    frontend = ToyFrontend()
    frontend.says = TensorType(f32, None)
    result = convert(b"toy a=Positive:x -> a of 4,50", host=host(frontend), offload=["a"])
    (node,) = [n for n in result.graph if n.op == "Offloaded"]
    assert node.attrs.gives == "f32[4,?]"


def test_a_shape_rule_decides_first() -> None:
    from dragoman.hookspecs import ShapeRule

    plugins = host()
    held = plugins.shape_rules()
    rule = ShapeRule("Offloaded", lambda node: [TensorType(f32, (1, DYNAMIC))], "toy")
    plugins.shape_rules = lambda: {**held, ("toy", "Offloaded"): rule.function}  # type: ignore[method-assign]
    result = convert(b"toy a=x -> a", host=plugins, offload=["a"])
    assert repr(result.graph.outputs[0].type) == "f32[1,?]"


def test_a_framework_that_lies_about_a_shape_is_caught_at_inference() -> None:
    frontend = ToyFrontend()
    frontend.says = TensorType(f32, (1, 4))
    compiled = runtime.IrRunner(convert(CHAIN, host=host(frontend), offload=["d"]).openvino())
    with pytest.raises(PluginError, match=r"shape \[1, 3\]") as caught:
        compiled.run({"x": X})
    assert caught.value.code == "D612"


def test_a_pattern_without_layer_names_the_closest() -> None:
    with pytest.raises(UsageError, match="Toyy") as caught:
        convert(CHAIN, host=host(), offload=["a", "Toyy"])
    assert caught.value.code == "D110"
    assert "'Toy'" in caught.value.hint


def test_a_wrong_regular_expression_is_refused() -> None:
    with pytest.raises(UsageError, match="neither a layer type nor a regular expression") as caught:
        convert(CHAIN, host=host(), offload=["a("])
    assert caught.value.code == "D102"


def test_a_part_that_its_framework_refuses() -> None:
    with pytest.raises(UnsupportedError, match="1 layer cannot") as caught:
        convert(b"toy a=x b=Broken:a -> b", host=host(), offload_unsupported=True)
    assert caught.value.problems[0].what == "toy refuses Broken"


def test_a_front_end_that_cannot_offload_says_so() -> None:
    from dragoman.frontends.contract import Frontend

    class Plain(ToyFrontend):
        submodel = Frontend.submodel

    with pytest.raises(UnsupportedError) as caught:
        convert(CHAIN, host=host(Plain()), offload=["a"])
    assert caught.value.problems[0].what == "layers of toy models cannot be offloaded"


def test_layers_that_stay_are_converted_as_without_offload() -> None:
    result = convert(CHAIN, host=host(), offload=["b"])
    kinds = [n.op for n in result.graph if n.op not in (CONSTANT, "Constant", "Parameter")]
    assert kinds == ["Multiply", "Offloaded", "Multiply", "Multiply"]
    assert {p.name: (p.status, p.by) for p in result.layers} == {
        "a": ("converted", "toy"), "b": ("offloaded", "toy"), "c": ("converted", "toy"), "d": ("converted", "toy"),
    }  # fmt: skip


def test_the_report_tells_parts_layers_and_sizes() -> None:
    (section,) = convert(CHAIN, host=host(), offload=["b|c"]).sections()
    assert "Python" in section.title
    ((name, text),) = section.rows
    assert name == "b/offloaded"
    assert text.startswith("2 layers (Toy x2); ")
    assert text.endswith("a: f32[1,3] -> c: f32[1,3]")


def test_names_of_tensors_survive() -> None:
    result = convert(b"toy a=x b=a -> a b", host=host(), offload=["a"])
    assert result.graph.names_of_output(0) == ("a",)
    assert result.graph.names_of_output(1) == ("b",)


def saved(folder: Path, version: str = "1.0", **options: Any) -> Path:
    return convert(CHAIN, host=host(version=version), offload=["b"], **options).save(folder, "net")


def test_loading_without_the_plugin_names_it(tmp_path: Path) -> None:
    with pytest.raises(PluginError) as caught:
        runtime.load(saved(tmp_path), host=host(with_plugin=False))
    assert caught.value.code == "D610"
    assert "dragoman-toy" in caught.value.hint
    assert "b/offloaded" in caught.value.problems[0].where
    assert "toy (dragoman-toy 1.0)" in caught.value.problems[0].what


def test_loading_with_an_older_plugin_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PluginError) as caught:
        runtime.load(saved(tmp_path, "2.0"), host=host(version="1.9"))
    assert caught.value.code == "D611"
    assert caught.value.hint == "pip install 'dragoman-toy>=2.0'"


def test_loading_without_the_framework_tells_how_to_get_it(tmp_path: Path) -> None:
    xml = saved(tmp_path)
    frontend = ToyFrontend()
    frontend.lacking = "pip install toy"
    with pytest.raises(PluginError) as caught:
        runtime.load(xml, host=host(frontend))
    assert (caught.value.code, caught.value.hint) == ("D613", "pip install toy")


def test_one_runner_serves_all_requests_of_all_threads(tmp_path: Path) -> None:
    ToyFrontend.made = 0
    xml = saved(tmp_path)
    runner = runtime.IrRunner(xml, host())
    found: list[Any] = []

    def work(seed: int) -> None:
        given = X * seed
        found.extend(np.array_equal(runner.run({"x": given})["d"], given * 16) for _ in range(5))

    threads = [threading.Thread(target=work, args=(k,)) for k in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [True] * 30
    assert ToyFrontend.made == 1


def test_large_inputs_come_in_as_views(tmp_path: Path) -> None:
    class Looking(ToyFrontend):
        seen: list[Any]

        def submodel_runner(self, model: bytes) -> Any:
            run = super().submodel_runner(model)

            def look(arrays: Any) -> Any:
                self.seen = [(a.base is not None, a.flags.writeable, a.flags.c_contiguous) for a in arrays]
                return run(arrays)

            return look

    frontend = Looking()
    xml = convert(b"toy a=x b=a -> b of 1000,500", host=host(frontend), offload=["b"]).save(tmp_path, "net")
    runtime.IrRunner(xml, host(frontend)).run({"x": np.ones((1000, 500), np.float32)})
    assert frontend.seen == [(True, False, True)]


def test_a_model_reshaped_after_loading_runs(tmp_path: Path) -> None:
    model = runtime.load(saved(tmp_path), host=host())
    model.reshape({"x": [2, 3]})
    given = np.concatenate([X, X])
    assert np.array_equal(runtime.IrRunner(model).run({"x": given})["d"], given * 16)


@pytest.mark.parametrize(
    ("changes", "why"),
    [({"takes": "f32[1,3] f32[1,3]"}, "takes 2"), ({"takes": "i64[1,3]"}, "takes i64"), ({"gives": "float"}, "f32")],
)
def test_an_op_with_other_operands_than_its_sub_model_is_refused(changes: dict[str, str], why: str) -> None:
    from dragoman.builder import Builder
    from dragoman.graph.graph import Graph

    op = Builder(Graph("g"), host().op_registry())
    x = op.parameter(f32, (1, 3), "x")
    given = {"framework": "toy", "plugin": "toy", "takes": "f32[1,3]", "gives": "f32[1,3]", **changes}
    with pytest.raises(InferError, match=why):
        op.add(Offloaded(**given), [op.constant([1], "u8"), x])


def test_results_follow_from_operands_within_what_the_sub_model_takes() -> None:
    op = Offloaded(framework="toy", plugin="toy", takes="f32[?,3]", gives="f32[1,?]")
    model = TensorType(f32, (8,))
    assert repr(op.infer(model, TensorType(f32, (2, 3)))[0]) == "f32[1,?]"
    assert repr(op.infer(model, TensorType(f32, (2, 4)))[0]) == "f32[?,?]"


def test_errors_of_other_stages_are_not_hidden() -> None:
    with pytest.raises(DragomanError) as caught:
        convert(b"toy a=x -> a", host=host(), offload=["a"], outputs=["nothing"])
    assert caught.value.code == "D110"


def test_layers_that_nobody_reads_are_left_alone() -> None:
    graph = source("a=x dead=a b=a", "b")
    nodes = named(graph)
    assert fold(graph, [[nodes["dead"]]], lambda *given: None) == []
    (part,) = fold(graph, [[nodes["a"], nodes["dead"]]], lambda *given: None)
    assert [v.label for v in part.results] == ["a"]


def test_parts_that_are_folded_and_unfolded_leave_the_graph_as_it_was() -> None:
    graph = source("a=x b=a u=a c=b,5 d=c,u e=d f=e,a", "c f")
    nodes = named(graph)

    def wiring() -> Any:
        return {n.name: [v.label for v in n.inputs if v is not None] for n in graph}, [v.label for v in graph.outputs]

    before = wiring()
    made = fold(graph, clusters(graph, [nodes[n] for n in "abcef"]), lambda *given: None)
    assert [[n.name for n in part.nodes] for part in made] == [["a", "b", "c"], ["e", "f"]]
    assert len(graph) == 6
    unfold(graph, made)
    assert wiring() == before
    assert all((user, slot) in v.uses for user in graph for slot, v in enumerate(user.inputs) if v is not None)
