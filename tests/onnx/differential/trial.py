"""One random case: converted, run in OpenVINO, and held against onnxruntime, or onnx.reference where that lacks it."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import onnx
from onnx import helper
from tests.onnx.differential.draw import MAKERS, Case, Draw
from tests.onnx.support import assert_same, run_ir, run_ort, run_reference

from dragoman.errors import DragomanError, UnsupportedError

#: what onnxruntime says when it has no such kernel; anything else means that the model is not valid
LACKS = ("NOT_IMPLEMENTED", "Could not find an implementation", "is under development", "not a registered function")


@dataclasses.dataclass
class Outcome:
    """``same``, ``refused``, ``invalid`` (the reference rejects the model), ``wrong`` or ``failed``."""

    status: str
    what: str
    detail: str = ""


def built(case: Case, draw: Draw) -> tuple[onnx.ModelProto, dict[str, np.ndarray], str]:
    """The model with some inputs as initializers and some dimensions open, its feeds, and a description."""
    if case.model is not None:
        assert case.feeds is not None
        return case.model, case.feeds, f"{case.op} opset {case.opset} {case.attributes}"
    held, names, feeds, ports, told = set(case.held), [], {}, [], []
    how = draw.pick(["none", "rest", "rest", "each", "all"] if draw.chance(0.6) else ["none"])
    for i, array in enumerate(case.inputs):
        if array is None:
            continue
        if array.size == 0 and i == 0:
            continue  # an empty constant ends the runtime
        if how == "all" or (how == "rest" and i > 0) or (how == "each" and draw.chance()):
            held.add(i)
    openness = draw.pick([0.0, 0.0, 1.0, 0.4])
    constants = []
    for i, array in enumerate(case.inputs):
        name = "" if array is None else f"x{i}"
        names.append(name)
        if array is None:
            told.append("-")
        elif i in held:
            constants.append(onnx.numpy_helper.from_array(array, name))
            told.append(f"{array.dtype}{list(array.shape)}=const{_shown(array)}")
        else:
            dims = [f"{name}d{k}" if draw.chance(openness) else n for k, n in enumerate(array.shape)]
            ports.append(helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(array.dtype), dims))
            feeds[name] = array
            told.append(f"{array.dtype}{list(array.shape)}{dims if openness else ''}{_shown(array)}")
    while names and not names[-1]:
        names.pop()
    made = [f"y{i}" for i in range(case.outputs)]
    attributes = {k: v for k, v in case.attributes.items() if v != []}
    node = helper.make_node(case.op, names, made, domain=case.domain, **attributes)
    graph = helper.make_graph([node], "g", ports, [onnx.ValueInfoProto(name=m) for m in made], constants)
    imports = [helper.make_opsetid("", case.opset)]
    if case.domain:
        imports.append(helper.make_opsetid(case.domain, 1))
    model = helper.make_model(graph, opset_imports=imports, ir_version=min(11, 4 + case.opset))
    return model, feeds, f"{case.domain}:{case.op} opset {case.opset} {case.attributes} ({', '.join(told)})"


def _shown(array: np.ndarray) -> str:
    return f" {array.tolist()}" if array.size <= 8 else ""


def expected_of(case: Case, model: onnx.ModelProto, feeds: dict[str, np.ndarray]) -> list[np.ndarray] | str:
    """What the reference computes, or why it does not."""
    if case.reference == "ort":
        try:
            return [np.asarray(v) for v in run_ort(model, feeds)]
        except Exception as error:
            if not any(text in str(error) for text in LACKS):
                return str(error)
    try:
        with np.errstate(all="ignore"):
            return run_reference(model, feeds)
    except Exception as error:
        return f"reference: {error!r}"


def described(maker: str, seed: int) -> str:
    """What the case is."""
    draw = Draw(seed)
    return built(MAKERS[maker](draw), draw)[2]


def trial(maker: str, seed: int) -> Outcome:
    """Make, convert, run and compare one case."""
    draw = Draw(seed)
    case = MAKERS[maker](draw)
    model, feeds, what = built(case, draw)
    expected = expected_of(case, model, feeds)
    if isinstance(expected, str):
        return Outcome("invalid", what, expected)
    try:
        found: list[Any] = run_ir(model, feeds)
    except UnsupportedError as error:
        return Outcome("refused", what, "; ".join(f"{p.what}" for p in error.problems) or str(error))
    except DragomanError as error:
        return Outcome("failed", what, f"{type(error).__name__} {error.code}: {error}")
    except Exception as error:
        return Outcome("failed", what, f"{type(error).__name__}: {str(error)[:1500]}")
    try:
        assert_same(found, expected, case.rtol, case.atol)
    except AssertionError as error:
        return Outcome("wrong", what, str(error)[:1200])
    return Outcome("same", what)
