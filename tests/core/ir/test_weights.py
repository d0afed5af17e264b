"""The .bin: aligned, each constant once, big ones hashed only where they look alike, types packed as the runtime."""

from __future__ import annotations

import io

import numpy as np
import pytest
from tests.core.ir.models import Model, infer

from dragoman.files import FileSource
from dragoman.graph.tensor import BytesTensor, CastView, FileTensor, LazyTensor, MemoryTensor, ReshapeView, Tensor
from dragoman.graph.types import DTYPES, dtype, f16, f32, i64, string
from dragoman.ir.output import OutputFile
from dragoman.ir.weights import ALIGNMENT, WeightsWriter
from dragoman.runtime import from_tensor

rng = np.random.default_rng(0)


class Sink:
    """Writes into memory and says how large it became."""

    def __init__(self) -> None:
        self.stream = io.BytesIO()
        self.writer = WeightsWriter(OutputFile(self.stream))

    def put(self, tensor: Tensor) -> tuple[int, int]:
        return self.writer.put(tensor)

    def stored(self, place: tuple[int, int]) -> bytes:
        return self.stream.getvalue()[place[0] : place[0] + place[1]]


@pytest.fixture
def weights_file(tmp_path):
    data = rng.normal(size=30000).astype(np.float32)
    (tmp_path / "w.bin").write_bytes(data.tobytes())
    return FileSource(tmp_path / "w.bin"), data


def test_offsets_are_aligned():
    sink = Sink()
    places = [sink.put(MemoryTensor(np.full(n, n % 256, np.uint8))) for n in (1, 63, 64, 65, 2000)]
    assert all(offset % ALIGNMENT == 0 for offset, _ in places)
    assert [size for _, size in places] == [1, 63, 64, 65, 2000]


@pytest.mark.parametrize("count", [3, 30000])
def test_equal_bytes_are_stored_once_whatever_carries_them(weights_file, count):
    source, data = weights_file
    sink = Sink()
    held = data[:count].copy()
    carriers = [
        FileTensor(source, 0, f32, (count,)),
        FileTensor(source, 0, f32, (1, count)),
        ReshapeView(FileTensor(source, 0, f32, (count,)), (count, 1)),
        MemoryTensor(held),
        BytesTensor(f32, (count,), held.tobytes()),
    ]
    assert len({sink.put(t) for t in carriers}) == 1
    assert sink.stored(sink.put(carriers[0])) == held.tobytes()


def test_large_tensors_that_differ_between_the_samples_are_kept_apart():
    a = rng.normal(size=30000).astype(np.float32)
    b = a.copy()
    b[1000] += 1
    sink = Sink()
    first, second = sink.put(MemoryTensor(a)), sink.put(MemoryTensor(b))
    assert first != second
    assert sink.stored(second) == b.tobytes()
    assert sink.put(MemoryTensor(b.copy())) == second


def test_a_large_tensor_is_not_hashed_unless_another_looks_like_it(monkeypatch):
    hashed: list[Tensor] = []
    digest = Tensor.digest
    monkeypatch.setattr(Tensor, "digest", lambda self: hashed.append(self) or digest(self))
    sink = Sink()
    arrays = [rng.normal(size=30000).astype(np.float32) for _ in range(3)]
    for array in arrays:
        sink.put(MemoryTensor(array))
    assert not hashed
    for _ in range(3):
        sink.put(MemoryTensor(arrays[0].copy()))
    assert len(hashed) == 4  # the stored one once, and each newcomer


def test_views_of_one_base_are_stored_once_and_lazy_ones_are_not_mixed_up():
    base = MemoryTensor(rng.normal(size=(300, 20)).astype(np.float32))
    sink = Sink()
    assert sink.put(CastView(base, f16)) == sink.put(CastView(base, f16))
    ones, twos = (LazyTensor(f32, (5000,), lambda k=k: np.full(5000, k, np.float32)) for k in (1, 2))
    assert sink.put(ones) != sink.put(twos)


