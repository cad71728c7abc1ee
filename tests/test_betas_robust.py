from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles.betas_numbers import R
from oracles.sample_numbers import DURABLES, FACTORS, MARKET, MSFT

from factor_core import robust
from factor_core.errors import InputError, NumericalError
from factor_core.estimation import factor_beta
from factor_core.robust import robust_beta

quick = settings(max_examples=15, deadline=None)
METHODS = ["huber", "tukey"]
NORMAL_QUARTILE = 0.6744897501960817  # scipy 1.17.1, norm.ppf(0.75)


def returns(seed, n=60, k=2):
    rng = np.random.default_rng(seed)
    x = 0.01 * rng.standard_normal((n, k))
    return 0.001 + x @ np.linspace(1.2, 0.4, k) + 0.003 * rng.standard_t(3, n), x


@pytest.mark.parametrize("method", METHODS)
def test_robust_betas_of_the_sample_are_those_of_r(method):
    # R 4.2.2, tests/oracles/betas_r.R: lm with the M-estimator's weights until nothing changes
    np.testing.assert_allclose(robust_beta(MSFT, MARKET, method), R[f"robust_{method}"], rtol=1e-10)
    found = robust_beta(DURABLES, FACTORS, method)[0]
    np.testing.assert_allclose(found, R[f"robust_factors_{method}"], rtol=1e-9)


@pytest.mark.parametrize("method", METHODS)
@quick
@given(st.integers(0, 99))
def test_the_estimating_equations_are_solved(method, seed):
    """The weighted residuals sum to 0 with every factor: what defines the estimate."""
    y, x = returns(seed)
    rest = y - x @ robust_beta(y, x, method)[0]

    def imbalance(alpha):
        size = np.abs(rest - alpha) / (np.median(np.abs(rest - alpha)) / NORMAL_QUARTILE)
        huber = 1 / np.maximum(size / 1.345, 1)
        tukey = np.where(size < 4.685, (1 - (size / 4.685) ** 2) ** 2, 0)
        return (huber if method == "huber" else tukey) * (rest - alpha)

    alpha = np.median(rest)
    for _ in range(2000):  # alpha is not shown: solved here by its own reweighting
        weighted = imbalance(alpha)
        alpha += weighted.mean()
    scores = imbalance(alpha)
    assert abs(scores.mean()) < 1e-14
    np.testing.assert_allclose(x.T @ scores / (60 * 0.01 * 0.003), 0, atol=1e-8)


@pytest.mark.parametrize("method", METHODS)
@quick
@given(st.integers(0, 99), st.floats(-1, 1), st.floats(0.2, 5))
def test_level_does_not_matter_and_units_scale(method, seed, level, unit):
    y, x = returns(seed)
    base = robust_beta(y, x, method)
    np.testing.assert_allclose(robust_beta(y + level, x - level, method), base, rtol=1e-7)
    np.testing.assert_allclose(robust_beta(unit * y, x, method), unit * base, rtol=1e-8)
    added = robust_beta(y + x @ [0.5, -0.3], x, method)
    np.testing.assert_allclose(added, base + np.array([0.5, -0.3]), rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("method", METHODS)
def test_a_misprint_moves_least_squares_and_hardly_the_robust_beta(method):
    y, x = returns(1, n=200, k=1)
    row = int(x[:, 0].argmax())
    spoiled = y.copy()
    spoiled[row] = 100.0
    assert abs(factor_beta(spoiled, x) - factor_beta(y, x)) > 10
    np.testing.assert_allclose(robust_beta(spoiled, x, method), robust_beta(y, x, method), atol=0.1)


def test_tukey_leaves_a_gross_error_out_altogether():
    y, x = returns(1, n=200, k=1)
    y[7] = 1.0
    further = y.copy()
    further[7] = 1e6
    np.testing.assert_allclose(
        robust_beta(y, x, "tukey"), robust_beta(further, x, "tukey"), rtol=1e-9
    )


@pytest.mark.parametrize("method", METHODS)
def test_each_asset_has_its_own_rows(method):
    y, x = returns(1)
    two = np.column_stack([y, 2 * y])
    two[[0, 20], 1] = np.nan
    kept = ~np.isnan(two[:, 1])
    together = robust_beta(two, x, method)
    np.testing.assert_allclose(together[0], robust_beta(y, x, method)[0], rtol=1e-12)
    np.testing.assert_allclose(
        together[1], robust_beta(two[kept, 1], x[kept], method)[0], rtol=1e-12
    )


@pytest.mark.parametrize("method", METHODS)
def test_exact_and_constant_assets_need_no_weights(method):
    _, x = returns(1)
    np.testing.assert_allclose(robust_beta(x @ [1.5, -0.5], x, method)[0], [1.5, -0.5], rtol=1e-12)
    np.testing.assert_array_equal(robust_beta(np.full(60, 0.1), x, method), np.zeros((1, 2)))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("line", ["blank days", "another fund"])
def test_an_asset_that_is_stale_in_most_rows_has_no_robust_scale(method, line):
    y, x = returns(1, k=1)
    stale = np.arange(60) % 5 > 0
    y[stale] = 0.0 if line == "blank days" else 2 * x[stale, 0] + 0.01
    with pytest.raises(NumericalError, match="asset_returns lies on one line with the factors in"):
        robust_beta(y, x, method)


def test_weights_that_do_not_settle_are_said(monkeypatch):
    monkeypatch.setattr(robust, "MOST_ROUNDS", 2)
    y, x = returns(1)
    with pytest.raises(NumericalError, match="the weights of tukey do not settle in 2 rounds; use"):
        robust_beta(y, x, "tukey")


def test_what_has_no_robust_beta_is_said():
    y, x = returns(1)
    with pytest.raises(InputError, match='method is "lad"; use one of huber, tukey'):
        robust_beta(y, x, "lad")
    with pytest.raises(NumericalError, match="has 3 complete rows for 2 factor"):
        robust_beta(y[:3], x[:3])
    with pytest.raises(NumericalError, match="column 2 is constant over the complete rows"):
        robust_beta(y, np.column_stack([x[:, 0], np.full(60, 0.01)]))
