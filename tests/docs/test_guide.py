"""Everything that the guide and the error pages show as code is run."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.models import write_models
from tests.docs.snippets import Runner, snippets
from tests.docs.sources import PAGES, ROOT

DOCUMENTS = [ROOT / "docs" / "index.md", *sorted((ROOT / "docs" / "guide").glob("*.md")), PAGES / "D301.md"]


@pytest.mark.parametrize("page", DOCUMENTS, ids=lambda p: p.stem)
def test_what_a_page_shows_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = page.read_text(encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    runner = Runner(tmp_path)
    monkeypatch.syspath_prepend(str(runner.site))
    write_models(tmp_path, text)
    try:
        for snippet in snippets(text):
            runner.run(snippet)
    finally:
        for name, module in list(sys.modules.items()):
            if str(getattr(module, "__file__", None) or "").startswith(str(tmp_path)):
                del sys.modules[name]


@pytest.mark.parametrize("page", [p for p in DOCUMENTS if p.stem not in ("index", "D301")], ids=lambda p: p.stem)
def test_a_page_of_the_guide_shows_something(page: Path) -> None:
    assert any(s.language in ("sh", "python") for s in snippets(page.read_text(encoding="utf-8")))


def test_the_picture_in_the_readme_is_what_the_demo_prints() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (shown,) = [s.body for s in snippets(readme) if s.language == "text"]
    command = [sys.executable, "-m", "dragoman", "demo", "--framework", "onnx"]  # the readme installs ONNX alone
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert _without_machine(done.stdout) == _without_machine(shown)


def _without_machine(text: str) -> list[str]:
    """Without the measured errors."""
    return re.sub(r"\d+\.\d+e-\d+ *", "", text).split()


def test_the_two_commands_of_the_readme_name_what_is_here() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    first, second = re.findall(r"^    python -m venv .*$", readme, re.M)
    assert first.endswith('pip install -q "./core[runtime]" "./plugins/onnx[check]" && .venv/bin/dragoman demo')
    assert second.endswith("pip install -q -r tests/requirements.txt && .venv/bin/python -m pytest -n 2")
    for path in ("core/pyproject.toml", "plugins/onnx/pyproject.toml", "tests/requirements.txt"):
        assert (ROOT / path).is_file()


def test_every_page_is_in_the_navigation() -> None:
    navigation = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    pages = [p.relative_to(ROOT / "docs") for p in (ROOT / "docs").rglob("*.md")]
    missing = [str(p) for p in pages if str(p) not in navigation and p.parts[:2] != ("reference", "ops")]
    assert not missing, f"add to mkdocs.yml: {missing}"


def test_links_between_pages_lead_somewhere() -> None:
    broken = []
    for page in [*(ROOT / "docs").rglob("*.md"), ROOT / "README.md"]:
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            if "://" not in target and not (page.parent / target).exists():
                broken.append(f"{page.relative_to(ROOT)}: {target}")
    assert not broken, "\n".join(broken)


@pytest.mark.parametrize("page", ["contributing.md", "architecture.md"])
def test_paths_that_a_page_names_are_there(page: str) -> None:
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    named = re.findall(r"(?<![\w/<])(?:core|plugins|sdk|tests|docs|bench|changes|\.ci)/[\w./-]*\w", text)
    assert named
    # a name that goes on with <...> or {...} is a pattern: its folder is what must be there
    missing = [p for p in named if not (ROOT / p).exists() and not (ROOT / p).parent.is_dir()]
    assert not missing, f"{page} names what is not there: {missing}"
