from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles.betas_numbers import R
from oracles.sample_numbers import EXCESS, MARKET, MSFT

from factor_core.coefficient_tests import beta_se
from factor_core.errors import InputError, NumericalError
from factor_core.estimation import factor_beta
from factor_core.thin_trading import dimson_beta, scholes_williams_beta

quick = settings(max_examples=25, deadline=None)


def returns(seed, n=80):
    rng = np.random.default_rng(seed)
    market = 0.01 * rng.standard_normal(n)
    return market + 0.01 * rng.standard_normal(n), market


@pytest.mark.parametrize(("lags", "leads"), [(1, 1), (3, 0)])
def test_dimsons_sum_and_its_error_are_those_of_r(lags, leads):
    # R 4.2.2, tests/oracles/betas_r.R: lm on shifted columns, sum of vcov
    found = dimson_beta(MSFT, MARKET, lags, leads)
    np.testing.assert_allclose(found[0], R[f"dimson_{lags}_{leads}"], rtol=1e-11)


def test_scholes_and_williams_are_those_of_r():
    # R 4.2.2, tests/oracles/betas_r.R: three slopes of lm and cor
    np.testing.assert_allclose(
        scholes_williams_beta(MSFT, MARKET), R["scholes_williams"], rtol=1e-11
    )


def test_without_lags_and_leads_dimson_is_least_squares():
    assets = EXCESS.values[:, :4]
    found = dimson_beta(assets, MARKET, 0, 0)
    np.testing.assert_allclose(found[:, 0], factor_beta(assets, MARKET), rtol=1e-12)
    np.testing.assert_allclose(found[:, 1], beta_se(assets, MARKET), rtol=1e-12)


@quick
@given(st.integers(0, 99), st.floats(0, 1))
def test_a_move_that_shows_in_parts_is_found_whole(seed, late):
    _, market = returns(seed)
    spread = (1 - late) * market
    spread[1:] += late * market[:-1]
    beta, error = dimson_beta(spread[1:], market[1:], 1, 0)[0]
    assert beta == pytest.approx(1, abs=1e-9)
    assert error == pytest.approx(0, abs=1e-9)


@quick
@given(st.integers(0, 99), st.integers(0, 3), st.integers(0, 3))
def test_time_run_backwards_makes_leads_of_lags(seed, lags, leads):
    y, x = returns(seed)
    forwards, backwards = dimson_beta(y, x, lags, leads), dimson_beta(y[::-1], x[::-1], leads, lags)
    np.testing.assert_allclose(forwards, backwards, rtol=1e-9)


@quick
@given(st.integers(0, 99))
def test_scholes_and_williams_are_the_same_backwards(seed):
    y, x = returns(seed)
    np.testing.assert_allclose(
        scholes_williams_beta(y, x), scholes_williams_beta(y[::-1], x[::-1]), rtol=1e-9
    )


@pytest.mark.parametrize("function", [dimson_beta, scholes_williams_beta])
def test_the_factor_itself_has_beta_1_and_units_scale(function):
    _, x = returns(1, n=400)
    first = np.ravel(function(x, x))[0]
    # each lagged slope of the factor on itself is the autocorrelation, up to its edge rows
    assert first == pytest.approx(1, abs=0.02)
    y, _ = returns(2, n=400)
    np.testing.assert_allclose(function(3 * y, x), 3 * function(y, x), rtol=1e-11)
    np.testing.assert_allclose(function(y, 2 * x), function(y, x) / 2, rtol=1e-11)


@pytest.mark.parametrize("function", [dimson_beta, scholes_williams_beta])
def test_each_asset_has_its_own_rows_and_gaps_are_closed(function):
    y, x = returns(4)
    two = np.column_stack([y, 2 * y])
    two[[0, 30], 1] = np.nan
    kept = ~np.isnan(two[:, 1])
    together = function(two, x)
    np.testing.assert_array_equal(together[0], function(y, x)[0])
    np.testing.assert_allclose(together[1], function(2 * y[kept], x[kept])[0], rtol=1e-12)


@pytest.mark.parametrize(
    ("rows", "lags", "leads", "error", "message"),
    [
        (80, -1, 1, InputError, "lags is -1; use 0 or more rows"),
        (80, 1, -2, InputError, "leads is -2; use 0 or more rows"),
        (6, 1, 1, NumericalError, "has 6 complete rows; 1 lag(s) and 1 lead(s) need at least 7"),
        (80, 100, 0, NumericalError, "100 lag(s) and 0 lead(s) need at least 203"),
    ],
)
def test_lags_that_cannot_be_are_refused(rows, lags, leads, error, message):
    y, x = returns(1, rows)
    with pytest.raises(error) as refused:
        dimson_beta(y, x, lags, leads)
    assert message in str(refused.value)


def test_as_many_rows_as_the_sentence_asks_for_are_enough():
    y, x = returns(1, 7)
    assert np.isfinite(dimson_beta(y, x, 1, 1)).all()
    rising = np.array([0.01, 0.02, 0.03, 0.05])
    assert np.isfinite(scholes_williams_beta(y[:4], rising)).all()


def test_few_rows_are_said_by_scholes_and_williams():
    y, x = returns(1, 3)
    with pytest.raises(NumericalError, match="has 3 complete rows; a regression on the row before"):
        scholes_williams_beta(y, x)


def test_a_factor_that_turns_every_row_has_no_such_beta():
    y, _ = returns(1)
    x = 0.01 * (-1.0) ** np.arange(80)
    x[::7] = 0.0  # autocorrelation -0.72
    with pytest.raises(NumericalError) as refused:
        scholes_williams_beta(y, x)
    assert str(refused.value) == (
        f"factor_returns has an autocorrelation of {np.corrcoef(x[1:], x[:-1])[0, 1]:.3g}, so that "
        "1 + 2 rho is not above 0 and this beta does not exist; use DIMSON_BETA"
    )


def test_a_periodic_factor_is_collinear_with_its_own_lags():
    y, _ = returns(1)
    x = np.tile([0.01, -0.02, 0.01], 27)[:80]
    with pytest.raises(NumericalError, match=r"\(factor 1, \+1 rows\) is a linear combination"):
        dimson_beta(y, x)


def test_a_factor_that_moves_in_its_last_row_only_is_constant_before():
    y, x = returns(1)
    x[:-1] = 0.0
    with pytest.raises(NumericalError, match="constant over the complete rows"):
        scholes_williams_beta(y, x)


@pytest.mark.parametrize("function", [dimson_beta, scholes_williams_beta])
def test_several_factors_are_refused(function):
    y, x = returns(1)
    with pytest.raises(InputError, match=r"factor_returns has 2 columns; use one factor$"):
        function(y, np.column_stack([x, y]))
    with pytest.raises(InputError, match="use one factor; TRANSPOSE turns a row"):
        function(y[None], x[None])


@pytest.mark.parametrize("function", [dimson_beta, scholes_williams_beta])
def test_a_constant_asset_has_beta_0(function):
    _, x = returns(1)
    np.testing.assert_array_equal(np.ravel(function(np.full(80, 0.01), x)), 0)
