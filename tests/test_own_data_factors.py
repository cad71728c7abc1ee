"""Kenneth French's factors beside the analyst's rows: matched by period, nothing lost in silence.

Oracles: pandas for compounding over gaps; the built-in sample and the copies of his files that the
suite makes from it for the factors themselves.
"""

from __future__ import annotations

import datetime as dt
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from factor_core import french, french_store, sample
from factor_core.errors import FactorError
from factor_core.own_data import read_own_data
from factor_core.own_factors import index_of, join_factors
from factor_core.period_keys import period_key

MONTHLY = sample.monthly(start=dt.date(2014, 1, 1), end=dt.date(2016, 12, 31))
RNG = np.random.default_rng(11)


def written(path, days, moves, *, names=("FUND",)):
    lines = [",".join(["Date", *names])]
    lines += [
        ",".join([str(day), *map(repr, np.atleast_1d(row).tolist())])
        for day, row in zip(days, moves, strict=True)
    ]
    path.write_text("\n".join(lines) + "\n", encoding="ascii")
    return path


def moves(count, columns=1):
    return RNG.normal(0.005, 0.04, (count, columns))


def noted(notes, *words):
    for word in words:
        assert any(word in note for note in notes), (word, notes)


def sample_join(days, kind="returns", model="CARHART", periods=12):
    notes = []
    return join_factors(model, "sample", days, kind, periods, notes), notes


# The months -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "day",
    [
        lambda d: d,
        lambda d: d.replace(day=1),
        lambda d: d - dt.timedelta(days=d.weekday() // 5),  # near the last trading day
        lambda d: d.replace(day=15),
    ],
)
def test_months_meet_whatever_day_they_are_dated_at(tmp_path, day):
    path = written(tmp_path / "own.csv", [day(d) for d in MONTHLY.dates], moves(36))
    data = read_own_data(path, "returns", periods=12, factors="CARHART", factors_file="sample")
    assert data.factors.names == MONTHLY.factor_names
    assert data.factors.values.tolist() == MONTHLY.factors.tolist()
    assert data.rf.tolist() == MONTHLY.rf.tolist()
    assert data.names == ("FUND", "Mkt")
    assert data.values[:, 1].tolist() == (MONTHLY.factors[:, 0] + MONTHLY.rf).tolist()
    noted(data.notes, "matched by month: your row of", "'Mkt' is Mkt-RF + RF of the factors")
    noted(data.notes, "RF of CARHART", "built-in sample, 1949-01-31 to 2017-03-31")


def test_rows_dated_on_the_first_of_the_month_are_questioned(tmp_path):
    firsts = [d.replace(day=1) for d in MONTHLY.dates]
    assert any("first of a month" in note for note in sample_join(firsts)[1])
    assert not any("first of a month" in note for note in sample_join(MONTHLY.dates)[1])


def test_two_rows_of_one_month_are_refused(tmp_path):
    days = [dt.date(2015, 1, 1), dt.date(2015, 1, 31), *MONTHLY.dates[14:]]
    path = written(tmp_path / "own.csv", days, moves(len(days)))
    with pytest.raises(FactorError, match="2015-01-01 and 2015-01-31 lie in one month"):
        read_own_data(path, "returns", periods=12, factors="FF3", factors_file="sample")


def test_rows_after_the_factors_end_stay_without_them_and_are_counted(tmp_path):
    days = [d.date() for d in pd.date_range("2016-01-31", "2017-12-31", freq="ME")]
    path = written(tmp_path / "own.csv", days, moves(24))
    data = read_own_data(path, "returns", periods=12, factors="CAPM", factors_file="sample")
    assert len(data.dates) == 24
    assert np.isnan(data.factors.values[15:]).all()
    assert np.isfinite(data.factors.values[:15]).all()
    assert np.isnan(data.values[15:, 1]).all()
    noted(data.notes, "9 of your 24 rows have none and drop out", "2017-04-30, 2017-05-31")


def test_months_of_his_that_returns_lack_are_left_out_and_named():
    days = [d for d in MONTHLY.dates if d.month != 6]
    block, notes = sample_join(days)
    assert block.values.tolist() == [
        row for d, row in zip(MONTHLY.dates, MONTHLY.factors.tolist(), strict=True) if d.month != 6
    ]
    noted(notes, "3 month(s) of his that you have no row for are left out: 2014-06-30, 2015-06-30")


# Prices that skip periods -----------------------------------------------------------------------


