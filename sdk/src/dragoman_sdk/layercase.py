"""LayerCase: a small source model, converted, run in OpenVINO, and held against its own framework or given numbers.

    LayerCase(onnx_layer("Relu", {"x": array}), {"x": array}).check()
    LayerCase(caffe_layer("Swish6", {"x": (1, 3)}), {"x": array}, {"y": expected}).check()
    LayerCase(onnx_layer("acme:SoftClip", {"x": array}, limit=-1.0)).check_refused("D302", "layer")

Nothing of the source framework is needed, unless it is asked for the expected numbers.
"""

from __future__ import annotations

import contextlib
import dataclasses
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest

from dragoman.api import convert
from dragoman.errors import DragomanError, PluginError
from dragoman.frontends.contract import Model
from dragoman.frontends.probe import recognise
from dragoman.graph.graph import Value
from dragoman.graph.types import Interval, shape_text
from dragoman.plugins import PluginHost
from dragoman.session import Session
from dragoman_sdk.caffe_model import CaffeNet
from dragoman_sdk.numerics import compare, run_ir

if TYPE_CHECKING:
    import numpy as np

    Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]


@dataclasses.dataclass(frozen=True)
class LayerCase:
    """One model with data.

    Args:
        model: what ``dragoman.convert`` takes (a path, bytes, the framework's own object), or a CaffeNet.
        feeds: arrays by input name.
        expected: outputs by name, from the framework that has the layer, or from its formula in numpy; where None, an
            installed runner of the source framework is asked. Never what the plugin itself computed.
        tolerance: largest error of an output, relative to its largest absolute element.
        options: of the conversion.
        fires: names of rules that must have replaced something.
        host: the plugins; the installed ones by default.
    """

    model: Any
    feeds: Mapping[str, Array] = dataclasses.field(default_factory=dict)
    expected: Mapping[str, Array] | None = None
    tolerance: float = 1e-4
    options: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    fires: Sequence[str] = ()
    host: PluginHost = dataclasses.field(default_factory=PluginHost)

    def check(self) -> dict[str, Array]:
        """Assert equal types, shapes and numbers of all outputs; returns those of the IR.

        The test is skipped where nothing is expected and no runner of the framework is installed.
        """
        with self._placed() as model:
            result = convert(model, host=self.host, **self.options)
            idle = set(self.fires) - {report.rule for report in result.rules if report.count}
            assert not idle, f"no replacement was made by {', '.join(sorted(idle))}"
            found = run_ir(result, self.feeds)
            names = [result.graph.names_of_output(k)[0] for k in range(len(result.graph.outputs))]
            for name, value in zip(names, result.graph.outputs, strict=True):
                _assert_fits(name, found[name], value)
            expected = self.expected
            if expected is None:
                expected = self._reference(model, names, result.context.options)
        forgotten = [n for k, n in enumerate(names) if not expected.keys() & {*result.graph.names_of_output(k)}]
        assert not forgotten, f"nothing is expected of the output {', '.join(forgotten)}"
        compare(found, expected, self.tolerance).check()
        return found

    def check_refused(self, code: str, *layers: str) -> DragomanError:
        """Assert that the conversion is refused with a code and names these layers."""
        with self._placed() as model, pytest.raises(DragomanError) as caught:
            convert(model, host=self.host, **self.options)
        assert caught.value.code == code, str(caught.value)
        for layer in layers:
            assert layer in str(caught.value), f"{layer!r} is not named in: {caught.value}"
        return caught.value

    def check_untouched(self, rule: str, node: str, because: str = "") -> list[str]:
        """Assert that a rule replaces nothing in the model; returns why not, as ``dragoman explain`` says it.

        Args:
            rule: its name.
            node: a source layer, or a node made from it, where the rule was expected.
            because: must stand in one of the reasons.
        """
        with self._placed() as model:
            reasons = Session(self.options, self.host).explain_rule(model, rule, node)
            reports = convert(model, host=self.host, **self.options).rules
        fired = sum(report.count for report in reports if report.rule == rule)
        assert fired == 0, f"{rule} made {fired} replacements"
        assert reasons, f"{rule} applies at {node!r}"
        assert any(because in line for line in reasons), f"{because!r} is no reason given; they are: {reasons}"
        return reasons

    @contextlib.contextmanager
    def _placed(self) -> Iterator[Any]:
        """The model where it can be read; its files stay while weights may be read from them."""
        if not isinstance(self.model, CaffeNet):
            yield self.model
            return
        with tempfile.TemporaryDirectory(prefix="layercase-") as folder:
            yield self.model.save(folder)

    def _reference(self, model: Any, names: list[str], options: Mapping[str, Any]) -> dict[str, Array]:
        framework = recognise(Model(model), self.host).name
        refused = []
        for _, reference in self.host.references(framework):
            if reference.lacks(options):
                continue
            try:
                return reference.answer(model, dict(self.feeds), names, options)
            except PluginError as error:
                if error.code != "D609":
                    raise
                refused.append(f"{reference.name}: {error.what}")
        if refused:
            raise AssertionError(f"give the case its expected outputs: {'; '.join(refused)}")
        pytest.skip(f"nothing installed can run {framework} models; install a runner, or give expected outputs")


def _assert_fits(name: str, array: Array, value: Value) -> None:
    """What the conversion told of an output, by an op's ``infer`` or a shape rule, is true of what was computed."""
    bounds = [(d.lo or 0, d.hi) if isinstance(d, Interval) else (d, d) for d in value.shape or ()]
    fits = value.shape is None or len(bounds) == array.ndim
    for size, (low, high) in zip(array.shape, bounds, strict=False):
        fits = fits and low <= size and (high is None or size <= high)
    if not fits:
        told = f"{value.dtype}[{shape_text(value.shape)}]"
        raise AssertionError(f"output {name}: {told} was inferred, and {list(array.shape)} was computed")
