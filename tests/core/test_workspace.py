"""The packages of the workspace agree with each other about requirements, licence and versions."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MEMBERS = sorted(path.parent for path in [*ROOT.glob("*/pyproject.toml"), *ROOT.glob("plugins/*/pyproject.toml")])


def project(folder: Path) -> dict[str, object]:
    return tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))


def pip_requirements(file: Path) -> set[str]:
    """Lines of a requirements file; a local folder becomes the name of its distribution."""
    found = set()
    for line in file.read_text(encoding="utf-8").splitlines():
        if line.startswith("-r "):
            found |= pip_requirements(file.parent / line[3:])
        elif line.startswith("-e "):
            folder, bracket, extras = line[3:].partition("[")
            found.add(project(ROOT / folder)["project"]["name"] + bracket + extras)  # type: ignore[index]
        elif line and not line.startswith("#"):
            found.add(line)
    return found


def group_requirements(name: str) -> set[str]:
    groups = project(ROOT)["dependency-groups"]
    found = set()
    for item in groups[name]:  # type: ignore[index]
        found |= {item} if isinstance(item, str) else group_requirements(item["include-group"])
    return found


@pytest.mark.parametrize(("group", "file"), [("test", "tests/requirements.txt"), ("dev", ".ci/requirements.txt")])
def test_pip_and_uv_install_the_same(group: str, file: str) -> None:
    assert pip_requirements(ROOT / file) == group_requirements(group)


@pytest.mark.parametrize("member", MEMBERS, ids=lambda path: path.name)
def test_member_carries_licence_version_and_type_marker(member: Path) -> None:
    assert (member / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()
    (package,) = (member / "src").glob("dragoman*")
    assert (package / "py.typed").is_file()
    assert re.search(r'^__version__ = "\d+\.\d+\.\d+"$', (package / "__init__.py").read_text(encoding="utf-8"), re.M)
