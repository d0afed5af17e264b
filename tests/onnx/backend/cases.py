"""ONNX's own backend cases, as the installed ``onnx`` package has them: models, data sets and tolerances."""

from __future__ import annotations

import dataclasses
import functools
import os
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import onnx
from onnx import numpy_helper

KINDS = ("node", "simple", "light", "pytorch-converted", "pytorch-operator")
DataSet = tuple[list[Any], list[Any]]


@dataclasses.dataclass
class Case:
    """One model with its data sets, each the arrays of the inputs and of the outputs in the model's order."""

    key: str
    model: onnx.ModelProto
    data: list[DataSet]
    rtol: float
    atol: float

    @property
    def inputs(self) -> list[onnx.ValueInfoProto]:
        """The inputs that no initializer gives; all of them where the data gives those too."""
        held = {i.name for i in self.model.graph.initializer}
        free = [i for i in self.model.graph.input if i.name not in held]
        return free if len(self.data[0][0]) <= len(free) else list(self.model.graph.input)

    @property
    def group(self) -> str:
        """The operator, or the operators, of the case."""
        return operators(self.model)


def operators(model: onnx.ModelProto) -> str:
    """The operators of a model's main graph, joined."""
    domains = ("", "ai.onnx")
    found = {n.op_type if n.domain in domains else f"{n.domain}:{n.op_type}" for n in model.graph.node}
    return "+".join(sorted(found))[:100]


@functools.lru_cache(maxsize=1)
def all_cases() -> dict[str, Any]:
    """What makes each case, by ``kind/name``, sorted by kind and operator; nothing is parsed yet but node cases."""
    from onnx.backend.test.loader import load_model_tests

    found: dict[str, Any] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        node = load_model_tests(kind="node")
    for test in sorted(node, key=lambda t: (operators(t.model), t.name)):
        found[f"node/{test.name}"] = test
    for kind in KINDS[1:]:
        folder = _data_folder() / kind
        if kind == "light":
            found.update((f"light/{f.stem}", f) for f in sorted(folder.glob("*.onnx")))
        else:
            tests = sorted(load_model_tests(kind=kind), key=lambda t: t.name)
            found.update((f"{kind}/{t.name}", t) for t in tests if t.model_dir)
    return found


def load(key: str) -> Case:
    """A case with its numbers."""
    test = all_cases()[key]
    if isinstance(test, Path):
        return _light(key, test)
    if test.model is not None:
        data = [([_plain(x) for x in ins], [_plain(x) for x in outs]) for ins, outs in test.data_sets]
        return Case(key, test.model, data, test.rtol, test.atol)
    folder = Path(test.model_dir)
    model = onnx.load(folder / "model.onnx")
    sets = sorted(folder.glob("test_data_set_*"))
    held = {i.name for i in model.graph.initializer}
    free = [i.type for i in model.graph.input if i.name not in held]
    data = [(_read(s, "input", free), _read(s, "output", [o.type for o in model.graph.output])) for s in sets]
    return Case(key, model, data, test.rtol, test.atol)


def _light(key: str, path: Path) -> Case:
    from onnx.backend.test.runner import Runner

    model = onnx.load(path)
    held = {i.name for i in model.graph.initializer}
    ins = [Runner.generate_dummy_data(i, name=path.stem) for i in model.graph.input if i.name not in held]
    expected = onnx.load_tensor(path.with_name(path.stem + "_output_0.pb"))
    return Case(key, model, [(ins, [numpy_helper.to_array(expected)])], 1e-3, 1e-7)


def _read(folder: Path, what: str, types: Sequence[onnx.TypeProto]) -> list[Any]:
    """The arrays of a data set; sequences and optionals by the type of the port."""
    count = len(list(folder.glob(f"{what}_*.pb")))
    values: list[Any] = []
    for i in range(count):
        raw = (folder / f"{what}_{i}.pb").read_bytes()
        kind = types[i].WhichOneof("value") if i < len(types) else "tensor_type"
        if kind == "sequence_type":
            values.append(numpy_helper.to_list(onnx.SequenceProto.FromString(raw)))
        elif kind == "optional_type":
            values.append(numpy_helper.to_optional(onnx.OptionalProto.FromString(raw)))
        else:
            values.append(numpy_helper.to_array(onnx.TensorProto.FromString(raw)))
    return values


def _plain(value: Any) -> Any:
    return numpy_helper.to_array(value) if isinstance(value, onnx.TensorProto) else value


def _data_folder() -> Path:
    from onnx.backend.test import loader

    return Path(os.fspath(loader.DATA_DIR))
