"""Strings, where they are known while the model is converted, and n-grams of numbers."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from dragoman.builder import Builder
from dragoman.frontends.extract import Extractors, Layer
from dragoman.graph.graph import Value
from dragoman.graph.tensor import MemoryTensor
from dragoman.graph.types import boolean, f32, i64, string
from dragoman.lazy import np
from dragoman_onnx.layers.sizes import converted, known_dim, rank_of

if TYPE_CHECKING:
    from dragoman.graph.tensor import Array

layers = Extractors("onnx")

#: of a regular expression: characters, and steps of backtracking on one string
LONGEST_PATTERN = 1000
MOST_STEPS = 1e6
#: elements of the table of n-grams and places
LARGEST_TABLE = 1 << 26
_CASES: dict[str, Callable[[str], str]] = {"NONE": str, "LOWER": str.lower, "UPPER": str.upper}


def texts_of(layer: Layer, value: Value) -> Array:
    """The strings of an input as an array of str."""
    if value.tensor is None:
        raise layer.refuse(
            "strings are computed at run time, and the runtime's CPU has no operations on them",
            "cut the model behind its text part (--input), or freeze the text with --input",
        )
    found = value.tensor.numpy()
    try:
        decoded = [t.decode() if isinstance(t, bytes) else str(t) for t in found.flat]
    except UnicodeDecodeError:
        raise layer.refuse("a string is not UTF-8", "OpenVINO's strings are") from None
    return np.array(decoded, object).reshape(found.shape)


def texts(op: Builder, array: Array) -> Value:
    """A constant of strings."""
    return op.constant(MemoryTensor(array, string))


@layers("StringConcat", since=20)
def string_concat(layer: Layer, op: Builder, x: Value, y: Value) -> Value:
    """StringConcat(X, Y): strings joined element by element."""
    first, second = np.broadcast_arrays(texts_of(layer, x), texts_of(layer, y))
    joined = [a + b for a, b in zip(first.flat, second.flat, strict=True)]
    return texts(op, np.array(joined, object).reshape(first.shape))


@layers("StringSplit", since=20)
def string_split(layer: Layer, op: Builder, x: Value) -> tuple[Value, Value]:
    """StringSplit(X, delimiter, maxsplit): (parts, filled up with empty strings; their number)."""
    found = texts_of(layer, x)
    delimiter, most = layer.get("delimiter", "") or None, layer.get("maxsplit", None)
    parts = [t.split(delimiter, -1 if most is None else most) for t in found.flat]
    width = max((len(p) for p in parts), default=0)
    filled = [p + [""] * (width - len(p)) for p in parts]
    grid = np.array(filled, object).reshape(*found.shape, width)
    counts = np.array([len(p) for p in parts], np.int64).reshape(found.shape)
    return texts(op, grid), op.constant(counts, i64)


@layers("StringNormalizer", since=10)
def string_normalizer(layer: Layer, op: Builder, x: Value) -> Value:
    """StringNormalizer(X): stop words dropped, the rest in one case; at least one string stays."""
    found = texts_of(layer, x)
    case, sensitive = layer.get("case_change_action", "NONE"), layer.get("is_case_sensitive", 0)
    stop = set(layer.get("stopwords", None) or [])
    layer.ignore("locale")
    if case not in _CASES or found.ndim not in (1, 2):
        raise layer.refuse(f"case_change_action {case!r} on {found.ndim} dimensions", "the model is not valid")
    if not sensitive:
        stop = {w.lower() for w in stop}
    kept = [t for t in found.flat if (t if sensitive else t.lower()) not in stop]
    changed = [_CASES[case](t) for t in kept] or [""]
    return texts(op, np.array(changed, object).reshape((1, -1) if found.ndim == 2 else (-1,)))


@layers("RegexFullMatch", since=20)
def regex_full_match(layer: Layer, op: Builder, x: Value) -> Value:
    """RegexFullMatch(X, pattern): whether the whole string matches."""
    found, pattern = texts_of(layer, x), layer.require("pattern")
    if not isinstance(pattern, str) or _steps(pattern, max((len(t) for t in found.flat), default=0)) > MOST_STEPS:
        raise layer.refuse(f"the pattern {pattern!r} may take too long", "match before the model")
    try:
        matcher = re.compile(pattern)
    except re.error as error:
        raise layer.refuse(f"the pattern {pattern!r} is not understood: {error}", "write it in plain syntax") from None
    matches = np.array([matcher.fullmatch(t) is not None for t in found.flat], np.bool_).reshape(found.shape)
    return op.constant(matches, boolean)


def _steps(pattern: str, length: int) -> float:
    """A bound of what backtracking costs; repeated groups have none, nor has what only Python's syntax knows."""
    if re.search(r"\)[*+{]|\(\?(?![a-z]*[:)])|\\[1-9]", pattern) or len(pattern) > LONGEST_PATTERN:
        return math.inf
    return float(max(1, length)) ** min(100, len(re.findall(r"[*+{?]", pattern)))


