"""Runs a Caffe net in OpenCV's ``dnn`` module, in a process of its own: a net it is not made for may end the process.

Started by path; one request, a JSON object, on standard input, one answer, after ``MARK``, on standard output.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from dragoman.lazy import np

MARK = "dragoman-opencv: "
#: the first release that gives Caffe's numbers wherever opencv_differences.py says nothing else
OLDEST = (4, 11)


def run(request: dict[str, Any]) -> dict[str, Any]:
    """Write the wanted blobs of a net as ``.npy``: ``inputs`` blob -> file, ``outputs`` [layer, top, blob, file]."""
    import cv2

    if tuple(map(int, cv2.__version__.split(".")[:2])) < OLDEST:
        raise RuntimeError(f"OpenCV {cv2.__version__} is too old; {'.'.join(map(str, OLDEST))} or newer is needed")
    net = cv2.dnn.readNetFromCaffe(request["prototxt"], request.get("model") or "")
    net.setPreferableBackend(cv2.dnn.DNN_BACKEND_OPENCV)
    for blob, file in request["inputs"].items():
        net.setInput(np.load(file), blob)
    named = []
    for layer, top, blob, file in request["outputs"]:
        # the importer makes a layer of each top of a convolution, and calls it by the top
        named.append((layer, top, file) if net.getLayerId(layer) != -1 else (blob, 0, file))
    first = [(layer, file) for layer, top, file in named if top == 0]
    if first:
        for arrays, (_, file) in zip(net.forwardAndRetrieve([layer for layer, _ in first]), first, strict=True):
            np.save(file, arrays[0])
    for layer, top, file in named:
        if top:  # OpenCV lets later layers write over it, so that the net must end here
            np.save(file, net.forwardAndRetrieve([layer])[0][top])
    return {"version": cv2.__version__}


def main() -> None:
    """Answer one request."""
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [p for p in sys.path if os.path.abspath(p or os.curdir) != here]  # its modules are not for import
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    try:
        answer = run(json.loads(sys.stdin.readline()))
    except Exception as error:
        answer = {"error": " ".join(str(error).split()) or type(error).__name__}
    with answers:
        answers.write(MARK + json.dumps(answer) + "\n")


if __name__ == "__main__":
    main()
