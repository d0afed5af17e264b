"""The ``openvino.Op`` class around a plugin's function.

The runtime makes one object of it for each layer it reads, copies it freely (for every inference, where shapes are
dynamic), and asks it again and again for its output types; so everything that takes time is kept in the shared state.
"""

from __future__ import annotations

import functools
import traceback
from pathlib import Path
from typing import Any, ClassVar

from dragoman.errors import DragomanError, PluginError
from dragoman.graph.types import DType, Interval, SmallValue, TensorType, dtype, parse_shape
from dragoman.ir.extension import STATE
from dragoman.lazy import np
from dragoman.runtime.failures import guard_inference, remembered
from dragoman.runtime.layer import REMEMBERED, Implementation, LayerState
from dragoman.runtime.tensors import import_openvino, write

#: the text of an attribute that a layer does not have; no XML can hold it
_ABSENT = "\0"
#: (lowest, highest or None) for each dimension
Bounds = tuple[tuple[int, "int | None"], ...]


def wrapper_class(implementation: Implementation) -> type:
    """A class for ``Core.add_extension``; its name is the op's type, as the runtime wants it."""
    ov = import_openvino()
    guard_inference(ov)
    return type(implementation.op, (PythonOp, ov.Op), {"implementation": implementation})


def guarded_class(cls: Any, implementation: Implementation) -> type:
    """A class that an author wrote, whose ``evaluate`` raises as those of :func:`wrapper_class` do."""
    original = cls.evaluate
    if not hasattr(original, "guarded"):
        guard_inference(import_openvino())

        @functools.wraps(original)
        def evaluate(self: Any, *tensors: Any) -> bool:
            try:
                if not original(self, *tensors):
                    raise ValueError("its evaluate did not return True")
            except Exception as error:
                raise remembered(_failed(implementation, error, self.get_friendly_name())) from None
            return True

        evaluate.guarded = True  # type: ignore[attr-defined]
        cls.evaluate = evaluate
    made: type = cls
    return made


class PythonOp:
    """The methods that the runtime calls; mixed into ``openvino.Op``."""

    implementation: ClassVar[Implementation]

    def __init__(self: Any, inputs: Any = None, state: LayerState | None = None) -> None:
        super().__init__(self)  # type: ignore[call-arg]
        self.state = state
        self.texts: dict[str, str] = {}
        self.types: tuple[TensorType, ...] = ()
        self.bounds: list[Bounds] = []
        if inputs is not None:
            self.set_arguments(inputs)
            self.constructor_validate_and_infer_types()

    def clone_with_new_inputs(self: Any, inputs: Any) -> Any:
        """A copy for another graph."""
        return type(self)(inputs, self.state)

    def visit_attributes(self: Any, visitor: Any) -> bool:
        """Read the attributes of a new layer, or write those of one that is known."""
        state: LayerState | None = self.state
        if state is None:
            texts = dict.fromkeys(self.implementation.names, _ABSENT)
            visitor.on_attributes(texts)
            self.texts = {name: text for name, text in texts.items() if text != _ABSENT}
        else:
            given = tuple(TensorType(k, parse_shape(s)) for k, s in zip(state.kinds, _shapes(self), strict=False))
            visitor.on_attributes({**state.texts, STATE: state.state(given, self.types)})
        return True

    def validate_and_infer_types(self: Any) -> None:
        """Set the outputs' types: those that the layer declares, whatever the inputs have become meanwhile."""
        try:
            if self.state is None:
                kinds = [dtype(self.get_input_element_type(i).get_type_name()) for i in range(self.get_input_size())]
                self.state = LayerState(self.implementation, dict(self.texts), kinds)
            outputs, self.types, self.bounds = _outputs(self, self.state)
        except Exception as error:
            raise remembered(_failed(self.implementation, error)) from None
        self.set_output_size(len(outputs))
        for index, (kind, shape) in enumerate(outputs):
            self.set_output_type(index, kind, shape)

    def has_evaluate(self) -> bool:
        """It can be computed."""
        return True

    def evaluate(self: Any, outputs: Any, inputs: Any) -> bool:
        """Compute: inputs put right, results checked and written."""
        implementation: Implementation = self.implementation
        state: LayerState = self.state
        try:
            arrays = [read(tensor) for read, tensor in zip(state.readers, inputs, strict=True)]
            results = implementation.compute(state.attrs, *arrays)
            if not isinstance(results, tuple):
                results = (results,)
            if len(results) != len(outputs):
                raise ValueError(f"{len(results)} arrays were returned for {len(outputs)} outputs")
            for tensor, result, kind, bounds in zip(outputs, results, self.types, self.bounds, strict=True):
                _check_shape(np.shape(result), bounds, kind)
                write(tensor, result, kind.dtype)
        except Exception as error:
            raise remembered(_failed(implementation, error, self.get_friendly_name())) from None
        return True


