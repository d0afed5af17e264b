"""What a plugin gives through each hook arrives where it is used, in a real conversion."""

from __future__ import annotations

import json
import types
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click
import numpy as np
import onnx
import pytest
from onnx import helper
from tests.onnx.support import model_of, port

import dragoman
from dragoman.cli import build_cli
from dragoman.errors import AccuracyError, DragomanError, PluginError, UsageError
from dragoman.frontends.extract import Extractors
from dragoman.graph.types import TensorType
from dragoman.hookspecs import PluginInfo, Reference, RuntimeOp, Section, hookimpl
from dragoman.ops.define import Float, In, Op, op
from dragoman.options import Option
from dragoman.plugins import EntryPoint, PluginHost, installed_entry_points

X = np.linspace(-3, 3, 8, dtype=np.float32).reshape(2, 4)


def host(**hooks: Callable[..., Any]) -> PluginHost:
    """The installed plugins and one, called acme, with these hooks."""
    module = types.SimpleNamespace(dragoman_plugin_info=hookimpl(lambda: PluginInfo("acme", "a test plugin")))
    for name, function in hooks.items():
        setattr(module, name, hookimpl(function))
    return PluginHost([*installed_entry_points(), EntryPoint("acme", lambda: module, distribution="dist-acme")])


def softclip(domain: str = "acme") -> onnx.ModelProto:
    """y = SoftClip(x, limit=2) of a domain that nobody knows."""
    node = helper.make_node("SoftClip", ["x"], ["y"], name="clip", domain=domain, limit=2.0)
    return model_of([node], [port("x", np.float32, ["n", 4])], [port("y", np.float32, ["n", 4])], domains={domain: 1})


def relu() -> onnx.ModelProto:
    node = helper.make_node("Relu", ["x"], ["y"], name="relu")
    return model_of([node], [port("x", np.float32, ["n", 4])], [port("y", np.float32, ["n", 4])])


def cli(held: PluginHost, *arguments: str) -> Any:
    return build_cli(held).main(list(arguments), prog_name="dragoman", standalone_mode=False)


@op("SoftClip", "extension")
class SoftClip(Op):
    """limit * tanh(x / limit), computed by a plugin at inference time."""

    data = In("T")
    limit = Float(1.0)

    def infer(self, data: Any) -> TensorType:
        return TensorType(data.dtype, data.shape)


def extractors() -> list[Extractors]:
    layers = Extractors("onnx")
    layers("acme:SoftClip")(lambda layer, op, x: op.SoftClip(x, limit=layer.get("limit", 1.0)))
    return [layers]


def runtime_class() -> type:
    """The same for OpenVINO's CPU plugin."""
    import openvino as ov

    class SoftClip(ov.Op):  # type: ignore[misc]
        class_type_info = ov.DiscreteTypeInfo("SoftClip", "extension")

        def __init__(self, inputs: Any = None, limit: float = 1.0) -> None:
            super().__init__(self)
            self.limit = limit
            if inputs is not None:
                self.set_arguments(inputs)
                self.constructor_validate_and_infer_types()

        def validate_and_infer_types(self) -> None:
            self.set_output_type(0, self.get_input_element_type(0), self.get_input_partial_shape(0))

        def clone_with_new_inputs(self, inputs: Any) -> Any:
            return SoftClip(inputs, self.limit)

        def visit_attributes(self, visitor: Any) -> bool:
            held = {"limit": self.limit}
            visitor.on_attributes(held)
            self.limit = held["limit"]
            return True

        def has_evaluate(self) -> bool:
            return True

        def evaluate(self, outputs: Any, inputs: Any) -> bool:
            outputs[0].shape = inputs[0].shape
            outputs[0].data[:] = self.limit * np.tanh(inputs[0].data / self.limit)
            return True

    return SoftClip


def reference(model: Any, inputs: dict[str, Any], outputs: Sequence[str]) -> dict[str, Any]:
    """The formula itself, in place of a framework that knows the layer."""
    return {"y": (2 * np.tanh(inputs["x"] / 2)).astype(np.float32)}


def test_an_unknown_layer_is_offered_to_plugins() -> None:
    asked: list[str] = []

    def dragoman_unknown_layer(layer: Any, context: Any) -> Any:
        asked.append(layer.op)
        if layer.op != "acme:SoftClip":
            return None
        limit = layer.get("limit", 1.0)
        (x,) = layer.inputs
        return [layer.builder.Multiply(layer.builder.Tanh(layer.builder.Divide(x, limit)), limit)]

    held = host(dragoman_unknown_layer=dragoman_unknown_layer)
    compiled = _compiled(dragoman.convert(softclip(), host=held))
    np.testing.assert_allclose(compiled(X)[0], 2 * np.tanh(X / 2), rtol=1e-5)
    assert asked == ["acme:SoftClip"]
    assert dragoman.plan(softclip(), host=held).layers[0].by == "acme"
    with pytest.raises(DragomanError, match="other:SoftClip"):
        dragoman.convert(softclip("other"), host=held)


def test_a_custom_op_runs_in_openvino_with_its_runtime_implementation(tmp_path: Path) -> None:
    held = host(
        dragoman_register_ops=lambda: [SoftClip],
        dragoman_register_extractors=extractors,
        dragoman_register_runtime_ops=lambda: [RuntimeOp("SoftClip", make=runtime_class)],
    )
    result = dragoman.convert(softclip(), host=held)
    np.testing.assert_allclose(_compiled(result)(X)[0], 2 * np.tanh(X / 2), rtol=1e-6)


