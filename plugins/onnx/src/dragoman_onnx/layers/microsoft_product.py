"""Matrix products of com.microsoft with quantized sides: blocks of a few bits, 8 and 16 bits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dragoman.builder import Builder
from dragoman.frontends.extract import Extractors, Layer
from dragoman.graph.graph import Value
from dragoman.graph.tensor import BytesTensor, FileTensor, MemoryTensor, Tensor
from dragoman.graph.types import DType, f32, i32, u2, u4, u8
from dragoman.lazy import np
from dragoman_onnx.layers.quantization import dynamic_quantize_linear, keep_activations
from dragoman_onnx.layers.quantized import centred, rows
from dragoman_onnx.layers.sizes import converted, known_dim

if TYPE_CHECKING:
    from dragoman.graph.tensor import Array

layers = Extractors("onnx")

PACKED: dict[int, DType] = {2: u2, 4: u4, 8: u8}
#: accuracy_level of a product whose left side may be quantized
_ROUGH = 4
#: rows of products of two 8-bit halves whose sum f32 still holds exactly
_EXACT_ROWS = 256


def unpacked(layer: Layer, value: Value, kind: DType, shape: list[int], what: str) -> Tensor:
    """The bytes of a constant read as numbers of fewer bits, the first in the lowest; nothing is copied."""
    tensor = value.tensor
    if tensor is None or tensor.nbytes != kind.nbytes(_count(shape)):
        raise layer.refuse(f"{what} must be a constant of {shape} numbers", "make it an initializer")
    if isinstance(tensor, FileTensor):
        return FileTensor(tensor.source, tensor.offset, kind, shape)
    return BytesTensor(kind, shape, tensor.numpy().tobytes())


def _count(shape: list[int]) -> int:
    total = 1
    for size in shape:
        total *= size
    return total


def split_bits(data: Array, bits: int, count: int) -> Array:
    """The last axis of bytes as ``count`` numbers of fewer bits each, the first in the lowest."""
    shifts = np.arange(0, 8, bits, dtype=np.uint8)
    parts = (data[..., None] >> shifts) & ((1 << bits) - 1)
    return parts.reshape(*data.shape[:-1], -1)[..., :count].astype(np.uint8)


@layers("com.microsoft:MatMulNBits")
def matmul_n_bits(
    layer: Layer,
    op: Builder,
    a: Value,
    b: Value,
    scales: Value,
    zeros: Value | None = None,
    order: Value | None = None,
    bias: Value | None = None,
) -> Value:
    """MatMulNBits(A, B, scales, zero_points, g_idx, bias): A times weights (N, K) of blocks of 2, 4 or 8 bits."""
    n, k, block = layer.positive("N"), layer.positive("K"), layer.positive("block_size")
    bits = layer.get("bits", 4)
    if layer.get("accuracy_level", 0) != _ROUGH:
        keep_activations(layer)
    if bits not in PACKED or order is not None or layer.get("weight_prepacked", 0):
        raise layer.refuse(f"weights of {bits} bits, prepacked, or ordered by g_idx", "2, 4 and 8 bits are known")
    count = -(-k // block)
    weights = op.constant(unpacked(layer, b, PACKED[bits], [n, count, block], "B"))
    wide = op.Convert(weights, destination_type=a.dtype)
    centre = _zeros(layer, op, zeros, (n, count), bits, a.dtype)
    scale = op.Reshape(converted(op, scales, a.dtype), op.constant([n, count, 1]))
    whole = op.Reshape(op.Multiply(op.Subtract(wide, centre), scale), op.constant([n, count * block]))
    if count * block != k:
        whole = op.Slice(whole, op.constant([0]), op.constant([k]), op.constant([1]), op.constant([1]))
    y: Value = op.MatMul(a, whole, transpose_b=True)
    return y if bias is None else op.Add(y, bias)


def _zeros(layer: Layer, op: Builder, zeros: Value | None, shape: tuple[int, int], bits: int, kind: DType) -> Value:
    n, count = shape
    small = PACKED[bits]
    if zeros is None:
        centre = op.constant(MemoryTensor(np.full((1, 1, 1), 1 << (bits - 1), small.numpy), small))
    elif zeros.dtype is u8:
        found = layer.array(zeros, "zero_points")
        if found.size != n * small.nbytes(count):
            raise layer.refuse(f"{found.size} bytes of zero_points for {n} x {count} blocks", "the model is not valid")
        numbers = split_bits(found.reshape(n, -1), bits, count).reshape(n, count, 1)
        centre = op.constant(MemoryTensor(numbers.astype(small.numpy), small))
    else:
        centre = op.Reshape(zeros, op.constant([n, count, 1]))
    return converted(op, centre, kind)


@layers("com.microsoft:GatherBlockQuantized")
def gather_block_quantized(
    layer: Layer, op: Builder, data: Value, indices: Value, scales: Value, zeros: Value | None = None
) -> Value:
    """GatherBlockQuantized(data, indices, scales, zero_points): rows of a table of 4- or 8-bit blocks, made real."""
    bits, block = layer.get("bits", 4), layer.positive("block_size", 128)
    axis, along = layer.get("gather_axis", 0), layer.get("quantize_axis", 1)
    sizes = [known_dim(data, i) for i in range(data.rank or 0)]
    if data.dtype is not u8 or len(sizes) != 2 or None in sizes or axis % 2 or along % 2 != 1 or bits not in PACKED:
        raise layer.refuse("a table that is not of two dimensions of packed bytes", "export the table as float")
    n, width = sizes[0] or 0, (sizes[1] or 0) * 8 // bits
    if width % block:
        raise layer.refuse("a row that is not made of whole blocks", "export the table as float")
    count = width // block
    table = op.constant(unpacked(layer, data, PACKED[bits], [n, count, block], "data"))
    centre = _zeros(layer, op, zeros, (n, count), bits, scales.dtype)
    scale = op.Reshape(scales, op.constant([n, count, 1]))
    real = op.Multiply(op.Subtract(op.Convert(table, destination_type=scales.dtype), centre), scale)
    return op.Gather(op.Reshape(real, op.constant([n, width])), indices, op.constant(0))


@layers("com.microsoft:MatMulIntegerToFloat")
def matmul_integer_to_float(
    layer: Layer,
    op: Builder,
    a: Value,
    b: Value,
    a_scale: Value,
    b_scale: Value,
    a_zero: Value | None = None,
    b_zero: Value | None = None,
    bias: Value | None = None,
) -> Value:
    """MatMulIntegerToFloat(A, B, a_scale, b_scale, a_zero_point, b_zero_point, bias): A·B made real, plus the bias."""
    product = op.MatMul(centred(op, a, rows(op, a_zero)), centred(op, b, b_zero))
    scale = op.Multiply(converted(op, rows(op, a_scale) or a_scale, f32), converted(op, b_scale, f32))
    y = converted(op, op.Multiply(product, scale), b_scale.dtype)
    return y if bias is None else op.Add(y, bias)


@layers("com.microsoft:DynamicQuantizeMatMul")
def dynamic_quantize_matmul(
    layer: Layer,
    op: Builder,
    a: Value,
    b: Value,
    b_scale: Value,
    b_zero: Value | None = None,
    bias: Value | None = None,
) -> Value:
    """DynamicQuantizeMatMul(A, B, b_scale, b_zero_point, bias): A quantized over its range, then times B."""
    data, a_scale, a_zero = dynamic_quantize_linear(layer, op, a)
    return matmul_integer_to_float(layer, op, data, b, a_scale, b_scale, a_zero, b_zero, bias)


@layers("com.microsoft:MatMulInteger16")
def matmul_integer_16(layer: Layer, op: Builder, a: Value, b: Value) -> Value:
    """MatMulInteger16(A, B): the product of 16-bit integers in i32, by its halves of 8 bits."""
    depth = known_dim(a, -1)
    if depth is None or depth > _EXACT_ROWS:
        raise layer.refuse(f"a product over {depth} elements", f"up to {_EXACT_ROWS} are exact in the runtime")
    (a_high, a_low), (b_high, b_low) = _halves(op, a), _halves(op, b)

    def times(x: Value, y: Value) -> Value:
        return op.Convert(op.MatMul(x, y), destination_type=i32)

    middle = op.Add(times(a_high, b_low), times(a_low, b_high))
    upper = op.Multiply(times(a_high, b_high), op.constant(1 << 16, i32))
    return op.Add(op.Add(upper, op.Multiply(middle, op.constant(1 << 8, i32))), times(a_low, b_low))


def _halves(op: Builder, x: Value) -> tuple[Value, Value]:
    data = converted(op, x, f32)
    high = op.Floor(op.Divide(data, op.constant(256.0, f32)))
    return high, op.Subtract(data, op.Multiply(high, op.constant(256.0, f32)))
