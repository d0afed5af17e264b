"""Encoders, linear models and tree ensembles of ai.onnx.ml."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from onnx import helper, numpy_helper
from tests.onnx.support import model_of, port, refusal, run_both

ML = "ai.onnx.ml"
X = np.array([[1, -2, 0.5], [4, 0, -1], [0.25, 3, 7]], np.float32)


def ml(op: str, feeds: dict[str, np.ndarray], kinds: dict[str, Any], version: int, **attributes: Any) -> Any:
    node = helper.make_node(op, list(feeds), list(kinds), domain=ML, **attributes)
    ports = [port(n, a.dtype, ["n", *a.shape[1:]]) for n, a in feeds.items()]
    return model_of([node], ports, [port(o, k) for o, k in kinds.items()], opset=17, domains={ML: version})


@pytest.mark.parametrize(
    "op, attributes",
    [
        ("Binarizer", {"threshold": 0.5}),
        ("Scaler", {"offset": [1.0, 2.0, 3.0], "scale": [0.5, 2.0, 1.0]}),
        ("Scaler", {"offset": [1.0], "scale": [0.5]}),
        ("Normalizer", {"norm": "L1"}),
        ("Normalizer", {"norm": "L2"}),
        ("LinearRegressor", {"coefficients": [1.0, 2.0, 3.0], "intercepts": [0.5]}),
        ("LinearRegressor", {"coefficients": [1.0, 2, 3, 4, 5, 6], "intercepts": [0.5, 1], "targets": 2}),
        ("Imputer", {"imputed_value_floats": [9.0, 8.0, 7.0], "replaced_value_float": 0.0}),
        ("Imputer", {"imputed_value_floats": [9.0], "replaced_value_float": float("nan")}),
    ],
)
def test_transformation(op: str, attributes: dict[str, Any]) -> None:
    x = X.copy()
    if attributes.get("replaced_value_float", 0) != 0:
        x[1, 1] = np.nan
    run_both(ml(op, {"x": x}, {"y": np.float32}, 1, **attributes), {"x": x})


def test_columns_by_index() -> None:
    feeds = {"x": X, "i": np.array([[2, 0]], np.int64)}
    run_both(ml("ArrayFeatureExtractor", feeds, {"y": np.float32}, 1), feeds)


def test_one_hot_categories() -> None:
    x = np.array([[1, 5], [7, 3]], np.int64)
    run_both(ml("OneHotEncoder", {"x": x}, {"y": np.float32}, 1, cats_int64s=[1, 3, 7], zeros=1), {"x": x})


@pytest.mark.parametrize(
    "attributes, kind, result",
    [
        ({"keys_int64s": [1, 5, 7], "values_floats": [0.1, 0.5, 0.7], "default_float": 9.0}, np.int64, np.float32),
        ({"keys_floats": [1.0, np.nan, 7.0], "values_int64s": [10, 50, 70]}, np.float32, np.int64),
    ],
)
def test_labels_by_number(attributes: dict[str, Any], kind: Any, result: Any) -> None:
    x = np.array([[1, 2, 7]]).astype(kind)
    if kind is np.float32:
        x[0, 1] = np.nan
    for version in (2, 4):
        run_both(ml("LabelEncoder", {"x": x}, {"y": result}, version, **attributes), {"x": x})


def test_labels_by_text_are_refused() -> None:
    x = np.array(["a"], dtype=object)
    problem = refusal(ml("LabelEncoder", {"x": x}, {"y": np.int64}, 2, keys_strings=["a"], values_int64s=[1])).problems[
        0
    ]
    assert problem.code == "D302"


def test_linear_classifier() -> None:
    model = ml(
        "LinearClassifier", {"x": X}, {"label": np.int64, "scores": np.float32}, 1, classlabels_ints=[10, 20, 30],
        coefficients=[1.0, 0, 0, 0, 1, 0, 0, 0, 1], intercepts=[0.1, 0.2, 0.3], post_transform="SOFTMAX",
    )  # fmt: skip
    run_both(model, {"x": X})


NODES: dict[str, Any] = {
    "nodes_treeids": [0, 0, 0, 0, 0, 1, 1, 1], "nodes_nodeids": [0, 1, 2, 3, 4, 0, 1, 2],
    "nodes_featureids": [0, 1, 0, 0, 0, 2, 0, 0], "nodes_values": [1.0, -1.0, 0, 0, 0, 0.5, 0, 0],
    "nodes_modes": ["BRANCH_LEQ", "BRANCH_LT", "LEAF", "LEAF", "LEAF", "BRANCH_GT", "LEAF", "LEAF"],
    "nodes_truenodeids": [1, 3, 0, 0, 0, 1, 0, 0], "nodes_falsenodeids": [2, 4, 0, 0, 0, 2, 0, 0],
    "nodes_missing_value_tracks_true": [1, 0, 0, 0, 0, 0, 0, 0],
}  # fmt: skip
LEAVES = {"treeids": [0, 0, 0, 1, 1], "nodeids": [2, 3, 4, 1, 2]}


def with_gaps() -> np.ndarray:
    x = np.repeat(X, 2, axis=0)
    x[1, 0] = np.nan
    return x


@pytest.mark.parametrize("how", ["SUM", "AVERAGE", "MIN", "MAX"])
@pytest.mark.parametrize("base", [[], [0.5]])
def test_tree_ensemble_regressor(how: str, base: list[float]) -> None:
    votes = {f"target_{k}": v for k, v in LEAVES.items()} | {"target_ids": [0] * 5, "target_weights": [1.0, 2, 3, 4, 5]}
    attributes = {**NODES, **votes, "aggregate_function": how, "n_targets": 1} | ({"base_values": base} if base else {})
    x = with_gaps()
    run_both(ml("TreeEnsembleRegressor", {"x": x}, {"y": np.float32}, 3, **attributes), {"x": x})


@pytest.mark.parametrize("after", ["NONE", "SOFTMAX", "LOGISTIC"])
def test_tree_ensemble_classifier(after: str) -> None:
    votes = {
        "class_treeids": [0, 0, 0, 0, 1, 1], "class_nodeids": [2, 3, 4, 4, 1, 2], "class_ids": [0, 1, 2, 0, 1, 2],
        "class_weights": [0.3, 0.6, 0.2, 0.4, 0.5, 0.7],
    }  # fmt: skip
    x = with_gaps()
    kinds = {"label": np.int64, "scores": np.float32}
    attributes = {**NODES, **votes, "classlabels_int64s": [5, 6, 7], "post_transform": after}
    run_both(ml("TreeEnsembleClassifier", {"x": x}, kinds, 3, **attributes), {"x": x})


def test_a_vote_for_one_class_is_refused() -> None:
    votes = {f"class_{k}": v for k, v in LEAVES.items()} | {"class_ids": [0] * 5, "class_weights": [1.0, 2, 3, 4, 5]}
    attributes = {**NODES, **votes, "classlabels_int64s": [0, 1]}
    kinds = {"label": np.int64, "scores": np.float32}
    assert refusal(ml("TreeEnsembleClassifier", {"x": X}, kinds, 3, **attributes)).problems[0].code == "D302"


def test_tree_ensemble_with_sets() -> None:
    f = np.float32
    attributes = {
        "n_targets": 4, "aggregate_function": 1, "post_transform": 0, "tree_roots": [0],
        "nodes_modes": numpy_helper.from_array(np.array([0, 6, 6], np.uint8)), "nodes_featureids": [0, 0, 0],
        "nodes_splits": numpy_helper.from_array(np.array([11, 232344, np.nan], f)),
        "nodes_truenodeids": [1, 0, 1], "nodes_trueleafs": [0, 1, 1], "nodes_falsenodeids": [2, 2, 3],
        "nodes_falseleafs": [1, 0, 1], "leaf_targetids": [0, 1, 2, 3],
        "leaf_weights": numpy_helper.from_array(np.array([1, 10, 1000, 100], f)),
        "membership_values": numpy_helper.from_array(np.array([1.2, 3.7, 8, 9, np.nan, 12, 7, np.nan], f)),
    }  # fmt: skip
    x = np.array([[1.2], [3.4], [-0.12], [np.nan], [12], [7]], f)
    run_both(ml("TreeEnsemble", {"x": x}, {"y": f}, 5, **attributes), {"x": x}, reference="onnx")
