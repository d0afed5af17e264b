"""f16 is taken where f16 can hold the numbers and they need not be exact; f32 widens a model inside its border."""

from __future__ import annotations

import numpy as np
import pytest
from tests.core.ir.models import Model, infer, layer

from dragoman.errors import UsageError
from dragoman.graph.half import half_loss, to_half
from dragoman.graph.tensor import MemoryTensor
from dragoman.ir.precision import LEAST, apply_precision
from dragoman_sdk.opcase import core, registry

rng = np.random.default_rng(0)


def weighted(weights: np.ndarray, reader=None) -> Model:
    m = Model()
    x = m.input("x", "2,300", str(weights.dtype).replace("float", "f"))
    w = m.op.constant(weights, name="w")
    m.output((reader or (lambda op, x, w: op.Add(x, w)))(m.op, x, w), "y")
    return m


def compressed(m: Model) -> bool:
    return apply_precision(m.graph, "f16", registry()) == 1


def test_weights_take_the_form_that_the_runtime_keeps_compressed():
    m = weighted(rng.normal(size=(300,)).astype(np.float32))
    assert compressed(m)
    model = m.read()
    assert layer(model, "w_compressed").get_element_type().get_type_name() == "f16"
    assert layer(model, "w").get_type_name() == "Convert"
    assert "decompression_0" in layer(model, "w").get_rt_info()
    compiled = core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    assert compiled.outputs[0].get_element_type().get_type_name() == "f32"


def test_numbers_are_those_of_the_runtimes_own_compression(tmp_path):
    import openvino

    weights = rng.normal(size=(300, 7)).astype(np.float32) * 10.0 ** rng.integers(-9, 3, (300, 7))
    m = weighted(weights.astype(np.float32), lambda op, x, w: op.MatMul(x, w))
    openvino.save_model(m.read(), tmp_path / "theirs.xml", compress_to_fp16=True)
    assert compressed(m)
    theirs = core().read_model(tmp_path / "theirs.xml")
    both = [layer(model, "w_compressed").data.view(np.uint16) for model in (m.read(), theirs)]
    np.testing.assert_array_equal(*both)


def test_f64_weights_come_back_as_f64():
    m = weighted(rng.normal(size=300))
    assert compressed(m)
    assert layer(m.read(), "w").get_element_type().get_type_name() == "f64"


@pytest.mark.parametrize(
    ("why", "weights"),
    [
        ("few", np.ones(LEAST - 1)[:1]),
        ("one too large", np.r_[np.ones(299), 65520]),
        ("lowest", np.r_[np.ones(299), -3.4e38]),
        ("most would vanish", np.r_[np.ones(50), np.full(250, 1e-9)]),
        ("no normal number", np.full(300, 1e-5)),
    ],
)
def test_what_f16_cannot_hold_stays(why, weights):
    assert not compressed(weighted(weights.astype(np.float32)))


@pytest.mark.parametrize(
    "weights",
    [np.r_[np.ones(299), 65519], np.r_[np.ones(299), np.inf], np.r_[np.ones(299), np.nan], np.zeros(300)],
    ids=["largest", "inf", "nan", "zeros"],
)
def test_what_f16_can_hold_is_compressed(weights):
    assert compressed(weighted(weights.astype(np.float32)))


@pytest.mark.parametrize(
    "reader",
    [
        lambda op, x, w: op.Greater(x, w),
        lambda op, x, w: op.FakeQuantize(x, w, 1.0, -1.0, 1.0, levels=255),
        lambda op, x, w: op.Multiply(op.Convert(op.constant(np.ones((2, 300), np.int8)), destination_type="f32"), w),
        lambda op, x, w: op.Add(op.Convert(x, destination_type="i32"), op.Convert(w, destination_type="i32")),
        lambda op, x, w: w,
    ],
    ids=["comparison", "FakeQuantize", "dequantization", "to integer", "output"],
)
def test_what_must_be_exact_stays(reader):
    assert not compressed(weighted(rng.normal(size=(300,)).astype(np.float32), reader))


