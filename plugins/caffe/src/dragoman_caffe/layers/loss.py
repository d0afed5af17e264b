"""Losses and Accuracy, as a test net gives them out: scalars, before any ``loss_weight``.

Behaviour: BVLC's ``NAME_loss_layer.cpp`` and ``accuracy_layer.cpp``. Labels are whole numbers, as floats.
"""

from __future__ import annotations

import dataclasses

from dragoman.builder import Builder
from dragoman.frontends.extract import Extractors, Layer
from dragoman.graph.graph import Value
from dragoman.graph.types import f32, i32, i64
from dragoman_caffe.layers.activation import log_of_one_and
from dragoman_caffe.layers.shape import Axis, reshaped
from dragoman_caffe.shapes import axis_of, channels, count, differ, dims_of, rank_of, same_shape, shown

layers = Extractors("caffe")

#: FLT_MIN, and Caffe's kLOG_THRESHOLD
_SMALLEST, _THRESHOLD = 1.1754943508222875e-38, 1e-20


@layers("Accuracy")
def accuracy(layer: Layer, op: Builder, x: Value, label: Value) -> tuple[Value, ...]:
    """The share of places where fewer than ``top_k`` other classes score as much as the label's; also by class."""
    k = layer.get("accuracy_param.top_k", 1)
    axis = axis_of(layer, "accuracy_param.axis", 1, rank_of(layer, x))
    labels = _Labels.of(layer, op, x, label, axis, "accuracy_param.ignore_label")
    size, places = count(x), count(label)
    if size is not None and places and k > size // places:
        raise layer.refuse(f"top_k is {k}, of {size // places} classes")
    score = op.GatherElements(x, labels.index, axis=axis)
    rivals = op.ReduceSum(_number(op, op.GreaterEqual(x, score)), op.constant([axis], i64), keep_dims=True)
    # the label's own class is among those that score as much
    hit = labels.counted(op, _number(op, op.LessEqual(rivals, op.constant(float(k), f32))))
    found = _valid_mean(op, hit, labels)
    if len(layer.outputs) < 2:
        return (found,)
    flat = op.constant([1, -1], i64)
    classes = op.constant(channels(layer, x, axis), i64)
    chosen = op.OneHot(op.Reshape(labels.index, op.constant([-1], i64)), classes, 1.0, 0.0, axis=-1)
    ones = labels.counted(op, _number(op, op.Equal(labels.index, labels.index)))
    hits, all_of = (op.Squeeze(op.MatMul(op.Reshape(v, flat), chosen), op.constant([0], i64)) for v in (hit, ones))
    return found, op.Divide(hits, op.Maximum(all_of, op.constant(1.0, f32)))


@layers("SoftmaxWithLoss")
def softmax_with_loss(layer: Layer, op: Builder, x: Value, label: Value) -> tuple[Value, ...]:
    """The sum of -ln(softmax of the label's class), normalized; the second top is the softmax."""
    _check_batch(layer, x, label)
    axis = axis_of(layer, "softmax_param.axis", 1, rank_of(layer, x))
    labels = _Labels.of(layer, op, x, label, axis, "loss_param.ignore_label")
    softmax = op.Softmax(x, axis=axis)
    chosen = op.GatherElements(softmax, labels.index, axis=axis)
    losses = labels.counted(op, op.Negative(op.Log(op.Maximum(chosen, op.constant(_SMALLEST, f32)))))
    found = _normalized(op, losses, labels, axis, _normalization(layer, "VALID"))
    return (found, softmax)[: len(layer.outputs)]


@layers("InfogainLoss")
def infogain_loss(layer: Layer, op: Builder, x: Value, label: Value, gains: Value | None = None) -> tuple[Value, ...]:
    """The sum over classes of -H[label] ln(softmax), normalized; the second top is the softmax."""
    if gains is None:
        raise layer.refuse("its matrix H comes from a file", "give H as the third bottom")
    layer.ignore("infogain_loss_param.source")
    if layer.has("loss_param.normalize"):
        raise layer.refuse("normalize is not taken by this layer", "use normalization")
    _check_batch(layer, x, label)
    rank = rank_of(layer, x)
    axis = axis_of(layer, "infogain_loss_param.axis", 1, rank)
    classes = channels(layer, x, axis)
    if count(gains) not in (None, classes * classes):
        raise layer.refuse(f"H is {shown(gains)}, and must be {classes} by {classes}")
    labels = _Labels.of(layer, op, x, label, axis, "loss_param.ignore_label")
    softmax = op.Softmax(x, axis=axis)
    logs = op.Log(op.Maximum(softmax, op.constant(_THRESHOLD, f32)))
    matrix = op.Reshape(gains, op.constant([classes, classes], i64))
    rows = op.Gather(matrix, op.Squeeze(labels.index, op.constant([axis], i64)), op.constant(0, i64))
    order = [*range(axis), rank - 1, *range(axis, rank - 1)]
    weights = rows if axis == rank - 1 else op.Transpose(rows, op.constant(order, i64))
    summed = op.ReduceSum(op.Multiply(weights, logs), op.constant([axis], i64), keep_dims=True)
    losses = labels.counted(op, op.Negative(summed))
    found = _normalized(op, losses, labels, axis, _normalization(layer, "VALID"))
    return (found, softmax)[: len(layer.outputs)]