def test_a_runtime_op_that_cannot_be_made_names_its_plugin() -> None:
    held = host(
        dragoman_register_ops=lambda: [SoftClip],
        dragoman_register_extractors=extractors,
        dragoman_register_runtime_ops=lambda: [RuntimeOp("SoftClip", make=lambda: 1 / 0)],  # type: ignore[arg-type, return-value]
    )
    assert dragoman.convert(relu(), host=held).openvino() is not None
    with pytest.raises(PluginError) as caught:
        dragoman.convert(softclip(), host=held).openvino()
    assert (caught.value.code, "dist-acme" in caught.value.where) == ("D606", True)


@pytest.mark.parametrize("saved", [True, False])
def test_check_runs_the_source_with_a_reference_and_custom_ops_with_functions_of_a_plugin(
    tmp_path: Path, saved: bool
) -> None:
    wrong: list[float] = []

    def compute(attrs: SoftClip, x: Any) -> Any:
        return attrs.limit * np.tanh(x / attrs.limit) + sum(wrong)

    held = host(
        dragoman_register_ops=lambda: [SoftClip],
        dragoman_register_extractors=extractors,
        dragoman_register_runtime_ops=lambda: [RuntimeOp("SoftClip", compute)],
        dragoman_register_references=lambda: [Reference("onnx", "formula", reference, lambda: "")],
    )
    xml = dragoman.convert(softclip(), host=held).save(tmp_path, "m") if saved else None
    report = dragoman.check(softclip(), xml, host=held)
    assert (report.passed, report.reference) == (True, "formula")
    wrong.append(0.1)
    with pytest.raises(AccuracyError, match="D701"):
        dragoman.check(softclip(), xml, host=held)


def test_check_asks_the_next_reference_when_one_cannot_run_the_model_and_says_so(tmp_path: Path) -> None:
    seen: list[Any] = []

    def exact(model: Any, inputs: dict[str, Any], outputs: Sequence[str], options: Any) -> dict[str, Any]:
        seen.append(options["batch"])
        raise PluginError("D609", "exact cannot run the model: no clip", "m")

    def absent(options: Any) -> str:
        return "" if options["batch"] == 2 else "pip install exact"

    held = host(
        dragoman_register_ops=lambda: [SoftClip],
        dragoman_register_extractors=extractors,
        dragoman_register_runtime_ops=lambda: [RuntimeOp("SoftClip", make=runtime_class)],
        dragoman_register_references=lambda: [
            Reference("onnx", "exact", exact, absent), Reference("onnx", "formula", reference, lambda: "")
        ],
    )  # fmt: skip
    report = dragoman.check(softclip(), host=held, batch=2)
    assert (report.reference, report.notes, seen) == ("formula", ("exact cannot run the model: no clip",), [2])
    assert list(report.lines())[-1] == "note: exact cannot run the model: no clip"
    assert dragoman.check(softclip(), host=held, batch=3).notes == ()


def test_an_option_of_a_plugin_reaches_hooks_the_api_and_the_command_line(tmp_path: Path) -> None:
    seen: list[Any] = []

    def dragoman_register_options(framework: str) -> list[Option]:
        return [Option("tempo", "How fast.", parse=int, default=1)] if framework == "onnx" else []

    held = host(
        dragoman_register_options=dragoman_register_options,
        dragoman_conversion_finished=lambda result, context: seen.append(context.options["tempo"]),
    )
    dragoman.convert(relu(), host=held)
    dragoman.convert(relu(), host=held, tempo="3")
    onnx.save(relu(), tmp_path / "m.onnx")
    cli(held, "convert", str(tmp_path / "m.onnx"), "-o", str(tmp_path), "--tempo", "5", "-q")
    assert seen == [1, 3, 5]
    with pytest.raises(UsageError, match="tempo"):
        dragoman.convert(relu(), tempo=3)


def test_a_plugin_adds_a_command(capsys: pytest.CaptureFixture[str]) -> None:
    def dragoman_register_commands(cli: click.Group) -> None:
        @cli.command("greet", help="Say a word.")
        def greet() -> None:
            click.echo("hello")

    held = host(dragoman_register_commands=dragoman_register_commands)
    cli(held, "greet")
    assert capsys.readouterr().out == "hello\n"
    cli(held, "--help")
    assert "Say a word." in capsys.readouterr().out


def test_observers_see_every_stage_and_the_result() -> None:
    seen: list[str] = []
    held = host(
        dragoman_stage_finished=lambda stage, graph, context: seen.append(f"{stage} {len(graph)}"),
        dragoman_conversion_finished=lambda result: seen.append(result.name),
    )
    dragoman.convert(relu(), host=held)
    assert seen == ["load 2", "extract 2", "simplify 2", "target 2", "model"]


def test_a_section_of_a_plugin_is_in_the_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    onnx.save(relu(), tmp_path / "m.onnx")
    held = host(dragoman_report_sections=lambda result: [Section("Acme", (("layers", str(len(result.layers))),))])
    arguments = ("convert", str(tmp_path / "m.onnx"), "-o", str(tmp_path))
    cli(held, *arguments, "-v")
    assert "Acme\n  layers: 1\n" in capsys.readouterr().err
    cli(held, *arguments, "--json")
    assert json.loads(capsys.readouterr().out)["sections"] == {"Acme": {"layers": "1"}}


def _compiled(result: Any) -> Any:
    import openvino

    return openvino.Core().compile_model(result.openvino(), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