def test_empty_constants_take_a_byte_and_read_back():
    m = Model()
    empty = m.op.constant(np.zeros((0, 3), np.float32))
    m.output(m.op.Concat(m.input("x", "?,3"), empty, axis=0), "y")
    np.testing.assert_array_equal(infer(m.read(), x=np.ones((2, 3), np.float32))["y"], np.ones((2, 3)))


def test_scalars_have_an_empty_shape():
    m = Model()
    m.output(m.op.Add(m.input("x"), m.op.constant(2.5)), "y")
    model = m.read()
    constant = next(o for o in model.get_ops() if o.get_type_name() == "Constant")
    assert list(constant.shape) == []
    assert float(constant.data) == 2.5


# values that each packed type holds, as the runtime's own Constant takes them
PACKED = {
    "i4": [1, -2, 3, -4, 5, -6, 7, -8, 0, 1, 2],
    "u4": [1, 2, 3, 15, 0, 9, 8, 7, 6, 5, 4],
    "u2": [1, 2, 3, 0, 1, 1, 2, 3, 3, 0, 1],
    "u1": [1, 0, 1, 1, 0, 0, 0, 1, 1, 0, 1],
    "u3": [1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3],
    "u6": [1, 2, 3, 4, 5, 60, 33, 17, 9, 63, 11],
    "f4e2m1": [0.5, 1, 1.5, 2, 3, 4, 6, -0.5, -6, 0, 1],
}


@pytest.mark.parametrize("kind", PACKED)
def test_packed_types_have_the_runtimes_bytes(kind, tmp_path):
    import openvino
    import openvino.opset16 as ov

    values = PACKED[kind]
    constant = openvino.op.Constant(getattr(openvino.Type, kind), openvino.Shape([len(values)]), values)
    model = openvino.Model([ov.result(constant)], [ov.parameter([1], np.float32)], "m")
    openvino.save_model(model, tmp_path / "theirs.xml", compress_to_fp16=False)
    theirs = (tmp_path / "theirs.bin").read_bytes()
    ours = dtype(kind)
    array = np.array(values, ours.numpy if ours._numpy else np.uint8)
    tensor = MemoryTensor(array, ours)
    assert b"".join(bytes(c) for c in tensor.chunks()) == theirs
    assert tensor.nbytes == len(theirs)
    np.testing.assert_array_equal(BytesTensor(ours, (len(values),), theirs).numpy(), array)


@pytest.mark.parametrize("kind", [t for t in DTYPES.values() if t.bits >= 8], ids=str)
def test_whole_byte_types_are_read_back_by_the_runtime(kind):
    array = np.array([0, 1, 2, 4], np.float32).astype(kind.numpy)
    m = Model()
    m.graph.outputs = [m.op.constant(MemoryTensor(array, kind))]
    constant = next(o for o in m.read().get_ops() if o.get_type_name() == "Constant")
    raw = np.array(constant.get_data(dtype=None) if kind.bits else 0)
    assert constant.get_element_type().get_type_name() == kind.name
    assert raw.view(np.uint8).tobytes() == array.view(np.uint8).tobytes()


def test_strings_are_read_back():
    texts = np.array([["a", ""], ["héé", "long " * 500]], object)
    m = Model()
    m.graph.outputs = [m.op.constant(MemoryTensor(texts, string)), m.op.constant(MemoryTensor(texts[:1], string))]
    from dragoman_sdk.opcase import core

    compiled = core().compile_model(m.read(), "CPU")
    request = compiled.create_infer_request()
    request.infer()
    np.testing.assert_array_equal(from_tensor(request.get_tensor(compiled.outputs[0])), texts)
    np.testing.assert_array_equal(from_tensor(request.get_tensor(compiled.outputs[1])), texts[:1])


def test_i64_constants_need_no_numpy():
    tensor = BytesTensor.of(i64, (3,), [1, -1, 2**40])
    assert tensor.small().items == (1, -1, 2**40)
