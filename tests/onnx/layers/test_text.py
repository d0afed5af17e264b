"""Strings that are known at conversion, and n-grams of numbers, against onnxruntime."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.onnx.support import layer_model, refusal, run_both, run_ir, run_reference

WORDS = np.array(["Alpha beta", "", "gamma  Delta epsilon", "ümlaut é"], object)


def run(op: str, feeds: dict[str, np.ndarray], outputs: str, kinds: dict[str, Any], **attributes: Any) -> None:
    """All inputs constants; what comes out must be what ONNX's reference gives."""
    model = layer_model(op, feeds, outputs, kinds=kinds, opset=20, constants=tuple(feeds), **attributes)
    for found, expected in zip(run_ir(model, {}), run_reference(model, {}), strict=True):
        assert found.shape == expected.shape
        assert [str(v) for v in found.flat] == [str(v) for v in expected.flat]


def test_strings_are_joined() -> None:
    run("StringConcat", {"x": WORDS.reshape(2, 2), "y": np.array(["!", "?"], object)}, "z", {"z": object})


@pytest.mark.parametrize("attributes", [{}, {"delimiter": " "}, {"maxsplit": 1}, {"delimiter": "a"}])
def test_strings_are_split(attributes: dict[str, Any]) -> None:
    run("StringSplit", {"x": WORDS}, "y n", {"y": object, "n": np.int64}, **attributes)


@pytest.mark.parametrize("pattern", [r".*a", r"\w+ \w+", r"(?i)ALPHA.*|"])
def test_strings_are_matched(pattern: str) -> None:
    run("RegexFullMatch", {"x": WORDS}, "y", {"y": bool}, pattern=pattern)


@pytest.mark.parametrize(
    "attributes",
    [
        {"case_change_action": "UPPER", "stopwords": ["beta"], "is_case_sensitive": 1},
        {"case_change_action": "LOWER", "stopwords": ["ALPHA", "gamma", "beta"]},
    ],
)
def test_strings_are_normalized(attributes: dict[str, Any]) -> None:
    run("StringNormalizer", {"x": np.array(["Alpha", "beta", "gamma"], object)}, "y", {"y": object}, **attributes)


def test_strings_at_run_time_are_refused() -> None:
    model = layer_model("StringNormalizer", {"x": WORDS}, kinds={"y": object}, case_change_action="UPPER")
    assert [(p.code, p.op) for p in refusal(model).problems] == [("D302", "StringNormalizer")]


GRAMS: dict[str, Any] = {
    "ngram_counts": [0, 4],
    "ngram_indexes": [0, 1, 2, 3, 4, 5, 6],
    "pool_int64s": [2, 3, 5, 4, 5, 6, 7, 8, 6, 7],
}


@pytest.mark.parametrize("mode", ["TF", "IDF", "TFIDF"])
@pytest.mark.parametrize("skip", [0, 1, 5])
@pytest.mark.parametrize(("least", "most"), [(1, 1), (2, 2), (1, 2)])
@pytest.mark.parametrize("kind", [np.int32, np.int64])
def test_n_grams_are_counted(kind: Any, least: int, most: int, skip: int, mode: str) -> None:
    x = np.array([[1, 1, 3, 3, 3, 7], [8, 6, 7, 5, 6, 8], [5, 6, 7, 8, 6, 7]], kind)
    model = layer_model(
        "TfIdfVectorizer", {"x": x}, **GRAMS, mode=mode, min_gram_length=least, max_gram_length=most,
        max_skip_count=skip, weights=[1.0, 2.0, 0.5, 3.0, 4.0, 1.5, 2.5],
    )  # fmt: skip
    run_both(model, {"x": x})
