"""The bridge to the OpenVINO runtime; the only place in the core that imports it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dragoman.errors import PluginError
from dragoman.graph.tensor import pack, unpack
from dragoman.graph.types import dtype
from dragoman.lazy import np

if TYPE_CHECKING:
    import openvino

    from dragoman.graph.tensor import Array


def import_openvino() -> Any:
    """The ``openvino`` module; PluginError D607 with the pip line when it is not installed."""
    try:
        import openvino
    except ImportError as error:
        raise PluginError(
            "D607", "the OpenVINO runtime is not installed", str(error), "pip install 'dragoman[runtime]'"
        ) from error
    return openvino


def core_with(extensions: Iterable[type] = ()) -> openvino.Core:
    """A runtime core that knows further ops, given as ``openvino.Op`` classes."""
    core: openvino.Core = import_openvino().Core()
    for extension in extensions:
        core.add_extension(extension)
    return core


def model_of(xml: bytes, weights: bytes, extensions: Iterable[type] = ()) -> openvino.Model:
    """An ``openvino.Model`` from an IR pair in memory."""
    ov = import_openvino()
    # the runtime's own copy: a shared one would have to outlive the model
    blob = ov.Tensor(np.frombuffer(weights or b"\0", np.uint8))
    model: openvino.Model = core_with(extensions).read_model(xml, blob)
    return model


class IrRunner:
    """Runs an IR on the CPU in full precision (the plugin's default may be bf16)."""

    def __init__(self, model: str | Path | Any, extensions: Iterable[type] = ()) -> None:
        core = core_with(extensions)
        config = {"INFERENCE_PRECISION_HINT": "f32"}
        self.model = core.read_model(model) if isinstance(model, (str, Path)) else model
        self.compiled = core.compile_model(self.model, "CPU", config)

    def run(self, feeds: Mapping[str, Array]) -> dict[str, Array]:
        """Outputs by their first tensor name, for inputs by any of their names (or their position as text)."""
        request = self.compiled.create_infer_request()
        for index, port in enumerate(self.compiled.inputs):
            names = {*port.get_names(), port.get_node().get_friendly_name(), str(index)}
            name = next((n for n in feeds if n in names), None)
            if name is not None:
                request.set_tensor(port, to_tensor(feeds[name], port.get_element_type()))
        request.infer()
        out: dict[str, Array] = {}
        for index, port in enumerate(self.compiled.outputs):
            array = from_tensor(request.get_tensor(port))
            for name in sorted(port.get_names()) or [str(index)]:
                out[name] = array
        return out


def to_tensor(array: Array, kind: openvino.Type) -> openvino.Tensor:
    """An array of unpacked elements as a runtime tensor of that element type (copied)."""
    ov = import_openvino()
    ours = dtype(kind.get_type_name())
    if ours.kind == "string":
        strings: openvino.Tensor = ov.Tensor(np.asarray(array).astype(str))
        return strings
    result: openvino.Tensor = ov.Tensor(kind, ov.Shape(list(array.shape)))
    if array.size:
        raw = np.frombuffer(pack(np.asarray(array, ours.numpy), ours), np.uint8)
        np.frombuffer(memoryview(result.data).cast("B"), np.uint8)[:] = raw
    return result


def from_tensor(tensor: openvino.Tensor) -> Array:
    """A copy of a runtime tensor, unpacked."""
    kind = dtype(tensor.get_element_type().get_type_name())
    shape = tuple(tensor.shape)
    if kind.kind == "string":
        return np.array(tensor.str_data, dtype=object).reshape(shape)
    data = np.array(tensor.data).reshape(-1).view(np.uint8).tobytes()[: tensor.byte_size]
    return np.array(unpack(data, kind, shape))


def checked_ir(path: str | Path) -> Path:
    """The path of an IR's ``.xml`` with its ``.bin`` beside it; SourceError D201 when either is missing."""
    from dragoman.files import missing_file

    xml = Path(path)
    for file in (xml, xml.with_suffix(".bin")):
        if not file.is_file():
            raise missing_file(file)
    return xml
