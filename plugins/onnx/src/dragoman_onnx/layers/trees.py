"""Ensembles of decision trees (ai.onnx.ml): every tree walked at once, a step per level, by looking up tables."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

from dragoman.builder import Builder
from dragoman.frontends.extract import Extractors, Layer
from dragoman.graph.graph import Value
from dragoman.graph.tensor import Tensor
from dragoman.graph.types import boolean, f32, i32, i64
from dragoman_onnx.layers.ml import DOMAIN, chosen_label, transformed
from dragoman_onnx.layers.sizes import converted

layers = Extractors("onnx")

MODES = ("BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT", "BRANCH_EQ", "BRANCH_NEQ", "BRANCH_MEMBER")
MEMBER = 6
#: by mode: OpenVINO's op, and whether its inputs are exchanged
_COMPARISONS = (
    ("LessEqual", False), ("Less", False), ("LessEqual", True), ("Less", True), ("Equal", False), ("NotEqual", False),
)  # fmt: skip
DEEPEST = 64
#: leaves times targets
MOST_VOTES = 1 << 26
#: that f32 holds
LARGEST = 3.4028234663852886e38


@dataclasses.dataclass
class Forest:
    """Nodes as parallel lists; places from ``len(features)`` on are leaves, rows of ``votes``."""

    features: list[int]
    splits: list[float]
    modes: list[int]
    yes: list[int]
    no: list[int]
    nan_goes_yes: list[bool]
    roots: list[int]
    votes: list[list[float]]
    members: list[list[float]] = dataclasses.field(default_factory=list)

    def depth(self, layer: Layer) -> int:
        """The longest way from a root to a leaf; refuses cycles and trees beyond ``DEEPEST``."""
        level, steps, inner = set(self.roots), 0, len(self.features)
        while level := {child for node in level if node < inner for child in (self.yes[node], self.no[node])}:
            steps += 1
            if steps > DEEPEST:
                raise layer.refuse(f"a tree is deeper than {DEEPEST}, or has a cycle")
        return steps


@layers(f"{DOMAIN}:TreeEnsemble", since=5)
def tree_ensemble(layer: Layer, op: Builder, x: Value) -> Value:
    """TreeEnsemble(X): the leaves' weights by target, aggregated over the trees."""
    forest = _forest_of_5(layer)
    how, after = layer.get("aggregate_function", 1), layer.get("post_transform", 0)
    if not (0 <= how < 4 and 0 <= after < 5):
        raise layer.refuse(f"aggregate_function {how} or post_transform {after} is unknown", "the model is not valid")
    how = ("AVERAGE", "SUM", "MIN", "MAX")[how]
    scores = aggregated(layer, op, walk(layer, op, forest, x), forest, how, None)
    after = ("NONE", "SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO", "PROBIT")[after]
    return converted(op, transformed(layer, op, scores, after), x.dtype)


@layers(f"{DOMAIN}:TreeEnsembleRegressor")
def tree_ensemble_regressor(layer: Layer, op: Builder, x: Value) -> Value:
    """TreeEnsembleRegressor(X): the leaves' weights by target, aggregated over the trees, plus base values."""
    forest = _forest_of_3(layer, "target", layer.get("n_targets", 1))
    how = layer.get("aggregate_function", "SUM")
    scores = aggregated(layer, op, walk(layer, op, forest, x), forest, how, _numbers(layer, "base_values"))
    return transformed(layer, op, scores, layer.get("post_transform", "NONE"))


@layers(f"{DOMAIN}:TreeEnsembleClassifier")
def tree_ensemble_classifier(layer: Layer, op: Builder, x: Value) -> tuple[Value, Value]:
    """TreeEnsembleClassifier(X): (label of the highest score, scores by class)."""
    labels = layer.get("classlabels_int64s", None)
    if labels is None:
        raise layer.refuse("labels are strings", "export the classifier with integer labels")
    if len(set(layer.require("class_ids"))) < 2:
        raise layer.refuse("the leaves vote for one class only", "export a regressor, or one vote per class")
    forest = _forest_of_3(layer, "class", len(labels))
    scores = aggregated(layer, op, walk(layer, op, forest, x), forest, "SUM", _numbers(layer, "base_values"))
    return chosen_label(op, scores, labels), transformed(layer, op, scores, layer.get("post_transform", "NONE"))


