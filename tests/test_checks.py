"""FACTOR_CHECK: finds what is planted, where it was planted, and is silent on clean data."""

import copy
import csv
import importlib
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import clean_returns
from oracles.clean_returns import DAILY, LAWS, MONTHLY, SEEDS, SHAPES, alarms, clean, dates

import factor_udfs
from factor_core import sample
from factor_core.checks import factor_check
from factor_core.errors import LONGEST_SENTENCE, ExcelError
from factor_core.findings import HEADER, SEVERITIES
from factor_core.labelled import Columns
from factor_core.returns import excess_returns, simple_returns

quick = settings(max_examples=40, deadline=None)
ROWS = 750
EPOCH = np.datetime64("1899-12-30")


# ---------------------------------------------------------------------------------- clean data


@pytest.mark.parametrize("law", LAWS)
def test_at_most_two_in_a_hundred_clean_data_sets_are_warned_of(law):
    """Seeds other than those of docs/checks.md, by which the thresholds were set."""
    seeds = range(10_000, 10_000 + SEEDS)
    alarmed = [
        seed for seed in seeds if alarms(factor_check(*clean(seed, law, *SHAPES[seed % 12])))
    ]
    assert len(alarmed) <= 0.02 * SEEDS


def test_the_measured_rates_are_at_most_two_percent_for_every_law_and_shape():
    path = Path(clean_returns.__file__).with_suffix(".csv")
    with path.open(encoding="ascii") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(LAWS) * len(SHAPES)
    assert all(int(row["alarmed"]) <= 0.02 * int(row["seeds"]) for row in rows)


DOCS = (Path(__file__).parent.parent / "docs" / "checks.md").read_text(encoding="ascii")


def test_the_docs_state_the_thresholds_that_are_used():
    stated = re.findall(r"^\| (checks_\w+)\.([A-Z_]+) \| (-?[\d.]+) \|", DOCS, re.MULTILINE)
    assert len(stated) > 20
    for module, name, value in stated:
        used = getattr(importlib.import_module(f"factor_core.{module}"), name)
        assert used == float(value), name


def test_the_docs_state_the_rates_that_were_measured():
    path = Path(clean_returns.__file__).with_suffix(".csv")
    with path.open(encoding="ascii") as file:
        rows = list(csv.DictReader(file))
    stated = re.findall(r"\| ([\d,]+) \| (\d+) \| ([\d.]+) % \| ([\d.]+) % \|", DOCS)
    assert len(stated) == len(LAWS)
    for law, (sets, alarmed, share, worst) in zip(LAWS, stated, strict=True):
        counts = [int(row["alarmed"]) for row in rows if row["law"] == law]
        assert int(sets.replace(",", "")) == SEEDS * len(SHAPES)
        assert int(alarmed) == sum(counts)
        assert float(share) == round(100 * sum(counts) / (SEEDS * len(SHAPES)), 2)
        assert float(worst) == round(100 * max(counts) / SEEDS, 1)


def test_clean_data_give_one_row_that_says_what_was_looked_at():
    table = factor_check(*clean(1, "normal", DAILY, ROWS, 2, 2)[:2])
    assert table.header == HEADER
    ((severity, what, where, count, remedy),) = table.rows
    assert (severity, what, count) == ("info", "nothing found", ROWS)
    assert where == "rows 1 to 750; without dates"
    assert remedy.startswith("counted: complete rows; looked at: cells, missing rows, percent")
    assert not remedy.endswith("...")


# ------------------------------------------------------------------------------ planted defects


def model(seed, rows=ROWS):
    """Return two assets on two factors that explain about half of them, and weekdays."""
    rng = np.random.default_rng([seed, 77])
    f = 0.01 * rng.standard_t(5, (rows, 2)) / np.sqrt(5 / 3)
    a = f @ [[1.0, 0.8], [0.5, -0.6]] + 0.009 * rng.standard_t(5, (rows, 2)) / np.sqrt(5 / 3)
    return rng, a, f, dates(DAILY, rows)


def months(seed, rows=120):
    rng, a, f, _ = model(seed, rows)
    return rng, 4 * a, 4 * f, dates(MONTHLY, rows)


def french(seed):
    """Return twelve industries and the excess market from 1990, with their month ends."""
    rng, data = np.random.default_rng(seed), sample.monthly()
    kept = slice(len(data.dates) - 327, None)
    days = (np.array(data.dates[kept], dtype="M8[D]") - EPOCH).astype(float)
    excess = data.industries[kept] - data.rf[kept, None]
    return rng, excess, data.factors[kept, :1].copy(), days, data.rf[kept]


