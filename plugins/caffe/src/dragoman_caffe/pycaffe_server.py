"""Runs inside an interpreter that has pycaffe, which may be a Python 2.7, and answers what Dragoman asks of it.

A stand-alone script: started by path, it imports nothing of Dragoman. Each line of standard input is a request, a JSON
object; each answer is one line of standard output that starts with ``MARK``. Whatever else Caffe, glog or a net's
Python layers print goes to standard error: Caffe writes to descriptor 1 as it likes.

Requests (``what``): ``version``; ``shapes`` with ``prototxt``, ``inputs`` (blob -> shape); ``run`` with ``prototxt``,
``model``, ``inputs`` (blob -> .npy), ``outputs`` (blob -> .npy to write). The last two also take ``folder`` (for Python
layers), ``stages`` and ``level``. A bad net makes Caffe abort the whole process; nothing is answered then.
"""
# ruff: noqa: ANN001, ANN201, I002, SIM115, UP020, UP031

import io
import json
import os
import sys

MARK = "dragoman-caffe: "


class Wrong(Exception):
    """What was asked does not fit the net."""


def native(text):
    """A ``str`` of this Python: pycaffe on Python 2 takes no unicode."""
    return text if isinstance(text, str) else text.encode("utf-8")


def load(request):
    """The net of a request, in phase TEST."""
    folder = native(request.get("folder") or "")
    if folder:
        sys.path.insert(0, folder)  # where the net's Python layers lie
    import caffe

    caffe.set_mode_cpu()
    prototxt, model = native(request["prototxt"]), native(request.get("model") or "")
    stages, level = [native(s) for s in request.get("stages") or ()], request.get("level") or 0
    if stages or level:
        options = {"level": level, "stages": stages}
        if model:
            options["weights"] = model
        return caffe.Net(prototxt, caffe.TEST, **options)
    # without stages the forms that forks of 2014 have, too
    return caffe.Net(prototxt, model, caffe.TEST) if model else caffe.Net(prototxt, caffe.TEST)


def blob_of(net, name):
    """A blob by name."""
    if name not in net.blobs:
        raise Wrong("the net has no blob %r; it has %s" % (name, ", ".join(list(net.blobs)[:50])))
    return net.blobs[name]


def reshape(net, shapes):
    """Give blobs new shapes and let them go through the net."""
    changed = False
    for name, shape in shapes.items():
        blob = blob_of(net, name)
        if list(blob.data.shape) != list(shape):
            blob.reshape(*[int(d) for d in shape])
            changed = True
    if changed:
        net.reshape()


def shapes(request):
    """The shape of every blob."""
    net = load(request)
    reshape(net, {native(k): v for k, v in request.get("inputs", {}).items()})
    return {"blobs": {name: list(blob.data.shape) for name, blob in net.blobs.items()}}


def run(request):
    """Write the wanted blobs as they stand after a whole forward pass.

    A value given for a blob inside the net replaces what the net computes, after each layer that may have written it.
    """
    import numpy as np

    net = load(request)
    given = {native(name): np.load(native(path)) for name, path in request["inputs"].items()}
    own = list(net.inputs)
    inner = [name for name in given if name not in own]
    for name in inner:
        if blob_of(net, name).data.shape != given[name].shape:
            raise Wrong("the blob %r is %s, the data are %s" % (name, blob_of(net, name).data.shape, given[name].shape))
    reshape(net, {name: given[name].shape for name in given if name in own})
    for name, array in given.items():
        net.blobs[name].data[...] = array
    if inner:
        for index in range(len(net.layers)):
            net._forward(index, index)
            for name in inner:
                net.blobs[name].data[...] = given[name]
    else:
        net.forward()
    for name, path in request["outputs"].items():
        np.save(native(path), np.array(blob_of(net, native(name)).data))
    return {}


def version(request):
    """What answers here."""
    import caffe

    return {"caffe": str(getattr(caffe, "__version__", "")), "python": sys.version.split()[0]}


ANSWERS = {"version": version, "shapes": shapes, "run": run}


def answer(request):
    """The answer to a request, or what is wrong: ``kind`` is ``import``, ``net`` or ``other``."""
    try:
        return ANSWERS[request["what"]](request)
    except ImportError as error:
        return {"error": "%s: %s" % (type(error).__name__, error), "kind": "import"}
    except Wrong as error:
        return {"error": str(error), "kind": "net"}
    except Exception as error:
        return {"error": "%s: %s" % (type(error).__name__, error), "kind": "other"}


def main():
    """Answer until the requests end."""
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [p for p in sys.path if os.path.abspath(p or os.curdir) != here]  # its modules are not for import
    answers = io.open(os.dup(1), "wb")
    os.dup2(2, 1)
    for line in iter(sys.stdin.readline, ""):
        answers.write((MARK + json.dumps(answer(json.loads(line))) + "\n").encode("ascii"))
        answers.flush()


if __name__ == "__main__":
    main()
