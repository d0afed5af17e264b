"""The order of the modules: an import goes down the table, never up; what each package may import at all."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# Lowest first. A module may import from rows below its own and from its own entry. The longest matching entry counts,
# so a single module can stand apart from its package: ops.define says what an op is, infer's dims and broadcasting
# serve the op classes, and infer.engine, which calls those, stands above them.
LAYERS: tuple[tuple[str, ...], ...] = (
    ("errors", "lazy"),
    ("files", "hookspecs"),
    ("deprecation",),
    ("protowire",),
    ("graph",),
    ("options",),
    ("ops.fields",),
    ("ops.define",),
    ("infer",),
    ("ops",),
    ("infer.engine",),
    ("builder", "mean_image"),
    ("preprocess", "rules"),
    ("frontends", "ir"),
    ("offload",),
    ("index.record",),
    ("discovery",),
    ("index",),
    ("extension_files",),
    ("plugins",),
    ("index.child",),
    ("runtime",),
    ("accuracy", "report"),
    ("session",),
    ("api",),
    ("config",),
    ("cli",),
    ("plugin", "__main__"),
    ("",),
)
RANK = {entry: rank for rank, row in enumerate(LAYERS) for entry in row}

PACKAGES = {
    path.name: path.parents[1]
    for pattern in ("*/src/dragoman*", "plugins/*/src/dragoman*")
    for path in sorted(ROOT.glob(pattern))
    if (path.parents[1] / "pyproject.toml").is_file()
}
IMPORT_NAMES = {"importlib-metadata": "importlib_metadata", "opencv-python-headless": "cv2", "protobuf": "google"}
COSTLY = {"numpy", "ml_dtypes"}
#: modules that are useless without an extra of their package, and import it at the top
OF_AN_EXTRA = {"strategies.py": {"hypothesis"}}
#: run by the interpreter of an installed framework, never imported
SCRIPTS = {"pycaffe_server.py"}


@dataclass(frozen=True)
class Import:
    """One imported name; `deferred` when it stands inside a function."""

    file: Path
    line: int
    target: str
    deferred: bool

    def __str__(self) -> str:
        return f"{self.file.relative_to(ROOT)}:{self.line} imports {self.target}"


def imports_of(file: Path) -> Iterator[Import]:
    """Every import of a file, except those that only the type checker sees."""

    def walk(node: ast.AST, deferred: bool) -> Iterator[Import]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Import):
                yield from (Import(file, child.lineno, alias.name, deferred) for alias in child.names)
            elif isinstance(child, ast.ImportFrom):
                yield from (Import(file, child.lineno, f"{child.module}.{a.name}", deferred) for a in child.names)
            elif isinstance(child, ast.If) and ast.unparse(child.test).endswith("TYPE_CHECKING"):
                for other in child.orelse:
                    yield from walk(ast.Module([other], []), deferred)
            else:
                function = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
                yield from walk(child, deferred or function)

    yield from walk(ast.parse(file.read_text(encoding="utf-8")), False)


def package_imports(package: str) -> list[Import]:
    files = sorted((PACKAGES[package] / "src" / package).rglob("*.py"))
    return [found for file in files if file.name not in SCRIPTS for found in imports_of(file)]


def layer(module: str) -> str | None:
    """The table's entry for a dotted path below `dragoman`, None when there is none."""
    parts = module.split(".") if module else []
    for length in range(len(parts), 0, -1):
        entry = ".".join(parts[:length])
        if entry in RANK:
            return entry
    return None if parts else ""


def module_path(file: Path) -> str:
    parts = file.relative_to(PACKAGES["dragoman"] / "src" / "dragoman").with_suffix("").parts
    return ".".join(parts).removesuffix("__init__").rstrip(".")


def target_layer(target: str) -> str | None:
    """The entry an import of `dragoman...` leads to; names of the top package itself belong to its top row."""
    below = target.removeprefix("dragoman").lstrip(".")
    if below == "__version__":
        return "errors"
    folder = PACKAGES["dragoman"] / "src" / "dragoman"
    first = below.split(".")[0]
    return layer(below) if first and ((folder / first).is_dir() or (folder / f"{first}.py").is_file()) else ""


def allowed(package: str) -> tuple[set[str], set[str]]:
    """Top-level names that a package may import at module level, and those it may import inside a function."""
    project = tomllib.loads((PACKAGES[package] / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    def names(requirements: list[str]) -> set[str]:
        dists = [re.split(r"[\s\[<>=!~;]", requirement)[0] for requirement in requirements]
        return {IMPORT_NAMES.get(dist, dist.replace("-", "_")) for dist in dists}

    needed = names(project["dependencies"]) | set(sys.stdlib_module_names) | {package}
    extras = [item for group in project.get("optional-dependencies", {}).values() for item in group]
    return needed, needed | names(extras)


def test_every_core_module_has_a_place_in_the_table() -> None:
    folder = PACKAGES["dragoman"] / "src" / "dragoman"
    homeless = [str(file.relative_to(ROOT)) for file in folder.rglob("*.py") if layer(module_path(file)) is None]
    assert not homeless, f"give each a row in LAYERS: {homeless}"


def test_core_imports_only_downwards() -> None:
    upward = []
    for found in package_imports("dragoman"):
        if found.target.split(".")[0] != "dragoman":
            continue
        source, target = layer(module_path(found.file)), target_layer(found.target)
        if source is None or target is None:
            continue
        if source != target and RANK[source] <= RANK[target]:
            upward.append(f"{found} ({source or 'dragoman'} stands below or beside {target or 'dragoman'})")
    assert not upward, "\n".join(upward)


@pytest.mark.parametrize("package", sorted(PACKAGES))
def test_a_package_imports_only_what_it_declares(package: str) -> None:
    at_top, anywhere = allowed(package)
    foreign = [
        str(found)
        for found in package_imports(package)
        if found.target.split(".")[0]
        not in (anywhere if found.deferred else at_top | (OF_AN_EXTRA.get(found.file.name, set()) & anywhere))
    ]
    assert not foreign, "\n".join(foreign)


@pytest.mark.parametrize("package", sorted(set(PACKAGES) - {"dragoman_sdk"}))
def test_numpy_comes_through_the_lazy_proxy(package: str) -> None:
    eager = [
        str(found)
        for found in package_imports(package)
        if found.target.split(".")[0] in COSTLY and found.file.name != "lazy.py"
    ]
    assert not eager, "from dragoman.lazy import np:\n" + "\n".join(eager)


def test_importing_dragoman_loads_no_costly_module() -> None:
    code = "import sys, dragoman; print(*sorted({name.split('.')[0] for name in sys.modules}))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "dragoman" in loaded
    assert not {"numpy", "ml_dtypes", "onnx", "google", "openvino", "pluggy", "rich", "click"} & set(loaded)
