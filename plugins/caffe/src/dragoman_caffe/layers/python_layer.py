"""Layers written in Python, known by ``module.layer``: an extractor is registered for ``Python:module.layer``.

No code of a model is run. ``param_str`` is read as the plain mapping that such layers give to their YAML parser.
Behaviour: py-faster-rcnn's ``rpn/proposal_layer.py`` with the TEST settings of its ``config.py``, and SSH's
``SSH/layers/proposal_layer.py`` with those of its ``default_config.yml``.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator

from dragoman.builder import Builder
from dragoman.frontends.extract import Extractors, Layer
from dragoman.graph.graph import Value
from dragoman.graph.types import f32, i64
from dragoman_caffe.layers.proposal import Regions, check_rounding, image_info, propose

layers = Extractors("caffe")

Scalar = float | int | str
Parameter = Scalar | list[Scalar]

_TOKEN = re.compile(
    r"""\s*(?:!![\w/.]+|(?P<sign>[\[\](){},:])|"(?P<double>[^"]*)"|'(?P<single>[^']*)'"""
    r"""|(?P<word>[\w.+-]+)|(?P<other>\S))"""
)
_WHOLE = ("feat_stride", "base_size", "min_size", "pre_nms_topn", "post_nms_topn")
_ALIASES = {"ratios": "ratio", "scales": "scale", "pre_nms_topN": "pre_nms_topn", "post_nms_topN": "post_nms_topn"}


def parameters(layer: Layer) -> dict[str, Parameter]:
    """The mapping in ``param_str``: names, and numbers, texts or lists of them; refuses everything else."""
    layer.ignore(*(f"python_param.{n}" for n in ("module", "layer", "share_in_parallel")))
    text = layer.get("python_param.param_str", "")
    tokens = list(_tokens(text))
    if tokens[:1] == [(True, "{")] and tokens[-1:] == [(True, "}")]:
        tokens = tokens[1:-1]
    found: dict[str, Parameter] = {}
    at = 0
    try:
        while at < len(tokens):
            (is_sign, name), separator = tokens[at], tokens[at + 1]
            if is_sign or separator != (True, ":"):
                raise ValueError
            found[name], at = _value(tokens, at + 2)
            if at < len(tokens) and tokens[at] == (True, ","):
                at += 1
    except (IndexError, ValueError):
        hint = "name: number or list, separated by commas"
        raise layer.refuse(f"param_str {text!r} is no plain mapping", hint) from None
    return found


def _tokens(text: str) -> Iterator[tuple[bool, str]]:
    """(is punctuation, text) of each token; tags such as !!python/tuple are left out."""
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup
        if kind is not None:
            yield kind in ("sign", "other"), match[kind]


def _value(tokens: list[tuple[bool, str]], at: int) -> tuple[Parameter, int]:
    """One value and where the next token stands; ValueError or IndexError where there is none."""
    is_sign, text = tokens[at]
    if not is_sign:
        return _number(text), at + 1
    closing = {"[": "]", "(": ")"}.get(text)
    if closing is None:
        raise ValueError
    items: list[Scalar] = []
    at += 1
    while tokens[at] != (True, closing):
        is_sign, text = tokens[at]
        after = tokens[at + 1]
        if is_sign or after not in ((True, ","), (True, closing)):
            raise ValueError
        items.append(_number(text))
        at += 2 if after == (True, ",") else 1
    return items, at + 1


def _number(text: str) -> Scalar:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


@layers("Python:rpn.proposal_layer.ProposalLayer")
def proposal_layer(layer: Layer, op: Builder, scores: Value, deltas: Value, info: Value) -> list[Value]:
    """Regions (image, x0, y0, x1, y1) and their scores [regions, 1]: boxes that are too small leave first."""
    regions = _regions(layer, Regions(feat_stride=16, drops_small=True))
    rois, found = propose(layer, op, regions, scores, deltas, image_info(layer, op, info, 3))
    return [rois, op.Unsqueeze(found, op.constant([1], i64))]


@layers("Python:SSH.layers.proposal_layer.ProposalLayer")
def ssh_proposal_layer(layer: Layer, op: Builder, scores: Value, deltas: Value, info: Value) -> list[Value]:
    """As above without suppression; (0, 0, 0, 16, 16) when there is no region at all."""
    one = Regions(feat_stride=16, min_size=0, pre_nms_topn=1000, post_nms_topn=1000, nms_thresh=1.0, drops_small=True)
    rois, found = propose(layer, op, _regions(layer, one), scores, deltas, image_info(layer, op, info, 3))
    return [_at_least_one(op, rois), op.Unsqueeze(found, op.constant([1], i64))]


def _at_least_one(op: Builder, rois: Value) -> Value:
    one, zero = op.constant([1], i64), op.constant([0], i64)
    count = op.Gather(op.ShapeOf(rois, output_type="i64"), zero, op.constant(0, i64))
    missing = op.Subtract(one, op.Minimum(count, one))
    instead = op.Slice(op.constant([[0.0, 0.0, 0.0, 16.0, 16.0]], f32), zero, missing, one, zero)
    y: Value = op.Concat(rois, instead, axis=0)
    return y


def _regions(layer: Layer, default: Regions) -> Regions:
    """The layer's parameters; those that it takes from its package's configuration have their defaults there."""
    given = {_ALIASES.get(k, k): v for k, v in parameters(layer).items()}
    if "feat_stride" not in given:
        raise layer.refuse("param_str has no feat_stride", "the layer cannot do without")
    known: dict[str, object] = {}
    for name, value in given.items():
        if name in _WHOLE and isinstance(value, int):
            known[name] = value
        elif name == "nms_thresh" and isinstance(value, (int, float)):
            known[name] = float(value)
        elif name in ("ratio", "scale") and isinstance(value, list) and all(isinstance(v, (int, float)) for v in value):
            known[name] = tuple(float(v) for v in value if isinstance(v, (int, float)))
        else:
            names = ", ".join((*_WHOLE, "nms_thresh", "ratios", "scales"))
            raise layer.refuse(f"param_str has {name}: {value!r}", f"known are {names}")
    regions = dataclasses.replace(default, **known)  # type: ignore[arg-type]
    regions.check(layer)
    check_rounding(layer, regions)
    return regions