def walk(layer: Layer, op: Builder, forest: Forest, x: Value) -> Value:
    """The votes of the leaves that each row of the data reaches: (rows, trees, targets)."""
    if not forest.votes or not forest.roots or not all(0 <= m <= MEMBER for m in forest.modes):
        raise layer.refuse("there is no leaf or no root, or a node's mode is unknown", "the model is not valid")
    places = len(forest.features) + len(forest.votes)
    if any(not 0 <= p < places for p in (*forest.yes, *forest.no, *forest.roots)):
        raise layer.refuse("a tree leads to a node that does not exist", "the model is not valid")
    data = converted(op, x, f32)
    numbers = (*forest.splits, *(v for row in forest.votes for v in row), *(v for row in forest.members for v in row))
    if any(abs(v) > LARGEST and not math.isinf(v) for v in numbers):
        raise layer.refuse("a number of the trees is too large for f32", "scale the data")
    inner, leaves = len(forest.features), len(forest.votes)
    tail = list(range(inner, inner + leaves))
    tables = {
        "features": op.constant(forest.features + [0] * leaves, i32),
        "splits": op.constant(forest.splits + [0.0] * leaves, f32),
        "yes": op.constant(forest.yes + tail, i32),
        "no": op.constant(forest.no + tail, i32),
    }
    rows = op.Gather(op.ShapeOf(x, output_type=i64), op.constant([0]), op.constant(0))
    shape = op.Concat(rows, op.constant([1]), axis=0)
    place = op.Broadcast(op.constant([forest.roots], i32), shape, mode="bidirectional")
    for _ in range(forest.depth(layer)):
        look = {k: op.Gather(v, place, op.constant(0)) for k, v in tables.items()}
        value = op.GatherElements(data, look["features"], axis=1)
        place = op.Select(_condition(op, forest, place, value, look["splits"]), look["yes"], look["no"])
    votes = op.constant([v for row in forest.votes for v in row], f32, shape=(leaves, len(forest.votes[0])))
    result: Value = op.Gather(votes, op.Subtract(place, op.constant(inner, i32)), op.constant(0))
    return result


def _condition(op: Builder, forest: Forest, place: Value, value: Value, split: Value) -> Value:
    leaves = [0] * len(forest.votes)
    answers = {mode: _answer(op, forest, mode, place, value, split) for mode in sorted(set(forest.modes))}
    modes = op.Gather(op.constant(forest.modes + leaves, i32), place, op.constant(0))
    result: Value | None = None
    for mode, answer in answers.items():
        here = answer if len(answers) == 1 else op.LogicalAnd(answer, op.Equal(modes, op.constant(mode, i32)))
        result = here if result is None else op.LogicalOr(result, here)
    assert result is not None
    if any(forest.nan_goes_yes):
        yes = op.Gather(op.constant([*forest.nan_goes_yes, *map(bool, leaves)], boolean), place, op.constant(0))
        result = op.LogicalOr(result, op.LogicalAnd(op.IsNaN(value), yes))
    return result


