from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles.sample_numbers import MSFT

from factor_core import sample
from factor_core.alignment import align_report, align_series
from factor_core.errors import InputError, MissingDataError
from factor_core.labelled import Columns

quick = settings(max_examples=40, deadline=None)
some_dates = st.lists(st.integers(40_000, 40_030), min_size=1, max_size=20, unique=True)
FIRST = dt.date(1899, 12, 30)  # Excel's day 0
SERIALS = np.array([(day - FIRST).days for day in sample.daily().dates[1:]], dtype=float)
SERIALS.flags.writeable = False


def column(values, *names):
    return Columns(np.asarray(values, dtype=float).reshape(len(values), -1), names)


def found(report):
    """Return a report as label -> its two cells."""
    return {row[0]: row[1:] for row in report.rows}


@quick
@given(some_dates, some_dates, st.sampled_from(["inner", "left", "right", "outer"]))
def test_joins_are_those_of_pandas(dates_1, dates_2, join):
    values_1 = np.array([[d * 0.5, d * 0.25] for d in dates_1])
    values_2 = np.array([[d * 2.0] for d in dates_2])
    first, second = pd.DataFrame(values_1, index=dates_1), pd.DataFrame(values_2, index=dates_2)
    wanted = first.merge(second, how=join, left_index=True, right_index=True).sort_index()
    if wanted.empty:
        with pytest.raises(MissingDataError, match="no date is in both: 20"):
            align_series(dates_1, values_1, dates_2, values_2, join)
        return
    aligned = align_series(dates_1, values_1, dates_2, values_2, join)
    np.testing.assert_array_equal(aligned.values[:, 0], wanted.index)
    np.testing.assert_array_equal(aligned.values[:, 1:], wanted.to_numpy())
    assert aligned.names == ()


@quick
@given(some_dates, some_dates)
def test_swapping_the_tables_swaps_their_columns(dates_1, dates_2):
    one = align_series(dates_1, dates_1, dates_2, dates_2, "outer").values
    other = align_series(dates_2, dates_2, dates_1, dates_1, "outer").values
    np.testing.assert_array_equal(one, other[:, [0, 2, 1]])


@quick
@given(st.permutations(range(12)))
def test_the_order_of_the_rows_does_not_matter(order):
    dates = np.arange(40_000, 40_012)
    values = np.linspace(0, 1, 12)
    sorted_rows = align_series(dates, values, dates, values).values
    shuffled = align_series(dates[order], values[order], dates, values).values
    np.testing.assert_array_equal(sorted_rows, shuffled)


def test_names_of_either_table_make_a_header_and_the_others_are_made_up():
    plain, named = column([1, 2]), column([3, 4], "MSFT")
    days, titled = column([45_000, 45_001]), column([45_000, 45_001], "Day")
    assert align_series(days, plain, titled, named).names == ("Day", "values_1 column 1", "MSFT")
    assert align_series(days, named, days, named).names == ("date", "MSFT", "MSFT")


def test_the_time_of_day_is_cut_off():
    aligned = align_series([45_000.75], [1.0], [45_000.25], [2.0])
    np.testing.assert_array_equal(aligned.values, [[45_000, 1, 2]])


def test_rows_that_hold_nothing_are_passed_over():
    aligned = align_series([45_000, np.nan], [1.0, np.nan], [45_000], [2.0], "outer")
    assert len(aligned.values) == 1


def test_a_missing_value_stays_in_its_row():
    aligned = align_series([45_000, 45_001], [np.nan, 1.0], [45_000, 45_001], [2.0, 3.0])
    np.testing.assert_array_equal(aligned.values[0], [45_000, np.nan, 2.0])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ([45_000, 45_001, 45_000], [1, 2, 3], [45_000], [1]),
            "dates_1 row 3 repeats the date 2023-03-15; keep one row a date",
        ),
        (
            ([45_000], [1], column([45_000, 45_000], "Day"), column([1, 2], "A")),
            "dates_2 row 3 repeats the date 2023-03-15; keep one row a date",
        ),
        (
            ([45_000, np.nan], [1, 2], [45_000], [1]),
            "dates_1 row 2 is blank beside a value; use a date in each row that has values",
        ),
        (
            ([45_000], [1, 2], [45_000], [1]),
            "dates_1 has 1 rows and values_1 has 2; use ranges of equal length",
        ),
        (
            ([[45_000, 45_001]], [[1]], [45_000], [1]),
            "dates_1 has 2 columns; use one column of dates",
        ),
        (
            ([45_000], [1], [45_000], [1], "cross"),
            'join is "cross"; use one of inner, left, right, outer',
        ),
        (
            ([np.nan], [1], [45_000], [1]),
            "dates_1 holds no date; use a column of dates",
        ),
        (
            ([45_000], [1], [45_002, 45_001], [1, 2]),
            "no date is in both: 2023-03-15 to 2023-03-15, and 2023-03-16 to 2023-03-17",
        ),
    ],
)
def test_tables_that_cannot_be_aligned_are_refused(arguments, message):
    with pytest.raises((InputError, MissingDataError)) as refused:
        align_series(*arguments)
    assert str(refused.value) == message


