from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from oracles.sample_numbers import EXCESS, expected, read_only

from factor_core import sample
from factor_core.errors import InputError, NumericalError
from factor_core.labelled import Columns
from factor_core.returns import (
    annualize,
    excess_returns,
    log_returns,
    rf_per_period,
    simple_returns,
    vol_scale,
)

quick = settings(max_examples=40, deadline=None)
prices = arrays(np.float64, st.integers(2, 30), elements=st.floats(0.01, 1e5))
rates = arrays(np.float64, (3, 2), elements=st.floats(-0.5, 2.0))
periods_a_year = st.sampled_from([1.0, 12.0, 52.0, 252.0])
DAILY = sample.daily()
PRICES = read_only(DAILY.prices, DAILY.names)


def test_returns_of_the_sample_are_those_of_r():
    # R 4.2.2, tests/oracles/sample_r.R
    np.testing.assert_allclose(
        log_returns(PRICES).values[99], expected("log_return_row_100"), rtol=1e-12
    )
    excess = excess_returns(simple_returns(PRICES), read_only(DAILY.rf[1:]))
    np.testing.assert_allclose(excess.values[99], expected("excess_row_100"), rtol=1e-12)
    assert excess.names == DAILY.names
    np.testing.assert_allclose(excess.values, EXCESS.values, rtol=0, atol=1e-15)


@quick
@given(prices, st.data())
def test_simple_returns_with_gaps_are_those_of_pandas(series, data):
    gaps = data.draw(arrays(np.bool_, len(series)))
    series = np.where(gaps, np.nan, series)
    # pandas: the change from the last price known, shown only where there is a price
    known = pd.Series(series)
    with_gaps = known.ffill().pct_change(fill_method=None).where(known.notna()).to_numpy()[1:]
    np.testing.assert_allclose(simple_returns(series).values[:, 0], with_gaps, atol=1e-12)


@quick
@given(prices, st.data())
def test_returns_compound_to_the_ratio_of_last_to_first_price_across_gaps(series, data):
    gaps = data.draw(arrays(np.bool_, len(series)))
    gaps[[0, -1]] = False
    series = np.where(gaps, np.nan, series)
    growth = np.nanprod(1 + simple_returns(series).values)
    assert growth == pytest.approx(series[-1] / series[0], rel=1e-9)
    total = np.nansum(log_returns(series).values)
    assert total == pytest.approx(np.log(series[-1] / series[0]), rel=1e-9, abs=1e-9)


@quick
@given(prices, st.sampled_from([0.25, 8.0, 1024.0]))
def test_returns_do_not_depend_on_the_currency_unit(series, unit):
    # powers of two change no digit
    np.testing.assert_array_equal(
        simple_returns(series).values, simple_returns(series * unit).values
    )


def test_small_returns_keep_their_digits():
    before = 1e6
    after = np.nextafter(before, 2e6)
    assert simple_returns([before, after]).values[0, 0] == (after - before) / before


def test_log_return_is_the_logarithm_of_one_plus_the_simple_return():
    simple, log = simple_returns(PRICES), log_returns(PRICES)
    np.testing.assert_allclose(log.values, np.log(1 + simple.values), atol=1e-15)
    assert log.names == simple.names == DAILY.names


def test_no_price_at_all_shows_missing_everywhere():
    assert np.isnan(simple_returns(np.full(4, np.nan)).values).all()


def test_a_whole_column_gives_the_returns_of_its_used_rows():
    whole = Columns(np.array([[1.0], [2.0]]), ("P",), rows=1_048_575)
    result = simple_returns(whole)
    assert (result.values.tolist(), result.rows) == ([[1.0]], 1_048_574)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ([1.0, 0.0], "prices row 2, column 1 is 0; use a price above 0"),
        (
            Columns(np.array([[1.0, 1.0], [1.0, -3.5]]), ("A", "B")),
            "prices row 3, column 2 is -3.5; use a price above 0",
        ),
        ([1.0, np.inf], "prices row 2, column 1 is infinite"),
    ],
)
def test_a_price_that_is_none_is_named_by_its_cell(bad, message):
    for function in (simple_returns, log_returns):
        with pytest.raises(InputError, match=message):
            function(bad)


def test_one_price_has_no_return():
    with pytest.raises(NumericalError, match="prices has 1 row; a return needs at least 2"):
        simple_returns([1.0])


def test_missing_rate_shows_in_its_row_and_only_there():
    result = excess_returns([[0.01, 0.02], [0.03, 0.04]], [0.001, np.nan]).values
    np.testing.assert_allclose(result, [[0.009, 0.019], [np.nan, np.nan]])


@quick
@given(rates, st.floats(-0.1, 0.1))
def test_one_rate_is_the_same_as_that_rate_in_every_row(returns, rate):
    once = excess_returns(returns, rate).values
    np.testing.assert_array_equal(once, excess_returns(returns, np.full(3, rate)).values)
    np.testing.assert_array_equal(once, excess_returns(returns, [[rate]]).values)