@given(st.sets(st.integers(1, 34), max_size=12))
@settings(max_examples=40, deadline=None)
def test_factors_of_prices_are_compounded_over_the_time_that_a_return_spans(skipped):
    kept = [i for i in range(36) if i not in skipped]
    block, notes = sample_join([MONTHLY.dates[i] for i in kept], "prices")
    table = pd.DataFrame(MONTHLY.factors, columns=MONTHLY.factor_names)
    table["RF"] = MONTHLY.rf
    table["Mkt"] = table["Mkt-RF"] + table["RF"]
    growth = (1 + table).cumprod().iloc[kept]
    spans = growth / growth.shift() - 1  # by pandas
    spans["Mkt-RF"] = spans["Mkt"] - spans["RF"]
    expected = spans[list(MONTHLY.factor_names)].to_numpy()
    assert block.values[1:] == pytest.approx(expected[1:], abs=1e-14)
    assert block.rf[1:] == pytest.approx(spans["RF"].to_numpy()[1:], abs=1e-15)
    compounded = [note for note in notes if "were compounded into the next row" in note]
    assert len(compounded) == bool(skipped)


def test_the_market_of_prices_is_an_index_whose_returns_are_the_markets(tmp_path):
    prices = 100 * np.cumprod(1 + moves(36), axis=0)
    path = written(tmp_path / "own.csv", MONTHLY.dates, prices)
    data = read_own_data(path, periods=12, factors="FF3", factors_file="sample")
    level = data.values[:, 1]
    assert level[0] == 100
    total = MONTHLY.factors[1:, 0] + MONTHLY.rf[1:]
    assert level[1:] / level[:-1] - 1 == pytest.approx(total, abs=1e-14)


def test_an_index_goes_on_after_a_missing_return():
    levels = index_of(np.array([0.5, math.nan, 0.1, math.nan, 0.2]))
    assert levels == pytest.approx([math.nan, 100, 110, math.nan, 132], nan_ok=True)
    assert np.isnan(index_of(np.array([0.5, math.nan]))).all()


# Days, weeks, years -----------------------------------------------------------------------------


def test_days_are_matched_exactly_and_read_from_the_copies_of_the_library(tmp_path):
    days = sample.daily().dates[1:200]
    path = written(tmp_path / "own.csv", days, moves(199) / 4)
    data = read_own_data(path, "returns", factors="FF6")
    his = french.factors("FF6", "D", days[0], days[-1])
    assert data.factors.values.tolist() == his.values[:, :-1].tolist()
    assert data.rf.tolist() == his.values[:, -1].tolist()
    noted(data.notes, "F-F_Research_Data_5_Factors_2x3_daily", "F-F_Momentum_Factor_daily")


def test_a_holiday_of_the_analysts_market_is_compounded_for_prices(tmp_path):
    days = list(sample.daily().dates[:60])
    lost = days.pop(30)
    path = written(tmp_path / "own.csv", days, 100 * np.cumprod(1 + moves(59) / 4, axis=0))
    data = read_own_data(path, factors="CAPM")
    his = french.factors("CAPM", "D", days[0], days[-1])
    two = his.values[29:31]  # the lost day and the next; his first row is the sample's second
    rf = np.prod(1 + two[:, 1]) - 1
    assert data.rf[30] == pytest.approx(rf, abs=1e-16)
    expected = np.prod(1 + two.sum(axis=1)) - 1 - rf
    assert data.factors.values[30, 0] == pytest.approx(expected, abs=1e-15)
    noted(
        data.notes,
        f"1 day(s) that you have no row for were compounded into the next row, "
        f"whose return spans them: {lost}.",
    )


@pytest.mark.parametrize("weekday", [0, 4, 6])
def test_weeks_meet_from_monday_to_sunday(weekday):
    his = french.factors("FF3", "W")
    his_days = [french.EXCEL_DAY_ZERO + dt.timedelta(days=int(s)) for s in his.dates]
    own = sorted({d + dt.timedelta(days=weekday - d.weekday()) for d in his_days})
    notes = []
    block = join_factors("FF3", None, own[:40], "returns", 52, notes)
    row_of = {period_key(d, "W"): row for d, row in zip(his_days, his.values, strict=True)}
    expected = [row_of[period_key(d, "W")][:-1].tolist() for d in own[:40]]
    assert block.values.tolist() == expected


def test_years_meet_by_their_number():
    days = [dt.date(year, 6, 30) for year in range(1960, 1980)]
    block = join_factors("CAPM", None, days, "returns", 1, [])
    his = french.factors("CAPM", "A", "1960", "1979")
    assert block.values.tolist() == his.values[:, :1].tolist()


# Choices ----------------------------------------------------------------------------------------


def own_market(tmp_path, header=("FUND", "SPX")):
    both = moves(36, len(header))
    return written(tmp_path / "own.csv", MONTHLY.dates, both, names=header), both


