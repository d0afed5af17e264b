"""RNN, LSTM and LSTMUnit against loops over time, by the equations in BVLC's ``recurrent_layer.hpp``,
``rnn_layer.hpp``, ``lstm_layer.hpp``; the order of the blobs is that of real models (fixtures ``lstm``, ``rnn``)."""

from __future__ import annotations

import numpy as np
import pytest
from tests.caffe.support import assert_close, convert_net, inputs, layer, refusal, run_net

RNG = np.random.default_rng(0)
SIZES = [(1, 1, 1, 1), (4, 1, 3, 2), (5, 3, 4, 6), (7, 2, 5, 1), (3, 2, 3, 33)]


def normal(*shape: int) -> np.ndarray:
    return (0.6 * RNG.standard_normal(shape)).astype(np.float32)


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


class Net:
    """A recurrent layer with its inputs: x (T, N, K), cont (T, N), a static input, first states."""

    def __init__(self, kind: str, sizes: tuple[int, int, int, int], static: bool, expose: bool) -> None:
        time, streams, width, self.hidden = sizes
        self.kind, self.static, self.expose, gates = kind, static, expose, 4 if kind == "LSTM" else 1
        self.feeds = {"x": normal(time, streams, width), "cont": RNG.integers(0, 2, (time, streams)).astype(np.float32)}
        if static:
            self.feeds["static"] = normal(streams, 2, 2)
        if expose:
            self.feeds |= {name: normal(1, streams, self.hidden) for name in ("h0", "c0")[: 2 if gates == 4 else 1]}
        rows = gates * self.hidden
        self.blobs = [normal(rows, width), normal(rows), *([normal(rows, 4)] if static else []),
                      normal(rows, self.hidden)]  # fmt: skip
        if gates == 1:
            self.blobs += [normal(self.hidden, self.hidden), normal(self.hidden)]
        self.tops = ["out", *([name.replace("0", "T") for name in self.feeds if name in ("h0", "c0")])]

    @property
    def text(self) -> str:
        fields = f"recurrent_param {{ num_output: {self.hidden} expose_hidden: {str(self.expose).lower()} }}"
        shapes = {name: array.shape for name, array in self.feeds.items()}
        return inputs(**shapes) + layer(self.kind, " ".join(self.feeds), " ".join(self.tops), fields)

    def expected(self) -> list[np.ndarray]:
        x, cont = self.feeds["x"].astype(np.float64), self.feeds["cont"]
        zeros = np.zeros((1, x.shape[1], self.hidden))
        h, c = (self.feeds.get(name, zeros)[0] for name in ("h0", "c0"))
        w, b, *rest = self.blobs
        constant = self.feeds["static"].reshape(x.shape[1], -1) @ rest.pop(0).T if self.static else 0
        r, every = rest[0], []
        for step, on in zip(x, cont[:, :, None], strict=True):
            total = step @ w.T + b + constant + (h * on) @ r.T
            if self.kind == "LSTM":
                i, f, o, g = np.split(total, 4, 1)
                c = on * sigmoid(f) * c + sigmoid(i) * np.tanh(g)
                h = sigmoid(o) * np.tanh(c)
                every.append(h)
            else:
                h = np.tanh(total)
                every.append(np.tanh(h @ rest[1].T + rest[2]))
        return [np.stack(every), h[None], c[None]]


@pytest.mark.parametrize("kind", ["LSTM", "RNN"])
@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("static", [False, True])
@pytest.mark.parametrize("expose", [False, True])
def test_a_recurrent_layer(kind: str, sizes: tuple[int, int, int, int], static: bool, expose: bool) -> None:
    net = Net(kind, sizes, static, expose)
    found = run_net(net.text, net.feeds, {"lay": net.blobs})
    for top, expected in zip(net.tops, net.expected(), strict=False):
        assert_close(found[top], expected, top)


