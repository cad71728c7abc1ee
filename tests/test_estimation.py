"""Betas, alpha, R-squared and residuals: R's numbers, shapes, laws and refusals."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles.regression_numbers import MODELS, WITH_ALPHA, R

from factor_core.errors import DivisionError, FactorError, InputError, NumericalError
from factor_core.estimation import (
    factor_alpha,
    factor_beta,
    r_squared,
    residual_series,
    residual_vol,
)
from factor_core.labelled import Columns
from factor_core.sizing import position_size

laws = settings(max_examples=25, deadline=None)
seeds = st.integers(0, 2**32 - 1)


def draw(seed, n=40, k=2, m=1):
    rng = np.random.default_rng(seed)
    factors = rng.normal(0.0003, 0.01, (n, k))
    returns = 0.0002 + factors @ rng.uniform(-0.5, 1.5, (k, m)) + rng.normal(0, 0.008, (n, m))
    return returns, factors


# ------------------------------------------------------------ R 4.2.2 lm, oracles/regression.R


@pytest.mark.parametrize("model", WITH_ALPHA)
def test_estimates_are_those_of_r(model):
    asset, factors = MODELS[model]
    np.testing.assert_allclose(factor_alpha(asset, factors), R[f"{model}_coef"][0], rtol=1e-11)
    betas = factor_beta(asset, factors).ravel()
    np.testing.assert_allclose(betas, R[f"{model}_coef"][1:], rtol=1e-11)
    np.testing.assert_allclose(r_squared(asset, factors), R[f"{model}_r2"], rtol=1e-12)
    adjusted = r_squared(asset, factors, adjusted=True)
    np.testing.assert_allclose(adjusted, R[f"{model}_adj_r2"], rtol=1e-12)
    vol = residual_vol(asset, factors)
    np.testing.assert_allclose(vol, R[f"{model}_residual_vol"], rtol=1e-12)


def test_beta_to_one_factor_is_covariance_over_variance_of_the_same_ddof():
    asset, market = (columns.values[:, 0] for columns in MODELS["one"])
    n = len(asset)
    beta = factor_beta(asset, market)[0]
    covariance = np.cov(asset, market)  # divides by n - 1
    assert beta == pytest.approx(covariance[0, 1] / np.var(market, ddof=1), rel=1e-12)
    assert covariance[0, 1] / np.var(market) == pytest.approx(beta * n / (n - 1), rel=1e-12)


# ------------------------------------------------------------------ shapes and names


def test_results_have_one_number_an_asset_and_one_row_of_betas_an_asset():
    y, x = draw(0, k=3, m=4)
    assert factor_beta(y, x).shape == (4, 3)
    assert factor_beta(y[:, 0], x).shape == (1, 3)
    assert factor_beta(y, x[:, 0]).shape == (4,)
    assert factor_beta(y, x, 2).shape == (4,)
    for function in (factor_alpha, r_squared, residual_vol):
        assert function(y, x).shape == (4,)
    assert residual_series(y, x).values.shape == (40, 4)


@pytest.mark.parametrize("factor", ["SMB", "smb", " SMB ", 2])
def test_a_factor_is_picked_by_header_or_position(factor):
    asset, factors = MODELS["four"]
    assert factor_beta(asset, factors, factor) == factor_beta(asset, factors)[:, 1]


@pytest.mark.parametrize(
    ("names", "factor", "words"),
    [
        (("Mkt", "SMB"), "HML", '"HML" is no factor here; use Mkt, SMB or a position from 1 to 2'),
        (("Mkt", "mkt"), "Mkt", "more than once; use Mkt, mkt or a position"),
        (("Mkt", "SMB"), 3, "factor is 3; use Mkt, SMB or a position from 1 to 2"),
        (("Mkt", "SMB"), 0, "factor is 0"),
        (("Mkt", "SMB"), -1, "factor is -1"),
        ((), "Mkt", '"Mkt" is no factor here; use a position from 1 to 2'),
        ((), 3, "factor is 3; use a position from 1 to 2"),
    ],
)
def test_a_factor_that_is_not_there_is_refused_with_the_choices(names, factor, words):
    y, x = draw(1)
    with pytest.raises(InputError, match=words):
        factor_beta(y, Columns(x, names), factor)


def test_residuals_take_their_header_from_the_asset():
    y, x = draw(2, m=2)
    assert residual_series(Columns(y, ("MSFT", "")), x).names == ("MSFT residual", "residual")
    assert residual_series(y, Columns(x, ("Mkt", "SMB"))).names == ()


def test_residuals_stand_in_the_rows_of_their_returns():
    y, x = draw(3)
    y[4] = x[9, 1] = np.nan
    residuals = residual_series(y, x).values
    assert residuals.shape == y.shape
    assert np.flatnonzero(np.isnan(residuals)).tolist() == [4, 9]


# ------------------------------------------------------------------ laws


@laws
@given(seeds, st.sampled_from([1, 12, 52, 252]))
def test_alpha_grows_with_time_and_volatility_with_its_root(seed, periods):
    y, x = draw(seed)
    np.testing.assert_allclose(factor_alpha(y, x, periods), periods * factor_alpha(y, x))
    yearly = residual_vol(y, x, periods)
    np.testing.assert_allclose(yearly, periods**0.5 * residual_vol(y, x), rtol=1e-14)


@laws
@given(seeds)
def test_residual_volatility_is_the_sample_deviation_of_the_residuals(seed):
    y, x = draw(seed)
    residuals = residual_series(y, x).values[:, 0]
    assert abs(residuals.mean()) < 1e-17
    np.testing.assert_allclose(residual_vol(y, x), residuals.std(ddof=1), rtol=1e-12)


@laws
@given(seeds)
def test_r_squared_is_the_squared_correlation_with_the_fitted_returns(seed):
    y, x = draw(seed, k=3)
    fitted = y - residual_series(y, x).values
    correlation = np.corrcoef(y[:, 0], fitted[:, 0])[0, 1]
    np.testing.assert_allclose(r_squared(y, x), correlation**2, rtol=1e-10)
    assert r_squared(y, x, adjusted=True)[0] <= r_squared(y, x)[0]


@laws
@given(seeds, st.floats(-1, 1), st.floats(0.1, 2))
def test_beta_of_a_portfolio_is_the_portfolio_of_betas(seed, first, second):
    y, x = draw(seed, m=2)
    weights = np.array([first, second])
    portfolio = factor_beta(y @ weights, x)[0]
    np.testing.assert_allclose(portfolio, weights @ factor_beta(y, x), rtol=1e-10, atol=1e-13)
    alphas = weights @ factor_alpha(y, x)
    np.testing.assert_allclose(factor_alpha(y @ weights, x), alphas, rtol=1e-9, atol=1e-15)


@laws
@given(seeds)
def test_a_header_changes_nothing_but_the_names(seed):
    y, x = draw(seed)
    named = Columns(y, ("A",)), Columns(x, ("F", "G"))
    for function in (factor_beta, factor_alpha, r_squared, residual_vol):
        np.testing.assert_array_equal(function(*named), function(y, x))
    np.testing.assert_array_equal(residual_series(*named).values, residual_series(y, x).values)


# ------------------------------------------------------------------ refusals


@laws
@given(seeds)
def test_what_the_factors_explain_exactly_has_no_residual_volatility_to_size_on(seed):
    rng = np.random.default_rng(seed)
    factors = rng.normal(0, 0.01, (40, 2))
    exact = rng.normal(0, 0.001) + factors @ rng.normal(1, 0.5, 2)
    assert residual_vol(exact, factors)[0] == 0
    with pytest.raises(NumericalError, match="vol is 0"):
        position_size(1e6, residual_vol(exact, factors), 12, 252)


def test_a_constant_asset_has_everything_but_r_squared():
    _, x = draw(4)
    flat = np.full(40, 0.001)
    assert not factor_beta(flat, x).any()
    np.testing.assert_allclose(factor_alpha(flat, x, 252), 0.252, rtol=1e-15)
    assert residual_vol(flat, x)[0] == 0
    for adjusted in (False, True):
        with pytest.raises(DivisionError, match="asset_returns is constant") as refused:
            r_squared(flat, x, adjusted)
        assert refused.value.code == "#DIV/0!"  # as RSQ of Excel
    two = Columns(np.column_stack([x[:, 0], flat]), ("A", "CASH"))
    with pytest.raises(DivisionError, match=r"asset_returns column 2 \(CASH\) is constant"):
        r_squared(two, x[:, 1])


@pytest.mark.parametrize("periods", [0, -252, float("nan")])
@pytest.mark.parametrize("function", [factor_alpha, residual_vol])
def test_periods_must_be_above_0(function, periods):
    with pytest.raises(NumericalError, match="it must be above 0"):
        function(*draw(5), periods)


@pytest.mark.parametrize(
    "function", [factor_beta, factor_alpha, r_squared, residual_vol, residual_series]
)
@pytest.mark.parametrize(
    ("rows", "factors", "words"),
    [
        (40, "constant", "factor_returns column 2 is constant"),
        (40, "collinear", "factor_returns column 2 is a linear combination"),
        (3, "good", "asset_returns has 3 complete rows for 2 factor"),
        (40, "short", "asset_returns has 40 rows and factor_returns has 39"),
        (40, "infinite", "factor_returns row 1, column 1 is infinite"),
    ],
)
def test_every_function_refuses_what_has_no_regression(function, rows, factors, words):
    y, x = draw(6)
    spoilt = {
        "good": x[:rows],
        "constant": np.column_stack([x[:, 0], np.full(40, 0.3)]),
        "collinear": np.column_stack([x[:, 0], 2 * x[:, 0]]),
        "short": x[:-1],
        "infinite": np.where(np.arange(80).reshape(40, 2) == 0, np.inf, x),
    }[factors]
    with pytest.raises(FactorError, match=words):
        function(y[:rows], spoilt)