@layers("TfIdfVectorizer", since=9)
def tf_idf_vectorizer(layer: Layer, op: Builder, x: Value) -> Value:
    """TfIdfVectorizer(X): how often each n-gram of the pool occurs in a row, with gaps of up to max_skip_count."""
    pool, places = layer.get("pool_int64s", None), layer.require("ngram_indexes")
    if layer.get("pool_strings", None) or pool is None:
        texts_of(layer, x)
        raise layer.refuse("n-grams of strings", "cut the model behind its text part (--input)")
    width = known_dim(x, rank_of(layer, x) - 1)
    if width is None:
        raise layer.refuse("the length of a row is unknown", "fix it with --shape")
    mode = layer.require("mode")
    starts = list(layer.require("ngram_counts", list))
    if [0, *starts, len(pool)] != sorted([0, *starts, len(pool)]):
        raise layer.refuse(f"ngram_counts {starts} in a pool of {len(pool)}", "the model is not valid")
    if any((end - start) % n for n, (start, end) in enumerate(itertools.pairwise([*starts, len(pool)]), 1)):
        raise layer.refuse("the pool ends within an n-gram", "the model is not valid")
    grams = _grams(pool, starts)
    if sum(len(rows) for _, _, rows in grams) != len(places) or min(places, default=-1) < 0:
        raise layer.refuse("every n-gram of the pool needs one index", "the model is not valid")
    if width * len(pool) > LARGEST_TABLE:
        raise layer.refuse(f"rows of {width} numbers", "look for n-grams before the model")
    if (max(places) + 1) * len(places) > LARGEST_TABLE:
        raise layer.refuse(f"{len(places)} n-grams with indices up to {max(places)}", "the table would be too large")
    shortest, longest = layer.require("min_gram_length"), layer.require("max_gram_length")
    wide, parts, total = converted(op, x, i64), [], max(places) + 1
    for first, size, rows in grams:
        matrix = np.zeros((len(rows), total), np.float32)
        matrix[np.arange(len(rows)), places[first : first + len(rows)]] = 1
        spans = [
            s
            for s in range(1, min(layer.get("max_skip_count", 0), width) + 2 if size > 1 else 2)
            if (size - 1) * s < width
        ]
        if shortest <= size <= longest and spans:
            counts = [_counted(op, wide, rows, size, span, width) for span in spans]
            found = counts[0]
            for more in counts[1:]:
                found = op.Add(found, more)
            parts.append(op.MatMul(found, op.constant(matrix)))
    return _weighed(layer, op, x, parts, (mode, total, places))


def _grams(pool: list[int], starts: list[int]) -> list[tuple[int, int, list[list[int]]]]:
    """(number of the first n-gram, n, the n-grams) for every n that the pool has."""
    found, number = [], 0
    for size, (start, end) in enumerate(zip(starts, [*starts[1:], len(pool)], strict=True), 1):
        rows = [pool[i : i + size] for i in range(start, end, size)]
        if rows:
            found.append((number, size, rows))
        number += len(rows)
    return found


def _counted(op: Builder, x: Value, rows: list[list[int]], size: int, span: int, width: int) -> Value:
    """How often each n-gram occurs with its elements ``span`` apart: (..., n-grams)."""
    count = width - (size - 1) * span
    windows = op.Gather(x, op.constant([[i + k * span for k in range(size)] for i in range(count)]), op.constant(-1))
    met = op.Equal(op.Unsqueeze(windows, op.constant([-2])), op.constant(rows, i64))
    whole = op.ReduceLogicalAnd(met, op.constant([-1]), keep_dims=False)
    sums: Value = op.ReduceSum(op.Convert(whole, destination_type=f32), op.constant([-2]), keep_dims=False)
    return sums


def _weighed(layer: Layer, op: Builder, x: Value, parts: list[Value], how: tuple[str, int, list[int]]) -> Value:
    mode, total, places = how
    given: Any = layer.get("weights", None)
    if mode not in ("TF", "IDF", "TFIDF"):
        raise layer.refuse(f"mode {mode!r} is unknown", "TF, IDF and TFIDF are known")
    if not parts:
        raise layer.refuse("rows are too short for any n-gram of the pool", "the result would be zeros")
    y = parts[0]
    for part in parts[1:]:
        y = op.Add(y, part)
    if mode == "IDF":
        y = op.Minimum(y, op.constant(1.0, f32))
    if mode == "TF" or not given:
        return y
    weights = [1.0] * total
    for place, weight in zip(places, given, strict=True):
        weights[place] = weight
    return op.Multiply(y, op.constant(weights, f32))
