"""Mutations of constants that stay consistent tensors: other numbers, ranks, sizes and element types."""

from __future__ import annotations

import random

import numpy as np
from onnx import TensorProto, ValueInfoProto, helper, numpy_helper

GIANTS = (0, 1, -1, 2, -2, 5, 127, 1000, 65536, 2**31 - 1, 2**31, -(2**31), 2**40, 2**62, 2**63 - 1, -(2**63))
FLOATS = (0.0, -1.0, 2.0, 1e-30, 1e30, float("nan"), float("inf"), float("-inf"))
#: elements up to which a tensor is made
FEW = 4096


def change_numbers(tensor: TensorProto, rng: random.Random) -> None:
    """Replace the tensor by a consistent one: other elements, rank, size or type."""
    try:
        array = numpy_helper.to_array(tensor)
    except Exception:  # an earlier edit broke it
        return
    edit = rng.randrange(8)
    if edit <= 2:
        array = other_elements(array, rng)
    elif edit == 3:
        array = array.reshape(rng.choice(((-1,), (1, -1), (-1, 1)))) if array.size else array
    elif edit == 4:
        array = array.reshape(-1)[: rng.choice((0, 1, max(0, array.size - 1)))]
    elif edit == 5 and 0 < array.size <= FEW:
        array = np.concatenate([array.reshape(-1)] * rng.choice((2, 3)))
    elif edit == 6:
        array = other_type(array, rng)
    else:
        array = np.zeros(rng.choice(((), (0,), (1, 0), (0, 3), (1,) * 9)), array.dtype)
    _store(tensor, array)


def other_elements(array: np.ndarray, rng: random.Random) -> np.ndarray:
    """Some or all elements become numbers that readers trip over."""
    if not array.size or array.dtype.kind not in "iufb":
        return array
    out = array.copy().reshape(-1)
    pool: tuple = GIANTS
    if array.dtype.kind == "f":
        pool = FLOATS
    elif array.dtype.kind != "b":
        limits = np.iinfo(array.dtype)
        pool = tuple(n for n in GIANTS if limits.min <= n <= limits.max)
    with np.errstate(over="ignore"):
        if rng.random() < 0.7:
            out[rng.randrange(out.size)] = rng.choice(pool)
        else:
            out[:] = rng.choice(pool)
    return out.reshape(array.shape)


def other_type(array: np.ndarray, rng: random.Random) -> np.ndarray:
    """The same elements as another element type."""
    kind = rng.choice(("float32", "float64", "float16", "int64", "int32", "int8", "uint8", "bool", "uint64", "str"))
    if kind == "str":
        return np.array([str(v) for v in array.flat], object).reshape(array.shape)
    with np.errstate(all="ignore"):
        try:
            return array.astype(kind)
        except (TypeError, ValueError):  # texts that are no numbers
            return array


def constant_for(port: ValueInfoProto, rng: random.Random) -> TensorProto | None:
    """A constant for a graph input: of its type and shape, small numbers; None for what is no plain tensor."""
    kind = port.type.tensor_type.elem_type
    if not port.type.HasField("tensor_type") or kind not in (1, 2, 3, 6, 7, 9, 10, 11):
        return None
    dims = [d.dim_value if d.dim_value > 0 else 2 for d in port.type.tensor_type.shape.dim]
    if np.prod([float(d) for d in dims]) > FEW:
        dims = dims[:1] if dims[0] < FEW else []
    array = np.array([rng.randrange(-1, 4) for _ in range(int(np.prod(dims)))]).reshape(dims)
    array = array.astype(helper.tensor_dtype_to_np_dtype(kind))
    if rng.random() < 0.3:
        array = other_elements(array, rng)
    return numpy_helper.from_array(array, port.name)


def break_tensor(tensor: TensorProto, rng: random.Random) -> None:
    """Let the parts of a tensor disagree."""
    edit = rng.randrange(4)
    if edit == 0:
        tensor.data_type = rng.randrange(0, 30)
    elif edit == 1 and tensor.dims:
        tensor.dims[rng.randrange(len(tensor.dims))] = rng.choice(GIANTS)
    elif edit == 2 and len(tensor.dims) >= 2:
        tensor.dims[:] = tensor.dims[::-1]
    elif tensor.raw_data:
        raw = bytearray(tensor.raw_data)
        raw[rng.randrange(len(raw))] = rng.randrange(256)
        tensor.raw_data = bytes(raw)


def _store(tensor: TensorProto, array: np.ndarray) -> None:
    try:
        made = numpy_helper.from_array(np.ascontiguousarray(array).reshape(array.shape), tensor.name)
    except (TypeError, ValueError, KeyError, NotImplementedError):  # an element type that numpy has and ONNX has not
        return
    tensor.CopyFrom(made)
