"""The Caffe models that the benchmarks convert: the networks of the tests at their published sizes."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.caffe.networks.classifiers import alexnet, googlenet, resnet50, squeezenet
from tests.caffe.networks.net import Net

MAKERS: dict[str, Callable[[], Net]] = {
    "caffe_squeezenet": squeezenet,
    "caffe_googlenet": googlenet,
    "caffe_resnet50": resnet50,
    "caffe_alexnet": alexnet,
}


def write(name: str, home: Path) -> dict[str, object]:
    """Write the model with its prototxt beside it; its facts, as `models.prepare` keeps them."""
    net = MAKERS[name]()
    _, model = net.save(home)
    # AlexNet is held against a plain copy of its weights: nearly all of the file.
    copied = model.name if name == "caffe_alexnet" else None
    return {"nodes": len(net.lines), "weight_bytes": net.weight_bytes, "model": model.name, "external": copied}
