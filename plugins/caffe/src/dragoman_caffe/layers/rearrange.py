"""Layers of forks that move numbers: Permute, ShuffleChannel, ChannelPermutation, Reverse, ReorgYolo, Reorg.

Behaviour: weiliu89/caffe ``permute_layer.cpp``, farmingyard/ShuffleNet ``shuffle_channel_layer.cpp``, Intel's
training_toolbox_caffe ``channel_perm_layer.cpp`` and ``reorg_yolo_layer.cpp``, the CTC forks' ``reverse_layer.cpp``,
gklz1982/caffe-yolov2 ``reorg_layer.cpp``.
"""

from __future__ import annotations

from typing import Any

from dragoman.builder import Builder
from dragoman.frontends.extract import Extractors, Layer
from dragoman.graph.graph import Value
from dragoman.graph.types import f32, i64
from dragoman_caffe.shapes import axis_of, channels, rank_of

layers = Extractors("caffe")
_FIRST = -(1 << 31)


#: channels that a permutation may make: each is a number in the IR
_MOST = 1 << 24


@layers("Permute")
def permute(layer: Layer, op: Builder, x: Value) -> Value:
    """The axes in another order; those that ``order`` leaves out follow as they are."""
    rank = rank_of(layer, x)
    order = list(layer.get("permute_param.order", []))
    if any(not 0 <= axis < rank for axis in order) or len(set(order)) != len(order):
        raise layer.refuse(f"the order {order} of a blob of {rank} axes", "each axis can be named once, counted from 0")
    order += [axis for axis in range(rank) if axis not in order]
    return x if order == list(range(rank)) else op.Transpose(x, op.constant(order, i64))


@layers("ShuffleChannel")
def shuffle_channel(layer: Layer, op: Builder, x: Value) -> Value:
    """Channels in (group, n) written as (n, group)."""
    rank_of(layer, x, 4)
    group, depth = layer.positive("shuffle_channel_param.group", 1), channels(layer, x)
    if depth % group:
        raise layer.refuse(f"{depth} channels are not {group} equal groups")
    y: Value = op.ShuffleChannels(x, axis=1, group=group)
    return y


@layers("Reverse")
def reverse(layer: Layer, op: Builder, x: Value) -> Value:
    """One axis backwards."""
    axis = axis_of(layer, "reverse_param.axis", 0, rank_of(layer, x))
    y: Value = op.Slice(x, *(op.constant([n], i64) for n in (-1, _FIRST, -1, axis)))
    return y


@layers("ChannelPermutation")
def channel_permutation(layer: Layer, op: Builder, x: Value) -> Value:
    """Each channel a copy of one channel, or filled with a number; channels without an action keep their place."""
    rank, depth = rank_of(layer, x), channels(layer, x)
    number = layer.positive("channel_permutation_param.num_output")
    layer.ignore("channel_permutation_param.inplace_possible")
    if layer.get("channel_permutation_param.version", 0) > 1:
        raise layer.refuse("it needs a newer version of the layer than is known")
    if number > _MOST:
        raise layer.refuse(f"num_output {number}", f"at most {_MOST} channels are made")
    source, fills = list(range(number)), [0.0] * number
    filled = [False] * number
    last = -1
    for action in layer.get("channel_permutation_param.action", []):
        place = _place(layer, action, last, number)
        last = place
        filled[place] = "fill" in action
        source[place], fills[place] = action.get("copy", 0), float(action.get("fill", 0.0))
    if any(not f and s >= depth for f, s in zip(filled, source, strict=True)):
        raise layer.refuse(f"a channel is copied from beyond the {depth} of its bottom")
    moved = op.Gather(x, op.constant([0 if f else s for f, s in zip(filled, source, strict=True)], i64),
                      op.constant(1, i64))  # fmt: skip
    if not any(filled):
        return moved
    shape = (1, number, *[1] * (rank - 2))
    y: Value = op.Select(op.constant(filled, "boolean", shape=shape), op.constant(fills, f32, shape=shape), moved)
    return y


def _place(layer: Layer, action: dict[str, Any], last: int, number: int) -> int:
    place: int = action.get("chan", -1)
    if not last < place < number or ("copy" in action) == ("fill" in action):
        raise layer.refuse(f"the action {action}", "channels rise, stay below num_output, and are copied or filled")
    return place


@layers("ReorgYolo")
def reorg_yolo(layer: Layer, op: Builder, x: Value) -> Value:
    """Blocks of ``stride`` x ``stride`` pixels into channels, in Darknet's order."""
    return _reorg(layer, op, x, layer.positive("reorg_yolo_param.stride", 1))


@layers("Reorg")
def reorg(layer: Layer, op: Builder, x: Value) -> Value:
    """As ReorgYolo; with ``reverse`` the way back. (choasup/caffe-yolo9000 alone scatters where others gather.)"""
    stride = layer.positive("reorg_param.stride")
    if not layer.get("reorg_param.reverse", False):
        return _reorg(layer, op, x, stride)
    _blocks(layer, x, stride, 1)
    y: Value = op.DepthToSpace(x, mode="blocks_first", block_size=stride)
    return y


def _reorg(layer: Layer, op: Builder, x: Value, stride: int) -> Value:
    _blocks(layer, x, stride, stride)
    y: Value = op.ReorgYolo(x, stride=(stride,))
    return y


def _blocks(layer: Layer, x: Value, stride: int, divisor: int) -> None:
    """Refuses what is not whole blocks, where Caffe reads beyond the blob."""
    rank_of(layer, x, 4)
    depth, height, width = (channels(layer, x, axis) for axis in (1, 2, 3))
    if depth % (stride * stride) or height % divisor or width % divisor:
        raise layer.refuse(
            f"{depth} channels of {height} x {width} by blocks of {stride} x {stride}",
            f"channels are a multiple of {stride * stride}, height and width of {divisor}",
        )
