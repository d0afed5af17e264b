"""Carriers and views: the bytes that are written are those of numpy's own result, whatever the blocks."""

from __future__ import annotations

import numpy as np
import pytest

from dragoman.errors import SourceError
from dragoman.files import FileSource, MemorySource
from dragoman.graph import carriers, views
from dragoman.graph.tensor import (
    BytesTensor,
    CastView,
    FileTensor,
    LazyTensor,
    MemoryTensor,
    ReshapeView,
    RowwiseTensor,
    SliceView,
    SplatTensor,
    Tensor,
    TransposeView,
)
from dragoman.graph.types import bf16, f16, f32, i4, i64, u8

rng = np.random.default_rng(0)
DATA = rng.normal(size=(7, 5, 6)).astype(np.float32)


@pytest.fixture(params=["memory", "strided", "bytes", "file", "memory file", "lazy"])
def base(request, tmp_path) -> Tensor:
    """The same numbers on every carrier."""
    if request.param == "memory":
        return MemoryTensor(DATA)
    if request.param == "strided":
        return MemoryTensor(np.asfortranarray(DATA))
    if request.param == "bytes":
        return BytesTensor(f32, DATA.shape, DATA.tobytes())
    if request.param == "lazy":
        return LazyTensor(f32, DATA.shape, lambda: DATA)
    if request.param == "memory file":
        return FileTensor(MemorySource(b"head" + DATA.tobytes() + b"tail"), 4, f32, DATA.shape)
    (tmp_path / "w").write_bytes(b"head" + DATA.tobytes() + b"tail")
    return FileTensor(FileSource(tmp_path / "w"), 4, f32, DATA.shape)


@pytest.fixture(params=[16, 100, 1 << 20])
def block(request, monkeypatch) -> int:
    """Bytes a block, from less than a row to more than all."""
    for module, name in ((carriers, "BLOCK"), (views, "BLOCK"), (views, "PASS"), (views, "_RUN")):
        monkeypatch.setattr(module, name, request.param)
    monkeypatch.setattr("dragoman.files.BLOCK", request.param)
    monkeypatch.setattr(views.TransposeView, "_limit", request.param)
    monkeypatch.setattr(views._RowsView, "_limit", request.param)
    return request.param


