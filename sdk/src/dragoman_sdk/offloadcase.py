"""OffloadCase: layers that stay in their own framework, converted and run inside OpenVINO.

    OffloadCase(model, {"x": array}, offload=["Swish6"], parts=[["swish"]]).check()

A front-end that can offload also inherits :class:`OffloadConformance` in its tests.
"""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest

from dragoman import runtime
from dragoman.accuracy.run import ready_references
from dragoman.api import convert
from dragoman.errors import DragomanError
from dragoman.plugins import PluginHost
from dragoman.session import Result
from dragoman_sdk.numerics import compare, run_ir

if TYPE_CHECKING:
    import numpy as np

    Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]

#: requests that run at a time
_REQUESTS = 4


@dataclasses.dataclass(frozen=True)
class OffloadCase:
    """One source model of which layers are offloaded.

    Args:
        model: what ``dragoman.convert`` takes.
        feeds: arrays by input name.
        expected: outputs by name; where None, an installed runner of the source framework is asked.
        offload: patterns, as the option takes them.
        unsupported: offload what cannot be converted.
        parts: the names of the layers of each part, in order; not compared when None.
        tolerance: largest error of an output, relative to its largest absolute element.
        options: others of the conversion.
        host: the plugins; the installed ones by default.
    """

    model: Any
    feeds: Mapping[str, Array]
    expected: Mapping[str, Array] | None = None
    offload: Sequence[str] = ()
    unsupported: bool = False
    parts: Sequence[Sequence[str]] | None = None
    tolerance: float = 1e-4
    options: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    host: PluginHost = dataclasses.field(default_factory=PluginHost)

    def convert(self) -> Result:
        """The conversion."""
        return convert(
            self.model, host=self.host, offload=list(self.offload), offload_unsupported=self.unsupported, **self.options
        )

    def check(self) -> dict[str, Array]:
        """Assert the parts, equal bytes of two conversions, and the numbers, also of several requests at a time.

        Returns the outputs of the IR.
        """
        result = self.convert()
        found = [[name for name, _ in part.layers] for part in result.context.offloaded]
        assert found, "nothing is offloaded"
        if self.parts is not None:
            assert found == [list(names) for names in self.parts]
        assert result.ir() == self.convert().ir(), "two conversions give different bytes"
        expected = self.expected if self.expected is not None else self._reference(result)
        with tempfile.TemporaryDirectory(prefix="offloadcase-") as folder:
            xml = result.save(Path(folder), "case")
            outputs = run_ir(xml, self.feeds, self.host)
            compare(outputs, expected, self.tolerance).check("offloaded")
            self._check_requests(xml, expected)
        return outputs

    def check_refused(self, code: str) -> DragomanError:
        """Assert that the conversion is refused with a code."""
        with pytest.raises(DragomanError) as caught:
            self.convert()
        assert caught.value.code == code, str(caught.value)
        return caught.value

    def _reference(self, result: Result) -> Mapping[str, Array]:
        names = [result.graph.names_of_output(k)[0] for k in range(len(result.graph.outputs))]
        references = ready_references(self.host, result.context.framework, result.context.options)
        return references[0].answer(self.model, dict(self.feeds), names, result.context.options)

    def _check_requests(self, xml: Path, expected: Mapping[str, Array]) -> None:
        compiled = runtime.IrRunner(xml, self.host).compiled
        requests = []
        for _ in range(_REQUESTS):
            request = compiled.create_infer_request()
            for name, array in self.feeds.items():
                port = compiled.input(name)
                request.set_tensor(port, runtime.to_tensor(array, port.get_element_type()))
            requests.append(request)
        with runtime.own_errors():
            for request in requests:
                request.start_async()
            for request in requests:
                request.wait()
        for request in requests:
            found = {
                name: runtime.from_tensor(request.get_tensor(port))
                for port in compiled.outputs
                for name in port.get_names()
            }
            compare(found, expected, self.tolerance).check(f"offloaded, {_REQUESTS} requests at a time")


class OffloadConformance:
    """What every front-end keeps whose layers can be offloaded."""

    def cases(self) -> Iterable[OffloadCase]:
        """Models with layers that are offloaded: one in the middle, all of them, several parts, open dimensions."""
        raise NotImplementedError

    def test_offloaded_layers_give_the_frameworks_numbers(self) -> None:
        checked = [case.check() for case in self.cases()]
        assert checked, "there are no cases"

    def test_a_pattern_that_no_layer_matches_is_refused(self) -> None:
        for case in self.cases():
            dataclasses.replace(case, offload=["no such layer"]).check_refused("D110")

    def test_the_plan_tells_the_layers_that_are_offloaded(self) -> None:
        from dragoman.api import plan

        for case in self.cases():
            found = plan(
                case.model, host=case.host, offload=list(case.offload), offload_unsupported=case.unsupported,
                **case.options,
            )  # fmt: skip
            told = [name for names in found.offloaded.values() for name in names]
            made = [name for part in case.convert().context.offloaded for name, _ in part.layers]
            assert sorted(told) == sorted(made)
            assert any("Python" in hint for hint in found.hints)
