"""What a package says of itself: its dependencies with their versions, and its tests."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import dragoman
from dragoman_sdk.check.findings import Finding
from dragoman_sdk.check.subject import Subject
from dragoman_sdk.scaffold.package import version_range

_REQUIREMENT = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[[^\]]*\])?\s*\(?([^;)]*)")
_UPPER = re.compile(r"<|~=|==")


def dependency_findings(subject: Subject, frameworks: Iterable[str]) -> Iterator[Finding]:
    """Whether the versions of Dragoman that the package goes with are stated, and are those installed.

    Args:
        subject: the package.
        frameworks: those of its extractors, whose front-ends it needs.
    """
    found = {re.sub(r"[-_.]+", "-", m[1]).lower(): m[2].strip() for m in map(_REQUIREMENT.match, subject.requires) if m}
    fitting = version_range(dragoman.__version__)
    needed = ["dragoman", *(f"dragoman-{f}" for f in frameworks if f in ("caffe", "onnx"))]
    several = len(needed) > 2
    for name in needed:
        if subject.name == name:
            continue
        if name not in found and name != "dragoman" and several:
            what = f"{name} is not among them; right, where the package is of use without it"
            yield Finding("note", "dependencies", what, f'otherwise add "{name}{fitting}"')
        elif name not in found:
            level = "error" if name == "dragoman" else "warning"
            yield Finding(level, "dependencies", f"{name} is needed and not among them", f'add "{name}{fitting}"')
        elif not _UPPER.search(found[name]):
            yield Finding("warning", "dependencies", f"{name}{found[name]} has no upper bound: the next version may "
                          "have another hook API", f'write "{name}{fitting}"')  # fmt: skip
        else:
            yield from _installed(name, found[name], fitting)
    if not subject.python:
        yield Finding("warning", "dependencies", "requires-python is not stated", 'requires-python = ">=3.11"')


def _installed(name: str, stated: str, fitting: str) -> Iterator[Finding]:
    from importlib_metadata import PackageNotFoundError, version
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        here = version(name)
        fits = SpecifierSet(stated).contains(here, prereleases=True)
    except PackageNotFoundError:
        yield Finding("warning", "dependencies", f"{name} is needed and not installed", f"pip install '{name}{stated}'")
    except InvalidSpecifier:
        yield Finding("error", "dependencies", f"{name}{stated} is no range of versions", f'write "{name}{fitting}"')
    else:
        if fits:
            yield Finding("seen", "dependencies", f"{name}{stated}; {here} is installed")
        else:
            yield Finding("error", "dependencies", f"{name}{stated} is needed and {here} is installed",
                          f'try "{name}{fitting}"')  # fmt: skip


def test_files(folder: Path) -> list[Path]:
    """Modules that pytest would collect."""
    homes = [folder / name for name in ("tests", "test") if (folder / name).is_dir()]
    found = [p for home in homes for pattern in ("test_*.py", "*_test.py") for p in home.rglob(pattern)]
    return sorted({*found, *folder.glob("test_*.py")})


def test_findings(subject: Subject, layers: Iterable[str]) -> Iterator[Finding]:
    """Whether there are tests, the conformance class among them, and one that names each layer.

    Args:
        subject: the package.
        layers: types of layers that it has extractors for.
    """
    if subject.folder is None:
        yield Finding("note", "tests", f"{subject.label} is installed without its sources, so its tests are not seen",
                      "give the folder of its sources")  # fmt: skip
        return
    files = test_files(subject.folder)
    if not files:
        yield Finding("warning", "tests", "there are none", "dragoman plugin new shows what they look like")
        return
    text = "\n".join(f.read_text(encoding="utf-8", errors="replace") for f in files)
    if "PluginConformance" not in text:
        yield Finding("warning", "tests", "none inherits dragoman_sdk.PluginConformance",
                      "class TestPlugin(PluginConformance): name = ...")  # fmt: skip
    for layer in sorted(set(layers)):
        if re.split("[:.]", layer)[-1] not in text:  # Python:module.Class of Caffe stands in two fields
            yield Finding("warning", "tests", f"none names the layer {layer}", "LayerCase tests one in a few lines")
    yield Finding("seen", "tests", f"{len(files)} files")
