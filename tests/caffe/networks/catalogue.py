"""The networks by name: how each is made, reduced and in full, and what it is compared with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from . import reference
from .classifiers import alexnet, googlenet, resnet50, squeezenet
from .net import Net
from .others import caption, unet, yolo_v2
from .reference import Arrays
from .regions import faster_rcnn, rfcn
from .ssd import mobilenet_ssd, ssd300

Maker = Callable[..., Net]


@dataclass(frozen=True)
class Entry:
    """A network; `reduced` are the arguments of a size for quick tests, `full` those of the whole one.

    `expected` gives the outputs by name: of a maker with its arguments, in a scratch folder, for the inputs."""

    make: Maker
    reduced: dict[str, int] = field(default_factory=dict)
    full: dict[str, int] = field(default_factory=dict)
    expected: Callable[[Maker, Path, Arrays], Arrays] = lambda make, folder, feeds: reference.opencv(
        make(), folder, feeds
    )


def _yolo(make: Maker, folder: Path, feeds: Arrays) -> Arrays:
    """OpenCV knows Reorg by another name, and decodes boxes in its region layer, which Darknet does outside."""
    found = reference.opencv(make(opencv=True), folder, feeds)
    return {"detector": reference.region(found["region_conv"], anchors=5, classes=20)}


NETWORKS: dict[str, Entry] = {
    "squeezenet": Entry(squeezenet, {"scale": 2, "image": 67, "classes": 100}),
    "googlenet": Entry(googlenet, {"scale": 4, "image": 96, "classes": 100}),
    "resnet50": Entry(resnet50, {"scale": 8, "image": 96, "classes": 100}),
    "alexnet": Entry(alexnet, {"scale": 8, "image": 131, "classes": 100}),
    "mobilenet_ssd": Entry(mobilenet_ssd, {"scale": 4}),
    "ssd300": Entry(ssd300, {"scale": 16}),
    "faster_rcnn": Entry(
        faster_rcnn,
        {"scale": 16, "height": 160, "width": 224},
        {"scale": 2},
        partial(reference.in_two_stages, min_size=16, drops=True),
    ),
    "rfcn": Entry(
        rfcn,
        {"scale": 8},
        {"scale": 1, "height": 320, "width": 480},
        partial(reference.in_two_stages, min_size=16, drops=True),
    ),
    "rfcn_proposal_param": Entry(
        partial(rfcn, proposal="Proposal"),
        {"scale": 8},
        {"scale": 1, "height": 320, "width": 480},
        partial(reference.in_two_stages, min_size=1, drops=False),
    ),
    "unet": Entry(unet, {"width": 8, "image": 64}),
    "caption": Entry(
        caption,
        {"hidden": 24, "vocabulary": 60, "steps": 7, "features": 12},
        {"hidden": 512, "vocabulary": 4000},
        lambda make, folder, feeds: reference.caption(make(), feeds),
    ),
    "yolo_v2": Entry(yolo_v2, {"scale": 16, "image": 128}, expected=_yolo),
}