def test_constants_in_bodies_are_compressed():
    from tests.core.ir.test_write import loop_model

    m = loop_model()
    loop = m.graph.find("loop")
    body = loop.bodies["body"]
    inner = Model()
    inner.graph = body
    inner.op = inner.op.at()
    inner.op.graph = body
    total = inner.op.MatMul(body.outputs[0], inner.op.constant(np.tile(np.eye(2, dtype=np.float32), (128, 1))[:2]))
    big = inner.op.constant(rng.normal(size=(2, 256)).astype(np.float32), name="big")
    body.outputs[0] = inner.op.Add(total, inner.op.ReduceSum(inner.op.MatMul(total, big), [1], keep_dims=True))
    x = np.ones((4, 2), np.float32)
    before = infer(m.read(), x=x)["last"]
    assert apply_precision(m.graph, "f16", registry()) == 1
    np.testing.assert_allclose(infer(m.read(), x=x)["last"], before, rtol=1e-1)
    assert body.find("big_compressed").tensor.dtype.name == "f16"


def test_f32_widens_a_half_precision_model_and_keeps_its_border():
    m = Model()
    x = m.input("x", "2,300", "f16")
    weights = rng.normal(size=(300, 5)).astype(np.float16)
    y = m.op.MatMul(x, m.op.constant(weights, name="w"))
    y = m.op.Relu(m.op.Convert(m.op.Convert(y, destination_type="f32"), destination_type="f16"))
    m.output(y, "y")
    assert apply_precision(m.graph, "f32", registry()) == 1
    model = m.read()
    assert [p.get_element_type().get_type_name() for p in (*model.inputs, *model.outputs)] == ["f16", "f16"]
    assert (model.inputs[0].names, model.outputs[0].names) == ({"x"}, {"y"})
    assert layer(model, "w").get_element_type().get_type_name() == "f32"
    assert sum(o.get_type_name() == "Convert" for o in model.get_ops()) == 2
    data = rng.normal(size=(2, 300)).astype(np.float16)
    wanted = np.maximum(data.astype(np.float32) @ weights.astype(np.float32), 0)
    np.testing.assert_allclose(infer(model, x=data)["y"].astype(np.float32), wanted, rtol=2e-3)


def test_f32_undoes_compression():
    m = weighted(rng.normal(size=(300,)).astype(np.float32))
    assert compressed(m)
    assert apply_precision(m.graph, "f32", registry()) == 1
    assert [n.op for n in m.graph] == ["Parameter", "Constant", "Add"]


def test_keep_changes_nothing_and_other_words_are_refused():
    m = weighted(rng.normal(size=(300,)).astype(np.float32))
    assert apply_precision(m.graph, "keep", registry()) == 0
    with pytest.raises(UsageError):
        apply_precision(m.graph, "int8", registry())


def test_rounding_is_that_of_numpy_for_every_half_and_its_neighbours():
    halves = np.arange(1 << 16, dtype=np.uint16).view(np.float16).astype(np.float32)
    finite = np.unique(halves[np.isfinite(halves)])
    between = ((finite[:-1].astype(np.float64) + finite[1:]) / 2).astype(np.float32)
    tiny = np.ldexp(rng.normal(size=70000), -20).astype(np.float32)
    for block in (halves, np.nextafter(finite, np.float32(9)), np.nextafter(between, np.float32(-9)), between, tiny):
        result = np.empty(block.size, np.float16)
        to_half(block, result)
        with np.errstate(all="ignore"):
            wanted = block.astype(np.float16)
        np.testing.assert_array_equal(
            result[~np.isnan(block)].view(np.uint16), wanted[~np.isnan(block)].view(np.uint16)
        )
        assert np.isnan(result[np.isnan(block)]).all()


def test_loss_is_counted_over_blocks():
    array = np.r_[np.ones(1000), np.full(24, 1e-9), 0].astype(np.float32)
    loss = half_loss(MemoryTensor(array), block=100)
    assert (loss.count, loss.overflowing, loss.vanishing, loss.subnormal) == (1025, 0, 24, False)
    assert half_loss(MemoryTensor(np.r_[array, np.float32(-1e6)]), block=100).overflowing == 1
    assert half_loss(MemoryTensor(np.array([1e300, 1.0]))).overflowing == 1