def cells(values):
    return np.asarray(values, dtype=object).reshape(len(values), -1).tolist()


def plant_text(seed):
    rng, a, f, d = model(seed)
    row, f = int(rng.integers(5, 700)), cells(f)
    f[row][1] = "n/a"
    return (a, f, d), f'factor_returns column 2: row {row + 1} is text "n/a"', 1


def plant_error_value(seed):
    rng, a, f, d = model(seed)
    row, a = int(rng.integers(5, 700)), cells(a)
    a[row][0], a[row + 2][0] = "#DIV/0!", True
    place = f"asset_returns column 1: row {row + 1} is #DIV/0!, row {row + 3} is TRUE"
    return (a, f, d), place, 2


def plant_no_date(seed):
    rng, a, f, d = model(seed)
    row, d = int(rng.integers(5, 700)), cells(d)
    d[row][0] = "31 Foo"
    return (a, f, d), f'dates: row {row + 1} is text "31 Foo", not a date like', 1


def plant_missing_rows(seed):
    rng, a, f, d = model(seed)
    rows = np.sort(rng.choice(np.arange(5, 700, 3), 8, replace=False))
    a[rows[0], 0] = 0.12
    f[rows, 1] = np.nan
    return (a, f, d), f"factor_returns column 2: rows {rows[0] + 1} (", 8


def plant_percent_asset(seed):
    _, a, f, d = model(seed)
    a[:, 1] *= 100
    return (a, f, d), "asset_returns column 2: a typical move is", ROWS


def plant_percent_factor_without_dates(seed):
    _, a, f, _ = model(seed)
    f[:, 0] *= 100
    return (a, f, None), "factor_returns column 1: a typical move is", ROWS


def plant_prices(seed):
    _, a, f, d = model(seed)
    a[:, 0] = 80 * np.cumprod(1 + a[:, 0])
    return (a, f, d), "asset_returns column 1: values from", ROWS


def plant_gross_returns(seed):
    _, a, f, d = model(seed)
    f[:, 1] += 1
    return (a, f, d), "factor_returns column 2: values from", ROWS


def plant_monthly_among_days(seed):
    _, a, f, d = model(seed)
    months_of = (EPOCH + d.astype(int)).astype("M8[M]")
    last = np.append(months_of[1:] != months_of[:-1], True)
    f[~last, 1] = np.nan
    return (a, f, d), "factor_returns column 2: a value every 2", int(last.sum())


def plant_filled_down(seed):
    _, a, f, d = model(seed)
    f[:, 0] = np.repeat(f[::5, 0], 5)
    return (a, f, d), "factor_returns column 1: a value every 5 rows, between them the same", 149


def plant_zeros_between(seed):
    _, a, f, d = model(seed)
    a[np.arange(ROWS) % 21 != 20, 1] = 0
    return (a, f, d), "asset_returns column 2: a value every 21 rows, between them zero", 35


def plant_stale_run(seed):
    rng, a, f, d = model(seed)
    row = int(rng.integers(50, 700))
    a[row : row + 8, 0] = 0
    return (a, f, d), f"asset_returns column 1: rows {row + 1} to ", range(8, 11)


def plant_stale_days(seed):
    rng, a, f, d = model(seed)
    rows = np.sort(rng.choice(np.arange(0, ROWS, 2), 50, replace=False))
    a[rows, 1] = 0
    return (a, f, d), "asset_returns column 2: rows", range(50, 60)


def plant_wrong_price(seed):
    rng, a, f, d = model(seed)
    row = int(rng.integers(50, 700))
    a[row, 0], a[row + 1, 0] = 1.1 * (1 + a[row, 0]) - 1 + 0.2, (1 + a[row + 1, 0]) / 1.3 - 1
    return (a, f, d), f"asset_returns column 1: rows {row + 1} to {row + 2} (", 2


def plant_split(seed):
    rng, a, f, d = model(seed)
    row = int(rng.integers(50, 700))
    a[row, 1] = (1 + a[row, 1] / 3) / 4 - 1
    return (a, f, d), f"asset_returns column 2: row {row + 1} (", 1


def plant_one_percent_cell(seed):
    rng, a, f, d = model(seed)
    row = int(rng.integers(50, 700))
    f[row, 0] = 1.27
    return (a, f, d), f"factor_returns column 1: row {row + 1} (", 1


