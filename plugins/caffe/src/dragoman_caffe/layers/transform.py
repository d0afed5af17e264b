"""SpatialTransformer and CTCGreedyDecoder of text recognition; Mean, DataAugmentation and PowerFile of input data.

Behaviour: Intel's training_toolbox_caffe ``st_layer.cpp`` (of daerduoCarey/SpatialTransformerLayer),
``ctc_decoder_layer.cpp``, ``power_file_layer.cpp``; lmb-freiburg/flownet2 ``mean_layer.cpp``,
``data_augmentation_layer.cu``.
"""

from __future__ import annotations

from dragoman.builder import Builder
from dragoman.frontends.extract import Extractors, Layer
from dragoman.graph.graph import Value
from dragoman.graph.types import f32, i64
from dragoman.lazy import np
from dragoman_caffe.blobs import blob, blobs, expect
from dragoman_caffe.shapes import channels, count, rank_of

layers = Extractors("caffe")


@layers("SpatialTransformer")
def spatial_transformer(layer: Layer, op: Builder, x: Value, theta: Value) -> Value:
    """x sampled, bilinear and 0 outside, where each image's 2 x 3 matrix takes (row, column, 1) of the top.

    Rows and columns run from -1 up to but without 1, in the top and in x.
    """
    rank_of(layer, x, 4)
    kinds = layer.get("st_param.transform_type", "affine"), layer.get("st_param.sampler_type", "bilinear")
    if kinds != ("affine", "bilinear"):
        raise layer.refuse(f"transform_type {kinds[0]}, sampler_type {kinds[1]}", "Caffe has affine and bilinear only")
    if fixed := [f"theta_{i}_{j}" for i in (1, 2) for j in (1, 2, 3) if layer.has(f"st_param.theta_{i}_{j}")]:
        raise layer.refuse(f"{', '.join(fixed)} in the prototxt", "Caffe reads it on the GPU and not on the CPU")
    layer.ignore("st_param.to_compute_dU")
    if count(theta, 1) not in (6, None):
        raise layer.refuse(f"a theta of the shape {list(theta.shape or ())}", "it has 6 numbers for each image")
    size = [channels(layer, x, axis) for axis in (2, 3)]
    rows, columns = (layer.positive(f"st_param.output_{side}", n) for side, n in zip("HW", size, strict=True))
    row, column = np.meshgrid(np.arange(rows) / rows * 2 - 1, np.arange(columns) / columns * 2 - 1, indexing="ij")
    place = np.stack([row, column, np.ones_like(row)], -1).reshape(1, -1, 3).astype(np.float32)
    matrix = op.Gather(op.Reshape(theta, op.constant([-1, 2, 3], i64)), op.constant([1, 0], i64), op.constant(1, i64))
    found = op.MatMul(op.constant(place), matrix, transpose_b=True)  # (column, row), as GridSample takes them
    # Caffe's -1 is the middle of the first pixel, GridSample's its outer edge
    shifted = op.Add(found, op.constant([1.0 / size[1], 1.0 / size[0]], f32))
    grid = op.Reshape(shifted, op.constant([-1, rows, columns, 2], i64))
    y: Value = op.GridSample(x, grid, align_corners=False, mode="bilinear", padding_mode="zeros")
    return y


@layers("CTCGreedyDecoder")
def ctc_greedy_decoder(layer: Layer, op: Builder, x: Value, cont: Value, *rest: Value) -> Value:
    """The best class of each step [T, N, C], without blanks and repetitions, as [N, T, 1, 1]; -1 fills up.

    A sequence ends before the first 0 of ``cont`` [T, N], that of its first step apart.
    """
    rank_of(layer, x, 3)
    if rest:
        raise layer.refuse("it is given targets, for an accuracy", "remove its third bottom")
    steps, classes = channels(layer, x, 0), channels(layer, x, 2)
    blank = layer.get("ctc_decoder_param.blank_index", -1)
    merged = layer.get("ctc_decoder_param.ctc_merge_repeated", True)
    if blank >= classes:
        raise layer.refuse(f"blank_index {blank} of {classes} classes")
    flat = op.Reshape(cont, op.constant([steps, -1], i64))
    goes_on = op.NotEqual(flat, op.constant(0.0, f32))
    # steps are counted up to the first that does not go on
    number = op.constant(list(range(steps)), i64, shape=(steps, 1))
    first = op.LogicalOr(goes_on, op.Equal(number, op.constant(0, i64)))
    ends = op.Select(first, op.constant(steps, i64), number)
    length = op.ReduceMin(ends, op.constant([0], i64), keep_dims=False)
    found, _ = op.CTCGreedyDecoderSeqLen(
        op.Transpose(x, op.constant([1, 0, 2], i64)), op.Convert(length, destination_type="i32"),
        op.constant(blank % classes if blank < 0 else blank, "i32"), merge_repeated=merged,
    )  # fmt: skip
    return op.Unsqueeze(op.Convert(found, destination_type="f32"), op.constant([2, 3], i64))


