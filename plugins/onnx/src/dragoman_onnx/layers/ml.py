"""Encoders and linear models of ai.onnx.ml. Strings are refused: OpenVINO looks nothing up by text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dragoman.builder import Builder
from dragoman.frontends.extract import Extractors, Layer
from dragoman.graph.carriers import Tensor
from dragoman.graph.graph import Value
from dragoman.graph.types import DType, f32, i64
from dragoman_onnx.layers.sizes import converted, rank_of

layers = Extractors("onnx")
DOMAIN = "ai.onnx.ml"


@layers(f"{DOMAIN}:Binarizer")
def binarizer(layer: Layer, op: Builder, x: Value) -> Value:
    """Binarizer(X, threshold): 1 above the threshold, else 0."""
    threshold = op.constant(layer.get("threshold", 0.0), f32)
    return converted(op, op.Less(threshold, converted(op, x, f32)), x.dtype)


@layers(f"{DOMAIN}:ArrayFeatureExtractor")
def array_feature_extractor(layer: Layer, op: Builder, x: Value, indices: Value) -> Value:
    """ArrayFeatureExtractor(X, Y): the columns Y of the last axis; of a vector, as a row."""
    flat = op.Reshape(indices, op.constant([-1]), special_zero=False)
    data = op.Unsqueeze(x, op.constant([0])) if rank_of(layer, x) == 1 else x
    return op.Gather(data, flat, op.constant(-1, i64))


@layers(f"{DOMAIN}:Scaler")
def scaler(layer: Layer, op: Builder, x: Value) -> Value:
    """Scaler(X, offset, scale): (X - offset) · scale, in f32."""
    data = op.Subtract(converted(op, x, f32), op.constant(list(layer.require("offset")), f32))
    return op.Multiply(data, op.constant(list(layer.require("scale")), f32))


@layers(f"{DOMAIN}:Normalizer")
def normalizer(layer: Layer, op: Builder, x: Value) -> Value:
    """Normalizer(X, norm): each row divided by its L1 or L2 norm, unless that is 0."""
    norm = layer.get("norm", "MAX")
    if norm not in ("L1", "L2"):
        raise layer.refuse(f"norm={norm!r}", "runtimes disagree whether MAX looks at signs; L1 and L2 are converted")
    data = converted(op, x, f32)
    size = op.make(f"Reduce{norm}", data, op.constant([-1], i64), keep_dims=True)
    zero = op.constant(0.0, f32)
    return op.Divide(data, op.Select(op.Equal(size, zero), op.constant(1.0, f32), size))


@layers(f"{DOMAIN}:Imputer")
def imputer(layer: Layer, op: Builder, x: Value) -> Value:
    """Imputer(X, imputed_value_*, replaced_value_*): one value, or NaN, replaced column by column."""
    floats = x.dtype.is_float
    given = layer.require("imputed_value_floats" if floats else "imputed_value_int64s")
    replaced = layer.get("replaced_value_float", 0.0) if floats else layer.get("replaced_value_int64", 0)
    layer.ignore(*("imputed_value_int64s", "replaced_value_int64", "imputed_value_floats", "replaced_value_float"))
    gone = op.IsNaN(x) if replaced != replaced else op.Equal(x, op.constant(replaced, x.dtype))
    return op.Select(gone, op.constant(list(given), x.dtype), x)


@layers(f"{DOMAIN}:OneHotEncoder")
def one_hot_encoder(layer: Layer, op: Builder, x: Value) -> Value:
    """OneHotEncoder(X, cats_int64s, zeros): a further axis with 1 at the place of the category, f32."""
    layer.ignore("zeros")
    if layer.has("cats_strings"):
        raise layer.refuse("categories are strings", "encode them before the model")
    cats = op.constant(list(layer.require("cats_int64s")), i64)
    whole = converted(op, x, i64)
    return converted(op, op.Equal(op.Unsqueeze(whole, op.constant([-1])), cats), f32)


@layers(f"{DOMAIN}:LabelEncoder", since=2)
def label_encoder(layer: Layer, op: Builder, x: Value) -> Value:
    """LabelEncoder(X, keys_*, values_*, default_*): the value of the key, or the default."""
    keys, _ = _table(layer, "keys")
    values, kind = _table(layer, "values")
    default = _default(layer, kind)
    if len(keys) != len(values) or len(set(keys)) != len(keys) or not keys:
        raise layer.refuse(f"{len(keys)} keys, not all distinct, for {len(values)} values", "the model is not valid")
    held = x.dtype if x.dtype.is_float else i64
    last = op.constant([-1], i64)
    given = op.Unsqueeze(converted(op, x, held), last)
    hits = op.Equal(given, op.constant(keys, held))
    if layer.version >= 4 and held.is_float and any(k != k for k in keys):
        hits = op.LogicalOr(hits, op.LogicalAnd(op.IsNaN(given), op.constant([k != k for k in keys])))
    marks = converted(op, hits, f32)
    place = op.TopK(marks, op.constant(1, i64), axis=-1, mode="max", sort="value", index_element_type=i64, stable=True)
    found = op.Gather(op.constant(values, kind), op.Squeeze(place[1], last), op.constant(0, i64))
    known = op.Less(op.constant(0.0, f32), op.Squeeze(place[0], last))
    return op.Select(known, found, op.constant(default, kind))


def _table(layer: Layer, what: str) -> tuple[list[Any], DType]:
    for ending, kind in (("int64s", i64), ("floats", f32), ("strings", None), ("tensor", None)):
        given = layer.get(f"{what}_{ending}", None)
        if given is None:
            continue
        if isinstance(given, Tensor) and (small := given.small()) is not None:
            return list(small.items), given.dtype
        if kind is None:
            break
        return list(given), kind
    raise layer.refuse(f"{what} are strings, or more than can be listed", "encode strings before the model")


def _default(layer: Layer, kind: DType) -> Any:
    given: Tensor | None = layer.get("default_tensor", None)
    whole, real = layer.get("default_int64", -1), layer.get("default_float", -0.0)
    layer.ignore("default_string")
    if given is not None and (small := given.small()) is not None and small.items:
        return small.items[0]
    return real if kind.is_float else whole


@layers(f"{DOMAIN}:LinearRegressor")
def linear_regressor(layer: Layer, op: Builder, x: Value) -> Value:
    """LinearRegressor(X, coefficients, intercepts, targets, post_transform): X · C' + b."""
    return transformed(layer, op, _linear(layer, op, x, layer.get("targets", 1)), layer.get("post_transform", "NONE"))


