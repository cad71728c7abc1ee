"""Formulas that the engine would get wrong without saying so: rewritten to equal ones, or refused.

Found by comparing cellrune 0.2 with closed forms: OFFSET, INDIRECT and names made with them give
#N/A or #VALUE! as an argument of most functions; ROW and COLUMN of several cells give one number;
INDEX of a LET variable that holds an array gives #VALUE!; a table's bare name is unknown; whole
columns of two sheets are cut at the last row of each, so that pairs of them differ in length.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from factor_core.refresh.formula_tree import (
    COLON,
    Invocation,
    Node,
    Nodes,
    NotComputableError,
    Token,
    parse,
    render,
    without_spaces,
)
from factor_core.refresh.references import MOVING, reference_text

if TYPE_CHECKING:
    from factor_core.refresh.references import References

SUSPECT = re.compile(
    r"\b(?:OFFSET|INDIRECT|ROW|COLUMN|SHEETS|FORMULATEXT|ANCHORARRAY)\s*\(|_xlpm\.", re.IGNORECASE
)
BARE_WORD = re.compile(r"(?<![\w.\\])[^\W\d][\w.\\]*(?![\w.\\\[(!])")
# These take a reference as it is; INDEX(reference,0,0) in between would only cost time.
TAKE_REFERENCES = frozenset(
    {"INDEX", "ROWS", "COLUMNS", "ROW", "COLUMN", "OFFSET", "AREAS", "ISREF", "ANCHORARRAY"}
)
MISLED = frozenset({"SHEETS", "FORMULATEXT"})  # they would see the engine's copy, not the file
TAKE_ARRAYS = frozenset({"SUMPRODUCT", "MMULT", "LOOKUP"})
PAIRED = frozenset(
    {
        *("CORREL", "PEARSON", "COVARIANCE.S", "COVARIANCE.P", "COVAR", "SLOPE", "INTERCEPT"),
        *("RSQ", "STEYX", "LINEST", "TREND", "FORECAST", "FORECAST.LINEAR", "SUMPRODUCT"),
        *("SUMXMY2", "SUMX2MY2", "SUMX2PY2", "T.TEST", "TTEST"),
    }
)
WHOLE_COLUMNS = re.compile(r"(?:(.*)!)?\$?[A-Z]{1,3}:\$?[A-Z]{1,3}", re.IGNORECASE)
WHOLE_COLUMNS_OF_A_SHEET = re.compile(r"!\$?[A-Z]{1,3}:\$?[A-Z]{1,3}(?![\w(])", re.IGNORECASE)
ZERO = (Token("NUMBER", "0"),)
ONE = (Token("NUMBER", "1"),)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a formula stands and how Excel evaluates it there."""

    sheet: str
    row: int
    column: int
    plain: bool  # no dynamic-array mark: Excel takes one cell of an array (implicit intersection)


def is_suspect(formula: str, place: Place, references: References) -> bool:
    """Whether the formula may need a repair; cheap, and right to say yes too often."""
    if SUSPECT.search(formula) or WHOLE_COLUMNS_OF_A_SHEET.search(formula):
        return True
    if not references.tables and not references.names:
        return False
    return any(
        references.is_table(word) or references.is_moving(word, place.sheet)
        for word in set(BARE_WORD.findall(formula))
    )


def repaired(nodes: Nodes, place: Place, references: References, within: str = "") -> Nodes:
    """Return an equal tree that the engine calculates rightly."""
    result: list[Node] = []
    for index, node in enumerate(nodes):
        joined = COLON in nodes[max(index - 1, 0) : index + 2]
        if isinstance(node, Token):
            result.append(_token(node, place, references, within, joined=joined))
        else:
            result.append(_call(node, place, references, within, joined=joined))
    return tuple(result)