def plant_below_minus_one(seed):
    rng, a, f, d = model(seed)
    row = int(rng.integers(50, 700))
    a[row, 0] = -1.4
    return (a, f, d), f"asset_returns column 1: row {row + 1} (", 1


def plant_overlapping(seed):
    _, a, f, d = model(seed)
    a[:, 1] = np.convolve(a[:, 1], np.ones(5))[:ROWS]
    return (a, f, d), "asset_returns column 2: autocorrelation 0.", ROWS


def plant_asset_a_day_late(seed):
    _, a, f, d = model(seed)
    a[:, 0] = np.roll(a[:, 0], 1)
    return (a, f, d), "asset_returns column 1 behind factor_returns column 1", ROWS


def plant_factor_a_day_late(seed):
    _, a, f, d = model(seed)
    f[:, 0] = np.roll(f[:, 0], 1)
    return (a, f, d), "factor_returns column 1 behind asset_returns columns 1, 2", ROWS


def plant_late_from_the_middle_on(seed):
    _, a, f, d = model(seed)
    a[380:, 0] = np.roll(a[380:, 0], 1)
    return (
        (a, f, d),
        "asset_returns column 1 behind factor_returns column 1, rows 376 to 750 (",
        375,
    )


def plant_constant(seed):
    _, a, f, d = model(seed)
    f[:, 1] = 0.0002
    return (a, f, d), "factor_returns column 2: always 0.0002", ROWS


def plant_collinear(seed):
    _, a, f, d = model(seed)
    f = np.column_stack([f, f[:, 0] - 0.5 * f[:, 1]])
    return (a, f, d), "factor_returns column 3 from factor_returns columns 1, 2", ROWS


def plant_nearly_collinear(seed):
    rng, a, f, d = model(seed)
    f = np.column_stack([f, f[:, 0] + rng.normal(0, 0.001, ROWS)])
    return (a, f, d), "factor_returns columns 1, 3", ROWS


def plant_asset_among_factors(seed):
    _, a, f, d = model(seed)
    a[:, 1] = 2 * f[:, 0]
    return (a, f, d), "asset_returns column 2 and factor_returns column 1", ROWS


def plant_few_rows(seed):
    _, a, f, d = model(seed)
    a[24:, 1] = np.nan
    return (a, f, d), "asset_returns column 2", 24


def plant_fewer_rows_than_coefficients(seed):
    _, a, f, d = model(seed)
    return (a[:3], f[:3], d[:3]), "asset_returns column 1", 3


def plant_repeated_date(seed):
    rng, a, f, d = model(seed)
    row = int(rng.integers(50, 700))
    d[row] = d[row - 1]
    return (a, f, d), f"dates: rows {row} to {row + 1} (", 1


def plant_unsorted(seed):
    rng, a, f, d = model(seed)
    row = int(rng.integers(50, 700))
    d[row : row + 10], d[row + 10 : row + 20] = d[row + 10 : row + 20], d[row : row + 10].copy()
    return (a, f, d), f"dates: row {row + 11} (", 1


def plant_newest_first(seed):
    _, a, f, d = model(seed)
    return (a[::-1], f[::-1], d[::-1]), "dates: rows 1 to 750 (", ROWS - 1


def plant_missing_date(seed):
    rng, a, f, d = model(seed)
    row = int(rng.integers(50, 700))
    d[row] = np.nan
    return (a, f, d), f"dates: row {row + 1}", 1


def plant_month_without_days(seed):
    _, a, f, d = model(seed)
    kept = (EPOCH + d.astype(int)).astype("M8[M]") != np.datetime64("2016-05")
    return (a[kept], f[kept], d[kept]), "dates: 2016-05 (22)", 22


def plant_missing_months(seed):
    _, a, f, d = months(seed)
    kept = np.delete(np.arange(120), [40, 41])
    return (a[kept], f[kept], d[kept]), "dates: months to 2018-05-31, 2018-06-30", 2


def plant_1904_dates(seed):
    _, a, f, d = model(seed)
    return (a, f, d - 1462), "dates from Tuesday to Saturday", ROWS


def plant_weekend(seed):
    rng, a, f, d = model(seed)
    row = int(rng.choice(np.flatnonzero(d % 7 == 6)[5:100]))  # a Friday
    d[row] += 1
    return (a, f, d), f"dates: row {row + 1} (", 1


