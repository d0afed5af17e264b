"""What the forks' C++ and Python compute, transcribed: priors, decoding, suppression, proposals, pooled regions.

Sources: weiliu89/caffe (ssd) ``prior_box_layer.cpp``, ``bbox_util.cpp``, ``detection_output_layer.cpp``; Intel's
``prior_box_clustered_layer.cpp``, ``proposal_layer.cpp``, ``simpler_nms_layer.cpp``; py-faster-rcnn
``rpn/proposal_layer.py``, ``rpn/generate_anchors.py``; Fast R-CNN ``roi_pooling_layer.cpp``; R-FCN
``psroi_pooling_layer.cu``; RefineDet's ``bbox_util.cpp``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
f32 = np.float32


def boxes_of_priors(sizes: Sequence[float], largest: Sequence[float], ratios: Sequence[float], flip: bool) -> Array:
    """(width, height) of the boxes at each cell, in PriorBox's order."""
    kept = [f32(1)]
    for ratio in ratios:
        if all(abs(f32(ratio) - k) >= 1e-6 for k in kept):
            kept += [f32(ratio), f32(1.0 / f32(ratio))] if flip else [f32(ratio)]
    found: list[tuple[float, float]] = []
    for k, given in enumerate(sizes):
        size = int(given)
        found.append((size, size))
        if largest:
            middle = np.sqrt(size * int(largest[k]))
            found.append((middle, middle))
        found += [(size * np.sqrt(r), size / np.sqrt(r)) for r in kept if abs(r - 1) >= 1e-6]
    return np.asarray(found, f32)


def priors(
    boxes: Array, grid: tuple[int, int], image: tuple[int, int], *, step: tuple[float, float] | None = None,
    offset: float = 0.5, clip: bool = False, variance: Sequence[float] = (0.1,),
) -> Array:  # fmt: skip
    """[1, 2, boxes x 4] for (width, height) boxes around each centre."""
    step_h, step_w = step or (image[0] / grid[0], image[1] / grid[1])
    y, x = np.meshgrid((np.arange(grid[0]) + offset) * step_h, (np.arange(grid[1]) + offset) * step_w, indexing="ij")
    centres = np.stack([x, y], -1).astype(f32)[:, :, None]
    low, high = ((centres + s * boxes / 2.0) / np.array([image[1], image[0]]) for s in (-1, 1))
    found = np.concatenate([low, high], -1).reshape(-1).astype(f32)
    if clip:
        found = found.clip(0, 1)
    spread = np.tile(np.asarray(variance, f32), len(found) // len(variance))
    return np.stack([found, spread])[None]


def decoded(code: str, prior: Array, variance: Array, loc: Array, encoded: bool = False) -> Array:
    """Boxes (x0, y0, x1, y1) out of predictions, all [priors, 4]."""
    v = np.ones_like(variance) if encoded else variance
    size = np.concatenate([prior[:, 2:] - prior[:, :2]] * 2, 1)
    if code == "CORNER":
        return prior + v * loc
    if code == "CORNER_SIZE":
        return prior + v * loc * size
    centre = (prior[:, :2] + prior[:, 2:]) / 2
    at = v[:, :2] * loc[:, :2] * size[:, :2] + centre
    half = np.exp(v[:, 2:] * loc[:, 2:]) * size[:, :2] / 2
    return np.concatenate([at - half, at + half], 1)


def overlap(a: Array, b: Array, one: float = 0.0) -> float:
    """Intersection over union; ``one`` is added to sides in pixels."""
    if b[0] > a[2] or b[2] < a[0] or b[1] > a[3] or b[3] < a[1]:
        return 0.0
    sides = np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2]) + f32(one)
    if sides.min() <= 0:
        return 0.0
    inside = sides[0] * sides[1]
    areas = [max(0, c[2] - c[0] + one) * max(0, c[3] - c[1] + one) if (c[2:] >= c[:2]).all() else 0 for c in (a, b)]
    return float(inside / (areas[0] + areas[1] - inside))


def suppressed(boxes: Array, order: Iterable[int], threshold: float, one: float = 0.0) -> list[int]:
    """Of boxes by falling score, those that no kept one overlaps by more than the threshold."""
    kept: list[int] = []
    for i in order:
        if all(overlap(boxes[i], boxes[k], one) <= threshold for k in kept):
            kept.append(i)
    return kept


def detections(
    boxes: Array,
    scores: Array,
    threshold: float,
    nms: float,
    top_k: int = -1,
    keep_top_k: int = -1,
    background: int = 0,
) -> Array:
    """Rows of DetectionOutput; boxes [images, classes or 1, priors, 4], scores [images, priors, classes]."""
    rows = []
    for image, score in enumerate(scores):
        found = []
        for label in range(score.shape[1]):
            if label == background:
                continue
            mine = score[:, label]
            order = [i for i in np.argsort(-mine, kind="stable") if mine[i] > threshold]
            order = order[:top_k] if top_k > -1 else order
            of_class = boxes[image, label if boxes.shape[1] > 1 else 0]
            found += [(label, mine[i], i, of_class[i]) for i in suppressed(of_class, order, nms)]
        if -1 < keep_top_k < len(found):
            found = sorted(found, key=lambda f: -f[1])[:keep_top_k]
            found.sort(key=lambda f: (f[0], -f[1]))
        rows += [[image, label, s, *box] for label, s, _, box in found]
    if not rows:
        rows = [[i, *[-1] * 6] for i in range(len(scores))]
    return np.asarray(rows, f32)[None, None]


