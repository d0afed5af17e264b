"""Einsum equations: their labels, and the shape they give."""

from __future__ import annotations

import re
from collections.abc import Sequence

from dragoman.graph.types import DYNAMIC, Dim, Shape
from dragoman.infer.broadcast import broadcast, broadcast_dim
from dragoman.ops.define import Contradiction

ELLIPSIS = "..."
_LABELS = re.compile(r"(?:[A-Za-z]|\.\.\.)*")


def parse_equation(equation: str) -> tuple[list[list[str]], list[str]]:
    """(labels of each input, labels of the output); without ``->`` those that occur once, sorted."""
    left, arrow, right = equation.partition("->")
    inputs = [_labels(part) for part in left.split(",")]
    if arrow:
        output = _labels(right)
    else:
        every = [label for part in inputs for label in part]
        output = sorted(label for label in set(every) if label == ELLIPSIS or every.count(label) == 1)
    if len(set(output)) != len(output):
        raise Contradiction(f"a label twice in the output of {equation!r}")
    for label in output:
        if label != ELLIPSIS and not any(label in part for part in inputs):
            raise Contradiction(f"{label!r} is in no input of {equation!r}")
    return inputs, output


def _labels(text: str) -> list[str]:
    if not _LABELS.fullmatch(text) or text.count(ELLIPSIS) > 1:
        raise Contradiction(f"{text!r} is not a list of labels")
    return re.findall(r"\.\.\.|[A-Za-z]", text)


def einsum_shape(equation: str, shapes: Sequence[Shape]) -> Shape:
    """The output's shape; Contradiction when inputs do not fit the equation."""
    inputs, output = parse_equation(equation)
    if len(inputs) != len(shapes):
        raise Contradiction(f"{equation!r} is about {len(inputs)} inputs, not {len(shapes)}")
    sizes: dict[str, tuple[Dim, ...]] = {}
    hidden_rank = False
    for labels, shape in zip(inputs, shapes, strict=True):
        if shape is None:
            hidden_rank |= ELLIPSIS in labels
            for label in labels:
                sizes[label] = (broadcast_dim(DYNAMIC, sizes[label][0]) if sizes.get(label) else DYNAMIC,)
        else:
            _bind(sizes, labels, shape)
    if hidden_rank and ELLIPSIS in output:
        return None
    return tuple(dim for label in output for dim in sizes.get(label, ()))


def _bind(sizes: dict[str, tuple[Dim, ...]], labels: list[str], shape: tuple[Dim, ...]) -> None:
    hidden = len(shape) - len(labels) + 1
    if hidden < 0 if ELLIPSIS in labels else hidden != 1:
        raise Contradiction(f"{len(labels)} labels for {len(shape)} dimensions")
    at = 0
    for label in labels:
        width = hidden if label == ELLIPSIS else 1
        dims = shape[at : at + width]
        at += width
        held = sizes.get(label)
        if held is None:
            sizes[label] = dims
        elif label == ELLIPSIS:
            sizes[label] = broadcast(held, dims) or ()
        else:
            sizes[label] = (broadcast_dim(held[0], dims[0]),)
