"""Every op of the runtime's opsets is declared with the runtime's own attributes, and every declared op has a case."""

from __future__ import annotations

import functools
import importlib.util
import json
from pathlib import Path

from dragoman.ops import core_ops
from dragoman.ops.define import version_number
from dragoman_sdk.opcase import OpCase, registry

#: their data and effects are not in attributes: held by the constants of all cases, by test_state and by test_control
ELSEWHERE = {"Constant", "Assign", "If", "Loop", "TensorIterator"}


@functools.cache
def cases() -> tuple[OpCase, ...]:
    """All cases that the modules beside this one list."""
    found: list[OpCase] = []
    for path in sorted(Path(__file__).parent.glob("test_*.py")):
        if path.name == Path(__file__).name:
            continue
        spec = importlib.util.spec_from_file_location(f"cases_of_{path.stem}", path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        for name, listed in vars(module).items():
            if isinstance(listed, list | tuple) and "REFUSED" not in name:
                found += [c for c in listed if isinstance(c, OpCase)]
    return tuple(found)


def test_every_op_of_the_opsets_is_declared_with_its_attributes(shared: Path) -> None:
    table = json.loads((shared / "inventory" / "opsets.json").read_text())
    expected = {
        (name, form.get("version_id", version)): (entry["xml_type"], set(form.get("attributes") or ()))
        for name, entry in table["ops"].items()
        for version, form in entry["classes"].items()
    }
    declared = {
        (cls.type, cls.version): (cls.xml_type, {f.xml_name for f in cls.attributes.values() if f.in_xml})
        for cls in core_ops()
    }
    # a Constant's attributes come from its tensor
    expected[("Constant", "opset1")] = declared[("Constant", "opset1")]
    assert {k: declared.get(k) for k, v in expected.items() if declared.get(k) != v} == {}
    assert set(declared) - set(expected) == set()


def test_every_op_class_has_a_case() -> None:
    tested = set()
    for case in cases():
        cls = registry().find(case.op, case.version) if case.version else registry().latest(case.op)
        assert cls is not None, f"{case}: there is no such op"
        tested.add((cls.type, cls.version))
    missing = [(c.type, c.version) for c in core_ops() if (c.type, c.version) not in tested and c.type not in ELSEWHERE]
    assert missing == []


def test_the_newest_class_of_a_type_is_what_the_builder_makes() -> None:
    for cls in core_ops():
        newest = registry().latest(cls.type)
        assert newest is not None
        assert version_number(newest.version) >= version_number(cls.version)
