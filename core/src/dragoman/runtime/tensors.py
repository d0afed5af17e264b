"""Tensors of the runtime as numpy arrays of the declared element types, and back.

The CPU plugin computes in fewer types than IR has: i64, i16 and their unsigned forms reach an op as i32, boolean as u8,
f16 and f64 as f32. What an op declared is put right here; arrays are views wherever nothing has to change.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from dragoman.errors import PluginError
from dragoman.graph.tensor import pack, unpack
from dragoman.graph.types import DType, dtype
from dragoman.lazy import np

if TYPE_CHECKING:
    import openvino

    from dragoman.graph.tensor import Array

#: bool < integers < floats: a result may be of its declared kind or of one before
_KINDS = {"b": 0, "i": 1, "u": 1, "f": 2, "V": 2}


def import_openvino() -> Any:
    """The ``openvino`` module; PluginError D607 with the pip line when it is not installed."""
    try:
        import openvino
    except ImportError as error:
        raise PluginError(
            "D607", "the OpenVINO runtime is not installed", str(error), "pip install 'dragoman[runtime]'"
        ) from error
    return openvino


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


def carried(kind: DType) -> bool:
    """An op in Python can have inputs and outputs of the type: its elements are whole bytes, or strings."""
    return kind.kind == "string" or (kind.bits >= 8 and not kind.is_dynamic)


def reader(kind: DType) -> Callable[[openvino.Tensor], Array]:
    """A function that gives a tensor as a read-only array of the declared type: a view, where that is enough."""
    if kind.kind == "string":
        return from_tensor
    wanted = kind.numpy
    boolean = kind.kind == "bool"

    def read(tensor: openvino.Tensor) -> Array:
        data: Array = tensor.data
        if data.dtype != wanted or data.dtype.itemsize == 2:
            data = _as_stored(tensor, data)
            if boolean and data.dtype.itemsize == 1:
                # any byte may stand for true, and numpy trusts that a true is 1
                data = data.view(wanted) if not data.size or data.max() <= 1 else data != 0
            elif data.dtype != wanted:
                data = data.astype(wanted)
        data.setflags(write=False)
        return data

    return read


def _as_stored(tensor: openvino.Tensor, data: Array) -> Array:
    """The elements as what they are: the runtime shows bf16 as float16 and 8-bit floats as bytes."""
    if data.dtype.kind not in "fu" or data.dtype.itemsize > 2:
        return data
    held = dtype(tensor.get_element_type().get_type_name())
    return data.view(held.numpy) if held.is_float else data


def write(tensor: openvino.Tensor, result: Any, kind: DType) -> None:
    """Copy a result into an output tensor, once; TypeError or ValueError when its elements are not of that type."""
    array = np.asarray(result, object) if kind.kind == "string" else np.asarray(result)
    tensor.shape = array.shape
    if kind.kind == "string":
        tensor.str_data = array.astype(str)
        return
    if array.dtype != kind.numpy:
        check_elements(array, kind)
    data = tensor.data
    if data.dtype != kind.numpy or data.dtype.itemsize == 2:
        data = _as_stored(tensor, data)
        if data.dtype != kind.numpy:
            array = _fitted(array, kind, data)
    np.copyto(data, array, casting="unsafe")


def _fitted(array: Array, kind: DType, data: Array) -> Array:
    """A result that is stored as another type than the declared one; ValueError for numbers beyond it."""
    if kind.is_float:  # rounded as is declared
        return array if kind.bits > 32 else array.astype(kind.numpy, copy=False)
    if kind.is_integer and kind.bits >= 32 and array.size:
        bounds = np.iinfo(data.dtype)
        if int(array.min()) < bounds.min or int(array.max()) > bounds.max:
            raise ValueError(
                f"numbers from {array.min()} to {array.max()} were returned, and what reads them is computed in "
                f"{data.dtype}, which OpenVINO's CPU plugin has in place of {kind}"
            )
    return array


def check_elements(array: Array, kind: DType) -> None:
    """TypeError where elements would lose what they say: a float for an integer, a number out of range."""
    given = _KINDS.get(array.dtype.kind)
    if given is None or given > {"bool": 0, "int": 1, "uint": 1, "float": 2}[kind.kind]:
        raise TypeError(f"an array of {array.dtype} was returned, and {kind} is declared")
    if kind.is_integer and given == 1 and array.size and not np.can_cast(array.dtype, kind.numpy, "safe"):
        bounds = np.iinfo(kind.numpy)
        if int(array.min()) < bounds.min or int(array.max()) > bounds.max:
            raise ValueError(f"numbers from {array.min()} to {array.max()} were returned, and {kind} is declared")