@layers("Mean")
def mean(layer: Layer, op: Builder, x: Value, *rest: Value) -> tuple[Value, ...]:
    """output_scale * (input_scale * x +- mean_scale * value), the values taken in turn by the channels."""
    if layer.has("mean_param.file"):
        raise layer.refuse("the mean stands in a file of its own", "give its numbers as `value`")
    values = layer.require("mean_param.value", list)
    sign = -1.0 if layer.require("mean_param.operation", str) == "SUBTRACT" else 1.0
    scale = sign * layer.get("mean_param.mean_scale", 1.0)
    before, after = layer.get("mean_param.input_scale", 1.0), layer.get("mean_param.output_scale", 1.0)
    tops: list[Value] = []
    for bottom in (x, *rest):
        rank_of(layer, bottom, 4)
        depth = channels(layer, bottom)
        if depth % len(values):
            raise layer.refuse(f"{len(values)} values for {depth} channels")
        offset = [after * scale * values[c % len(values)] for c in range(depth)]
        scaled = op.Multiply(bottom, op.constant(before * after, f32))
        tops.append(op.Add(scaled, op.constant(offset, f32, shape=(1, depth, 1, 1))))
    return tuple(tops)


@layers("DataAugmentation")
def data_augmentation(layer: Layer, op: Builder, x: Value, *rest: Value) -> Value:
    """x less the mean that training found: nothing else happens to an image that is not cropped."""
    rank_of(layer, x, 4)
    cropped = layer.has("augmentation_param.crop_width") and layer.has("augmentation_param.crop_height")
    if cropped:
        raise layer.refuse("it crops the image", "cut it before the net, and remove crop_width and crop_height")
    wanted = layer.get("augmentation_param.recompute_mean", 0)
    by_pixel = layer.get("augmentation_param.mean_per_pixel", True)
    given = layer.get("augmentation_param.mean", [])
    prefixes = ("augmentation_param.", "coeff_schedule_param.")
    layer.ignore(*(name for name in layer.node.attrs if name.startswith(prefixes)))
    expect(layer, 1, 3)
    if wanted:
        return _without_mean(layer, op, x, wanted, by_pixel)
    if len(given) == 3 and not by_pixel:
        return op.Subtract(x, op.constant([float(m) for m in given], f32, shape=(1, 3, 1, 1)))
    return x


def _without_mean(layer: Layer, op: Builder, x: Value, wanted: int, by_pixel: bool) -> Value:
    """The learned blobs: how many images were seen, their mean image, their mean colour."""
    held = blobs(layer)
    if held:
        seen = float(held[0].numpy().reshape(-1)[0])
        if seen < wanted:
            raise layer.refuse(
                f"its mean is of {seen:g} images of {wanted}, and Caffe goes on learning it",
                "remove recompute_mean, or finish the training",
            )
    depth = channels(layer, x)
    if not by_pixel:
        return op.Subtract(x, blob(layer, op, 2, [1, depth, 1, 1]))
    return op.Subtract(x, blob(layer, op, 1, [1, depth, *(channels(layer, x, axis) for axis in (2, 3))]))


@layers("PowerFile")
def power_file(layer: Layer, op: Builder, x: Value) -> Value:
    """x plus the numbers of a text file; x itself without one."""
    if layer.has("power_file_param.shift_file"):
        raise layer.refuse("the numbers stand in a file of its own", "make them the blob of a Bias layer")
    return x