def plant_two_frequencies(seed):
    _, a, f, d = model(seed)
    d[:400] = dates(MONTHLY, 400) - dates(MONTHLY, 400)[-1] + d[400] - 1
    return (a, f, d), "dates", ROWS


def plant_time_of_day(seed):
    _, a, f, d = model(seed)
    return (a, f, d + 0.9), "dates: rows 1 to 750", ROWS


def plant_incomplete_month(seed):
    _, a, f, d = model(seed)
    place = "dates: the month to 2015-01-31: its first row is 2015-01-15"
    return (a[10:], f[10:], d[10:]), place, (1, 2)


def plant_price_index_without_a_name(seed):
    rng, a, f, d, _ = french(seed)
    f[:, 0] += rng.normal(0, 0.004, len(f)) - 0.02 / 12
    return (a, f, d), "factor_returns column 1: ", len(f)


def plant_price_index_by_name(seed):
    _, a, f, d = model(seed)
    return (
        (a, [["SMB", "^GSPC"], *cells(f)], [["Date"], *cells(d)], "named"),
        ('factor_returns column 2 "^GSPC": a ticker of prices'),
        ROWS,
    )


def plant_raw_market(seed):
    rng, a, f, d, rf = french(seed)
    f[:, 0] += rf + rng.normal(0, 0.002, len(f))
    return (a, f, d), "factor_returns column 1: rises by", len(f)


def plant_raw_assets(seed):
    rng, a, f, d, rf = french(seed)
    a = a + rf[:, None] + rng.normal(0, 0.002, a.shape)
    return (a, f, d), "asset_returns columns 1, 2, 3, 4, 5, 6, 7, 8, ...: rises by", len(f)


PLANTED = [
    (plant_text, "error", "cells that are no number"),
    (plant_error_value, "error", "cells that are no number"),
    (plant_no_date, "error", "cells that are no date"),
    (plant_missing_rows, "warning", "rows dropped: a value is missing; among them the largest"),
    (plant_percent_asset, "error", "percent in place of decimals"),
    (plant_percent_factor_without_dates, "error", "percent in place of decimals"),
    (plant_prices, "error", "prices in place of returns"),
    (plant_gross_returns, "error", "1 + return in place of the return"),
    (plant_monthly_among_days, "warning", "unequal frequency"),
    (plant_filled_down, "warning", "unequal frequency"),
    (plant_zeros_between, "warning", "unequal frequency"),
    (plant_stale_run, "warning", "stale: no move, row after row"),
    (plant_stale_days, "warning", "stale: many rows without a move"),
    (plant_wrong_price, "warning", "wrong price: a jump that the next row takes back"),
    (plant_split, "warning", "looks like a split"),
    (plant_one_percent_cell, "warning", "outlier, far beyond all others"),
    (plant_below_minus_one, "warning", "a loss above 100 %"),
    (plant_overlapping, "warning", "each row repeats much of the one before"),
    (plant_asset_a_day_late, "warning", "shifted: fits best 1 row"),
    (plant_factor_a_day_late, "warning", "shifted: fits best 1 row"),
    (plant_late_from_the_middle_on, "warning", "shifted: fits best 1 row"),
    (plant_constant, "error", "constant"),
    (plant_collinear, "error", "collinear: made up of others"),
    (plant_nearly_collinear, "warning", "nearly collinear"),
    (plant_asset_among_factors, "warning", "the asset is the factor"),
    (plant_few_rows, "warning", "few complete rows"),
    (plant_fewer_rows_than_coefficients, "error", "too few complete rows"),
    (plant_repeated_date, "error", "dates that stand in more than one row"),
    (plant_unsorted, "error", "rows earlier than the row above them"),
    (plant_newest_first, "error", "newest row first"),
    (plant_missing_date, "error", "rows without a date"),
    (plant_month_without_days, "warning", "gaps in the dates: months that lack days"),
    (plant_missing_months, "warning", "gaps in the dates: months without a row"),
    (plant_1904_dates, "warning", "days of the week"),
    (plant_weekend, "warning", "rows on Saturdays or Sundays"),
    (plant_two_frequencies, "warning", "unequal frequency: monthly rows, then daily ones"),
    (plant_time_of_day, "info", "time of day is cut off"),
    (plant_incomplete_month, "info", "incomplete first or last period"),
    (plant_price_index_without_a_name, "warning", "a price index in place of total return"),
    (plant_price_index_by_name, "warning", "a price index in place of total return"),
    (plant_raw_market, "warning", "raw returns in place of excess returns"),
    (plant_raw_assets, "warning", "raw returns in place of excess returns"),
]
planted = pytest.mark.parametrize(
    ("plant", "severity", "what"), PLANTED, ids=[plant.__name__[6:] for plant, _, _ in PLANTED]
)


