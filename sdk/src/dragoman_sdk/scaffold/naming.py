"""Names that a scaffold is asked for, checked; and the names in Python that follow from them."""

from __future__ import annotations

import dataclasses
import keyword
import re
import sys
from collections.abc import Sequence

from dragoman.errors import UsageError, did_you_mean

FRAMEWORKS = ("caffe", "onnx")
#: PEP 508 and the core metadata specification: what a distribution may be called
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_OP = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_DOMAIN = re.compile(r"[A-Za-z0-9_](?:[\w.-]*\w)?", re.ASCII)
_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_LONGEST = 64
#: import names of what the package itself is written with, and of folders in it
_TAKEN = {"dragoman", "dragoman_sdk", "dragoman_onnx", "dragoman_caffe", "numpy", "openvino", "onnx", "caffe", "tests"}
#: names of modules and of what they import, which a layer's function cannot have
_USED = {"layer", "op", "x", "beta", "math", "np", "layers", "extractors", "pytest", "formula", "annotations"}


@dataclasses.dataclass(frozen=True)
class Names:
    """Of a package: of its distribution, of its import, and of its entry point."""

    distribution: str
    package: str
    plugin: str


@dataclasses.dataclass(frozen=True)
class Spec:
    """A layer of a framework: ``caffe:Swish6``, ``onnx:my.domain:Foo``, ``onnx:Foo``."""

    framework: str
    type: str

    @property
    def kind(self) -> str:
        """The type without a domain."""
        return self.type.rpartition(":")[2]

    @property
    def snake(self) -> str:
        """``Swish6`` -> ``swish6``, ``ShuffleChannel`` -> ``shuffle_channel``."""
        name = _WORD.sub("_", self.kind).lower().strip("_")
        return f"{name}_layer" if keyword.iskeyword(name) or name in _USED or not name.isidentifier() else name

    @property
    def camel(self) -> str:
        """The name of a class."""
        name = "".join(part[:1].upper() + part[1:] for part in self.kind.split("_") if part)
        return name if name.isidentifier() and not keyword.iskeyword(name) else f"Layer{name}"


def names_of(name: str, plugins: Sequence[str] = ()) -> Names:
    """The names of a package; UsageError D150 for one that Python's packaging or imports cannot have.

    Args:
        name: of the distribution.
        plugins: names of installed plugins, which the new one does not take.
    """

    def refuse(why: str) -> UsageError:
        return UsageError("D150", f"{name!r} cannot be the name of a package: {why}", "plugin new",
                          "letters, digits and hyphens, such as dragoman-acme")  # fmt: skip

    if not _NAME.fullmatch(name) or len(name) > _LONGEST:
        raise refuse(f"it takes up to {_LONGEST} letters, digits, '.', '_' and '-', a letter or digit at both ends")
    distribution = re.sub(r"[._-]+", "-", name).lower()
    package = distribution.replace("-", "_")
    if not package.isidentifier() or keyword.iskeyword(package):
        raise refuse(f"its import {package!r} is no name in Python")
    if package in sys.stdlib_module_names or package in _TAKEN:
        raise refuse(f"{package!r} is the import name of something else")
    short = distribution.removeprefix("dragoman-")
    return Names(distribution, package, distribution if short in plugins else short)


def specs_of(texts: Sequence[str]) -> list[Spec]:
    """Layers; UsageError D150 for one that is not written ``FRAMEWORK:TYPE``, or is given twice."""
    found: list[Spec] = []
    for text in texts:
        spec = _spec(text)
        same = [s for s in found if s.framework == spec.framework and s.snake == spec.snake]
        if same:
            raise _wrong(text, f"{same[0].type} and it would both be {spec.snake} in Python", "leave one out, and copy")
        found.append(spec)
    return found


def _spec(text: str) -> Spec:
    framework, colon, kind = text.partition(":")
    if not colon:
        raise _wrong(text, "its framework is missing", f"such as caffe:{text} or onnx:my.domain:{text}")
    if framework not in FRAMEWORKS:
        raise _wrong(text, f"there is no scaffold for layers of {framework!r}", did_you_mean(framework, FRAMEWORKS))
    domain, _, op = kind.rpartition(":")
    if not _OP.fullmatch(op):
        raise _wrong(text, f"{op!r} is not a layer type", "letters, digits and '_', not a digit first")
    if domain and (framework != "onnx" or not _DOMAIN.fullmatch(domain)):
        raise _wrong(text, f"{domain!r} is no domain", "only ONNX has domains: onnx:my.domain:Foo")
    return Spec(framework, op if domain in ("", "ai.onnx") else kind)


def _wrong(text: str, what: str, hint: str) -> UsageError:
    return UsageError("D150", f"--layer {text}: {what}", "plugin new", hint)
