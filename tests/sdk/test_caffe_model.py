"""What the maker of Caffe models writes is what Caffe wrote, byte for byte."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from dragoman_sdk.caffe_model import StoredLayer, mean_binaryproto, save_net, write_caffemodel

V2 = {"layers": 100, "name": (1,), "blobs": (7,)}
V1 = {"layers": 2, "name": (4,), "blobs": (6,)}
V0 = {"layers": 2, "name": (1, 1), "blobs": (1, 50)}
STORED = [
    ("net_lenet", V2, {}),
    ("lstm", V2, {}),
    ("scale_scalar", V2, {}),
    ("model_legacy_4d_blobs", V2, {"legacy_dims": True}),
    ("v1_many_types", V1, {"version": "v1", "legacy_dims": True}),
    ("v0_net", V0, {"version": "v0", "legacy_dims": True}),
]


def varint(data, at):
    value = shift = 0
    while True:
        byte, at = data[at], at + 1
        value, shift = value | (byte & 0x7F) << shift, shift + 7
        if byte < 0x80:
            return value, at


def fields(data):
    """(number, value) of each field: the wire format read apart from the writer and from Dragoman."""
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        if key & 7 == 0:
            value, at = varint(data, at)
        else:
            length, at = varint(data, at) if key & 7 == 2 else ({1: 8, 5: 4}[key & 7], at)
            value, at = data[at : at + length], at + length
        yield key >> 3, value


def values(data, *path):
    """All values at a path of field numbers."""
    found = [data]
    for wanted in path:
        found = [value for message in found for number, value in fields(message) if number == wanted]
    return found


def array(blob):
    """A BlobProto with packed floats."""
    legacy = [value for number, value in fields(blob) if number in (1, 2, 3, 4)]
    dims, shape = b"".join(values(blob, 7, 1)), []
    while dims:
        dim, at = varint(dims, 0)
        shape, dims = [*shape, dim], dims[at:]
    return np.frombuffer(values(blob, 5)[0], "<f4").reshape(legacy or shape)


@pytest.mark.parametrize("fixture, numbers, form", STORED, ids=[name for name, *_ in STORED])
def test_blobs_are_written_as_caffe_wrote_them(shared, tmp_path, fixture, numbers, form):
    stored = (shared / "fixtures" / "caffe" / fixture / "model.caffemodel").read_bytes()
    expected = {}
    for layer in values(stored, numbers["layers"]):
        if blobs := values(layer, *numbers["blobs"]):
            expected[values(layer, *numbers["name"])[0].decode()] = blobs
    assert expected
    arrays = {name: [array(blob) for blob in blobs] for name, blobs in expected.items()}
    written = write_caffemodel(tmp_path / "m.caffemodel", arrays, **form).read_bytes()
    found = {
        values(layer, *numbers["name"])[0].decode(): values(layer, *numbers["blobs"])
        for layer in values(written, numbers["layers"])
    }
    assert found == expected


@pytest.mark.parametrize("fixture, numbers, version", [("v1_many_types", V1, "v1"), ("v0_net", V0, "v0")])
def test_names_types_and_links_lie_where_caffe_keeps_them(shared, tmp_path, fixture, numbers, version):
    stored = (shared / "fixtures" / "caffe" / fixture / "model.caffemodel").read_bytes()
    theirs = next(layer for layer in values(stored, 2) if values(layer, *numbers["blobs"]))
    kind = {"v1": "CONVOLUTION", "v0": "conv"}[version]
    name, bottom, top = (
        found[0].decode() for found in (values(theirs, *numbers["name"]), values(theirs, 2), values(theirs, 3))
    )
    layer = StoredLayer(name, type=kind, bottoms=[bottom], tops=[top])
    ours = values(write_caffemodel(tmp_path / "m.caffemodel", [layer], version=version).read_bytes(), 2)[0]
    kind_path = (5,) if version == "v1" else (1, 2)
    for path in [numbers["name"], (2,), (3,), kind_path]:
        assert values(ours, *path) == values(theirs, *path)


def test_mean_is_written_as_caffe_wrote_it(shared, tmp_path):
    folder = shared / "fixtures" / "caffe" / "mean_binaryproto"
    mean = np.load(folder / "mean.npy").reshape(array((folder / "mean.binaryproto").read_bytes()).shape[1:])
    assert mean_binaryproto(tmp_path / "m", mean).read_bytes() == (folder / "mean.binaryproto").read_bytes()


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("double, number, kind", [(False, 5, "<f4"), (True, 8, "<f8")])
def test_elements_packed_or_one_by_one(tmp_path, packed, double, number, kind):
    weights = np.arange(6).reshape(2, 3)
    model = write_caffemodel(tmp_path / "m", {"ip": [weights]}, packed=packed, double=double)
    found = values(model.read_bytes(), 100, 7, number)
    assert len(found) == (1 if packed else 6)
    np.testing.assert_array_equal(np.frombuffer(b"".join(found), kind), weights.ravel())
    assert values(model.read_bytes(), 100, 7, 7, 1) == ([b"\2\3"] if packed else [2, 3])


def test_a_net_is_a_text_beside_its_weights(tmp_path):
    text, model = save_net(tmp_path / "new", 'name: "n"', {"ip": [[1.0]]}, name="n", types={"ip": "InnerProduct"})
    assert text.read_text() == 'name: "n"'
    assert text.with_suffix(".caffemodel") == model
    assert values(model.read_bytes(), 100, 2) == [b"InnerProduct"]


def test_layers_of_a_generator_are_held_one_at_a_time(tmp_path):
    tracemalloc.start()
    write_caffemodel(tmp_path / "m", (StoredLayer(f"l{k}", [np.zeros(1 << 20, "f4")]) for k in range(8)))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (tmp_path / "m").stat().st_size > 8 * 4 << 20
    assert peak < 3 * 4 << 20


def test_what_a_form_cannot_hold_is_said(tmp_path):
    with pytest.raises(ValueError, match=r"\[1, 1, 1, 1, 2\]"):
        write_caffemodel(tmp_path / "m", {"c": [np.zeros((1, 1, 1, 1, 2))]}, legacy_dims=True)
    with pytest.raises(ValueError, match="'Convolution'"):
        write_caffemodel(tmp_path / "m", [StoredLayer("c", type="Convolution")], version="v1")