def test_the_analysts_own_market_stays_the_market(tmp_path):
    path, both = own_market(tmp_path)
    data = read_own_data(path, "returns", periods=12, factors="FF3", factors_file="sample")
    assert data.names == ("FUND", "SPX")
    assert data.values.tolist() == both.tolist()
    assert not data.market_of_factors
    assert data.factors.names == ("Mkt-RF", "SMB", "HML")


def test_market_may_name_that_of_the_factors(tmp_path):
    path, _ = own_market(tmp_path, ("FUND", "BOND"))
    arguments = {"periods": 12, "factors": "FF3", "factors_file": "sample"}
    assert read_own_data(path, "returns", market="Mkt-RF", **arguments).market == "Mkt"
    with pytest.raises(FactorError, match="no column 'SPY'"):
        read_own_data(path, "returns", market="SPY", **arguments)


def test_a_rate_that_is_given_goes_before_that_of_the_factors(tmp_path):
    path = written(
        tmp_path / "own.csv",
        MONTHLY.dates,
        np.column_stack([moves(36), np.full(36, 0.002)]),
        names=("FUND", "rf"),
    )
    arguments = {"periods": 12, "factors": "FF3", "factors_file": "sample"}
    data = read_own_data(path, "returns", **arguments)
    assert data.rf.tolist() == MONTHLY.rf.tolist()
    noted(data.notes, "Left out: column rf, because the factors' RF is used; --rf NAME keeps it.")
    assert read_own_data(path, "returns", rf="rf", **arguments).rf.tolist() == [0.002] * 36
    assert read_own_data(path, "returns", rf=0.012, **arguments).rf.tolist() == [0.001] * 36


# Refused ----------------------------------------------------------------------------------------


def refused(words, *arguments, **named):
    with pytest.raises(FactorError, match=words) as caught:
        read_own_data(*arguments, **named)
    assert str(caught.value).isascii()
    assert len(str(caught.value)) <= 250


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"factors": "FF4"}, '--factors FF4: model is "FF4"; use CAPM, FF3'),
        ({"factors": "FF5"}, "the built-in sample has no RMW and CMA; leave --factors-file out"),
        ({"factors": "FF3", "factors_file": "nowhere.csv"}, "nowhere.csv cannot be read"),
    ],
)
def test_factors_that_cannot_be_had_are_one_sentence(tmp_path, arguments, words):
    path, _ = own_market(tmp_path)
    refused(words, path, "returns", periods=12, **{"factors_file": "sample"} | arguments)


def test_without_a_copy_or_a_network_the_sentence_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("FACTOR_UDFS_DATA", str(tmp_path / "empty"))
    monkeypatch.setenv("FACTOR_UDFS_OFFLINE", "1")
    assert french_store.read("F-F_Research_Data_Factors") is None
    path, _ = own_market(tmp_path)
    words = "--factors FF3: F-F_Research_Data_Factors is not on disk .* --factors-file a copy by"
    refused(words, path, "returns", periods=12, factors="FF3")


def test_quarters_have_no_factors(tmp_path):
    days = [d for d in MONTHLY.dates if d.month % 3 == 0]
    path = written(tmp_path / "own.csv", days, moves(12), names=("FUND",))
    refused(
        "needs daily, weekly, monthly or annual rows, but periods is 4",
        path,
        "returns",
        periods=4,
        factors="FF3",
        factors_file="sample",
    )


def test_dates_that_no_factor_has_are_refused(tmp_path):
    days = [d.replace(year=d.year + 10) for d in MONTHLY.dates if (d.month, d.day) != (2, 29)]
    path = written(tmp_path / "own.csv", days, moves(len(days)))
    refused(
        "no date of yours, .* has factors: those of FF3 run from 1949-01-31",
        path,
        "returns",
        periods=12,
        factors="FF3",
        factors_file="sample",
    )


def test_too_few_rows_with_factors_are_refused(tmp_path):
    days = [d.date() for d in pd.date_range("2016-06-30", periods=24, freq="ME")]
    path = written(tmp_path / "own.csv", days, moves(24, 2), names=("FUND", "SPX"))
    refused(
        "'FUND' has 10 returns with factors of CARHART; at least 12 are needed",
        path,
        "returns",
        periods=12,
        factors="CARHART",
        factors_file="sample",
    )


def test_an_asset_that_repeats_the_factors_is_refused(tmp_path):
    fund = MONTHLY.factors[:, 1] + MONTHLY.rf
    path = written(tmp_path / "own.csv", MONTHLY.dates, fund, names=("FUND",))
    refused(
        "'FUND' only repeats factors of FF3; leave the column out",
        path,
        "returns",
        periods=12,
        factors="FF3",
        factors_file="sample",
    )