@layers("SigmoidCrossEntropyLoss")
def sigmoid_cross_entropy_loss(layer: Layer, op: Builder, x: Value, target: Value) -> Value:
    """The sum of ln(1 + exp(-|x|)) - x (target - [x >= 0]), normalized."""
    _check_batch(layer, x, target)
    if count(x) is not None and count(target) not in (None, count(x)):
        raise layer.refuse(f"its bottoms {shown(x)} and {shown(target)} differ in size")
    if x.rank != target.rank or x.shape != target.shape:
        x, target = (reshaped(op, v, [Axis(0), -1]) for v in (x, target))
    positive = _number(op, op.GreaterEqual(x, op.constant(0.0, f32)))
    straight = op.Multiply(x, op.Subtract(target, positive))
    losses = op.Subtract(log_of_one_and(op, op.Negative(op.Abs(x))), straight)
    labels = _Labels.taken(layer, op, op.Convert(target, destination_type=i32), "loss_param.ignore_label")
    return _normalized(op, labels.counted(op, losses), labels, 1, _normalization(layer, "BATCH_SIZE"))


@layers("MultinomialLogisticLoss")
def multinomial_logistic_loss(layer: Layer, op: Builder, x: Value, label: Value) -> Value:
    """The mean over items of -ln(the label's probability)."""
    items, labels = _classified(layer, op, x, label)
    chosen = op.GatherElements(items, labels, axis=1)
    return _item_mean(op, op.Negative(op.Log(op.Maximum(chosen, op.constant(_THRESHOLD, f32)))))


@layers("HingeLoss")
def hinge_loss(layer: Layer, op: Builder, x: Value, label: Value) -> Value:
    """The mean over items of the sum of max(0, 1 - x) at the label, max(0, 1 + x) elsewhere; or of their squares."""
    norm = layer.get("hinge_loss_param.norm", "L1")
    items, labels = _classified(layer, op, x, label)
    classes = op.constant(channels(layer, items, 1), i64)
    sign = op.OneHot(op.Squeeze(labels, op.constant([1], i64)), classes, -1.0, 1.0, axis=-1)
    over = op.Relu(op.Add(op.Multiply(items, sign), op.constant(1.0, f32)))
    return _item_mean(op, op.Multiply(over, over) if norm == "L2" else over)


@layers("EuclideanLoss")
def euclidean_loss(layer: Layer, op: Builder, x: Value, other: Value) -> Value:
    """Half the mean over items of the sum of squared differences."""
    _check_batch(layer, x, other)
    return _half(op, _item_mean(op, _squares(layer, op, x, other)))


@layers("ContrastiveLoss")
def contrastive_loss(layer: Layer, op: Builder, x: Value, other: Value, similar: Value) -> Value:
    """Half the mean of d^2 for similar pairs, max(0, margin - d)^2 for others; old form: max(0, margin - d^2)."""
    _check_batch(layer, x, other)
    for bottom, start in ((x, 2), (other, 2), (similar, 1)):
        if count(bottom, start) not in (None, 1):
            raise layer.refuse(f"its bottom {shown(bottom)} has more than one number for each place")
    margin = op.constant(layer.get("contrastive_loss_param.margin", 1.0), f32)
    old = layer.get("contrastive_loss_param.legacy_version", False)
    squared = op.ReduceSum(_squares(layer, op, x, other), op.constant([1], i64), keep_dims=False)
    short = op.Relu(op.Subtract(margin, squared if old else op.Sqrt(squared)))
    alike = op.NotEqual(op.Convert(op.Reshape(similar, op.constant([-1], i64)), destination_type=i32), 0)
    found = op.Select(alike, squared, short if old else op.Multiply(short, short))
    return _half(op, op.ReduceMean(found, op.constant([0], i64), keep_dims=False))


