from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles.sample_numbers import MSFT

import factor_udfs
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
            "dates_1 row 3 repeats the date 2023-03-15 of row 1; keep one row a date",
        ),
        (
            ([45_000], [1], column([45_000, 45_000], "Day"), column([1, 2], "A")),
            "dates_2 row 3 repeats the date 2023-03-15 of row 2; keep one row a date",
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
    assert "shifted: series 2 runs 1 row(s) behind series 1" in late["finding"][0]
    assert "series 2 has dates from Tuesday to Saturday" in late["finding"][0]


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


# ------------------------------------------------------------------------------------------ laws


@quick
@given(some_dates, st.sampled_from(["inner", "left", "right", "outer"]))
def test_a_series_joined_with_itself_is_the_series_sorted(dates, join):
    aligned = align_series(dates, dates, dates, dates, join).values
    np.testing.assert_array_equal(aligned, np.tile(np.sort(dates)[:, None], 3))


@quick
@given(some_dates, some_dates, st.sampled_from(["left", "right", "outer"]))
def test_aligning_what_is_aligned_changes_nothing(dates_1, dates_2, join):
    once = align_series(dates_1, dates_1, dates_2, dates_2, join).values
    again = align_series(once[:, 0], once[:, 1], once[:, 0], once[:, 2], join).values
    np.testing.assert_array_equal(again, once)


@quick
@given(some_dates, some_dates, st.permutations([0, 1, 2]))
def test_columns_come_out_in_the_order_they_went_in(dates_1, dates_2, order):
    values = np.multiply.outer(np.array(dates_1, dtype=float), [1.0, 2.0, 3.0])
    straight = align_series(dates_1, values, dates_2, dates_2, "outer").values
    turned = align_series(dates_1, values[:, order], dates_2, dates_2, "outer").values
    np.testing.assert_array_equal(turned[:, 1:4], straight[:, 1:4][:, order])


# ------------------------------------------------------------------------- dates as cells hold them


def report_of(dates_1, dates_2, values=None):
    values = [[float(i % 7)] for i in range(len(dates_1))] if values is None else values
    other = [[float(i % 5)] for i in range(len(dates_2))]
    cells = factor_udfs.ALIGN_REPORT([[d] for d in dates_1], values, [[d] for d in dates_2], other)
    return {row[0]: row[1:] for row in cells}


def test_serial_numbers_dates_and_iso_text_are_the_same_dates():
    days = [dt.date(2024, 1, day) for day in (31, 2, 15)]
    values = [[1.0], [2.0], [3.0]]
    serials = [[float((day - FIRST).days)] for day in days]
    forms = (
        serials,
        [[day] for day in days],
        [[day.isoformat()] for day in days],
        [[f"{day.isoformat()}T23:30:00+09:00"] for day in days],
        [[serial + 0.75] for (serial,) in serials],
    )
    wanted = [[45293.0, 2.0, 2.0], [45306.0, 3.0, 3.0], [45322.0, 1.0, 1.0]]
    for form in forms:
        assert factor_udfs.ALIGN_SERIES(form, values, serials, values) == wanted


def test_times_of_day_that_were_cut_off_are_counted():
    day = dt.datetime(2024, 1, 31, 22, 0, tzinfo=dt.UTC)
    report = report_of([45322.5, day, "2024-02-02"], [45322.0])
    assert report["times of day cut off"] == [2, 0]


WEEKDAYS = np.array(
    [d for d in range(40_000, 40_700) if (FIRST + dt.timedelta(days=d)).weekday() < 5], dtype=float
)
MONTH_ENDS = (
    pd.date_range("2010-01-31", periods=60, freq="ME") - pd.Timestamp(FIRST)
).days.to_numpy(dtype=float)


@pytest.mark.parametrize("dates", [WEEKDAYS, MONTH_ENDS], ids=["daily", "monthly"])
def test_dates_of_the_1904_system_are_named(dates):
    early = report_of(dates, dates - 1462)["finding"][0]
    assert early.startswith("series 2 lies 1462 days early, as dates of the 1904 system do; add")
    assert report_of(dates - 1462, dates)["finding"][0].startswith("series 1 lies 1462 days early")


def test_a_join_that_fails_by_the_1904_system_says_so():
    with pytest.raises(MissingDataError, match="dates_2 lies 1462 days early") as refused:
        align_series(MONTH_ENDS, MONTH_ENDS, MONTH_ENDS - 1462, MONTH_ENDS)
    assert len(str(refused.value)) <= 250


def test_histories_that_begin_four_years_apart_are_not_called_of_the_1904_system():
    longer = np.concatenate([WEEKDAYS - 1463 - 7 * 20, WEEKDAYS])
    assert "1904" not in report_of(longer, WEEKDAYS)["finding"][0]


def test_daily_dates_of_the_1904_system_are_seen_in_one_table_alone():
    finding = report_of(WEEKDAYS - 1462, WEEKDAYS[:30] + 5000 * 7)["finding"][0]
    assert "series 1 has dates from Tuesday to Saturday" in finding


def test_local_midnights_written_in_utc_are_seen_as_a_day_early():
    finding = report_of(WEEKDAYS - 1 + 15 / 24, WEEKDAYS)["finding"][0]
    assert "series 1 has dates from Sunday to Thursday" in finding


def test_different_frequencies_are_said():
    report = report_of(WEEKDAYS, MONTH_ENDS)
    assert report["frequency"] == ["daily", "monthly"]
    assert report["finding"][0].startswith(
        "different frequencies: series 1 is daily, series 2 is monthly; compound the shorter"
    )


def test_months_dated_on_their_last_weekday_are_said_to_miss_calendar_ends():
    last_weekdays = np.where(MONTH_ENDS % 7 <= 1, MONTH_ENDS - 1 - MONTH_ENDS % 7, MONTH_ENDS)
    apart = int((last_weekdays != MONTH_ENDS).sum())
    finding = report_of(MONTH_ENDS, last_weekdays)["finding"][0]
    assert finding.startswith(f"{apart} months are in both but dated on different days")


def test_months_with_missing_days_are_named_with_how_many():
    months = np.array([str(FIRST + dt.timedelta(days=int(d)))[:7] for d in WEEKDAYS])
    gap = np.flatnonzero(months == "2010-03")[3:7]
    report = report_of(WEEKDAYS, np.delete(WEEKDAYS, gap))
    assert report["months that lack days of the other"] == ["none", "2010-03 (4)"]


def test_days_before_a_table_begins_are_not_missing_from_it():
    report = report_of(WEEKDAYS, WEEKDAYS[100:])
    assert report["months that lack days of the other"] == ["none", "none"]
    assert report["dates not in the other"] == [100, 0]


def test_a_shift_within_unequal_tables_is_still_found():
    values = MSFT.values[:, 0]
    report = found(
        align_report(SERIALS[200:], values[200:], SERIALS[:-100], np.roll(values, 1)[:-100])
    )
    assert report["best lag in rows"][0] == 1
