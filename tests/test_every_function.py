"""The laws of `function_laws.LAWS`, tried on every function of the catalogue with good cells."""

from __future__ import annotations

import math

import numpy as np
import pytest
from function_laws import LAWS
from test_bad_input import (
    CASES,
    CROSS_SECTION,
    FACTORS,
    FUNCTIONS,
    GOOD,
    NEEDS,
    OPTIONS,
    PER_ROW,
    ROWS,
    UNTRIED,
    assert_sentence,
    call,
    every_case,
    every_function,
    good,
    numbers,
    with_option,
)

from factor_core.errors import ERROR_CODES, ExcelError

ASSETS = ("asset_returns", "returns", "excess_returns", "prices", "new_factor")  # m columns
PRICES = 100 * np.cumprod(1 + CROSS_SECTION, axis=0)
MISSING = (None, "", "#N/A", ERROR_CODES["#N/A"], math.nan)
with_m = [f for f in FUNCTIONS if good(f).keys() & set(ASSETS)]
with_k = [f for f in FUNCTIONS if "factor_returns" in good(f)]
JOINT = {"RESIDUAL_CORREL"}  # a row an asset, but each depends on the other assets


def by(rule, of_laws):
    """Return the functions whose laws say so."""
    chosen = [f for f in FUNCTIONS if of_laws(LAWS[f.name])]
    return pytest.mark.parametrize("function", chosen, ids=lambda f: f.name)


def sized(function, m, k):
    """Return good arguments with m assets and k factors, where the function has such."""
    given = good(function)
    for name in set(ASSETS) & given.keys():
        given[name] = (PRICES if name == "prices" else CROSS_SECTION)[:, :m].tolist()
    if "factor_returns" in given:
        given["factor_returns"] = [row[:k] for row in FACTORS]
    if "restrictions" in given:
        given["restrictions"] = [[1.0] * k]
    return given


def as_rows(result):
    assert not isinstance(result, ExcelError), result.message
    return result if isinstance(result, list) else [[result]]


def shape_of(text, m, k):
    """Return what a shape such as `k+2 x 7` says for these sizes."""
    sizes = {"n": ROWS, "m": m, "k": k}
    return tuple(eval(side, {"__builtins__": {}}, sizes) for side in text.split(" x "))  # noqa: S307  our own table


def with_row(given, names, row, cell):
    return {
        name: [*c[:row], [cell] * len(c[row]), *c[row + 1 :]] if name in names else c
        for name, c in given.items()
    }


def in_rows(given, places):
    """Return the arguments with their rows in time picked in this order."""
    return {
        name: [c[i] for i in places] if name in PER_ROW and isinstance(c, list) else c
        for name, c in given.items()
    }


# ---------------------------------------------------------------------------------- the tables


def test_every_function_has_its_laws():
    assert LAWS.keys() == {function.name for function in FUNCTIONS}
    for laws in LAWS.values():
        assert laws.order in ("free", "moves", "matters", "-")
        assert laws.gaps in ("dropped", "shown", "own", "-")


def test_every_argument_has_good_cells():
    for function in FUNCTIONS:
        for argument in function.arguments:
            place = (function.name, argument.name)
            table = OPTIONS if argument.optional else GOOD
            assert place in UNTRIED or place in table or argument.name in table, place


def test_no_table_holds_what_no_function_takes():
    taken = {a.name for f in FUNCTIONS for a in f.arguments}
    taken |= {(f.name, a.name) for f in FUNCTIONS for a in f.arguments}
    for table in (GOOD, OPTIONS, NEEDS, UNTRIED, PER_ROW):
        assert set(table) <= taken


@every_function
def test_the_laws_of_rows_are_given_where_there_are_rows(function):
    held = good(function)
    in_time = "prices" in held or any(isinstance(held[n], list) for n in PER_ROW & held.keys())
    assert (LAWS[function.name].order != "-") == bool(in_time)
    assert (LAWS[function.name].gaps != "-") == bool(in_time)


# ---------------------------------------------------------------------------------- options


@every_case
def test_an_option_is_not_ignored(function, option):
    if option is not None:
        given = with_option(function, option)
        with_it = call(function, given)
        del given[option.name]
        assert with_it != call(function, given)