VIEWS = {
    "itself": (lambda t: t, lambda a: a),
    "reshape": (lambda t: ReshapeView(t, (35, 6)), lambda a: a.reshape(35, 6)),
    "cast": (lambda t: CastView(t, f16), lambda a: a.astype(np.float16)),
    "cast to integer": (lambda t: CastView(t, i64), lambda a: a.astype(np.int64)),
    "transpose": (lambda t: TransposeView(t, (2, 0, 1)), lambda a: a.transpose(2, 0, 1)),
    "transpose of the last axes": (lambda t: TransposeView(t, (0, 2, 1)), lambda a: a.transpose(0, 2, 1)),
    "reversed axes": (lambda t: TransposeView(t, (2, 1, 0)), lambda a: a.transpose(2, 1, 0)),
    "slice": (lambda t: SliceView(t, (slice(1, 6), slice(None), slice(0, 4))), lambda a: a[1:6, :, :4]),
    "slice of rows": (lambda t: SliceView(t, (slice(2, 5), slice(None), slice(None))), lambda a: a[2:5]),
    "steps": (lambda t: SliceView(t, (slice(None, None, -2), slice(1, None, 3), slice(None))), lambda a: a[::-2, 1::3]),
    "empty slice": (lambda t: SliceView(t, (slice(3, 3), slice(None), slice(None))), lambda a: a[3:3]),
    "views of views": (
        lambda t: CastView(TransposeView(ReshapeView(SliceView(t, (slice(1, 5), slice(None), slice(None))), (4, 30)),
                                         (1, 0)), f16),
        lambda a: a[1:5].reshape(4, 30).T.astype(np.float16),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", VIEWS)
def test_views_write_what_numpy_computes(name, base, block):
    view, expected = VIEWS[name]
    tensor, array = view(base), np.ascontiguousarray(expected(DATA))
    assert tensor.shape == array.shape
    assert b"".join(bytes(c) for c in tensor.chunks()) == array.tobytes()
    assert tensor.nbytes == array.nbytes
    np.testing.assert_array_equal(tensor.numpy(), array)
    flat = array.reshape(-1)
    for start, stop in ((0, flat.size), (flat.size // 3, flat.size // 2)):
        np.testing.assert_array_equal(tensor.elements(start, stop), flat[start:stop])
    if array.shape[0] > 1:
        np.testing.assert_array_equal(tensor.rows(1, array.shape[0]), array[1:])


def test_pass_through_is_known_by_its_place(tmp_path):
    (tmp_path / "w").write_bytes(DATA.tobytes())
    source = FileSource(tmp_path / "w")
    whole = FileTensor(source, 0, f32, DATA.shape)
    assert ReshapeView(whole, (7, 30)).file_range() == (source, 0)
    assert SliceView(whole, (slice(2, 4), slice(None), slice(None))).file_range() == (source, 2 * 30 * 4)
    assert SliceView(whole, (slice(2, 4), slice(0, 3), slice(None))).file_range() is None
    assert SliceView(whole, (slice(None, None, -1), slice(None), slice(None))).file_range() is None
    assert CastView(whole, f16).file_range() is None


def test_types_beyond_numpy_are_cast():
    import ml_dtypes

    tensor = CastView(MemoryTensor(DATA), bf16)
    assert b"".join(bytes(c) for c in tensor.chunks()) == DATA.astype(ml_dtypes.bfloat16).tobytes()
    four = MemoryTensor(np.array([1, -2, 3], ml_dtypes.int4))
    assert four.dtype is i4
    np.testing.assert_array_equal(CastView(four, f32).numpy(), [1, -2, 3])
    assert b"".join(bytes(c) for c in four.chunks()) == b"\xe1\x03"


def test_a_splat_is_never_built_whole():
    tensor = SplatTensor(f32, (1 << 20, 1 << 12), 0.5)
    assert tensor.nbytes == 1 << 34
    assert bytes(next(tensor.chunks())[:8]) == np.full(2, 0.5, np.float32).tobytes()
    assert tensor.sample() == SplatTensor(f32, (1 << 12, 1 << 20), 0.5).sample()


def test_rows_are_made_a_block_at_a_time(monkeypatch):
    monkeypatch.setattr(carriers, "BLOCK", 256)
    asked = []

    class Doubled(RowwiseTensor):
        def rows(self, start, stop):
            asked.append(stop - start)
            return 2 * DATA[start:stop]

    written = b"".join(bytes(c) for c in Doubled(f32, DATA.shape).chunks())
    assert written == (2 * DATA).tobytes()
    assert asked == [2, 2, 2, 1]


def test_small_values_need_no_numpy():
    assert BytesTensor.of(i64, (2, 2), [1, 2, 3, 4]).small().numbers() == (1, 2, 3, 4)
    assert MemoryTensor(np.zeros(2000)).small() is None


def test_a_short_file_is_refused(tmp_path):
    (tmp_path / "w").write_bytes(bytes(10))
    with pytest.raises(SourceError) as error:
        FileTensor(FileSource(tmp_path / "w"), 0, f32, (3,))
    assert error.value.code == "D204"


def test_wrong_views_are_refused():
    tensor = MemoryTensor(DATA)
    with pytest.raises(ValueError, match="cannot take the shape"):
        ReshapeView(tensor, (3,))
    with pytest.raises(ValueError, match="permute"):
        TransposeView(tensor, (0, 1))
    with pytest.raises(ValueError, match="bytes"):
        BytesTensor(u8, (3,), b"12")
    with pytest.raises(ValueError, match="lazy"):
        LazyTensor(f32, (3,), lambda: DATA).numpy()