def test_further_axes_of_x_are_one() -> None:
    net = Net("LSTM", (5, 3, 6, 4), False, False)
    feeds = {**net.feeds, "x": net.feeds["x"].reshape(5, 3, 2, 3)}
    text = net.text.replace("dim: 6", "dim: 2 dim: 3")
    assert_close(run_net(text, feeds, {"lay": net.blobs})["out"], net.expected()[0])


def test_cont_may_be_any_number() -> None:
    net = Net("LSTM", (5, 3, 4, 6), False, False)
    net.feeds["cont"] = RNG.uniform(0, 1, (5, 3)).astype(np.float32)
    assert_close(run_net(net.text, net.feeds, {"lay": net.blobs})["out"], net.expected()[0])


def test_the_number_of_streams_and_steps_may_change() -> None:
    openvino = pytest.importorskip("openvino")
    net = Net("LSTM", (5, 3, 4, 6), False, False)
    model = convert_net(net.text, {"lay": net.blobs}).openvino()
    net.feeds = {"x": normal(7, 2, 4), "cont": RNG.integers(0, 2, (7, 2)).astype(np.float32)}
    model.reshape({name: array.shape for name, array in net.feeds.items()})
    found = openvino.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})(net.feeds)["out"]
    assert_close(found, net.expected()[0])


def test_lstm_unit() -> None:
    c, gates, cont = normal(1, 3, 4), normal(1, 3, 16), np.array([[1, 0, 0.5]], np.float32)
    text = inputs(c=c.shape, gates=gates.shape, cont=cont.shape) + layer("LSTMUnit", "c gates cont", "after h")
    found = run_net(text, {"c": c, "gates": gates, "cont": cont})
    i, f, o, g = np.split(gates.astype(np.float64), 4, 2)
    after = cont[:, :, None] * sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    assert_close(found["after"], after)
    assert_close(found["h"], sigmoid(o) * np.tanh(after))


@pytest.mark.parametrize(("shapes", "tops", "fields", "reason"), [
    ({"x": (5, 3), "cont": (5, 3)}, "out", "num_output: 4", "is not [time, streams, numbers...]"),
    ({"x": (5, 3, 4), "cont": (5, 2)}, "out", "num_output: 4", "does not fit"),
    ({"x": (5, 3, 4), "cont": (5, 3, 1)}, "out", "num_output: 4", "2 axes"),
    ({"x": (5, 3, 4), "cont": (5, 3), "s": (2, 4)}, "out", "num_output: 4", "static input [2,4]"),
    ({"x": (5, 3, 4), "cont": (5, 3)}, "out h", "num_output: 4", "2 tops"),
    ({"x": (5, 3, 4), "cont": (5, 3)}, "out h c", "num_output: 4 expose_hidden: true", "2 bottoms"),
    ({"x": (5, 3, 4), "cont": (5, 3), "h": (1, 3, 5), "c": (1, 3, 4)}, "out hT cT",
     "num_output: 4 expose_hidden: true", "a first state is [1,3,5], and must be [1,3,4]"),
    ({"x": (5, 3, 4), "cont": (5, 3)}, "out", "", "num_output"),
])  # fmt: skip
def test_what_caffe_aborts_at(shapes: dict[str, tuple[int, ...]], tops: str, fields: str, reason: str) -> None:
    text = inputs(**shapes) + layer("LSTM", " ".join(shapes), tops, f"recurrent_param {{ {fields} }}")
    assert reason in str(refusal(text, {"lay": [normal(16, 4), normal(16), normal(16, 4)]}))


def test_one_step_without_its_second_top_is_refused() -> None:
    text = inputs(c=(1, 2, 3), g=(1, 2, 12), cont=(1, 2)) + layer("LSTMUnit", "c g cont", "out")
    assert "1 tops" in str(refusal(text))


def test_weights_of_another_size_are_refused() -> None:
    net = Net("LSTM", (5, 3, 4, 6), False, False)
    assert "weight blob 0 has the shape" in str(refusal(net.text, {"lay": [normal(24, 5), *net.blobs[1:]]}))
    assert "Caffe makes 3" in str(refusal(net.text, {"lay": [*net.blobs, normal(2)]}))
