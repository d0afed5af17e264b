"""What the files of a new package say: names, layers, and which hooks it has."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import dragoman
from dragoman_sdk.scaffold.naming import Names, Spec
from dragoman_sdk.scaffold.template import rendered

#: field numbers of LayerParameter that forks leave free
FIRST_NUMBER = 20001


@dataclasses.dataclass(frozen=True)
class Known:
    """What is installed beside the new package.

    Args:
        ops: op types that it cannot have.
        layers: owners of layers by ``framework:type``.
        parameters: by Caffe layer type, the field of LayerParameter and the message that caffe.proto has for it, with
            ``beta`` if the message has that.
    """

    ops: Collection[str] = ()
    layers: Mapping[str, str] = dataclasses.field(default_factory=dict)
    parameters: Mapping[str, tuple[str, bool]] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Request:
    """What ``dragoman plugin new`` was asked for; a runtime op needs an op."""

    names: Names
    layers: Sequence[Spec]
    op: bool = False
    rule: bool = False
    runtime: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "op", self.op or self.runtime)


@dataclasses.dataclass(frozen=True)
class Unit:
    """A layer, of one framework or of several: it has a module, a test, and an op where ops are asked for."""

    kind: str
    snake: str
    cls: str
    caffe: str
    onnx: str
    message: str
    number: int
    own: bool
    stored: bool
    kit: str
    becomes: str

    @property
    def field(self) -> str:
        """Of LayerParameter."""
        return f"{self.snake.removesuffix('_layer')}_param"

    @property
    def parameter(self) -> str:
        """Of the layer's message."""
        return "beta"

    @property
    def fields(self) -> str:
        """The text of a .proto for what caffe.proto lacks."""
        if not self.caffe or self.stored:
            return ""
        place = 1 if self.own else FIRST_NUMBER  # beside fields that caffe.proto has
        return (
            f"message {self.message} {{ optional float beta = {place} [default = 1.0]; }}\n"
            f"message LayerParameter {{ optional {self.message} {self.field} = {self.number}; }}"
        )

    @property
    def rule(self) -> str:
        """The class of its rule."""
        return f"Plain{self.cls}"


def package_files(request: Request, known: Known) -> dict[str, str]:
    """Texts by path below the new folder."""
    units = _units(request, known)
    names = _context(request, units, known)
    home = f"src/{request.names.package}"
    made = {
        "pyproject.toml": rendered("pyproject.toml", names),
        "README.md": rendered("README.md", names),
        "LICENSE": rendered("LICENSE", names),
        ".gitignore": rendered("gitignore", names),
        ".github/workflows/test.yml": rendered("workflow.yml", names),
        f"{home}/__init__.py": rendered("init.py", names),
        f"{home}/py.typed": "",
        f"{home}/plugin.py": rendered("plugin.py", names),
        f"{home}/layers/__init__.py": rendered("layers_init.py", names),
        "tests/test_plugin.py": rendered("test_plugin.py", names),
    }
    for unit in units:
        made[f"{home}/layers/{unit.snake}.py"] = rendered("layer.py", {**names, "unit": unit})
        made[f"tests/test_{unit.snake}.py"] = rendered("test_layer.py", {**names, "unit": unit})
    for wanted, part in ((request.op, "op"), (request.rule, "rule"), (request.runtime, "runtime")):
        if wanted:
            made[f"{home}/{part}.py"] = rendered(f"{part}.py", names)
    if request.rule:
        made["tests/test_rule.py"] = rendered("test_rule.py", names)
    return made


def _units(request: Request, known: Known) -> list[Unit]:
    grouped: dict[str, dict[str, Spec]] = {}
    for spec in request.layers:
        grouped.setdefault(spec.snake, {})[spec.framework] = spec
    return [_unit(request, grouped[s], known, k) for k, s in enumerate(sorted(grouped, key=natural))]