def test_returns_may_be_cut_after_their_last_row_when_whole_columns_are_given():
    returns = Columns(np.array([[0.01], [0.02], [0.03]]), rows=1_048_576)
    rf = Columns(np.array([[0.001], [0.001]]), rows=1_048_576)
    np.testing.assert_allclose(
        excess_returns(returns, rf).values[:, 0], [0.009, 0.019, np.nan], atol=1e-15
    )


@pytest.mark.parametrize(
    ("returns", "rf", "message"),
    [
        ([0.01, 0.02, 0.03], [0.001, 0.001], "returns has 3 rows and rf has 2"),
        ([0.01, 0.02], [[0.001, 0.001]], "rf has 2 columns; use one number or one column"),
    ],
)
def test_a_rate_that_does_not_fit_is_refused(returns, rf, message):
    with pytest.raises(InputError, match=message):
        excess_returns(returns, rf)


@quick
@given(rates, periods_a_year)
def test_rate_per_period_turned_back_into_a_year_is_the_rate(rate, periods):
    simple = rf_per_period(rate, periods)
    np.testing.assert_allclose(annualize(simple, periods, "mean"), rate, rtol=1e-12, atol=1e-300)
    geometric = rf_per_period(rate, periods, "geometric")
    np.testing.assert_allclose(
        annualize(geometric, periods, "geometric"), rate, rtol=1e-12, atol=1e-15
    )
    assert simple.shape == geometric.shape == rate.shape


def test_rates_and_ratios_scale_as_the_formulas_say():
    value = np.array([[0.04, np.nan]])
    np.testing.assert_allclose(rf_per_period(value, 252), [[0.04 / 252, np.nan]])
    np.testing.assert_allclose(
        rf_per_period(value, 12, "geometric"), [[1.04 ** (1 / 12) - 1, np.nan]]
    )
    for kind, factor in (("mean", 52), ("variance", 52), ("vol", 52**0.5), ("sharpe", 52**0.5)):
        np.testing.assert_allclose(annualize(value, 52, kind), [[0.04 * factor, np.nan]])
    np.testing.assert_allclose(annualize(value, 52, "geometric"), [[1.04**52 - 1, np.nan]])


@quick
@given(arrays(np.float64, (2, 2), elements=st.floats(0, 1e3)), periods_a_year, periods_a_year)
def test_volatility_scaled_there_and_back_is_itself(vol, one, other):
    there = vol_scale(vol, one, other)
    np.testing.assert_allclose(vol_scale(there, other, one), vol, rtol=1e-14, atol=1e-300)
    np.testing.assert_allclose(there, vol * (one / other) ** 0.5, rtol=1e-14, atol=1e-300)


@quick
@given(arrays(np.float64, 4, elements=st.floats(0, 10)), periods_a_year)
def test_annual_volatility_is_the_root_of_annual_variance(vol, periods):
    by_variance = np.sqrt(annualize(vol**2, periods, "variance"))
    np.testing.assert_allclose(annualize(vol, periods, "vol"), by_variance, atol=1e-12)
    np.testing.assert_allclose(vol_scale(vol, periods, 1), by_variance, atol=1e-12)


def test_annual_sharpe_is_annual_mean_over_annual_volatility():
    mean, vol = annualize([0.001], 252, "mean"), annualize([0.02], 252, "vol")
    np.testing.assert_allclose(annualize([0.05], 252, "sharpe"), mean / vol)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: rf_per_period([0.05], 0), "periods is 0; it must be above 0"),
        (lambda: rf_per_period([0.05], np.nan), "periods is nan; it must be above 0"),
        (
            lambda: rf_per_period([[0.05, -1.0]], 12, "geometric"),
            "annual_rate row 1, column 2 is -1; a rate of -100 % or less does not compound",
        ),
        (lambda: annualize([0.05], -12), "periods is -12; it must be above 0"),
        (lambda: annualize(-0.1, 12, "vol"), "value is -0.1; a vol is never negative"),
        (
            lambda: annualize([1.0, -0.1], 12, "variance"),
            "value row 2 is -0.1; a variance is never negative",
        ),
        (
            lambda: annualize([-1.5], 12, "geometric"),
            "value is -1.5; a loss above 100 % does not compound",
        ),
        (lambda: vol_scale([-0.2], 252, 12), "vol is -0.2; a volatility is never negative"),
        (lambda: vol_scale([0.2], 0, 12), "from_periods is 0; it must be above 0"),
        (lambda: vol_scale([0.2], 252, -1), "to_periods is -1; it must be above 0"),
    ],
)
def test_numbers_without_a_result_are_refused(call, message):
    with pytest.raises(NumericalError) as refused:
        call()
    assert str(refused.value) == message


def test_a_total_loss_stays_a_total_loss():
    assert annualize([-1.0], 12, "geometric")[0] == -1.0


@pytest.mark.parametrize("call", [rf_per_period, annualize])
def test_an_unknown_word_is_answered_with_the_choice(call):
    with pytest.raises(InputError, match=r'is "log"; use one of .*geometric'):
        call([0.05], 12, "log")