def _answer(op: Builder, forest: Forest, mode: int, place: Value, value: Value, split: Value) -> Value:
    if mode == MEMBER:
        longest = max(len(m) for m in forest.members)
        rows = [m + [math.nan] * (longest - len(m)) for m in forest.members]
        numbers = iter(range(len(rows)))
        index = [next(numbers) if m == MEMBER else 0 for m in forest.modes] + [0] * len(forest.votes)
        table = op.constant([v for row in rows for v in row], f32, shape=(len(rows), longest))
        chosen = op.Gather(table, op.Gather(op.constant(index, i32), place, op.constant(0)), op.constant(0))
        hits = converted(op, op.Equal(op.Unsqueeze(value, op.constant([-1])), chosen), f32)
        found: Value = op.Less(op.constant(0.0, f32), op.ReduceSum(hits, op.constant([-1]), keep_dims=False))
        return found
    # with the inputs this way round nothing is less or equal to a NaN in the CPU plugin
    name, turned = _COMPARISONS[mode]
    answer: Value = op.make(name, split, value) if turned else op.make(name, value, split)
    return answer


def aggregated(
    layer: Layer, op: Builder, votes: Value, forest: Forest, how: str, base: Sequence[float] | None
) -> Value:
    """One score per row and target; MIN and MAX where every leaf votes for every target."""
    axis = op.constant([1], i64)
    if how in ("MIN", "MAX"):
        if any(math.isnan(v) for row in forest.votes for v in row):
            raise layer.refuse(f"aggregate_function={how} where not every leaf votes for every target")
        scores = op.make(f"Reduce{how.title()}", votes, axis, keep_dims=False)
    elif how in ("SUM", "AVERAGE"):
        scores = op.ReduceSum(votes, axis, keep_dims=False)
        if how == "AVERAGE":
            scores = op.Divide(scores, op.constant(float(len(forest.roots)), f32))
    else:
        raise layer.refuse(f"aggregate_function={how!r} is unknown", "the model is not valid")
    result: Value = op.Add(scores, op.constant(list(base), f32)) if base else scores
    return result


def _numbers(layer: Layer, name: str) -> list[Any]:
    tensor = layer.get(f"{name}_as_tensor", None)
    return list(tensor.numpy().reshape(-1).tolist()) if tensor is not None else list(layer.get(name, None) or ())


def _forest_of_3(layer: Layer, prefix: str, targets: int) -> Forest:
    """From tuples by tree and node, leaves among them."""
    layer.ignore("nodes_hitrates", "nodes_hitrates_as_tensor", "n_targets")
    keys = list(zip(layer.require("nodes_treeids"), layer.require("nodes_nodeids"), strict=False))
    modes, values = layer.require("nodes_modes"), _numbers(layer, "nodes_values")
    nan_yes = list(layer.get("nodes_missing_value_tracks_true", None) or [0] * len(keys))
    ways = [layer.require(f"nodes_{way}nodeids") for way in ("true", "false")]
    others = [layer.require(f"nodes_{n}") for n in ("treeids", "nodeids", "featureids")]
    _same_length(layer, "nodes_", keys, modes, values, nan_yes, *ways, *others)
    if any(m not in (*MODES[:MEMBER], "LEAF") for m in modes):
        raise layer.refuse("nodes_modes has an unknown word", "the model is not valid")
    inner = [k for k, m in enumerate(modes) if m != "LEAF"]
    leaves = [k for k, m in enumerate(modes) if m == "LEAF"]
    place = {keys[k]: i for i, k in enumerate([*inner, *leaves])}
    how = layer.get("aggregate_function", "SUM") if prefix == "target" else "SUM"
    votes = _votes(layer, prefix, targets, {keys[k]: i for i, k in enumerate(leaves)}, len(leaves), how)
    try:
        yes, no = ([place[keys[k][0], way[k]] for k in inner] for way in ways)
    except KeyError as missing:
        raise layer.refuse(f"the node {missing} does not exist", "the model is not valid") from None
    roots = list({tree: place[tree, node] for tree, node in reversed(keys)}.values())[::-1]
    features = layer.require("nodes_featureids")
    return Forest(
        [features[k] for k in inner], [values[k] for k in inner], [MODES.index(modes[k]) for k in inner], yes, no,
        [bool(nan_yes[k]) for k in inner], roots, votes,
    )  # fmt: skip