def _unit(request: Request, specs: Mapping[str, Spec], known: Known, index: int) -> Unit:
    first = next(iter(specs.values()))
    cls = first.camel
    if cls in known.ops:
        cls = "".join(part.capitalize() for part in request.names.plugin.split("-")) + cls
    caffe = specs["caffe"].type if "caffe" in specs else ""
    message, has_beta = known.parameters.get(caffe, (f"{first.camel}Parameter", False))
    kit = ["LayerCase"]
    kit += ["CaffeNet", "caffe_layer"] * bool(caffe) + ["onnx_layer"] * ("onnx" in specs)
    kit += ["RuntimeCase"] * request.runtime
    return Unit(
        kind=first.kind, snake=first.snake, cls=cls, caffe=caffe, onnx=specs["onnx"].type if "onnx" in specs else "",
        message=message, number=FIRST_NUMBER + index, own=caffe not in known.parameters, stored=has_beta,
        kit=_listed(kit),
        becomes=f"the op `{cls}`" if request.op else "ops of OpenVINO",
    )  # fmt: skip


def _context(request: Request, units: Sequence[Unit], known: Known) -> dict[str, Any]:
    frameworks = sorted({spec.framework for spec in request.layers})
    ruled = (units if request.op else units[:1]) if request.rule else []
    replaced = {f"{s.framework}:{s.type}": known.layers.get(f"{s.framework}:{s.type}") for s in request.layers}
    replaces = [key for key, owner in replaced.items() if owner]
    owners = sorted({f"{key} is the plugin {owner}'s" for key, owner in replaced.items() if owner})
    groups = [f"{u.snake}_{f}" for u in units for f in frameworks if getattr(u, f)]
    return {
        "name": request.names.distribution,
        "package": request.names.package,
        "plugin": request.names.plugin,
        "summary": "The layers " + ", ".join(u.kind for u in units) if units[1:] else f"The layer {units[0].kind}",
        "range": version_range(dragoman.__version__),
        "caffe": "caffe" in frameworks,
        "onnx": "onnx" in frameworks,
        "requires": _quoted(frameworks) + "," * (len(frameworks) == 1),
        "replaces": _quoted(replaces),
        "replaced": "; ".join(owners),
        "op": request.op,
        "rule": request.rule,
        "runtime": request.runtime,
        "numbers": request.runtime or not request.op,
        "structural": request.op and not request.runtime,
        "units": units,
        "ruled": ruled,
        "classes": _listed(u.cls for u in units),
        "functions": _listed(u.snake for u in units),
        "rule_classes": _listed(u.rule for u in ruled),
        "rules": ", ".join(f"{u.rule}()" for u in ruled),
        "runtime_ops": ", ".join(f'RuntimeOp("{u.cls}", {u.snake})' for u in units),
        "rule_cases": ", ".join(f'"{u.cls}": {u.rule}()' for u in ruled),
        "groups": ", ".join(groups),
    }


def version_range(version: str) -> str:
    """``>=0.1,<0.3`` for 0.1.x, ``>=1.4,<2`` for 1.4.x: how long what is there now is promised to stay.

    Names are removed two minor versions after they were deprecated (docs/guide/plugin-contract.md).
    """
    major, minor, *_ = (int(part) for part in re.findall(r"\d+", version)[:2])
    return f">={major}.{minor},<{major}.{minor + 2}" if major == 0 else f">={major}.{minor},<{major + 1}"


def natural(name: str) -> list[Any]:
    """Sorts ``swish6`` before ``swish10``, as import sorters do."""
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name)]


def _by_kind(name: str) -> tuple[int, list[Any]]:
    """Constants, classes, functions: the order of names in an import."""
    return (0 if name.isupper() and len(name) > 1 else 1 if name[:1].isupper() else 2, natural(name))


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names, key=_by_kind))


def _quoted(words: Iterable[str]) -> str:
    return ", ".join(f'"{word}"' for word in words)