def checked(given):
    """Return the rows of FACTOR_CHECK, called as a host calls it."""
    if len(given) == 4:  # with headers
        a, f, d, _ = given
        given = ([[f"A{j}" for j in range(len(a[0]))], *cells(a)], f, d)
    table = factor_udfs.FACTOR_CHECK(*given)
    assert not isinstance(table, ExcelError), table.message
    return table[1:]


@planted
@pytest.mark.parametrize("seed", range(5))
def test_a_planted_defect_is_found_where_it_is(plant, severity, what, seed):
    given, where, count = plant(seed)
    rows = [row for row in checked(given) if row[1].startswith(what) and where in row[2]]
    assert len(rows) == 1, checked(given)
    assert rows[0][0] == severity
    wanted = count if isinstance(count, range | tuple) else (count,)
    assert rows[0][3] in wanted


@planted
def test_what_is_found_is_said_in_sentences_a_cell_can_hold(plant, severity, what):
    rows = checked(plant(0)[0])
    for row in rows:
        assert len(row) == len(HEADER)
        for text in (*row[:3], row[4]):
            assert text
            assert text.isascii()
            assert "\n" not in text
            assert len(text) <= LONGEST_SENTENCE
    order = [SEVERITIES.index(row[0]) for row in rows]
    assert order == sorted(order)
    assert rows[-1][1] == ("looked at" if len(rows) > 1 else "nothing found")


@planted
def test_a_defect_raises_few_other_alarms(plant, severity, what):
    """One fault must not bury the analyst in its consequences."""
    others = {row[1] for row in checked(plant(3)[0]) if row[0] != "info"}
    others = {text for text in others if not text.startswith(what)}
    known = {  # what truly follows from the fault, or is part of it
        "monthly_among_days": {"rows dropped"},
        "two_frequencies": {"rows on Saturdays"},
    }.get(plant.__name__[6:], set())
    assert all(any(text.startswith(word) for word in known) for text in others), others


# --------------------------------------------------------------------------------- sample data


def daily_sample(header=True):
    data = sample.daily()
    returns = excess_returns(simple_returns(data.prices), data.rf[1:]).values
    names = data.names if header else (*data.names[:-1], "benchmark")
    days = (np.array(data.dates[1:], dtype="M8[D]") - EPOCH).astype(float)
    return Columns(returns[:, :-1], names[:-1]), Columns(returns[:, -1:], names[-1:]), days


@pytest.mark.parametrize("header", [True, False], ids=["named", "unnamed"])
def test_the_sample_is_warned_of_for_its_price_index_and_nothing_else(header):
    warnings = [row for row in factor_check(*daily_sample(header)).rows if row[0] != "info"]
    ((severity, what, where, count, _),) = warnings
    assert severity == "warning"
    assert what.startswith("a price index in place of total return")
    assert re.search(r"factor_returns column 1 .*2\.\d% a year below the US market", where)
    assert count == 2012


def test_french_s_own_market_and_industries_are_clean():
    _, a, f, d, _ = french(0)
    assert not alarms(factor_check(a, f, d))
    full = sample.monthly()
    days = (np.array(full.dates, dtype="M8[D]") - EPOCH).astype(float)
    assert not alarms(factor_check(full.industries - full.rf[:, None], full.factors, days))


def test_a_market_of_total_return_is_not_called_a_price_index():
    """Of 200 noisy copies of the US market at most two in a hundred."""
    found = []
    for seed in range(200):
        rng, a, f, d, _ = french(seed)
        f[:, 0] += rng.normal(0, 0.005, len(f))
        found += alarms(factor_check(a[:, :1], f, d))
    assert len(found) <= 4


@pytest.mark.parametrize(
    ("name", "warned"),
    [
        ("S&P 500 (price index)", True),
        ("^GSPC", True),
        ("SPX Index", True),
        ("SP500", True),
        ("^STOXX50E", True),
        ("S&P 500 TR", False),
        ("SPXT", False),
        ("^GDAXI", False),
        ("Mkt-RF", False),
        ("SPY", False),
        ("MSFT", False),
    ],
)
def test_names_of_price_indices_are_known(name, warned):
    a, f, _ = clean(3, "normal", DAILY, ROWS, 1, 1)
    table = factor_check(a, Columns(f, (name,)))
    assert bool(alarms(table)) is warned