def anchors(base: int, ratios: Sequence[float], scales: Sequence[float]) -> Array:
    """py-faster-rcnn's: a box for each ratio, each at every scale."""
    found = []
    for ratio in ratios:
        width = np.round(np.sqrt(base * base / ratio))
        height = np.round(width * ratio)
        for scale in scales:
            half = np.array([width * scale - 1, height * scale - 1]) / 2
            found.append([*((base - 1) / 2 - half), *((base - 1) / 2 + half)])
    return np.asarray(found)


def proposals(
    scores: Array, deltas: Array, info: Array, boxes: Array, *, stride: int, min_size: float, pre: int, post: int,
    nms: float, drops: bool, positive: bool = False,
) -> tuple[Array, Array]:  # fmt: skip
    """(regions [number, 5], their scores); ``drops``: too small boxes leave, otherwise they score 0."""
    number, (height, width) = len(boxes), scores.shape[2:]
    shift = np.stack(np.meshgrid(np.arange(width) * stride, np.arange(height) * stride), -1).reshape(-1, 1, 2)
    at = (boxes[None] + np.concatenate([shift, shift], -1)).reshape(-1, 4).astype(f32)
    move = deltas.transpose(0, 2, 3, 1).reshape(-1, 4)
    score = scores[:, number:].transpose(0, 2, 3, 1).reshape(-1)
    size = at[:, 2:] - at[:, :2] + f32(1)
    centre = move[:, :2] * size + at[:, :2] + f32(0.5) * size
    half = f32(0.5) * np.exp(move[:, 2:]) * size
    most = np.array([info[1] - 1, info[0] - 1] * 2, f32)
    found = np.minimum(np.maximum(np.concatenate([centre - half, centre + half], 1), 0), most)
    big = (found[:, 2:] - found[:, :2] + 1 >= min_size * np.array([info[-1], info[2]])).all(1)
    if drops:
        found, score = found[big], score[big]
    else:
        score = score * big
    order = np.argsort(-score, kind="stable")[:pre]
    if positive:
        order = np.array([i for i in order if score[i] > 0], int)
    kept = suppressed(found, order, nms, 1.0)[:post]
    return np.concatenate([np.zeros((len(kept), 1), f32), found[kept]], 1), score[kept]


def _half_away(x: Any) -> int:
    return int(np.sign(x) * np.floor(np.abs(x) + 0.5))


def pooled(x: Array, rois: Array, size: tuple[int, int], scale: float) -> Array:
    """ROIPooling: the largest element of each cell."""
    out = np.zeros((len(rois), x.shape[1], *size), f32)
    for n, roi in enumerate(rois):
        x0, y0, x1, y1 = (_half_away(f32(v) * f32(scale)) for v in roi[1:])
        sides = max(y1 - y0 + 1, 1), max(x1 - x0 + 1, 1)
        bins = [f32(s) / f32(p) for s, p in zip(sides, size, strict=True)]
        for i, j in np.ndindex(*size):
            rows, columns = (
                slice(*(int(np.clip(e + start, 0, limit)) for e in (np.floor(f32(k) * b), np.ceil(f32(k + 1) * b))))
                for k, b, start, limit in ((i, bins[0], y0, x.shape[2]), (j, bins[1], x0, x.shape[3]))
            )
            cell = x[int(roi[0]), :, rows, columns]
            if cell.size:
                out[n, :, i, j] = cell.max((1, 2))
    return out


def position_pooled(x: Array, rois: Array, depth: int, group: int, scale: float) -> Array:
    """PSROIPooling: the mean of each cell in its own channel."""
    out = np.zeros((len(rois), depth, group, group), f32)
    for n, roi in enumerate(rois):
        x0, y0 = (f32(_half_away(v)) * f32(scale) for v in roi[1:3])
        x1, y1 = (f32(_half_away(v) + 1.0) * f32(scale) for v in roi[3:])
        bins = [max(f32(e - s), f32(0.1)) / f32(group) for s, e in ((y0, y1), (x0, x1))]
        for c, i, j in np.ndindex(depth, group, group):
            rows, columns = (
                slice(
                    *(
                        int(np.clip(e, 0, limit))
                        for e in (np.floor(f32(k) * b + start), np.ceil(f32(k + 1) * b + start))
                    )
                )
                for k, b, start, limit in ((i, bins[0], y0, x.shape[2]), (j, bins[1], x0, x.shape[3]))
            )
            cell = x[int(roi[0]), (c * group + i) * group + j, rows, columns]
            if cell.size:
                out[n, c, i, j] = cell.mean(dtype=f32)
    return out
