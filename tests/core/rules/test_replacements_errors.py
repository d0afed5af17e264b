"""What is wrong in a replacements file is told with its line and column, and with the closest name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dragoman.errors import DragomanError, UsageError
from dragoman.graph.graph import Graph, Node
from dragoman.graph.tensor import scalar_tensor
from dragoman.graph.types import f32
from dragoman.ops import core_ops
from dragoman.ops.define import OpRegistry
from dragoman.rules.anchors import PointsRule, ScopeRule
from dragoman.rules.notation import NotationError, parse_pattern
from dragoman.rules.pipeline import Pipeline
from dragoman.rules.placed import read_placed
from dragoman.rules.replacements import load_replacements
from dragoman.rules.rule import Pass

OPS = OpRegistry(core_ops())


class Box(ScopeRule):
    needs_file = True

    def replace(self, op, region):
        return [op.Boxed(*region.inputs, **self.attributes) for _ in region.outputs]


class Way(PointsRule):
    needs_file = True

    def replace(self, op, region):
        return [op.Went(*region.inputs) for _ in region.outputs]


class All(Pass):
    phase, needs_file = "source", True

    def run(self, graph, context):
        return 0


RULES = [("acme", rule()) for rule in (Box, Way, All)]


def model() -> Graph:
    """x -> in/a -> in/b -> side -> in/c (with in/b) -> last, and in/a -> other; in/b reads the constant w."""
    graph = Graph("model")

    def add(op, name, *inputs):
        return graph.append(Node(op, [n.out for n in inputs], {}, name=name))

    x = add("@input", "x")
    w = graph.append(Node("@constant", (), {}, name="w", tensor=scalar_tensor(f32, [2.0], ())))
    a = add("Relu", "in/a", x)
    b = add("Mul", "in/b", a, w)
    side = add("Neg", "side", b)
    c = add("Add", "in/c", b, side)
    last = add("Sqrt", "last", c)
    other = add("Exp", "other", a)
    graph.inputs, graph.outputs = [x.out], [last.out, other.out]
    return graph


def error_of(folder: Path, text: object, name: str = "r.toml") -> DragomanError:
    file = folder / name
    file.write_text(text if isinstance(text, str) else json.dumps(text, indent=1))
    with pytest.raises(DragomanError) as caught:
        applied(file)
    return caught.value


def applied(file: Path) -> Graph:
    graph = model()
    bound = load_replacements(file, RULES, OPS, ["broken-one (broken)"])
    Pipeline([*RULES, *(("file", r) for r in bound)]).run("source", graph, OPS)
    return graph


R = "[[replace]]\n"


@pytest.mark.parametrize(
    ("text", "code", "place", "says"),
    [
        (R + 'id = "Bax"\nscopes = ["in"]', "D144", (2, 1), "'Box'"),
        (R + 'id = "Zzzz"\nscopes = ["in"]', "D144", (2, 1), "broken-one (broken)"),
        (R + 'id = "Box"\nscops = ["in"]', "D145", (3, 1), "'scopes'"),
        (R + 'id = "Box"\n\n# a comment\nscopes = [\n  "in",\n  "(b",\n]', "D145", (7, 4), "position 0"),
        (R + 'id = "Box"\nscopes = []', "D145", (3, 1), "empty"),
        (R + 'id = "Box"', "D145", (1, 1), "scopes is missing"),
        (R + 'id = "Box"\nscopes = ["in"]\noptional = "yes"', "D145", (4, 1), "true or false"),
        (R + 'id = "Box"\nscopes = ["in"]\nop = "Abs"', "D145", (4, 1), "does not go with id"),
        (R + 'id = "All"\nscopes = ["in"]', "D145", (3, 1), "kind general"),
        (R + 'id = "Box"\nname = "All"\nscopes = ["in"]', "D145", (3, 1), "already"),
        (R + 'scopes = ["in"]', "D145", (1, 1), "comes instead"),
        (R + 'op = "Abs"', "D145", (1, 1), "what is replaced"),
        (R + 'scopes = ["in"]\npattern = "Abs(x)"\nop = "Abs"', "D145", (2, 1), "different kinds"),
        (R + 'scopes = ["in"]\nop = "Abz"', "D145", (3, 1), "'Abs'"),
        (R + 'scopes = ["in"]\nop = "Elu"\n[replace.attributes]\nalpah = 1.0', "D145", (5, 1), "'alpha'"),
        (R + 'scopes = ["in"]\nop = "Elu"', "D145", (3, 1), "needs the attribute 'alpha'"),
        (R + 'scopes = ["in"]\nop = "Elu"\nattributes = {alpha = "much"}', "D145", (4, 1), "alpha"),
        (R + 'scopes = ["in"]\nop = "Elu"\nattributes = {alpha = {of = "w"}}', "D145", (4, 1), "from ="),
        (R + 'scopes = ["in"]\nlayer = "Elu"\nphase = "target"', "D145", (3, 1), "phase target"),
        (R + 'scopes = ["in"]\nop = "Abs"\nphase = "middle"', "D145", (4, 1), "no phase"),
        (R + 'pattern = "Mul(x, y"\nop = "Abs"', "D145", (2, 12), "not a pattern"),
        (R + 'pattern = """\nm = Mul(x, w)\nAdd(m, f(1)(2))"""\nop = "Add"', "D145", (4, 1), "line 2, column 8"),
        (R + 'pattern = "Mul(x, w)"\nop = "Abs"', "D145", (3, 1), "takes 1 inputs, and 2 are given"),
        (R + 'pattern = "Mul(x, w)"\nop = "Add"\ninputs = ["x", "v"]', "D145", (4, 17), "known: w, x"),
        (R + 'pattern = "Mul(x, w)"\nop = "Elu"\ninputs = ["x"]\nattributes = {alpha = {from = "w"}}', "D145", (5, 1),
         "constant(w)"),
        (R + 'pattern = "Mul(x, Tanh(y))"\nop = "Add"', "D146", (2, 1), "closest: "),
        (R + 'pattern = "Tanh(x)"\nop = "Abs"', "D146", (2, 1), "no node of the type Tanh"),
        (R + 'pattern = "Exp(Relu(x))"\nop = "Abs"', "D146", (2, 1), "also used by Mul 'in/b'"),
        (R + 'id = "Box"\nscopes = ["out", "im"]', "D146", (3, 12), "called 'out'"),
        (R + 'scopes = ["in"]\nop = "Abs"', "D146", (1, 1), "Neg 'side'"),
        (R + 'start = ["in/b"]\nend = ["in/c"]\nop = "Add"', "D146", (1, 1), "takes 2 inputs, and 1 are given: %in/a"),
        (R + 'start = ["in/z"]\nend = ["in/c"]\nop = "Abs"', "D146", (2, 11), "'in/a'"),
        (R + 'start = ["last"]\nend = ["in/b"]\nop = "Abs"', "D146", (2, 11), "no way from last to in/b"),
        (R + 'start = ["x"]\nend = ["last"]\nop = "Abs"', "D146", (3, 1), "leaks by Relu 'in/a': Exp 'other' reads it"),
        (R + 'start = ["side"]\nend = ["last"]\ninclude_start = false\nop = "Abs"', "D146", (2, 1),
         "leaks by Add 'in/c', which reads %in/b"),
        (R + 'start = ["in/a"]\nend = ["in/b"]\ninputs = ["a:0", "b:7"]\nop = "Add"', "D146", (4, 19), "no port 7"),
        (R + 'start = ["in/b"]\nend = ["in/c"]\nop = "Abs"\noutputs = ["b:0"]', "D146", (5, 1), "dangling"),
        (R + 'id = "Way"\nstart = ["in/b"]\nend = ["in/c"]\noutputs = ["[bc]:0"]', "D146", (5, 13), "in/b, in/c"),
        (R + 'id = "Way"\nstart = ["in/b", "in/c"]\nend = ["in/b", "in/c"]\n' + R + 'scopes = ["side"]\nop = "Abs"',
         "D146", (1, 1), "'side' is taken by Abs#2 already"),
        (R + 'scopes = ["other"]\nop = "Elu"\nattributes = {alpha = {from = "v"}}', "D146", (4, 32), "called 'v'"),
        (R + 'scopes = ["other"]\nop = "Elu"\nattributes = {alpha = {from = "in/a"}}', "D146", (4, 1),
         "%in/a is not a constant"),
        (R + 'pattern = "m = Mul(x, w)"\nop = "Elu"\ninputs = ["x"]\n'
         'attributes = {alpha = {from = "m", attribute = "slope"}}', "D146", (2, 1), "has no attribute 'slope'"),
    ],
)  # fmt: skip
def test_toml(tmp_path: Path, text: str, code: str, place: tuple[int, int], says: str) -> None:
    error = error_of(tmp_path, text)
    assert says in str(error)
    assert (error.code, error.where) == (code, f"{tmp_path / 'r.toml'}, line {place[0]}, column {place[1]}")


BOX = {"id": "Box", "match_kind": "scope", "instances": ["in"]}


@pytest.mark.parametrize(
    ("entry", "code", "place", "says"),
    [
        ({**BOX, "custom_atributes": {}}, "D145", (8, 3), "'custom_attributes'"),
        ({**BOX, "match_kind": "scopes"}, "D145", (4, 3), "match_kind 'scopes'"),
        ({**BOX, "match_kind": "points"}, "D145", (5, 3), "form of points"),
        ({**BOX, "instances": ["(in"]}, "D145", (6, 5), "regular expression"),
        ({**BOX, "inputs": [[{"node": "a$", "prt": 0}]]}, "D145", (12, 7), "'port'"),
        ({**BOX, "instances": ["im"]}, "D146", (6, 5), "called 'im'"),
        ({**BOX, "id": "BOX"}, "D144", (3, 3), "'Box'"),
        ({**BOX, "inputs": [[{"node": "a$", "port": 0}, {"node": "b$", "port": 0}]],
          "outputs": [{"node": "c$", "port": 0}]}, "D146", (11, 15), "read different values"),
        ({"id": "Way", "match_kind": "points", "instances": {"start_points": ["in/b"], "end_point": []}},
         "D145", (9, 5), "'end_points'"),
    ],
)  # fmt: skip
def test_the_legacy_form(tmp_path: Path, entry: object, code: str, place: tuple[int, int], says: str) -> None:
    error = error_of(tmp_path, [entry], "r.json")
    assert says in str(error)
    assert (error.code, error.where) == (code, f"{tmp_path / 'r.json'}, line {place[0]}, column {place[1]}")


def test_a_key_that_stands_twice_in_json_is_refused(tmp_path: Path) -> None:
    error = error_of(tmp_path, '[{"id": "Box",\n  "scopes": ["in"], "id": "Way"}]', "r.json")
    assert (error.code, error.where) == ("D145", f"{tmp_path / 'r.json'}, line 2, column 21")


def test_all_entries_that_are_wrong_are_told_at_once(tmp_path: Path) -> None:
    error = error_of(tmp_path, R + 'id = "Bax"\n' + R + 'op = "Abs"\n' + R + 'scopes = ["a"]\nop = "Abz"\n')
    assert [p.where.partition("line ")[2] for p in error.problems] == ["3, column 1", "7, column 1"]


def test_entries_of_a_legacy_file_need_one_instance_that_is_there(tmp_path: Path) -> None:
    entry = {**BOX, "instances": ["nowhere/", "othe"], "custom_attributes": {"size": 3}}
    (tmp_path / "r.json").write_text(json.dumps([entry]))
    graph = applied(tmp_path / "r.json")
    assert next(n for n in graph if n.op == "Boxed").attrs == {"size": 3}


def test_a_point_is_one_node(tmp_path: Path) -> None:
    (tmp_path / "r.toml").write_text(R + 'start = ["in/b"]\nend = ["in/c"]\nop = "Abs"\n')
    graph = model()
    next(n for n in graph if n.name == "other").name = "in/b"
    bound = load_replacements(tmp_path / "r.toml", RULES, OPS)
    with pytest.raises(UsageError, match="2 nodes in the model are called 'in/b'"):
        Pipeline([("file", r) for r in bound]).run("source", graph, OPS)


def test_legacy_points_may_stay_out_of_the_sub_graph(tmp_path: Path) -> None:
    entry = {
        "id": "Way", "match_kind": "points", "include_inputs_to_sub_graph": False,
        "include_outputs_to_sub_graph": False, "instances": {"start_points": ["in/b"], "end_points": ["in/c"]},
    }  # fmt: skip
    (tmp_path / "r.json").write_text(json.dumps([entry]))
    graph = applied(tmp_path / "r.json")
    assert [n.op for n in graph if n.op not in ("@input", "@constant")] == ["Relu", "Mul", "Went", "Add", "Sqrt", "Exp"]


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("", 1, "empty"),
        ("x", 1, "ends in a node"),
        ("a = Relu(x)\nExp(y)", 1, "not part"),
        ("a = Relu(x)\na = Exp(a)", 2, "meaning already"),
        ("Relu(x).y", 1, "an input is"),
        ("Relu(*x)", 1, "an input is"),
        ("Relu(x, **y)", 1, "not known"),
        ("Relu(..., x)", 1, "stands last"),
        ("Relu(x)[-1]", 1, "counted from 0"),
        ("import os", 1, "a line is"),
        ("Relu(x, alpha=open('f'))", 1, "a number, a text"),
        ("Relu(" * 3000 + "x" + ")" * 3000, 1, ""),
        ("Relu(x)\0", 1, ""),
        ("x" * 30000, 1, "longer"),
    ],
)
def test_a_text_that_is_no_pattern_is_refused(text: str, line: int, says: str) -> None:
    with pytest.raises(NotationError) as caught:
        parse_pattern(text)
    assert says in caught.value.what
    assert caught.value.line == line


def test_a_pattern_is_read_with_its_names() -> None:
    written = parse_pattern(
        'a, b = Split(x, constant(n), ...)\nm = (Add | "acme:Plus")(a, b, shared=True)\nSub(m, 1.5)'
    )
    assert written.variables == ("x", "n")
    assert written.constants == {"n"}
    assert written.nodes == ("m",)
    assert written.root.args[0].ops == {"Add", "acme:Plus"}
    assert written.root.args[0].shared


def test_places_survive_texts_of_several_lines_and_arrays(tmp_path: Path) -> None:
    file = tmp_path / "r.toml"
    file.write_text(
        '[[replace]]\npattern = """\nop = 1\n[x]\n"""\na = [\n  1, # ]\n  "b ="]\n"q r".s = 1\n[replace.t]\nu = 2\n'
    )
    placed = read_placed(file)
    assert placed.where(("replace", 0, "q r", "s")).endswith("line 9, column 1")
    assert placed.where(("replace", 0, "t", "u")).endswith("line 11, column 1")
    assert placed.where(("replace", 0, "op")).endswith("line 1, column 1")


@pytest.mark.parametrize("name", ["r.toml", "r.json"])
def test_an_empty_file_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("" if name == "r.toml" else "[]")
    with pytest.raises(UsageError) as caught:
        load_replacements(tmp_path / name, RULES, OPS)
    assert caught.value.code == "D145"