def test_every_option_is_a_case():
    assert {(f.name, a.name) for f, a in CASES if a} == {
        (f.name, a.name) for f in FUNCTIONS for a in f.arguments if a.optional
    }


# ---------------------------------------------------------------------------------- shapes


@every_function
def test_the_result_has_the_shape_of_the_contract(function):
    laws = LAWS[function.name]
    for m in laws.m:
        for k in laws.k:
            rows = as_rows(call(function, sized(function, m, k)))
            assert (len(rows), len(rows[0])) == shape_of(laws.shape, m, k)
            assert {len(row) for row in rows} == {len(rows[0])}


@pytest.mark.parametrize("function", with_m, ids=lambda f: f.name)
def test_a_function_of_one_asset_refuses_several(function):
    if LAWS[function.name].m == (1,):
        assert_sentence(call(function, sized(function, 3, 1)), function, "3 columns; use one")


@pytest.mark.parametrize("function", with_k, ids=lambda f: f.name)
def test_a_function_of_one_factor_refuses_several(function):
    if LAWS[function.name].k == (1,):
        assert_sentence(call(function, sized(function, 1, 2)), function, "2 columns; use one")


@by("several assets", lambda laws: laws.shape.startswith(("m x", "n x m", "n-1 x m")))
def test_each_of_several_assets_is_estimated_as_if_alone(function):
    if function.name in JOINT:
        return
    many = as_rows(call(function, sized(function, 3, 1)))
    if LAWS[function.name].shape.startswith("n"):
        many = list(map(list, zip(*many, strict=True)))
    dates = [many.pop(0)] if LAWS[function.name].shape.endswith("m+1") else []
    for j in range(3):
        alone = sized(function, 3, 1)
        for name in set(ASSETS) & alone.keys():
            alone[name] = [[row[j]] for row in alone[name]]
        rows = as_rows(call(function, alone))
        cells = [cell for row in rows for cell in row[len(dates) :]]
        assert many[j] == pytest.approx(cells, rel=1e-9, abs=1e-12, nan_ok=False)
        assert dates == [[row[0] for row in rows]] * len(dates)


# ---------------------------------------------------------------------------------- order of rows


def shuffled():
    return np.random.default_rng(5).permutation(ROWS).tolist()


@by("the order of the rows does not matter", lambda laws: laws.order == "free")
def test_the_order_of_the_rows_changes_nothing(function):
    given = good(function)
    found = numbers(call(function, in_rows(given, shuffled())))
    assert found == pytest.approx(numbers(call(function, given)), rel=1e-9, abs=1e-12)


@by("the rows of the result follow", lambda laws: laws.order == "moves")
def test_the_rows_of_a_series_follow_those_of_the_input(function):
    given, places = good(function), shuffled()
    plain, found = call(function, given), call(function, in_rows(given, places))
    assert len(found) == len(plain) == ROWS
    wanted = [cell for i in places for cell in plain[i]]
    assert [cell for row in found for cell in row] == pytest.approx(wanted, rel=1e-9, abs=1e-12)


@by("the order of the rows matters", lambda laws: laws.order == "matters")
def test_the_order_of_the_rows_matters_where_it_is_said_to(function):
    given, places = good(function), shuffled()
    if "prices" in given:
        given["prices"] = [given["prices"][i] for i in places]
    found, plain = call(function, in_rows(given, places)), call(function, good(function))
    assert not isinstance(found, ExcelError), found.message
    assert numbers(found) != pytest.approx(numbers(plain), rel=1e-6)


# ---------------------------------------------------------------------------------- missing rows


@by("a missing row is dropped", lambda laws: laws.gaps in ("dropped", "shown"))
@pytest.mark.parametrize("blank", MISSING)
def test_a_row_with_a_missing_cell_is_dropped_from_all_ranges(function, blank):
    given, row = good(function), 17
    places = [i for i in range(ROWS) if i != row]
    expected = numbers(call(function, in_rows(given, places)))
    in_time = sorted(PER_ROW & given.keys())
    for names in (*([name] for name in in_time), in_time):
        result = call(function, with_row(given, names, row, blank))
        assert numbers(result) == pytest.approx(expected, rel=1e-9, abs=1e-12)
        if LAWS[function.name].gaps == "shown":
            assert len(result) == ROWS
            assert result[row] == ["#N/A"] * len(result[row])
