"""Which formulas have one value by plain evaluation, and which must be evaluated as arrays.

A formula stored plainly that could return several cells is shown by Excel with an @, and takes one
of the cells only. One stored as an array is calculated anew by LibreOffice whenever a file opens,
and looks like one in every older Excel. So: plain where nothing in it can be several cells, or
where what is goes straight to a function that takes ranges; an array in every other case.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from factor_core.refresh.formula_tree import Invocation, parse, without_spaces

if TYPE_CHECKING:
    from collections.abc import Container

    from factor_core.refresh.formula_tree import Nodes, Token

TAKES_RANGES = frozenset((
    "AVERAGE", "COLUMNS", "CORREL", "COUNT", "COVARIANCE.P", "COVARIANCE.S", "DEVSQ", "INTERCEPT",
    "KURT", "MAX", "MIN", "ROWS", "RSQ", "SKEW.P", "SLOPE", "STDEV.P", "STDEV.S", "STEYX", "SUM",
    "SUMSQ", "SUMXMY2", "VAR.P", "VAR.S",
))  # fmt: skip
OF_ONE_VALUE = frozenset((
    "ABS", "AND", "CHISQ.DIST.RT", "EXP", "F.DIST.RT", "FIXED", "IF", "IFERROR", "IFS", "ISNUMBER",
    "LN", "NORM.S.DIST", "NORM.S.INV", "NOT", "OR", "PI", "ROUND", "SIGN", "SQRT", "T.DIST.2T",
    "T.INV.2T",
))  # fmt: skip
# SUMPRODUCT evaluates its arguments as arrays in every Excel; an IF inside it needs more than that.
WITHIN_SUMPRODUCT = frozenset(["ABS", "DAY", "ISNUMBER", "MONTH", "SQRT", "WEEKDAY"])
ONE_CELL = re.compile(r"(?:(?:'[^']+'|[\w.]+)!)?\$?[A-Z]{1,3}\$?\d+")


def needs_array(formula: str, single_names: Container[str]) -> bool:
    """Return whether a formula needs array evaluation; `single_names` are names of one cell."""
    return not _is_single(parse(formula.removeprefix("=")), single_names)


def _is_single(nodes: Nodes, names: Container[str]) -> bool:
    return all(
        _is_single_call(node, names)
        if isinstance(node, Invocation)
        else _is_single_token(node, names)
        for node in nodes
    )


def _is_single_token(token: Token, names: Container[str]) -> bool:
    if token.kind == "RANGE":
        return token.text in names or ONE_CELL.fullmatch(token.text) is not None
    return token.kind not in ("array", "colon")


def _is_single_call(call: Invocation, names: Container[str]) -> bool:
    if call.plain_name in TAKES_RANGES:
        return all(_is_range(one) or _is_single(one, names) for one in call.arguments)
    if call.plain_name == "SUMPRODUCT":
        return all(_is_simple(one) for one in call.arguments)
    return call.plain_name in OF_ONE_VALUE and all(_is_single(one, names) for one in call.arguments)


def _is_range(argument: Nodes) -> bool:
    """Tell whether an argument is nothing but a reference: typed, a name, or by INDEX."""
    argument = without_spaces(argument)
    if len(argument) != 1:
        return False
    (node,) = argument
    if isinstance(node, Invocation):
        # With a row of 0 it is a column of the range, handed on as it is.
        places = [without_spaces(one) for one in node.arguments[1:]]
        typed = all(len(one) == 1 and getattr(one[0], "kind", "") == "NUMBER" for one in places)
        return node.plain_name == "INDEX" and typed and _is_range(node.arguments[0])
    return node.kind == "RANGE"


def _is_simple(nodes: Nodes) -> bool:
    """Tell whether an argument of SUMPRODUCT is arithmetic that it evaluates by itself."""
    return all(
        node.plain_name in WITHIN_SUMPRODUCT and all(_is_simple(one) for one in node.arguments)
        if isinstance(node, Invocation)
        else node.kind != "colon"
        for node in nodes
    )
