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


@dataclass(frozen=True)
class Entry:
    """A network; `reduced` are the arguments of a size for quick tests, `full` those of the whole one.

    `twin` makes the same network in OpenCV's words where those differ; `finish` completes its outputs."""

    make: Callable[..., Net]
    reduced: dict[str, int] = field(default_factory=dict)
    full: dict[str, int] = field(default_factory=dict)
    twin: Callable[..., Net] | None = None
    finish: Callable[[Arrays], Arrays] | None = None
    by_numpy: Callable[[Net, Arrays], Arrays] | None = None

    def expected(self, net: Net, folder: Path, feeds: Arrays, sizes: dict[str, int]) -> Arrays:
        if self.by_numpy:
            return self.by_numpy(net, feeds)
        found = reference.opencv(self.twin(**sizes) if self.twin else net, folder, feeds)
        return self.finish(found) if self.finish else found


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
        twin=partial(faster_rcnn, proposal="Proposal"),
    ),
    "faster_rcnn_proposal_param": Entry(
        partial(faster_rcnn, proposal="Proposal"), {"scale": 16, "height": 160, "width": 224}, {"scale": 2}
    ),
    "rfcn": Entry(
        rfcn, {"scale": 8}, {"scale": 1, "height": 320, "width": 480}, twin=partial(rfcn, proposal="Proposal")
    ),
    "unet": Entry(unet, {"width": 8, "image": 64}),
    "caption": Entry(
        caption,
        {"hidden": 24, "vocabulary": 60, "steps": 7, "features": 12},
        {"hidden": 512, "vocabulary": 4000},
        by_numpy=reference.caption,
    ),
    "yolo_v2": Entry(
        yolo_v2,
        {"scale": 16, "image": 128},
        twin=partial(yolo_v2, opencv=True),
        finish=lambda found: {"detector": reference.region(found["region_conv"], anchors=5, classes=20)},
    ),
}
