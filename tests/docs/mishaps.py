"""How to run into the errors whose pages show a command: the files that must be there, by code."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from tests.core.runtime.models import scale_net, scaling

SETUP: dict[str, Callable[[Path], None]] = {}


def setup(*codes: str) -> Callable[[Callable[[Path], None]], Callable[[Path], None]]:
    """Register a function that prepares a folder."""

    def register(function: Callable[[Path], None]) -> Callable[[Path], None]:
        SETUP.update(dict.fromkeys(codes, function))
        return function

    return register


def convolution(scale: float = 1.0) -> onnx.ModelProto:
    """image -> Conv -> features -> Relu -> scores, with a dynamic batch."""
    weight = (np.random.default_rng(0).normal(size=(4, 3, 3, 3)) * scale).astype(np.float32)
    nodes = [
        helper.make_node("Conv", ["image", "weight"], ["features"], name="conv", pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["features"], ["scores"], name="relu"),
    ]
    return model(nodes, {"image": ["batch", 3, 8, 8]}, {"scores": ["batch", 4, 8, 8]}, {"weight": weight})


def model(
    nodes: list[onnx.NodeProto],
    inputs: dict[str, list[int | str]],
    outputs: dict[str, list[int | str]],
    constants: dict[str, np.ndarray] | None = None,
    *,
    opset: int = 17,
    domain: str = "",
) -> onnx.ModelProto:
    """A model of f32 inputs and outputs."""
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in inputs.items()],
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in outputs.items()],
        [numpy_helper.from_array(a, n) for n, a in (constants or {}).items()],
    )
    imports = [helper.make_opsetid("", opset), *([helper.make_opsetid(domain, 1)] if domain else [])]
    return helper.make_model(graph, opset_imports=imports, ir_version=8)


def put(folder: Path, proto: onnx.ModelProto, name: str = "model.onnx") -> None:
    """Write a model, valid or not."""
    (folder / name).write_bytes(proto.SerializeToString())


@setup(
    "D100",
    "D102",
    "D104",
    "D105",
    "D106",
    "D110",
    "D111",
    "D112",
    "D120",
    "D141",
    "D142",
    "D143",
    "D150",
    "D601",
    "D602",
)
def plain(folder: Path) -> None:
    put(folder, convolution())


@setup("D805")
def scaffolded(folder: Path) -> None:
    (folder / "acme").mkdir()


@setup("D103")
def wrong_config(folder: Path) -> None:
    plain(folder)
    (folder / "dragoman.toml").write_text('presision = "f16"\n')


@setup("D113")
def no_data(folder: Path) -> None:
    plain(folder)
    np.savez(folder / "data.npz")


@setup("D144")
def unknown_id(folder: Path) -> None:
    plain(folder)
    (folder / "rules.toml").write_text('[[replace]]\nid = "Postprocess"\n')


@setup("D145")
def wrong_anchor(folder: Path) -> None:
    plain(folder)
    (folder / "rules.toml").write_text('[[replace]]\nid = "FuseScale"\nkind = "scope"\n')


@setup("D614")
def extension_with_an_error(folder: Path) -> None:
    plain(folder)
    (folder / "acme.py").write_text('"""Rules."""\n\n\ndef rule(x)\n    return x\n')


@setup("D146")
def no_such_node(folder: Path) -> None:
    plain(folder)
    text = '[[replace]]\nname = "Box"\nstart = ["nope"]\nend = ["relu"]\nlayer = "Sigmoid"\n'
    (folder / "rules.toml").write_text(text)


@setup("D201")
def misspelt(folder: Path) -> None:
    plain(folder)


@setup("D202")
def a_folder(folder: Path) -> None:
    (folder / "models").mkdir()


@setup("D203")
def a_text(folder: Path) -> None:
    (folder / "notes.txt").write_text("hello" * 100)


@setup("D204")
def truncated(folder: Path) -> None:
    (folder / "short.onnx").write_bytes(convolution().SerializeToString()[:200])


@setup("D205")
def no_side_file(folder: Path) -> None:
    onnx.save(convolution(), folder / "big.onnx", save_as_external_data=True, location="weights.bin", size_threshold=0)
    (folder / "weights.bin").unlink()


@setup("D206")
def side_file_elsewhere(folder: Path) -> None:
    proto = convolution()
    weight = proto.graph.initializer[0]
    weight.ClearField("raw_data")
    weight.data_location = TensorProto.EXTERNAL
    weight.external_data.add(key="location", value="../weights.bin")
    put(folder, proto)


@setup("D207")
def corrupt(folder: Path) -> None:
    data = convolution().SerializeToString()
    (folder / "model.onnx").write_bytes(data[:40] + b"\x07" * 10 + data[50:])


@setup("D208")
def nested(folder: Path) -> None:
    graph = _field(1, _field(2, b"y") + _field(4, b"Identity"))
    for _ in range(100):
        branch = _field(1, b"then_branch") + _field(6, graph)
        graph = _field(1, _field(4, b"If") + _field(5, branch))
    (folder / "model.onnx").write_bytes(b"\x08\x08" + _field(7, graph) + _field(8, b"\x10\x11"))


def _field(number: int, payload: bytes) -> bytes:
    size, length = b"", len(payload)
    while length > 127:
        size += bytes([length & 127 | 128])
        length >>= 7
    return bytes([number << 3 | 2]) + size + bytes([length]) + payload


@setup("D209")
def newer(folder: Path) -> None:
    proto = convolution()
    proto.ir_version = 99
    put(folder, proto)


@setup("D210")
def dangling(folder: Path) -> None:
    put(folder, model([helper.make_node("Relu", ["missing"], ["y"], name="relu")], {"x": [1]}, {"y": [1]}))


@setup("D211")
def pointer(folder: Path) -> None:
    (folder / "model.onnx").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 1\n")


@setup("D212")
def wrong_length(folder: Path) -> None:
    proto = convolution()
    proto.graph.initializer[0].dims[0] = 5
    put(folder, proto)


@setup("D305")
def complex_numbers(folder: Path) -> None:
    node = helper.make_node("Identity", ["c"], ["y"])
    put(folder, model([node], {}, {"y": [1]}, {"c": np.zeros(1, np.complex64)}))


@setup("D301")
def unknown_layers(folder: Path) -> None:
    nodes = [
        helper.make_node("SoftClip", ["x"], ["a"], name="head/clip", domain="acme"),
        helper.make_node("Route", ["a"], ["b"], name="route", domain="acme"),
        helper.make_node("SoftClip", ["b"], ["y"], name="tail/clip", domain="acme"),
    ]
    put(folder, model(nodes, {"x": [1]}, {"y": [1]}, domain="acme"))


@setup("D302")
def training(folder: Path) -> None:
    constants = {"r": np.float32(0.5), "t": np.bool_(True)}
    node = helper.make_node("Dropout", ["x", "r", "t"], ["y"], name="drop")
    put(folder, model([node], {"x": [4]}, {"y": [4]}, constants))  # type: ignore[arg-type]


@setup("D303")
def future_opset(folder: Path) -> None:
    put(folder, model([helper.make_node("Relu", ["x"], ["y"])], {"x": [4]}, {"y": [4]}, opset=99))


@setup("D304")
def sequence(folder: Path) -> None:
    proto = model([helper.make_node("SequenceConstruct", ["x"], ["y"], name="seq")], {"x": [4]}, {})
    kind = helper.make_sequence_type_proto(helper.make_tensor_type_proto(TensorProto.FLOAT, [4]))
    proto.graph.output.append(helper.make_value_info("y", kind))
    put(folder, proto)


@setup("D401")
def contradiction(folder: Path) -> None:
    node = helper.make_node("Add", ["x", "z"], ["y"], name="sum")
    put(folder, model([node], {"x": [4], "z": [3]}, {"y": [4]}))


@setup("D701")
def other_weights(folder: Path) -> None:
    import dragoman

    put(folder, convolution())
    dragoman.convert(convolution(1.01)).save(folder / "out", "other")


@setup("D801")
def a_file_in_the_way(folder: Path) -> None:
    put(folder, convolution())
    (folder / "file").write_text("")


@setup("D404")
def unknown_shape(folder: Path) -> None:
    text = (
        'layer { name: "in" type: "Input" top: "data" input_param { shape { dim: 1 dim: 4 } } }\n'
        'layer { name: "clip" type: "SoftClip" bottom: "data" top: "out" soft_clip_param { limit: 2.5 } }\n'
    )
    (folder / "net.prototxt").write_text(text)


@setup("D213")
def no_text_beside(folder: Path) -> None:
    (folder / "model.caffemodel").write_bytes(b"\xa2\x06\x03\n\x01c")
    (folder / "deploy.prototxt").write_text('layer { name: "c" type: "ReLU" top: "c" }\n')


def custom_ir(folder: Path) -> None:
    """An IR with a custom op of acme 1.0, which is not installed."""
    put(folder, model([helper.make_node("Identity", ["x"], ["y0"])], {"x": [2, 3]}, {"y0": [2, 3]}))
    scale_net(scaling(), folder)


@setup("D610")
def no_runtime_op(folder: Path) -> None:
    custom_ir(folder)


def installed(folder: Path, version: str, compute: str) -> None:
    """acme, as pip would leave it."""
    (folder / "acme_plugin.py").write_text(
        "from dragoman.hookspecs import PluginInfo, RuntimeOp, hookimpl\n\n\n"
        f"def scale(attrs, x):\n    {compute}\n\n\n"
        "@hookimpl\ndef dragoman_plugin_info():\n    return PluginInfo('acme')\n\n\n"
        "@hookimpl\ndef dragoman_register_runtime_ops():\n    return [RuntimeOp('Scale', scale)]\n"
    )
    metadata = folder / f"dragoman_acme-{version}.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: dragoman-acme\nVersion: {version}\n")
    (metadata / "entry_points.txt").write_text("[dragoman.plugins]\nacme = acme_plugin\n")


@setup("D611")
def older_plugin(folder: Path) -> None:
    custom_ir(folder)
    installed(folder, "0.9", "return 3 * x")


@setup("D612")
def failing_runtime_op(folder: Path) -> None:
    custom_ir(folder)
    installed(folder, "1.0", "return x[attrs['factor']]")


@setup("D307")
def sequence_out_of_a_part(folder: Path) -> None:
    nodes = [helper.make_node("SplitToSequence", ["x", "n"], ["parts"], name="split")]
    proto = model(nodes, {"x": [4]}, {})
    proto.graph.input.append(helper.make_tensor_value_info("n", TensorProto.INT64, []))
    proto.graph.output.append(helper.make_tensor_sequence_value_info("parts", TensorProto.FLOAT, None))
    put(folder, proto)


@setup("D613")
def no_onnxruntime(folder: Path) -> None:
    put(folder, convolution())
    (folder / "onnxruntime.py").write_text("raise ImportError(\"No module named 'onnxruntime'\")\n")
