"""Variants of a case that must give the same numbers: inputs held as constants, older opsets, unknown dimensions."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import onnx
from onnx import numpy_helper
from tests.onnx.backend.cases import Case, DataSet
from tests.onnx.backend.judge import UNUSED, Outcome, Wrong, compare, judge

NEWEST = onnx.defs.onnx_opset_version()
Models = list[tuple[onnx.ModelProto, list[int]]]


class NotUsable(Exception):
    """A variant that cannot be made of a case, or that says something else than the case."""


def _is_tensor(port: onnx.ValueInfoProto) -> bool:
    return port.type.WhichOneof("value") == "tensor_type"


def hold(case: Case, data: DataSet, chosen: Callable[[int], bool]) -> tuple[onnx.ModelProto, list[int]]:
    """The model with the chosen inputs as initializers, and the positions of those that stay."""
    held = [i for i, port in enumerate(case.inputs) if i < len(data[0]) and chosen(i) and _is_tensor(port)]
    if not held:
        raise NotUsable("there is no such input")
    model = onnx.ModelProto()
    model.CopyFrom(case.model)
    model.ir_version = max(model.ir_version, 4)  # before, every initializer had to be an input too
    names = {case.inputs[i].name: np.asarray(data[0][i]) for i in held}
    del model.graph.input[:]
    model.graph.input.extend(p for p in case.model.graph.input if p.name not in names)
    given = {i.name for i in model.graph.initializer}
    model.graph.initializer.extend(numpy_helper.from_array(v, k) for k, v in names.items() if k not in given)
    return model, [i for i in range(len(data[0])) if i not in held]


def constants(chosen: Callable[[int], bool]) -> Callable[[Case], Models]:
    """Inputs as constants: what is computed at conversion time must equal what the runtime computes."""
    return lambda case: [hold(case, data, chosen) for data in case.data]


def unknown_dims(case: Case) -> Models:
    """Every dimension of every input unknown, and nothing said of inner values and outputs."""
    model = without_dims(case, case.model)
    return [(model, list(range(len(ins)))) for ins, _ in case.data]


def dynamic_data(case: Case) -> Models:
    """The first input of unknown dimensions, the others constants: data and weights, as models mostly are."""
    held = [hold(case, data, lambda i: i > 0) for data in case.data]
    return [(without_dims(case, model), kept) for model, kept in held]


def dynamic_batch(case: Case) -> Models:
    """The first dimension of the first input unknown, the other inputs constants."""
    try:
        held = [hold(case, data, lambda i: i > 0) for data in case.data]
    except NotUsable:
        held = [(case.model, list(range(len(ins)))) for ins, _ in case.data]
    return [(without_dims(case, model, slice(0, 1)), kept) for model, kept in held]


def without_dims(case: Case, given: onnx.ModelProto, which: slice = slice(None)) -> onnx.ModelProto:
    """A copy of the model in which dimensions of the case's inputs are unknown."""
    model = onnx.ModelProto()
    model.CopyFrom(given)
    del model.graph.value_info[:]
    changed = 0
    for port in model.graph.input:
        if _is_tensor(port) and any(port.name == p.name for p in case.inputs):
            for i, dim in enumerate(port.type.tensor_type.shape.dim[which]):
                dim.dim_param = f"{port.name}_{i}"
                changed += 1
    if not changed:
        raise NotUsable("no input has a dimension")
    for port in model.graph.output:
        if _is_tensor(port):
            for dim in port.type.tensor_type.shape.dim:
                dim.Clear()
    return model


def _opset(model: onnx.ModelProto) -> int:
    return next((o.version for o in model.opset_import if o.domain in ("", "ai.onnx")), 0)


def converted(version: int) -> Callable[[Case], Models]:
    """The model in another opset, where ONNX's converter can, and onnxruntime agrees with the case."""

    def make(case: Case) -> Models:
        from onnx import version_converter

        if (_opset(case.model) > version) != (version < NEWEST) or _opset(case.model) == version:
            raise NotUsable(f"the case is of opset {_opset(case.model)}")
        try:
            model = version_converter.convert_version(case.model, version)
        except Exception as error:
            raise NotUsable(f"ONNX does not convert it: {error}") from error
        return _agreed(case, model)

    return make


def called(version: int) -> Callable[[Case], Models]:
    """The very same nodes in an older opset, where that is valid, and onnxruntime agrees with the case."""

    def make(case: Case) -> Models:
        if _opset(case.model) <= version:
            raise NotUsable(f"the case is of opset {_opset(case.model)}")
        model = onnx.ModelProto()
        model.CopyFrom(case.model)
        for entry in model.opset_import:
            if entry.domain in ("", "ai.onnx"):
                entry.version = version
        return _agreed(case, model)

    return make


def _agreed(case: Case, model: onnx.ModelProto) -> Models:
    """The model for every data set, if it is valid; ONNX's reference is asked for what onnxruntime does not run."""
    if _opset(model) <= 13:
        model.ir_version = min(model.ir_version, 8)
    try:
        onnx.checker.check_model(model)
    except Exception as error:
        raise NotUsable(f"it is not valid: {error}") from error
    try:
        _in_onnxruntime(case, model)
    except Wrong as error:
        raise NotUsable(f"it says something else: {error}") from error
    except Exception as first:
        if _opset(model) < 18:  # the reference takes old operators for newer ones
            raise NotUsable(f"onnxruntime does not run it: {first}") from first
        try:
            _in_reference(case, model)
        except Exception as error:
            raise NotUsable(f"nobody runs it, or not to the same: {error}") from error
    return [(model, list(range(len(ins)))) for ins, _ in case.data]


def _in_onnxruntime(case: Case, model: onnx.ModelProto) -> None:
    """Raises Wrong where onnxruntime does not give the case's outputs."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level, options.intra_op_num_threads = 4, 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    _agree(case, session.run)


def _in_reference(case: Case, model: onnx.ModelProto) -> None:
    from onnx.reference import ReferenceEvaluator

    _agree(case, ReferenceEvaluator(model).run)


def _agree(case: Case, run: Callable[..., Any]) -> None:
    names = [i.name for i in case.inputs]
    for ins, outs in case.data:
        found = run(None, dict(zip(names, ins, strict=False)))
        for port, value, wanted in zip(case.model.graph.output, found, outs, strict=False):
            compare(port.name, np.asarray(value), wanted, case)


VARIANTS: dict[str, Callable[[Case], Models] | None] = {
    "as it is": None,
    "constants": constants(lambda i: True),
    "first constant": constants(lambda i: i == 0),
    "others constant": constants(lambda i: i > 0),
    "unknown dims": unknown_dims,
    "dynamic data": dynamic_data,
    "dynamic batch": dynamic_batch,
    "newest opset": converted(NEWEST),
    **{f"opset {n}": converted(n) for n in (13, 11, 9, 7)},
    **{f"called opset {n}": called(n) for n in (17, 13, 11, 9, 7)},
}


def run(variant: str, case: Case, prepared: Callable[[], None] = lambda: None) -> Outcome:
    """Make a variant of a case, say that it is made, and judge it."""
    make = VARIANTS[variant]
    try:
        models = make(case) if make else None
    except NotUsable as why:
        return Outcome(UNUSED, str(why))
    prepared()
    return judge(case, models)


def names() -> Iterable[str]:
    """The variants beside the cases as they are."""
    return [v for v, make in VARIANTS.items() if make]
