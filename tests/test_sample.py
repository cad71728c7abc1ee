"""The built-in sample: the committed files are what the script makes, and hold what they claim."""

from __future__ import annotations

import calendar
import datetime as dt
import importlib.util
import json
import runpy
from importlib import resources
from pathlib import Path

import numpy as np
import pytest

from factor_core import sample

DATA = Path(str(resources.files("factor_core") / "data"))
SCRIPT = Path(__file__).parents[1] / "scripts" / "make_sample_data.py"
SOURCES = ("bokeh_sampledata", "arch", "linearmodels")
TABLES = ("daily_prices.csv", "monthly_factors.csv", "monthly_portfolios.csv")


@pytest.fixture(scope="module")
def script():
    absent = [name for name in SOURCES if importlib.util.find_spec(name) is None]
    if absent:
        pytest.skip(f"rebuilding the sample needs {', '.join(absent)} (dependency group dev)")
    return runpy.run_path(str(SCRIPT))


@pytest.fixture(scope="module")
def rebuilt(script, tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    script["write_tables"](folder)
    script["write_licences"](folder)
    return folder


@pytest.mark.parametrize("name", TABLES)
def test_script_rebuilds_the_committed_bytes(rebuilt, name):
    assert (rebuilt / name).read_bytes() == (DATA / name).read_bytes()


def test_stock_prices_are_the_ones_whose_public_domain_record_we_ship(rebuilt):
    ours = json.loads((DATA / "PROVENANCE-bokeh-stocks.json").read_text(encoding="ascii"))
    theirs = json.loads((rebuilt / "PROVENANCE-bokeh-stocks.json").read_text(encoding="ascii"))
    assert ours["sha256"] == theirs["sha256"]
    assert ours["recorded_license"] == "Public domain"


def test_every_table_stands_beside_its_licence():
    overview = (DATA / "LICENCES.md").read_text(encoding="utf-8")
    shipped = {path.name for path in DATA.iterdir()} - {"LICENCES.md"}
    assert set(TABLES) <= shipped
    assert all(name in overview for name in shipped)
    for package in ("arch", "linearmodels"):
        licence = (DATA / f"LICENCE-{package}.md").read_text(encoding="utf-8")
        assert "Permission is hereby granted, free of charge" in licence
        assert "Redistributions in binary form must reproduce" in licence


@pytest.mark.parametrize("name", TABLES)
def test_tables_are_plain_ascii_with_lf_line_ends(name):
    data = (DATA / name).read_bytes()
    assert data.isascii()
    assert b"\r" not in data
    assert data.endswith(b"\n")


def test_daily_sample_has_2013_days_from_2005_to_2012():
    data = sample.daily()
    assert data.names == ("AAPL", "GOOG", "IBM", "MSFT", "S&P 500 (price index)")
    assert data.prices.shape == (2013, 5)
    assert len(data.dates) == len(data.rf) == 2013
    assert (data.dates[0], data.dates[-1]) == (dt.date(2005, 1, 3), dt.date(2012, 12, 31))


def test_daily_sample_has_no_gap_and_only_positive_prices():
    data = sample.daily()
    steps = np.diff([day.toordinal() for day in data.dates])
    assert steps.min() == 1
    assert steps.max() == 5  # 2007-01-02 was a day of mourning after New Year: 29 Dec to 3 Jan
    assert all(day.weekday() < 5 for day in data.dates)
    assert np.isfinite(data.prices).all()
    assert (data.prices > 0).all()


def test_market_is_labelled_a_price_index():
    data = sample.daily()
    assert data.market == data.names[-1] == sample.MARKET
    assert "price index" in data.market
    assert "price index" in sample.MARKET_NOTE
    assert data.assets == ("AAPL", "GOOG", "IBM", "MSFT")


def test_index_levels_are_those_of_the_days_on_record():
    # S&P 500 closes as published: high 1,565.15 on 2007-10-09, low 676.53 on 2009-03-09.
    data = sample.daily()
    levels = dict(zip(data.dates, data.prices[:, -1], strict=True))
    assert levels[dt.date(2007, 10, 9)] == pytest.approx(1565.15, abs=0.005)
    assert levels[dt.date(2009, 3, 9)] == pytest.approx(676.53, abs=0.005)
    assert max(levels.values()) == levels[dt.date(2007, 10, 9)]
    assert min(levels.values()) == levels[dt.date(2009, 3, 9)]


def test_index_returns_move_with_the_stocks_on_the_same_day_only():
    returns = np.diff(np.log(sample.daily().prices), axis=0)
    index = returns[:, -1]
    for stock in returns[:, :-1].T:
        same = np.corrcoef(stock, index)[0, 1]
        day_late = np.corrcoef(stock[1:], index[:-1])[0, 1]
        day_early = np.corrcoef(stock[:-1], index[1:])[0, 1]
        assert same > 0.5
        assert max(abs(day_late), abs(day_early)) < 0.2


def test_daily_rates_compound_to_the_rate_of_the_month():
    days, months = sample.daily(), sample.monthly(dt.date(2005, 1, 1), dt.date(2012, 12, 31))
    growth = dict.fromkeys(((day.year, day.month) for day in months.dates), 1.0)
    for day, rate in zip(days.dates, days.rf, strict=True):
        growth[day.year, day.month] *= 1 + rate
    assert np.array(list(growth.values())) == pytest.approx(1 + months.rf, abs=1e-13)


def test_monthly_sample_has_819_month_ends_without_gap():
    data = sample.monthly()
    assert len(data.dates) == 819
    assert (data.dates[0], data.dates[-1]) == (dt.date(1949, 1, 31), dt.date(2017, 3, 31))
    months = [day.year * 12 + day.month for day in data.dates]
    assert set(np.diff(months)) == {1}
    assert all(day.day == calendar.monthrange(day.year, day.month)[1] for day in data.dates)


def test_monthly_sample_is_decimal_with_the_four_decimals_printed():
    data = sample.monthly()
    block = np.column_stack([data.factors, data.rf, data.industries])
    assert block.shape == (819, 17)
    assert np.isfinite(block).all()
    assert np.abs(block).max() < 0.5
    assert (block == np.round(block, 4)).all()


def test_october_1987_is_the_markets_worst_month():
    data = sample.monthly()
    worst = int(np.argmin(data.factors[:, 0]))
    assert data.dates[worst] == dt.date(1987, 10, 31)
    assert data.factor_names[0] == "Mkt-RF"


def test_industries_are_total_returns_not_excess_returns():
    # The twelve industries make up the market, so that their mean is near Mkt-RF + RF.
    data = sample.monthly()
    mean_industry = data.industries.mean()
    total, excess = (data.factors[:, 0] + data.rf).mean(), data.factors[:, 0].mean()
    assert abs(mean_industry - total) < 0.0006 < abs(mean_industry - excess)


def test_monthly_sample_is_cut_to_the_months_asked_for():
    data = sample.monthly(dt.date(1990, 1, 1), dt.date(1990, 12, 31))
    assert len(data.dates) == len(data.rf) == len(data.factors) == len(data.industries) == 12
    assert data.dates[0] == dt.date(1990, 1, 31)
    assert sample.monthly(dt.date(2030, 1, 1)).factors.shape == (0, 4)


def test_portfolios_have_the_spread_that_their_names_claim():
    data = sample.portfolios()
    assert data.returns.shape == (819, 18)
    assert data.dates == sample.monthly().dates
    mean = dict(zip(data.names, data.returns.mean(axis=0), strict=True))
    assert mean["S1V5"] > mean["S1V1"]
    assert mean["S1M5"] > mean["S1M1"]


def test_sample_cannot_be_changed_by_a_caller():
    with pytest.raises(ValueError, match="read-only"):
        sample.daily().prices[0, 0] = 1.0