def _check_table(layer: Layer, targets: int, leaves: int) -> None:
    if not 0 < targets * max(1, leaves) <= MOST_VOTES:
        raise layer.refuse(f"{leaves} leaves that vote for {targets} targets", "the model is not valid, or too large")


def _same_length(layer: Layer, what: str, *lists: Sequence[Any]) -> None:
    if len({len(column) for column in lists}) > 1:
        raise layer.refuse(f"the attributes {what}... differ in length", "the model is not valid")


def _votes(
    layer: Layer, prefix: str, targets: int, leaves: dict[tuple[int, int], int], count: int, how: str
) -> list[list[float]]:
    _check_table(layer, targets, count)
    # a NaN marks a missing vote where that is not the same as a vote of 0
    votes = [[math.nan if how in ("MIN", "MAX") else 0.0] * targets for _ in range(count)]
    columns = [layer.require(f"{prefix}_{c}") for c in ("treeids", "nodeids", "ids")]
    weights = _numbers(layer, f"{prefix}_weights")
    _same_length(layer, f"{prefix}_", *columns, weights)
    if any(not 0 <= target < targets for target in columns[2]):
        raise layer.refuse("a leaf votes for a target that does not exist", "the model is not valid")
    if any(key not in leaves for key in zip(*columns[:2], strict=True)):
        raise layer.refuse("a vote is of no leaf", "the model is not valid")
    for tree, node, target, weight in zip(*columns, weights, strict=True):
        row = votes[leaves[tree, node]]
        row[target] = weight if math.isnan(row[target]) else row[target] + weight
    return votes


def _forest_of_5(layer: Layer) -> Forest:
    """From nodes and leaves that point to one another by index."""
    layer.ignore("nodes_hitrates")
    features, modes = list(layer.require("nodes_featureids")), _flat(layer, "nodes_modes")
    splits = [0.0 if math.isnan(s) else s for s in _flat(layer, "nodes_splits")]
    inner, targets = len(features), layer.require("n_targets")
    how = layer.get("aggregate_function", 1)

    def way(which: str) -> list[int]:
        ids, ends = layer.require(f"nodes_{which}nodeids"), layer.require(f"nodes_{which}leafs")
        return [inner + i if leaf else i for i, leaf in zip(ids, ends, strict=True)]

    weights, ids = _flat(layer, "leaf_weights"), layer.require("leaf_targetids")
    _check_table(layer, targets, len(weights))
    ends = [layer.require(f"nodes_{w}{n}") for w in ("true", "false") for n in ("nodeids", "leafs")]
    nan_yes = layer.get("nodes_missing_value_tracks_true", None) or [0] * inner
    _same_length(layer, "leaf_", weights, ids)
    _same_length(layer, "nodes_", features, modes, splits, nan_yes, *ends)
    votes = [[math.nan if how in (2, 3) else 0.0] * targets for _ in weights]
    if any(not 0 <= target < targets for target in ids):
        raise layer.refuse("a leaf votes for a target that does not exist", "the model is not valid")
    for row, target, weight in zip(votes, ids, weights, strict=True):
        row[target] = weight
    members = _members(layer) if MEMBER in modes else []
    if modes.count(MEMBER) != len(members):
        raise layer.refuse(f"{len(members)} sets for {modes.count(MEMBER)} nodes that test membership")
    return Forest(
        features, splits, modes, way("true"), way("false"), [bool(n) for n in nan_yes],
        list(layer.require("tree_roots")), votes, members,
    )  # fmt: skip


def _flat(layer: Layer, name: str) -> list[Any]:
    """The numbers of an attribute that is a tensor."""
    found: list[Any] = layer.require(name, Tensor).numpy().reshape(-1).tolist()
    return found


def _members(layer: Layer) -> list[list[float]]:
    sets: list[list[float]] = [[]]
    for number in _flat(layer, "membership_values"):
        if math.isnan(number):
            sets.append([])
        else:
            sets[-1].append(number)
    return sets if sets[-1] else sets[:-1]
