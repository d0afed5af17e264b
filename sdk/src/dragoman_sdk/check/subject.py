"""The package that is looked at: an installed distribution, a plugin's name, or a folder that need not be installed."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from dragoman.errors import PluginError, did_you_mean
from dragoman.hookspecs import GROUP


@dataclasses.dataclass(frozen=True)
class Subject:
    """A package with plugins.

    Args:
        name, version: of the distribution.
        points: modules (``acme.plugin`` or ``acme.plugin:instance``) by plugin name.
        requires: its dependencies, as metadata spells them.
        folder: its sources; None where only the installed form is there.
        paths: folders that make it importable where it is not installed.
        python: the versions of Python that it states.
    """

    name: str
    version: str
    points: Mapping[str, str]
    requires: Sequence[str] = ()
    folder: Path | None = None
    paths: Sequence[Path] = ()
    python: str = ""

    @property
    def label(self) -> str:
        """``dragoman-acme 0.1.0``."""
        return f"{self.name} {self.version}"

    def environment(self) -> dict[str, str]:
        """That of a process in which it is installed, with all other plugins."""
        held = {k: v for k, v in os.environ.items() if k not in ("DRAGOMAN_PLUGINS", "DRAGOMAN_TRACE")}
        parts = [*map(str, self.paths), *filter(None, [held.get("PYTHONPATH")])]
        return {**held, "PYTHONPATH": os.pathsep.join(parts)} if parts else held


def subject_of(given: str, target: Path) -> Subject:
    """The package that a NAME or FOLDER means; PluginError D601 when there is none, D604 when it cannot be installed.

    Args:
        given: a folder with a pyproject.toml, a distribution, or a plugin's name.
        target: an empty folder for what makes a folder's package importable.
    """
    folder = Path(given)
    if (folder / "pyproject.toml").is_file():
        return _of_folder(folder.resolve(), target)
    found = _installed(given)
    if found is not None:
        return found
    if folder.is_dir():
        raise PluginError("D601", "there is no package in the folder", given, "it has no pyproject.toml")
    known = sorted({name for dist in _with_plugins() for name in (dist.name, *(p.name for p in _points(dist)))})
    raise PluginError("D601", f"there is no plugin or package {given!r}", "plugin", did_you_mean(given, known))


def _of_folder(folder: Path, target: Path) -> Subject:
    try:
        read = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PluginError("D604", f"pyproject.toml cannot be read: {error}", str(folder), "put it right") from error
    project = read.get("project", {})
    if not _static(project):
        return _by_pip(folder, target)
    groups = project.get("entry-points", {})
    points = {name: module for group in groups if _of_plugins(group) for name, module in groups[group].items()}
    version = str(project.get("version", "0"))
    _write_metadata(target, project, version)
    home = folder / "src"
    return Subject(
        project["name"], version, points, list(project.get("dependencies", ())), folder,
        [target, home if home.is_dir() else folder], str(project.get("requires-python", "")),
    )  # fmt: skip


def _static(project: Any) -> bool:
    """All that is needed stands there as it should; what does not, pip knows, or says what is wrong with it."""
    if not isinstance(project, dict) or not isinstance(project.get("name"), str):
        return False
    named = (project["name"], project.get("version", "0"))
    groups, needs = project.get("entry-points", {}), project.get("dependencies", [])
    return (
        all(isinstance(text, str) and re.fullmatch(r"[\w.+!-]+", text) for text in named)
        and not {"entry-points", "dependencies"} & {*project.get("dynamic", ())}
        and isinstance(groups, dict)
        and all(isinstance(g, dict) and all(isinstance(m, str) for m in g.values()) for g in groups.values())
        and isinstance(needs, list)
        and all(isinstance(text, str) and "\n" not in text for text in needs)
    )


def _write_metadata(target: Path, project: Mapping[str, Any], version: str) -> None:
    """What an editable install leaves behind: made here, it needs neither a build backend nor the network."""
    info = target / f"{re.sub(r'[-_.]+', '_', project['name'])}-{version}.dist-info"
    info.mkdir()
    lines = ["Metadata-Version: 2.1", f"Name: {project['name']}", f"Version: {version}"]
    lines += [f"Requires-Dist: {text}" for text in project.get("dependencies", ())]
    (info / "METADATA").write_text("\n".join(lines) + "\n", encoding="utf-8")
    groups = project.get("entry-points", {}).items()
    texts = [f"[{group}]\n" + "".join(f"{k} = {v}\n" for k, v in held.items()) for group, held in groups]
    (info / "entry_points.txt").write_text("\n".join(texts), encoding="utf-8")


def _by_pip(folder: Path, target: Path) -> Subject:
    """A package whose metadata its build backend knows."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(target), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["pip failed"])[-1]
        raise PluginError("D604", f"the package cannot be installed: {last}", str(folder), f"pip install {folder}")
    from importlib_metadata import distributions

    for dist in distributions(path=[str(target)]):
        return dataclasses.replace(_of_distribution(dist), folder=folder, paths=[target])
    raise PluginError("D604", "pip installed no distribution", str(folder), f"pip install {folder}")


def _installed(given: str) -> Subject | None:
    wanted = _normal(given)
    for dist in _with_plugins():
        if _normal(dist.name) == wanted or any(point.name == given for point in _points(dist)):
            return _of_distribution(dist)
    return None


def _with_plugins() -> list[Any]:
    from importlib_metadata import distributions

    held: dict[str, Any] = {}
    for dist in distributions():
        if dist.name and _points(dist):
            held.setdefault(_normal(dist.name), dist)
    return list(held.values())


def _of_plugins(group: str) -> bool:
    """Of this hook API, or of another one."""
    return group == GROUP or group.startswith(f"{GROUP}.")


def _points(dist: Any) -> list[Any]:
    return [p for p in dist.entry_points if _of_plugins(p.group)]


def _of_distribution(dist: Any) -> Subject:
    points = {p.name: p.value for p in _points(dist)}
    requires = [r for r in dist.requires or () if "extra ==" not in r]
    python = dist.metadata.get("Requires-Python") or ""
    return Subject(dist.name, dist.version, points, requires, _source(dist), (), python)


def _source(dist: Any) -> Path | None:
    """The folder of an editable install (PEP 610)."""
    text = dist.read_text("direct_url.json")
    told = json.loads(text) if text else {}
    url = urlsplit(told.get("url", ""))
    if url.scheme != "file" or not told.get("dir_info", {}).get("editable"):
        return None
    folder = Path(unquote(url.path))
    return folder if folder.is_dir() else None


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
