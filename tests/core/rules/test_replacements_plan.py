"""What ``plan`` shows of a user's replacements, and that nothing is done while one is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from onnx import helper
from tests.core.rules.replaced import ROOTS, onnx_model, replaced
from tests.onnx.support import model_of, port

import dragoman
from dragoman.errors import DragomanError


def test_the_plan_shows_what_each_replacement_takes(tmp_path: Path) -> None:
    text = (
        '[[replace]]\nname = "abs"\npattern = "Sqrt(Mul(x, x))"\nop = "Abs"\n\n'
        '[[replace]]\nname = "late"\nphase = "simplify"\npattern = "Abs(x)"\nop = "Relu"\n\n'
        '[[replace]]\nname = "not here"\nscopes = ["nowhere"]\nop = "Abs"\noptional = true\n'
    )
    (tmp_path / "r.toml").write_text(text)
    plan = dragoman.plan(onnx_model(ROOTS), replacements=tmp_path / "r.toml")
    taken = {r["name"]: r for r in plan.as_dict()["replacements"]}
    (place,) = taken["abs"]["places"]
    assert (place["count"], sorted(place["nodes"])) == (2, ["abs/root", "abs/square"])
    assert (place["inputs"], place["outputs"], taken["abs"]["instead"]) == (("x",), ("y",), "op Abs")
    assert [p["nodes"] for p in taken["late"]["places"]] == [("abs/root",)]
    assert taken["not here"]["places"] == ()
    assert json.loads(json.dumps(plan.as_dict()))["replacements"][0]["where"].endswith("r.toml, line 1, column 1")
    lines = "\n".join(plan.lines())
    assert "replacement abs (pattern, source): 1 place; instead: op Abs" in lines
    assert "2 nodes: abs/square, abs/root; from x to y" in lines


def test_a_late_replacement_of_an_incomplete_model_is_said_to_be_unknown(tmp_path: Path) -> None:
    model = model_of(
        [helper.make_node("Odd", ["x"], ["y"], domain="acme")], [port("x", shape=[4])], [port("y")], domains={"acme": 1}
    )
    (tmp_path / "r.toml").write_text('[[replace]]\nphase = "target"\nscopes = ["y"]\nop = "Abs"\n')
    (found,) = dragoman.plan(model, replacements=tmp_path / "r.toml").replacements
    assert found.places is None
    assert "converted" in found.note


def test_nothing_is_written_when_an_entry_is_wrong(tmp_path: Path) -> None:
    text = '[[replace]]\nscopes = ["abs"]\nop = "Abs"\n\n[[replace]]\nscopes = ["abz"]\nop = "Abs"\n'
    with pytest.raises(DragomanError) as caught:
        replaced(onnx_model(ROOTS), tmp_path, text)
    assert caught.value.code == "D146"
    assert "'abs'" in caught.value.hint
    assert caught.value.where.endswith("r.toml, line 6, column 12")