@quick
@given(
    st.lists(st.integers(40_000, 40_030), min_size=1, max_size=25),
    st.lists(st.integers(40_000, 40_030), min_size=1, max_size=25),
    st.integers(0, 3),
)
def test_every_filled_row_is_matched_dropped_repeated_or_without_a_date(dates_1, dates_2, undated):
    dates_1 = np.append(dates_1, [np.nan] * undated)
    report = found(align_report(dates_1, np.ones(len(dates_1)), dates_2, np.ones(len(dates_2))))
    parts = (
        "dates in both",
        "dates not in the other",
        "repeated dates",
        "rows without a date",
    )
    for table, dates in enumerate((dates_1, dates_2)):
        assert sum(report[part][table] for part in parts) == len(dates)
        assert report["filled rows"][table] == len(dates)
    assert report["dates in both"][0] == len(set(dates_1[~np.isnan(dates_1)]) & set(dates_2))


def test_report_lists_the_first_ten_dropped_dates_and_the_spans():
    dates_1 = np.arange(45_000, 45_020)
    report = found(align_report(dates_1, dates_1, dates_1[12:], dates_1[12:]))
    listed, nothing = report["the first ten of them"]
    assert listed.split(", ")[0] == "2023-03-15"
    assert listed.split(", ")[9:] == ["2023-03-24", "..."]
    assert nothing == "none"
    assert report["first date"] == ("2023-03-15", "2023-03-27")
    assert report["last date in both"] == ("2023-04-03", "2023-04-03")


def test_report_names_the_tables_by_their_first_column():
    days = column([45_000, 45_001], "Day")
    report = align_report(days, column([1, 2], "MSFT"), [45_000], [1.0])
    assert report.header == ("alignment", "MSFT", "series 2")


def test_report_of_tables_without_a_common_date_says_none():
    report = found(align_report([45_000], [1.0], [45_001], [1.0]))
    assert report["dates in both"] == (0, 0)
    assert report["first date in both"] == ("none", "none")
    assert np.isnan(report["best lag in rows"][0])
    assert report["finding"][0].startswith("no lag compared")


@pytest.mark.parametrize("shift", [-3, -1, 1, 2])
def test_a_shift_is_found_and_says_which_table_runs_behind(shift):
    late = np.roll(MSFT.values[:, 0], shift)
    report = found(align_report(SERIALS, MSFT, SERIALS, late))
    assert report["best lag in rows"][0] == shift
    assert report["correlation at the best lag"][0] == pytest.approx(1, abs=0.01)
    behind, ahead = ("series 2", "MSFT") if shift > 0 else ("MSFT", "series 2")
    assert f"{behind} runs {abs(shift)} row(s) behind {ahead}" in report["finding"][0]


def test_prices_are_compared_by_their_changes():
    prices = sample.daily().prices[1:]
    report = found(align_report(SERIALS, prices[:, 3], SERIALS, prices[:, 4]))
    changes = np.diff(prices, axis=0) / prices[:-1]
    as_dated = np.corrcoef(changes[:, 3], changes[:, 4])[0, 1]
    assert report["correlation as dated"][0] == pytest.approx(as_dated, rel=1e-12)
    assert report["compared by"] == ("changes (all values are above 0)",) * 2
    assert report["finding"][0] == "no shift: the dates fit"
    late = found(align_report(SERIALS, prices[:, 3], SERIALS + 1, prices[:, 4]))
    assert late["finding"][0].startswith("shifted: series 2 runs 1 row(s) behind series 1")


def test_correlation_as_dated_is_that_of_numpy_over_the_rows_both_have():
    values = MSFT.values[:, 0].copy()
    values[5] = np.nan
    other = np.random.default_rng(1).standard_normal(len(values))
    report = found(align_report(SERIALS, values, SERIALS, other))
    there = ~np.isnan(values)
    by_numpy = np.corrcoef(values[there], other[there])[0, 1]
    assert report["correlation as dated"][0] == pytest.approx(by_numpy, rel=1e-12)


@pytest.mark.parametrize("seed", range(20))
def test_unrelated_series_are_not_called_shifted(seed):
    rng = np.random.default_rng(seed)
    dates = np.arange(40_000, 40_250)
    one, other = rng.standard_normal((2, 250))
    assert found(align_report(dates, one, dates, other))["finding"][0] == "no shift: the dates fit"


def test_a_repeated_date_counts_by_its_first_row():
    dates = np.arange(40_000, 40_040)
    values = np.random.default_rng(2).standard_normal(40)
    once = found(align_report(dates, values, dates, values))
    again = found(align_report(np.append(dates, 40_000), np.append(values, 99.0), dates, values))
    assert once["correlation as dated"] == again["correlation as dated"]
    assert again["repeated dates"] == (1, 0)