@dataclasses.dataclass(frozen=True)
class _Labels:
    """Labels beside scores: of the shape of the scores, but for one entry on the axis of the classes.

    Attributes:
        index: i32; 0 where the label is to be ignored.
        mask: boolean, which labels count; None when all do.
    """

    index: Value
    mask: Value | None

    @classmethod
    def of(cls, layer: Layer, op: Builder, x: Value, label: Value, axis: int, ignore: str) -> _Labels:
        """Refuses another number of labels than there are places."""
        rank, size, places = rank_of(layer, x), count(x), count(label)
        classes = channels(layer, x, axis)
        if size is not None and places is not None and size != places * classes:
            raise layer.refuse(f"{places} labels for {size // max(classes, 1)} predictions")
        dims = [1 if i == axis else d for i, d in enumerate(dims_of(x))]
        if label.rank == rank - 1 and list(dims_of(label)) == dims[:axis] + dims[axis + 1 :]:
            label = op.Unsqueeze(label, op.constant([axis], i64))
        elif list(dims_of(label)) != dims:
            free = 0 if axis else min(1, rank - 1)
            shape = [-1 if i == free else channels(layer, x, i) if i != axis else 1 for i in range(rank)]
            label = op.Reshape(label, op.constant(shape, i64))
        return cls.taken(layer, op, op.Convert(label, destination_type=i32), ignore)

    @classmethod
    def taken(cls, layer: Layer, op: Builder, index: Value, ignore: str) -> _Labels:
        """Labels that have the right shape."""
        if not layer.has(ignore):
            return cls(index, None)
        mask = op.NotEqual(index, op.constant(layer.get(ignore, 0), i32))
        return cls(op.Select(mask, index, op.constant(0, i32)), mask)

    def counted(self, op: Builder, x: Value) -> Value:
        """x, and 0 where the label is ignored."""
        return x if self.mask is None else op.Select(self.mask, x, op.constant(0.0, f32))


def _number(op: Builder, truth: Value) -> Value:
    found: Value = op.Convert(truth, destination_type=f32)
    return found


def _all(op: Builder, name: str, x: Value, start: int = 0) -> Value:
    """A reduction over the axes from ``start`` on, which go."""
    axes = list(range(start, x.rank or 0))
    found: Value = op.make(name, x, op.constant(axes, i64), keep_dims=False) if axes else x
    return found


def _item_mean(op: Builder, losses: Value) -> Value:
    """The sum of all, divided by the number of items."""
    return _all(op, "ReduceMean", _all(op, "ReduceSum", losses, 1))


def _valid_mean(op: Builder, losses: Value, labels: _Labels) -> Value:
    """The sum of all, divided by the number of labels that count, or by 1 where none does."""
    if labels.mask is None:
        return _all(op, "ReduceMean", losses)
    valid = _all(op, "ReduceSum", _number(op, labels.mask))
    found: Value = op.Divide(_all(op, "ReduceSum", losses), op.Maximum(valid, op.constant(1.0, f32)))
    return found


def _normalization(layer: Layer, default: str) -> str:
    """FULL, VALID, BATCH_SIZE or NONE; the older ``normalize`` counts where ``normalization`` is not given."""
    if layer.has("loss_param.normalize") and not layer.has("loss_param.normalization"):
        return "VALID" if layer.get("loss_param.normalize", True) else "BATCH_SIZE"
    layer.ignore("loss_param.normalize")
    mode: str = layer.get("loss_param.normalization", default)
    if mode not in ("FULL", "VALID", "BATCH_SIZE", "NONE"):
        raise layer.refuse(f"there is no normalization {mode}")
    return mode


def _normalized(op: Builder, losses: Value, labels: _Labels, axis: int, mode: str) -> Value:
    """The sum of all, divided by the number of: places, labels that count, items before the axis, or by nothing."""
    if mode == "FULL":
        return _all(op, "ReduceMean", losses)
    if mode == "VALID":
        return _valid_mean(op, losses, labels)
    return _all(op, "ReduceMean", _all(op, "ReduceSum", losses, axis if mode == "BATCH_SIZE" else 0))


def _half(op: Builder, x: Value) -> Value:
    found: Value = op.Multiply(x, op.constant(0.5, f32))
    return found


def _check_batch(layer: Layer, x: Value, other: Value) -> None:
    """Refuses bottoms without items, or with different numbers of them."""
    a, b = dims_of(x), dims_of(other)
    if not a or not b or differ(a[0], b[0]):
        raise layer.refuse(f"its bottoms {shown(x)} and {shown(other)} hold different numbers of items")


def _items(layer: Layer, op: Builder, x: Value) -> Value:
    """[items, numbers]; refuses more than four axes, where Caffe asks for the old four."""
    if rank_of(layer, x) > 4:
        raise layer.refuse(f"it takes blobs of up to 4 axes, and gets one of {x.rank}: {shown(x)}")
    return x if x.rank == 2 else reshaped(op, x, [Axis(0), 1 if x.rank == 1 else -1])


def _squares(layer: Layer, op: Builder, x: Value, other: Value) -> Value:
    """[items, squared differences]."""
    a, b = _items(layer, op, x), _items(layer, op, other)
    same_shape(layer, a, b)
    difference = op.Subtract(a, b)
    found: Value = op.Multiply(difference, difference)
    return found


def _classified(layer: Layer, op: Builder, x: Value, label: Value) -> tuple[Value, Value]:
    """[items, scores] and [items, 1] labels."""
    _check_batch(layer, x, label)
    if count(label, 1) not in (None, 1):
        raise layer.refuse(f"its labels {shown(label)} are more than one for each item")
    index = op.Convert(op.Reshape(label, op.constant([-1, 1], i64)), destination_type=i32)
    return _items(layer, op, x), index
