"""What OpenCV's ``dnn`` module computes for a Caffe net, wherever that is known to be what Caffe computes.

Where it is known to differ (:mod:`dragoman_caffe.opencv_differences`) the net is not run at all.
"""

from __future__ import annotations

import importlib.util
import json
import re
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dragoman.graph.graph import Graph
from dragoman.lazy import np
from dragoman_caffe.child import run_child
from dragoman_caffe.definitions import Definitions
from dragoman_caffe.net import CaffeNet
from dragoman_caffe.opencv_differences import difference
from dragoman_caffe.opencv_server import MARK
from dragoman_caffe.written import Part, Unwritable, write_part

#: what OpenCV puts before a message
_PLACE = re.compile(r"^OpenCV\([^)]*\) \S+ error: \([^)]*\) ")
SERVER = Path(__file__).with_name("opencv_server.py")
LIMIT = 600.0


class OpenCvFailed(Exception):
    """OpenCV gives no answer; one line says why."""


def missing() -> str:
    """The pip line when OpenCV is not installed."""
    return "" if importlib.util.find_spec("cv2") else "pip install 'dragoman-caffe[check]'"


def run_in_opencv(
    graph: Graph, definitions: Definitions, inputs: Mapping[str, Any], outputs: Sequence[str]
) -> dict[str, Any]:
    """Blobs by name; inputs and outputs may be blobs inside the net. OpenCvFailed where it cannot, or should not."""
    net: CaffeNet = graph.info["caffe"]
    if net.has_weights and net.weights is None:
        raise OpenCvFailed("the .caffemodel is in memory, and a file is needed")
    try:
        part = write_part(graph, definitions, {n: np.shape(a) for n, a in inputs.items()}, outputs)
    except Unwritable as error:
        raise OpenCvFailed(str(error)) from None
    for node in part.nodes:
        if why := difference(node):
            raise OpenCvFailed(f"{node.op} {node.name!r}: {why}")
    with tempfile.TemporaryDirectory(prefix="dragoman-") as folder:
        wanted = _ask(part, net, inputs, outputs, Path(folder))
        return {name: np.load(file, allow_pickle=False) for name, file in wanted.items()}


def _ask(part: Part, net: CaffeNet, inputs: Mapping[str, Any], outputs: Sequence[str], folder: Path) -> dict[str, str]:
    given, wanted = {}, {name: str(folder / f"out{k}.npy") for k, name in enumerate(outputs)}
    for k, (name, blob) in enumerate(part.blobs.items()):
        given[blob] = str(folder / f"in{k}.npy")
        np.save(given[blob], np.asarray(inputs[name], np.float32))
    (folder / "net.prototxt").write_text(part.text, encoding="ascii")
    request = {
        "prototxt": str(folder / "net.prototxt"), "inputs": given,
        "model": str(net.weights.resolve()) if net.weights is not None else "",
        "outputs": [[*part.sources[name], file] for name, file in wanted.items()],
    }  # fmt: skip
    done = run_child([sys.executable, str(SERVER)], json.dumps(request) + "\n", LIMIT)
    for line in done.output.splitlines():
        if line.startswith(MARK):
            answer = json.loads(line[len(MARK) :])
            if "error" in answer:
                raise OpenCvFailed(_PLACE.sub("", str(answer["error"]))[:400])
            return wanted
    said = done.messages.strip().splitlines()[-1:] or ["nothing"]
    raise OpenCvFailed(
        f"no answer within {LIMIT:g} seconds" if done.late else f"it ended with exit code {done.code}: {said[0][:300]}"
    )