def _token(
    token: Token, place: Place, references: References, within: str, *, joined: bool
) -> Node:
    if token.kind != "RANGE":
        return token
    if references.is_table(token.text):
        return replace(token, text=reference_text(references.table_area(token.text, place.row)))
    wanted = joined or within in TAKE_REFERENCES
    if not wanted and references.is_moving(token.text, place.sheet):
        return _dereferenced(token)
    return token


def _sheets_of_whole_columns(call: Invocation, place: Place) -> set[str]:
    tokens = (node for argument in call.arguments for node in argument if isinstance(node, Token))
    matches = (WHOLE_COLUMNS.fullmatch(token.text) for token in tokens if token.kind == "RANGE")
    return {(match[1] or place.sheet).strip("'").upper() for match in matches if match}


def _call(
    call: Invocation, place: Place, references: References, within: str, *, joined: bool
) -> Node:
    name = call.plain_name
    if name in MISLED:
        raise NotComputableError(f"{name} is not supported")
    if name in PAIRED and len(_sheets_of_whole_columns(call, place)) > 1:
        raise NotComputableError(f"{name} of whole columns of two sheets; name their rows instead")
    if name in ("ROW", "COLUMN") and call.arguments:
        return _numbers(call, place, references, within)
    inner = replace(place, plain=False) if name in TAKE_ARRAYS else place
    arguments = tuple(repaired(a, inner, references, name) for a in call.arguments)
    call = Invocation(call.name, arguments)
    if name == "INDEX" and _is_variable(arguments[0]):
        whole = Invocation("IF", ((Token("LOGICAL", "TRUE"),), arguments[0]))
        return Invocation("INDEX", ((whole,), *arguments[1:]))
    if name in ("ROWS", "COLUMNS") and (spilled := _spilled(arguments)):
        # The engine counts 1 where the spilling formula itself has no value yet.
        return Invocation("IF", ((Invocation("ISBLANK", (spilled,)),), (call,), (call,)))
    if name in MOVING and not joined and within not in TAKE_REFERENCES:
        return _dereferenced(call)
    return call


def _dereferenced(node: Node) -> Invocation:
    return Invocation("INDEX", ((node,), ZERO, ZERO))


def _is_variable(argument: Nodes) -> bool:
    inner = without_spaces(argument)
    return (
        len(inner) == 1
        and isinstance(inner[0], Token)
        and inner[0].kind == "RANGE"
        and inner[0].text.lower().startswith("_xlpm.")
    )


def _spilled(arguments: tuple[Nodes, ...]) -> Nodes | None:
    """Return the cell x of the argument x#."""
    inner = without_spaces(arguments[0]) if arguments else ()
    call = inner[0] if len(inner) == 1 else None
    if isinstance(call, Invocation) and call.plain_name == "ANCHORARRAY":
        return call.arguments[0]
    return None


def _numbers(call: Invocation, place: Place, references: References, within: str) -> Node:
    """Return ROW or COLUMN of several cells as the sequence of numbers that it is."""
    argument = repaired(call.arguments[0], place, references, call.plain_name)
    whole = Invocation(call.name, (argument,))
    area = references.area(render(argument), place.sheet)
    if area is not None and area.area.single:
        return whole
    if place.plain:
        if area is not None and within:
            raise NotComputableError(
                f"{call.plain_name} of several cells in a formula without the dynamic-array mark"
            )
        return whole
    first = Invocation(call.name, ((Invocation("INDEX", (argument, ONE, ONE)),),))
    if call.plain_name == "ROW":
        sizes: tuple[Nodes, ...] = ((Invocation("ROWS", (argument,)),), ONE)
    else:
        sizes = (ONE, (Invocation("COLUMNS", (argument,)),))
    return Invocation("_xlfn.SEQUENCE", (*sizes, (first,)))


def repaired_formula(formula: str, place: Place, references: References) -> Nodes:
    """Return the repaired tree of a formula's text."""
    nodes = parse(formula)
    return repaired(nodes, place, references) if is_suspect(formula, place, references) else nodes
