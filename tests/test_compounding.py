"""Returns compounded into longer periods; the oracle is pandas' resample (pandas 3.0)."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import factor_udfs
from factor_core import sample
from factor_core.compounding import compound_returns, cut_periods
from factor_core.errors import FactorError, InputError, MissingDataError, NumericalError
from factor_core.labelled import Columns
from factor_core.returns import simple_returns

quick = settings(max_examples=30, deadline=None)
FIRST = pd.Timestamp("1899-12-30")
PANDAS_RULES = {"W": "W-FRI", "M": "ME", "Q": "QE", "A": "YE"}
DAILY = sample.daily()
SERIALS = (pd.DatetimeIndex(DAILY.dates[1:]) - FIRST).days.to_numpy(dtype=float)
RETURNS = simple_returns(DAILY.prices).values
MONTHLY = sample.monthly()
MONTH_ENDS = (pd.DatetimeIndex(MONTHLY.dates) - FIRST).days.to_numpy(dtype=float)


def serials(begin, end, freq="B"):
    return (pd.date_range(begin, end, freq=freq) - FIRST).days.to_numpy(dtype=float)


def by_pandas(values, dates, rule):
    frame = pd.DataFrame(values, index=FIRST + pd.to_timedelta(dates, unit="D"))
    whole = (1 + frame).resample(rule).prod() - 1
    ends = (whole.index - FIRST).days.to_numpy(dtype=float)
    return np.column_stack([ends, whole.to_numpy()])


@pytest.mark.parametrize("frequency", PANDAS_RULES)
def test_products_are_those_of_pandas_without_the_periods_cut_off(frequency):
    wanted = by_pandas(RETURNS, SERIALS, PANDAS_RULES[frequency])
    cut = [period.end for period in cut_periods(SERIALS, frequency)]
    wanted = wanted[~np.isin(wanted[:, 0], cut)]
    found = compound_returns(RETURNS, SERIALS, frequency).values
    np.testing.assert_array_equal(found[:, 0], wanted[:, 0])
    np.testing.assert_allclose(found[:, 1:], wanted[:, 1:], rtol=1e-9, atol=1e-14)


@pytest.mark.parametrize("frequency", ["M", "Q", "A"])
def test_monthly_returns_compound_as_pandas_does(frequency):
    wanted = by_pandas(MONTHLY.industries, MONTH_ENDS, PANDAS_RULES[frequency])
    found = compound_returns(MONTHLY.industries, MONTH_ENDS, frequency).values
    wanted = wanted[np.isin(wanted[:, 0], found[:, 0])]
    np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-14)
    assert len(found) == {"M": 819, "Q": 273, "A": 68}[frequency]


def test_months_of_months_are_the_months():
    found = compound_returns(MONTHLY.industries, MONTH_ENDS).values
    np.testing.assert_allclose(found[:, 1:], MONTHLY.industries, rtol=1e-12, atol=1e-15)


def test_months_of_days_compounded_to_years_are_the_years_of_the_days():
    days = serials("2010-01-01", "2013-12-31")
    returns = np.random.default_rng(3).normal(0, 0.01, (len(days), 2))
    months = compound_returns(returns, days, "M").values
    by_months = compound_returns(months[:, 1:], months[:, 0], "A").values
    np.testing.assert_allclose(by_months, compound_returns(returns, days, "A").values, rtol=1e-11)


@quick
@given(st.integers(0, 1000), st.sampled_from("WMQ"))
def test_the_order_of_the_rows_does_not_matter(seed, frequency):
    days = serials("2012-01-02", "2012-12-31")
    returns = np.sin(days)[:, None] / 50
    order = np.random.default_rng(seed).permutation(len(days))
    np.testing.assert_allclose(
        compound_returns(returns[order], days[order], frequency).values,
        compound_returns(returns, days, frequency).values,
        rtol=1e-12,
        atol=1e-15,
    )


@quick
@given(st.permutations([0, 1, 2]))
def test_each_column_is_compounded_alone(order):
    straight = compound_returns(RETURNS[:200, :3], SERIALS[:200]).values
    turned = compound_returns(RETURNS[:200][:, order], SERIALS[:200]).values
    np.testing.assert_array_equal(turned[:, 1:], straight[:, 1:][:, order])


@quick
@given(st.lists(st.floats(-0.5, 0.5), min_size=20, max_size=20))
def test_growth_over_all_periods_is_growth_over_all_rows(values):
    days = serials("2024-01-29", "2024-02-23")[:20]
    weeks = compound_returns(values, days, "W").values[:, 1]
    assert np.prod(1 + weeks) == pytest.approx(np.prod(1 + np.array(values)), rel=1e-12)


# ------------------------------------------------------------------------- whole periods and gaps


@pytest.mark.parametrize(
    ("begin", "end", "frequency", "cut"),
    [
        ("2024-02-01", "2024-04-30", "M", []),
        ("2024-01-02", "2024-03-28", "M", []),  # New Year's Day; Good Friday and a weekend
        ("2024-01-03", "2024-03-27", "M", ["2024-01-31", "2024-03-31"]),
        ("2024-09-03", "2024-10-31", "M", []),  # Labor Day in New York
        ("2024-02-02", "2024-03-29", "M", ["2024-02-29"]),
        ("2023-06-01", "2023-08-30", "M", ["2023-08-31"]),
        ("2024-02-05", "2024-03-08", "W", []),
        ("2024-02-06", "2024-03-07", "W", ["2024-02-09", "2024-03-08"]),
        ("2024-02-01", "2024-12-31", "Q", ["2024-03-31"]),
        ("2023-01-02", "2024-12-30", "A", ["2024-12-31"]),
    ],
)
def test_first_and_last_periods_are_whole_or_dropped(begin, end, frequency, cut):
    days = serials(begin, end)
    periods = cut_periods(days, frequency)
    assert [str((FIRST + pd.Timedelta(days=p.end)).date()) for p in periods] == cut
    ends = compound_returns(np.zeros(len(days)), days, frequency).values[:, 0]
    assert not set(ends) & {p.end for p in periods}


def test_a_market_that_never_closes_needs_its_weekends():
    days = serials("2024-06-03", "2024-07-31", "D")  # 1 and 2 June are a weekend
    assert [p.which for p in cut_periods(days, "M")] == ["first"]
    assert cut_periods(serials("2024-06-03", "2024-07-31"), "M") == []


def test_weekly_rows_fill_months_and_monthly_rows_years():
    weeks = serials("2024-01-05", "2024-03-29", "W-FRI")
    assert cut_periods(weeks, "M") == []
    assert [p.which for p in cut_periods(weeks[1:-1], "M")] == ["first", "last"]
    assert [p.which for p in cut_periods(serials("2020-02-01", "2022-12-31", "ME"), "A")] == [
        "first"
    ]


def test_a_missing_return_shows_in_its_period_and_column_only():
    days = serials("2024-02-01", "2024-05-31")
    returns = np.full((len(days), 2), 0.001)
    returns[25, 1] = np.nan
    found = compound_returns(returns, days).values
    missing = np.isnan(found)
    assert missing.sum() == 1
    assert missing[1, 2]


def test_a_month_without_a_row_stays_in_sight():
    days = serials("2024-02-01", "2024-05-31")
    days = days[(days < 45352) | (days > 45382)]  # no March
    found = compound_returns(np.full(len(days), 0.001), days).values
    assert len(found) == 4
    assert np.isnan(found[1, 1])


def test_all_lost_is_minus_one_and_not_missing():
    days = serials("2024-02-01", "2024-03-29")
    returns = np.full(len(days), 0.01)
    returns[5] = -1.0
    found = compound_returns(returns, days).values[:, 1]
    assert found[0] == -1.0
    assert found[1] > 0


def test_names_make_a_header_under_the_dates_name():
    days = [[d] for d in serials("2024-02-01", "2024-02-29")]
    values = [[0.001]] * len(days)
    headed = factor_udfs.COMPOUND_RETURNS([["MSFT"], *values], [["Day"], *days])
    assert headed[0] == ["Day", "MSFT"]
    assert headed[1:] == factor_udfs.COMPOUND_RETURNS(values, days)
    plain = compound_returns(np.zeros(len(days)), Columns(np.array(days), ("Day",)))
    assert plain.names == ("Day", "returns column 1")


def test_a_time_of_day_is_cut_off():
    days = [dt.datetime(2024, 2, 1, 23, tzinfo=dt.UTC) + dt.timedelta(days=i) for i in range(29)]
    cells = factor_udfs.COMPOUND_RETURNS([[0.001]] * 29, [[d] for d in days])
    assert cells == [[45351.0, pytest.approx(1.001**29 - 1)]]


DAYS = serials("2024-02-01", "2024-03-29")
NONE = np.zeros(len(DAYS))


def changed(values, row, value):
    values = values.copy()
    values[row] = value
    return values


@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        (
            (NONE, changed(DAYS, 3, DAYS[1])),
            InputError,
            "dates row 4 repeats the date 2024-02-02 of row 2; keep one row a date",
        ),
        (
            (NONE, changed(DAYS, 3, np.nan)),
            InputError,
            "dates row 4 is blank beside a return; use a date",
        ),
        (
            (changed(NONE, 3, -1.5), DAYS),
            NumericalError,
            (
                "returns row 4, column 1 is -1.5; a loss above 100 % does not compound: "
                "use decimal returns"
            ),
        ),
        (
            (NONE[:10], DAYS[2:12]),
            MissingDataError,
            (
                "no complete month between 2024-02-05 and 2024-02-16; use more rows or a "
                "shorter frequency"
            ),
        ),
        (
            (np.zeros(36), serials("2020-01-31", "2022-12-31", "ME"), "W"),
            InputError,
            'dates are monthly and frequency is "W", a week; use "M" or longer',
        ),
        ((NONE, DAYS, "D"), InputError, 'frequency is "D"; use one of W, M, Q, A'),
        (
            (NONE, np.column_stack([DAYS, DAYS])),
            InputError,
            "dates has 2 columns; use one column of dates",
        ),
        ((NONE, DAYS * np.nan), InputError, "dates row 1 is blank beside a return; use a date"),
        (
            (NONE[1:], DAYS),
            InputError,
            "returns has 41 rows and dates has 42; use ranges of equal length",
        ),
    ],
)
def test_what_cannot_be_compounded_is_refused(arguments, kind, message):
    with pytest.raises(FactorError) as refused:
        compound_returns(*arguments)
    assert type(refused.value) is kind
    assert str(refused.value) == message