def _shapes(node: Any) -> tuple[str, ...]:
    return tuple([str(node.get_input_partial_shape(i)) for i in range(node.get_input_size())])


def _outputs(node: Any, state: LayerState) -> tuple[Any, tuple[TensorType, ...], list[Bounds]]:
    """For the runtime, for the checks of results: remembered for the shapes and small constants that come in."""
    shapes = _shapes(node)
    if state.constants is None:
        state.constants = [i for i in range(len(shapes)) if _small_constant(node, i, state.kinds[i]) is not None]
    values = tuple([_small_constant(node, i, state.kinds[i]) for i in state.constants])
    key = shapes, values
    found = state.memo.get(key)
    if found is None:
        known = dict(zip(state.constants, values, strict=True))
        given = tuple(
            TensorType(kind, parse_shape(shape), known.get(i))
            for i, (kind, shape) in enumerate(zip(state.kinds, shapes, strict=True))
        )
        types = state.outputs(given)
        ov = import_openvino()
        kinds = [state.carriers.get(i, t.dtype) for i, t in enumerate(types)]
        made = [(getattr(ov.Type, k.name), ov.PartialShape(_dims(t))) for k, t in zip(kinds, types, strict=True)]
        found = made, types, [_bounds(t) for t in types]
        if len(state.memo) >= REMEMBERED:
            state.memo.clear()
        state.memo[key] = found
    return found


def _small_constant(node: Any, index: int, kind: DType) -> SmallValue | None:
    source = node.input_value(index).get_node()
    if source.get_type_name() != "Constant" or not (kind.is_integer or kind.kind == "bool"):
        return None
    data = source.data
    if data.size > SmallValue.LIMIT:
        return None
    return SmallValue(data.shape, data.ravel().tolist())


def _dims(kind: TensorType) -> list[Any]:
    return [(low, -1 if high is None else high) if low != high else low for low, high in _bounds(kind)]


def _bounds(kind: TensorType) -> Bounds:
    return tuple((d.lo or 0, d.hi) if isinstance(d, Interval) else (d, d) for d in kind.shape or ())


def _check_shape(shape: tuple[int, ...], bounds: Bounds, kind: TensorType) -> None:
    fits = len(shape) == len(bounds)
    for size, (low, high) in zip(shape, bounds, strict=False):
        fits = fits and low <= size and (high is None or size <= high)
    if not fits:
        raise ValueError(f"an array of shape {list(shape)} was returned, and {kind!r} is declared")


def _failed(implementation: Implementation, error: Exception, layer: str = "") -> PluginError:
    """The error with op, layer, plugin and the author's line."""
    if isinstance(error, PluginError) and error.code == "D612":
        return error
    told = error.what if isinstance(error, DragomanError) else f"{type(error).__name__}: {error}"
    hint = error.hint if isinstance(error, DragomanError) else ""
    return implementation.error(f"the runtime op {implementation.op} failed: {told}", layer, _place(error), hint)


def _place(error: Exception) -> str:
    """The author's line: the last one in the file of the function that was called."""
    frames = traceback.extract_tb(error.__traceback__)[1:]
    if not frames or Path(frames[0].filename).parent == Path(__file__).parent:
        return ""
    last = [frame for frame in frames if frame.filename == frames[0].filename][-1]
    return f"{Path(last.filename).name}, line {last.lineno}"