# ---------------------------------------------------------------------------------------- laws


def kinds_found(table):
    return sorted((row[0], row[1]) for row in table.rows)


@quick
@given(st.permutations([0, 1, 2, 3]), st.integers(0, 5))
def test_columns_in_another_order_have_the_same_findings(order, seed):
    _, a, f, d = model(seed)
    a = np.column_stack([a, np.roll(a[:, 0], 1), 100 * a[:, 1]])
    a[200:208, 0] = 0
    assert kinds_found(factor_check(a[:, order], f, d)) == kinds_found(factor_check(a, f, d))
    for j, place in enumerate(order):
        late = [row for row in factor_check(a[:, order], f, d).rows if row[1].startswith("shift")]
        if place == 2:
            assert f"asset_returns column {j + 1} " in late[0][2]


@quick
@given(st.floats(0.3, 1.5), st.integers(0, 5))
def test_findings_do_not_depend_on_the_scale_of_returns(scale, seed):
    _, a, f, d = model(seed)
    a[:, 0] = np.roll(a[:, 0], 1)
    a[100:110, 1] = 0
    f = np.column_stack([f, f[:, 0] + f[:, 1]])
    whole, scaled = factor_check(a, f, d), factor_check(a * scale, f * scale, d)
    drop = "large moves"
    assert [k for k in kinds_found(whole) if drop not in k[1]] == [
        k for k in kinds_found(scaled) if drop not in k[1]
    ]


@planted
def test_without_dates_no_finding_of_the_values_is_lost(plant, severity, what):
    given = plant(1)[0]
    if len(given) == 4:
        return
    by_values = ("cells that are no number", "rows dropped", "prices", "stale", "shifted", "const")
    with_dates = {row[1] for row in checked(given) if row[1].startswith(by_values)}
    assert with_dates <= {row[1] for row in checked(given[:2])}


some_cells = st.one_of(
    st.floats(-0.1, 0.1),
    st.sampled_from([None, "", "n/a", "#N/A", "#REF!", True, float("inf"), 0.0, -2, 10**400]),
    st.text(max_size=5),
)


@quick
@given(st.lists(st.tuples(some_cells, some_cells, some_cells), min_size=1, max_size=40))
def test_no_cell_makes_the_check_fail(rows):
    given = [[[a] for a, _, _ in rows], [[f] for _, f, _ in rows], [[d] for _, _, d in rows]]
    before = copy.deepcopy(given)
    table = factor_udfs.FACTOR_CHECK(*given)
    assert repr(given) == repr(before)
    if isinstance(table, ExcelError):  # a first row of text is a header in one range only
        assert "equal length" in table.message or "needed" in table.message
        return
    assert table[0] == list(HEADER)
    assert all(len(row) == len(HEADER) for row in table)


def test_cells_that_are_refused_elsewhere_are_counted_here():
    column = [[0.01], ["n/a"], [True], ["#REF!"], [0.02], [float("inf")]] * 20
    (row,) = [
        r for r in checked((column, [[0.01 * (i % 7)] for i in range(120)])) if r[0] == "error"
    ]
    assert row[3] == 80
    assert row[2] == (
        'asset_returns column 1: row 2 is text "n/a", row 3 is TRUE, row 4 is #REF!, ...'
    )
    strict = factor_udfs.FACTOR_BETA(column, [[0.01 * (i % 7)] for i in range(120)])
    assert strict == "#VALUE!"


def test_rows_are_counted_as_the_sheet_counts_them():
    _, a, f, d = model(1)
    a[10, 0] = np.nan
    plain = checked((a, f, d))
    headed = checked((a, [["X", "Y"], *cells(f)], [["Date"], *cells(d)], "named"))
    assert "row 11 (2015-01-15)" in plain[0][2]
    assert "row 12 (2015-01-15)" in headed[0][2]


def test_unequal_ranges_are_an_error_as_everywhere():
    _, a, f, d = model(1)
    error = factor_udfs.FACTOR_CHECK(a, f[1:], d)
    assert error == "#VALUE!"
    assert error.message.startswith("FACTOR_CHECK: asset_returns has 750 rows and factor_returns")


def test_returns_in_a_row_are_answered_with_transpose():
    table = factor_check([[0.01, 0.02, 0.03]], [[0.01, 0.02, 0.02]])
    assert table.rows[0][4].endswith("TRANSPOSE turns a row into a column")
