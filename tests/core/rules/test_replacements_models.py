"""What a user's file puts in the place of sub-graphs, in models of ONNX and Caffe, against their own numbers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from tests.core.rules.replaced import ROOTS, X, node, onnx_model, onnxruntime_of, openvino_of, ops_of, replaced
from tests.onnx.support import model_of, port

import dragoman
from dragoman.errors import DragomanError
from dragoman_sdk.caffe_model import save_net

CLIPS = [node("Min", "x hi", "a"), node("Max", "a lo", "y")]
CLAMP = 'op = "Clamp"\nattributes = {min = {from = "lo"}, max = {from = "hi"}}'
ALPHA = 'op = "Elu"\nattributes = {alpha = {from = "e", attribute = "alpha"}}'
ELU = [node("Elu", "x", "y", "elu", alpha=0.25)]
RELUS = [node("Relu", "x", "a", "one"), node("Relu", "a", "b", "two"), node("Relu", "b", "y", "three")]
TWICE = [node("Add", "x x", "y", "sum")]


@pytest.mark.parametrize(
    ("nodes", "constants", "text", "ops"),
    [
        (
            CLIPS,
            {"hi": 1.5, "lo": -0.5},
            'pattern = "Max(Min(x, constant(hi)), constant(lo))"\n' + CLAMP,
            ["Clamp"],
        ),
        (CLIPS, {"hi": [1.5], "lo": -0.5},
            'phase = "simplify"\npattern = "low = Minimum(x, constant(hi))\\nMaximum(low, constant(lo))"\n' + CLAMP,
            ["Clamp"]),
        (ROOTS, {}, 'pattern = "Sqrt(Mul(x, x))"\nop = "Abs"', ["Abs"]),
        (ROOTS, {}, 'scopes = ["abs"]\nop = "Abs"', ["Abs"]),
        (ROOTS, {}, 'scopes = ["abs"]\nlayer = "Abs"', ["Abs"]),
        (ROOTS, {}, 'scopes = ["abs"]\nphase = "simplify"\nop = "Abs"', ["Abs"]),
        (ROOTS, {}, 'start = ["abs/square"]\nend = ["abs/root"]\nop = "Abs"', ["Abs"]),
        (RELUS, {}, 'start = ["one"]\nend = ["three"]\nop = "Relu"', ["Relu"]),
        (RELUS, {}, 'start = ["one"]\nend = ["three"]\ninclude_start = false\nop = "Abs"', ["Relu", "Abs"]),
        (RELUS, {}, 'start = ["one"]\nend = ["three"]\ninclude_end = false\nop = "Relu"', ["Relu", "Relu"]),
        (ELU, {}, 'pattern = "e = Elu(x)"\n' + ALPHA, ["Elu"]),
        (ELU, {}, 'pattern = "Elu(x, alpha=0.25)"\nlayer = "Elu"\nattributes = {alpha = 0.25}', ["Elu"]),
        (TWICE, {}, 'pattern = "Add(x, x)"\nop = "Multiply"\ninputs = ["x", 2.0]', ["Multiply"]),
        (TWICE, {}, 'scopes = ["sum"]\nop = "Multiply"\ninputs = [2.0, "sum:0"]', ["Multiply"]),
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", [np.float32, np.float16])
def test_the_numbers_are_those_of_onnxruntime(
    nodes: list[onnx.NodeProto], constants: Any, text: str, ops: list[str], kind: Any, tmp_path: Path
) -> None:
    model = onnx_model(nodes, kind=kind, **constants)
    x = X.astype(kind)
    result = replaced(model, tmp_path, f"[[replace]]\n{text}\n", skip=["RemoveIdentity"])
    assert ops_of(result) == ops
    np.testing.assert_allclose(openvino_of(result, x), onnxruntime_of(model, x), rtol=2e-6)


def test_outputs_of_a_node_are_replaced_in_their_order(tmp_path: Path) -> None:
    nodes = [helper.make_node("Split", ["x"], ["a", "b"], axis=1, num_outputs=2), node("Sub", "a b", "y")]
    model = model_of(nodes, [port("x", np.float32, [4, 6])], [port("y", np.float32, [4, 3])], opset=18)
    text = '[[replace]]\npattern = "Split(x)"\nop = "VariadicSplit"\ninputs = ["x", 1, [2, 4]]\n'
    with pytest.raises(DragomanError, match=r"Subtract|broadcast|shape"):
        replaced(model, tmp_path, text)
    result = replaced(model, tmp_path, text.replace("[2, 4]", "[3, 3]"))
    np.testing.assert_array_equal(openvino_of(result, X), onnxruntime_of(model, X))


def test_a_layer_that_a_replacement_reads_stays(tmp_path: Path) -> None:
    nodes = [node("Neg", "x", "n"), node("Abs", "n", "a"), node("Relu", "a", "y")]
    text = '[[replace]]\npattern = """\nn = Neg(x)\nRelu(Abs(n))"""\nop = "Abs"\ninputs = ["n"]\n'
    result = replaced(onnx_model(nodes), tmp_path, text)
    assert ops_of(result) == ["Negative", "Abs"]
    np.testing.assert_array_equal(openvino_of(result, X), onnxruntime_of(onnx_model(nodes), X))


def test_a_replacement_that_changes_the_type_of_a_result_is_refused_after_extraction(tmp_path: Path) -> None:
    text = '[[replace]]\nphase = "simplify"\nscopes = ["abs"]\nop = "IsNaN"\n'
    with pytest.raises(DragomanError) as caught:
        replaced(onnx_model(ROOTS), tmp_path, text)
    assert caught.value.code == "D501"


def test_an_op_that_does_not_take_such_inputs_is_told(tmp_path: Path) -> None:
    for phase, code in (("source", "D302"), ("simplify", "D502")):
        with pytest.raises(DragomanError) as caught:
            replaced(
                onnx_model(ROOTS), tmp_path, f'[[replace]]\nphase = "{phase}"\nscopes = ["abs"]\nop = "LogicalNot"\n'
            )
        assert caught.value.code == code
        assert "LogicalNot" in str(caught.value)


def test_a_constant_of_the_scope_that_others_read_stays_for_them(tmp_path: Path) -> None:
    nodes = [node("Mul", "x abs/two", "s", "abs/twice"), node("Add", "s abs/two", "y", "add")]
    model = onnx_model(nodes, **{"abs/two": 2.0})
    result = replaced(model, tmp_path, '[[replace]]\nscopes = ["abs"]\nop = "Add"\ninputs = ["twice:0", "twice:0"]\n')
    np.testing.assert_array_equal(openvino_of(result, X), onnxruntime_of(model, X))


def test_the_node_of_a_tensor_is_named_to_who_writes_the_tensor(tmp_path: Path) -> None:
    text = '[[replace]]\nstart = ["s"]\nend = ["abs/root"]\nop = "Abs"\n'
    with pytest.raises(DragomanError, match="'abs/square' makes") as caught:
        replaced(onnx_model(ROOTS), tmp_path, text)
    assert caught.value.code == "D146"


def test_names_of_tensors_survive_a_replacement(tmp_path: Path) -> None:
    result = replaced(onnx_model(ROOTS), tmp_path, '[[replace]]\nscopes = ["abs"]\nop = "Abs"\n')
    assert result.graph.names_of_output(0) == ("y",)


def test_a_scope_inside_a_body_is_found(tmp_path: Path) -> None:
    yes = helper.make_graph(ROOTS, "yes", [], [port("y", np.float32, [4, 6])])
    no = helper.make_graph([node("Neg", "x", "z")], "no", [], [port("z", np.float32, [4, 6])])
    model = model_of(
        [helper.make_node("If", ["c"], ["out"], then_branch=yes, else_branch=no)],
        [port("x", np.float32, [4, 6]), port("c", TensorProto.BOOL, [])],
        [port("out", np.float32, [4, 6])],
    )
    result = replaced(model, tmp_path, '[[replace]]\nscopes = ["abs"]\nop = "Abs"\n')
    import openvino

    compiled = openvino.Core().compile_model(result.openvino(), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    found = next(iter(compiled({"x": X, "c": np.array(True)}).values()))
    np.testing.assert_array_equal(found, np.sqrt(X * X))
    assert "Abs" in str([n.op for b in next(n for n in result.graph if n.bodies).bodies.values() for n in b])


POWERS = """
input: "data" input_shape { dim: 4 dim: 6 }
layer { name: "abs/square" type: "Power" bottom: "data" top: "a" power_param { power: 2 } }
layer { name: "abs/root" type: "Power" bottom: "a" top: "b" power_param { power: 0.5 } }
layer { name: "act" type: "ELU" bottom: "b" top: "b" elu_param { alpha: 0.5 } }
"""
PATTERN = 'pattern = \'Power(Power(x, {"power_param.power": 2.0}), {"power_param.power": 0.5})\'\n'


@pytest.mark.parametrize("what", ['layer = "AbsVal"', 'op = "Abs"'])
@pytest.mark.parametrize("anchor", [PATTERN, 'scopes = ["abs"]\n', 'start = ["abs/square"]\nend = ["abs/root"]\n'])
def test_a_caffe_net_gives_the_numbers_that_it_gives_without(anchor: str, what: str, tmp_path: Path) -> None:
    prototxt, _ = save_net(tmp_path, POWERS, {}, "net")
    plain = dragoman.convert(prototxt)
    result = replaced(prototxt, tmp_path, f"[[replace]]\n{anchor}{what}\n")
    assert ops_of(result) == ["Abs", "Elu"]
    assert ops_of(plain) != ["Abs", "Elu"]
    np.testing.assert_allclose(openvino_of(result, X), openvino_of(plain, X), rtol=1e-6)


def test_an_attribute_of_a_caffe_layer_goes_to_the_op(tmp_path: Path) -> None:
    prototxt, _ = save_net(tmp_path, POWERS, {}, "net")
    text = (
        '[[replace]]\npattern = "e = ELU(x)"\nop = "Elu"\n'
        'attributes = {alpha = {from = "e", attribute = "elu_param.alpha"}}\n'
    )
    result = replaced(prototxt, tmp_path, text)
    np.testing.assert_allclose(openvino_of(result, X), openvino_of(dragoman.convert(prototxt), X), rtol=1e-6)


EXTENSION = '''
from dragoman.graph.types import TensorType
from dragoman.hookspecs import RuntimeOp, hookimpl
from dragoman.ops.define import Float, In, Op, op
from dragoman.rules.anchors import ScopeRule


@op("SoftClip", "extension")
class SoftClip(Op):
    """limit * tanh(x / limit)."""

    x = In("T")
    limit = Float()

    def infer(self, x):
        return TensorType(x.dtype, x.shape)


class Clipping(ScopeRule):
    id = "Clip"
    needs_file = True

    def replace(self, op, region):
        return op.make("@openvino", region.inputs[0], type="SoftClip", operands=[(0, None)],
                       attributes={"limit": self.attributes["limit"]})


@hookimpl
def dragoman_register_ops():
    return [SoftClip]


@hookimpl
def dragoman_register_rules():
    return [Clipping()]


@hookimpl
def dragoman_register_runtime_ops():
    import numpy as np

    def compute(attrs, x):
        limit = np.float32(attrs.limit)
        return np.tanh(x / limit) * limit

    return [RuntimeOp("SoftClip", compute)]
'''
SOFT = [node("Div", "x limit", "a", "clip/divide"), node("Tanh", "a", "b", "clip/tanh"),
        node("Mul", "b limit", "y", "clip/multiply")]  # fmt: skip
LEGACY = [
    {
        "id": "Clip",
        "match_kind": "scope",
        "instances": [".*clip/"],
        "inputs": [[{"node": "divide$", "port": 0}]],
        "outputs": [{"node": "multiply$", "port": 0}],
        "custom_attributes": {"limit": 2.0},
    }
]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("r.toml", '[[replace]]\nscopes = ["clip"]\nop = "SoftClip"\nattributes = {limit = {from = "limit"}}\n'),
        ("r.toml", '[[replace]]\nscopes = ["clip"]\nop = "SoftClip"\nattributes = {limit = 2}\n'),
        ("r.json", json.dumps(LEGACY)),
    ],
)
def test_an_op_or_a_rule_of_a_file_takes_the_place_and_runs(name: str, text: str, tmp_path: Path) -> None:
    (tmp_path / "acme.py").write_text(EXTENSION)
    (tmp_path / name).write_text(text)
    model = onnx_model(SOFT, limit=2.0)
    result = dragoman.convert(model, extensions=[tmp_path / "acme.py"], replacements=tmp_path / name)
    assert ops_of(result) == ["SoftClip"]
    np.testing.assert_allclose(openvino_of(result, X), onnxruntime_of(model, X), rtol=1e-5)