@layers(f"{DOMAIN}:LinearClassifier")
def linear_classifier(layer: Layer, op: Builder, x: Value) -> tuple[Value, Value]:
    """LinearClassifier(X): (label of the highest score, scores)."""
    layer.ignore("multi_class")
    labels = layer.get("classlabels_ints", None)
    if labels is None:
        raise layer.refuse("labels are strings", "export the classifier with integer labels")
    intercepts = layer.get("intercepts", None)
    if intercepts is None or len(intercepts) != len(labels):
        raise layer.refuse("the classifier has not one row of coefficients per label", "export one row per label")
    scores = _linear(layer, op, x, len(labels))
    return chosen_label(op, scores, labels), transformed(layer, op, scores, layer.get("post_transform", "NONE"))


def _linear(layer: Layer, op: Builder, x: Value, rows: int) -> Value:
    numbers = list(layer.require("coefficients"))
    if rows < 1 or len(numbers) % rows:
        raise layer.refuse(f"{len(numbers)} coefficients are no {rows} rows", "the model is not valid")
    weights = op.constant(numbers, f32, shape=(rows, len(numbers) // rows))
    result: Value = op.MatMul(converted(op, x, f32), weights, transpose_b=True)
    intercepts = layer.get("intercepts", None)
    return result if intercepts is None else op.Add(result, op.constant(list(intercepts), f32))


def chosen_label(op: Builder, scores: Value, labels: Sequence[int]) -> Value:
    """The label of the first highest score of each row."""
    place = op.TopK(scores, op.constant(1, i64), axis=1, mode="max", sort="value", index_element_type=i64, stable=True)[
        1
    ]
    found: Value = op.Gather(op.constant(list(labels), i64), op.Squeeze(place, op.constant([1])), op.constant(0, i64))
    return found


def transformed(layer: Layer, op: Builder, scores: Value, how: str) -> Value:
    """A ``post_transform``: NONE, LOGISTIC or SOFTMAX."""
    if how == "NONE":
        return scores
    if how not in ("LOGISTIC", "SOFTMAX"):
        raise layer.refuse(f"post_transform={how!r}", "NONE, LOGISTIC and SOFTMAX are converted")
    result: Value = op.Sigmoid(scores) if how == "LOGISTIC" else op.Softmax(scores, axis=1)
    return result
