"""LayerCase: a small source model, converted, run in OpenVINO, and held against its own framework.

LayerCase(model, {"x": array}).check()
LayerCase(model, {}).check_refused("D302", "layer")
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pytest

from dragoman.accuracy.compare import compare_all
from dragoman.api import convert
from dragoman.errors import DragomanError
from dragoman.frontends.contract import Model
from dragoman.frontends.probe import recognise
from dragoman.plugins import PluginHost
from dragoman.runtime import IrRunner

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[Any]]


@dataclasses.dataclass(frozen=True)
class LayerCase:
    """One model with data.

    Args:
        model: what ``dragoman.convert`` takes: a path, bytes, or the framework's own object.
        feeds: arrays by input name.
        expected: outputs by name; those of the plugin's reference (the source framework itself) when None.
        tolerance: largest error of an output, relative to its largest absolute element.
        options: of the conversion.
        host: the plugins; the installed ones by default.
    """

    model: Any
    feeds: Mapping[str, Array]
    expected: Mapping[str, Array] | None = None
    tolerance: float = 1e-4
    options: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    host: PluginHost = dataclasses.field(default_factory=PluginHost)

    def check(self) -> dict[str, Array]:
        """Assert equal types, shapes and numbers; returns the outputs of the IR."""
        result = convert(self.model, host=self.host, **self.options)
        found = IrRunner(result.openvino()).run(self.feeds)
        names = [result.graph.names_of_output(k)[0] for k in range(len(result.graph.outputs))]
        expected = self.expected if self.expected is not None else self._reference(names, result.context.options)
        for difference in compare_all(expected, found, self.tolerance):
            assert difference.passed, f"{difference.output}: {difference.reason or difference}"
        return found

    def check_refused(self, code: str, *layers: str) -> DragomanError:
        """Assert that the conversion is refused with a code and names these layers."""
        with pytest.raises(DragomanError) as caught:
            convert(self.model, host=self.host, **self.options)
        assert caught.value.code == code, str(caught.value)
        for layer in layers:
            assert layer in str(caught.value), f"{layer!r} is not named in: {caught.value}"
        return caught.value

    def _reference(self, names: list[str], options: Mapping[str, Any]) -> dict[str, Array]:
        framework = recognise(Model(self.model), self.host).name
        for _, reference in self.host.references(framework):
            if not reference.lacks(options):
                return reference.answer(self.model, dict(self.feeds), names, options)
        pytest.skip(f"nothing installed can run {framework} models")
