"""Applies one rule at one node: match, check, build, verify, replace; or says why not."""

from __future__ import annotations

from typing import Any

from dragoman.errors import DragomanError, RuleError
from dragoman.graph.graph import Node, Value
from dragoman.rules.editor import Editor, broken, describe
from dragoman.rules.matcher import Match, Reasons, match, outside_use
from dragoman.rules.rule import Compiled, NoMatch


def apply(compiled: Compiled, root: Node, editor: Editor, plugin: str) -> bool:
    """Replace what the pattern matches at ``root``; False when it does not apply.

    Raises RuleError: D501 when the replacement is not legal, D502 when the rule itself fails.
    """
    for pattern in compiled.forms:
        if pattern.may_end_in(root.op):
            found = match(pattern, root)
            if (
                found is not None
                and not outside_use(found, editor.leaves)
                and _rewrite(compiled, found, editor, plugin)
            ):
                return True
    return False


def _rewrite(compiled: Compiled, found: Match, editor: Editor, plugin: str) -> bool:
    root, name = found.root, compiled.rule.name
    origin = root.origin.by(name) if root.origin is not None else None
    op = editor.builder(root, origin, root.name)
    try:
        result = compiled.rewrite(op, compiled.check(found.bindings))
    except NoMatch:
        discard(op.made, editor)
        return False
    except Exception as error:
        raise failed(name, plugin, root, error) from error
    substitute(root, found.nodes, results_of(result, root, name), op.made, editor)
    return True


def explain(compiled: Compiled, root: Node, editor: Editor, reasons: Reasons) -> Match | None:
    """What the rule would replace at ``root``; collects why it does not apply. Changes nothing."""
    for pattern in compiled.forms:
        found = match(pattern, root, reasons)
        if found is not None and _would_rewrite(compiled, found, editor, reasons, 2 * len(pattern.calls) + 1):
            return found
    return None


def _would_rewrite(compiled: Compiled, found: Match, editor: Editor, reasons: Reasons, complete: int) -> bool:
    if why := outside_use(found, editor.leaves):
        reasons.add(complete, why)
        return False
    op = editor.builder(found.root, found.root.origin, found.root.name)
    try:
        compiled.rewrite(op, compiled.check(found.bindings))
    except NoMatch as error:
        reasons.add(complete, str(error) or "the rule's check refuses without a reason")
        return False
    except Exception as error:
        reasons.add(complete, f"the rule fails: {error}")
        return False
    finally:
        discard(op.made, editor)
    return True


def results_of(result: Any, root: Node, rule: str) -> tuple[Value, ...]:
    """What ``rewrite`` returned as a tuple of values for the root's outputs; RuleError D501 when it is none."""
    values = result if isinstance(result, (tuple, list)) else (result,)
    if not all(isinstance(v, Value) for v in values):
        raise broken(rule, f"it returned {result!r} instead of values", [root], [])
    used = max((v.index + 1 for v in root.outputs if v.uses or v.names), default=0)
    if not used <= len(values) <= max(len(root.outputs), 1):
        raise broken(rule, f"it gave {len(values)} values for {len(root.outputs)} outputs", [root], [])
    return tuple(values)


def substitute(root: Node, nodes: list[Node], values: tuple[Value, ...], made: list[Node], editor: Editor) -> None:
    """Let the values take the place of the root's outputs; the name that users know stays."""
    fresh = {id(n) for n in made}
    for old, new in zip(root.outputs, values, strict=False):
        editor.replace(old, new)
    producer = values[0].producer
    if id(producer) in fresh:
        producer.name = root.name
    for node in made:
        editor.touch(node)
    editor.prune([*nodes, *made])


def discard(made: list[Node], editor: Editor) -> None:
    """Take back what a refused rewrite built."""
    for node in reversed(made):
        if node.graph is not None and not any(v.uses for v in node.outputs):
            editor.graph.remove(node)


def failed(rule: str, plugin: str, node: Node, error: Exception) -> DragomanError:
    """D502 for whatever a rule raised that is not a finding about the graph."""
    if isinstance(error, RuleError):
        return error
    text = error.what if isinstance(error, DragomanError) else str(error).partition("\n")[0]
    what = f"the rule {rule} of {plugin} failed: {type(error).__name__}: {text}"
    own = plugin in ("replacements", "the replacement")
    hint = f"convert with --skip {rule}, and " + ("correct its entry" if own else f"report it to the maker of {plugin}")
    return RuleError("D502", what.rstrip(": "), describe(node), hint)
