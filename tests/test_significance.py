"""Errors of Sharpe ratios, years needed, several tests: R's and mpmath's numbers, simulation."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles.coefficient_numbers import R
from oracles.sample_numbers import EXCESS, MSFT
from scipy import stats

from factor_core.errors import DivisionError, NumericalError
from factor_core.performance import mean_tstat, sharpe_ratio
from factor_core.significance import bonferroni_t, sharpe_se, years_needed

quick = settings(max_examples=25, deadline=None)
seeds = st.integers(0, 10_000)


def test_error_of_the_samples_sharpe_ratio_is_that_of_r():
    # R 4.2.2, tests/oracles/coefficient_tests.R: Mertens' formula
    np.testing.assert_allclose(sharpe_se(MSFT), R["sharpe_se"], rtol=1e-10)


@quick
@given(seeds, st.sampled_from([1, 12, 252]))
def test_error_of_a_sharpe_ratio_is_mertens_formula_by_scipys_moments(seed, periods):
    returns = np.random.default_rng(seed).standard_t(4, (40, 2)) + 0.3
    ratio = sharpe_ratio(returns, 1)
    variance = 1 - stats.skew(returns) * ratio + (stats.kurtosis(returns) + 2) * ratio**2 / 4
    found = sharpe_se(returns, periods)
    np.testing.assert_allclose(found, np.sqrt(variance / 40 * periods), rtol=1e-10)


def test_error_of_a_sharpe_ratio_is_its_scatter_over_samples_where_los_is_not():
    # 4,000 samples scatter by 1.1 %; exponential returns of skewness -2 and kurtosis 9
    draws = 1.5 - np.random.default_rng(11).exponential(size=(1000, 4000))  # mean 0.5, deviation 1
    scatter = sharpe_ratio(draws, 1).std()
    assert sharpe_se(draws, 1).mean() == pytest.approx(scatter, rel=0.03)
    lo = np.sqrt((1 + 0.5**2 / 2) / 1000)
    assert lo < 0.7 * scatter


def test_error_of_normal_returns_is_that_of_lo():
    returns = stats.norm.ppf((np.arange(1, 20_001) - 0.5) / 20_000)  # the normal's own quantiles
    ratio = 0.4
    lo = np.sqrt((1 + ratio**2 / 2) / 20_000)
    assert sharpe_se(returns + ratio, 1)[0] == pytest.approx(lo, rel=1e-3)


@quick
@given(seeds)
def test_ratio_over_error_is_the_t_statistic_when_the_mean_is_near_0(seed):
    returns = np.random.default_rng(seed).standard_normal((60, 1))
    returns += 1e-6 - returns.mean()
    found = sharpe_ratio(returns, 252) / sharpe_se(returns, 252)
    np.testing.assert_allclose(found, mean_tstat(returns), rtol=1e-4)


@quick
@given(seeds, st.sampled_from([0.25, 2.0, 1024.0]))
def test_error_does_not_depend_on_leverage_nor_on_the_sign_of_the_position(seed, leverage):
    returns = np.random.default_rng(seed).gamma(2, size=(30, 1)) - 1.5
    wanted = sharpe_se(returns)
    np.testing.assert_allclose(sharpe_se(leverage * returns), wanted, rtol=1e-12)
    np.testing.assert_allclose(sharpe_se(-returns), wanted, rtol=1e-12)


def test_missing_returns_are_left_out_column_by_column():
    gaps = EXCESS.values[:200].copy()
    gaps[:50, 1] = np.nan
    np.testing.assert_allclose(sharpe_se(gaps)[1], sharpe_se(gaps[50:, 1])[0], rtol=1e-12)
    np.testing.assert_allclose(sharpe_se(gaps)[0], sharpe_se(gaps[:, 0])[0], rtol=1e-12)


def test_two_returns_have_an_error():
    # skewness 0, kurtosis 1: the variance of the ratio is 1 / n
    assert sharpe_se([0.01, 0.03], 1)[0] == pytest.approx(0.5**0.5, rel=1e-12)


def test_years_needed_are_those_of_r():
    found = [years_needed(0.5, c) for c in (0.9, 0.95, 0.99)]
    np.testing.assert_allclose(found, R["years"], rtol=1e-12)


@quick
@given(st.floats(0.01, 5), st.floats(0.01, 0.999))
def test_after_the_years_needed_t_is_the_quantile(sharpe, confidence):
    t = sharpe * years_needed(sharpe, confidence) ** 0.5
    assert 2 * stats.norm.sf(t) == pytest.approx(1 - confidence, rel=1e-9)
    assert years_needed(-sharpe, confidence) == years_needed(sharpe, confidence)
    assert years_needed(sharpe / 2, confidence) == pytest.approx(
        4 * years_needed(sharpe, confidence)
    )


def test_critical_t_of_several_tests_is_that_of_r():
    found = [bonferroni_t(1_000_000, 0.001), bonferroni_t(300, df=60), bonferroni_t(1, 0.01, 5)]
    np.testing.assert_allclose(found, R["bonferroni"], rtol=1e-12)


@pytest.mark.parametrize(
    ("tests", "level", "df"), [(1, 0.05, 3), (1000, 0.05, 20), (10**9, 1e-6, 7)]
)
def test_critical_t_keeps_its_digits_in_the_far_tail(tests, level, df):
    # mpmath 1.3 at 40 digits: the upper tail of Student's t by the incomplete beta function
    with mpmath.workdps(40):
        t = mpmath.mpf(bonferroni_t(tests, level, df))
        share = mpmath.betainc(mpmath.mpf(df) / 2, 0.5, 0, df / (df + t**2), regularized=True)
    assert float(share) == pytest.approx(level / tests, rel=1e-9)


@quick
@given(st.integers(1, 10**6), st.floats(1e-6, 0.5), st.integers(1, 500))
def test_more_tests_and_fewer_degrees_of_freedom_ask_for_more(tests, level, df):
    assert bonferroni_t(tests + 1, level, df) > bonferroni_t(tests, level, df)
    assert bonferroni_t(tests, level, df) > bonferroni_t(tests, level, df + 1)
    assert bonferroni_t(tests, level, df) > bonferroni_t(tests, level)
    p = 2 * stats.t.sf(bonferroni_t(tests, level, df), df)
    assert p * tests == pytest.approx(level, rel=1e-7)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: sharpe_se(np.full(9, 0.01)),
            DivisionError,
            "returns is constant: there is no vol",
        ),
        (lambda: sharpe_se([0.01]), NumericalError, "returns holds 1 return(s); at least 2"),
        (lambda: sharpe_se([0.01, 0.02], 0), NumericalError, "periods is 0; it must be above 0"),
        (lambda: years_needed(0), DivisionError, "sharpe is 0: no history is long enough"),
        (
            lambda: years_needed(1e-200),
            NumericalError,
            "sharpe is 1e-200: the years needed are too",
        ),
        (
            lambda: years_needed(1, 1.5),
            NumericalError,
            "confidence is 1.5; use a number above 0 and",
        ),
        (lambda: years_needed(1, 95), NumericalError, "below 1 (0.95 for 95 %)"),
        (lambda: years_needed(1, 0), NumericalError, "confidence is 0; use"),
        (lambda: bonferroni_t(0), NumericalError, "tests is 0; use the number of tests tried"),
        (lambda: bonferroni_t(-3), NumericalError, "tests is -3; use"),
        (
            lambda: bonferroni_t(5, 5),
            NumericalError,
            "level is 5; use a number above 0 and below 1",
        ),
        (lambda: bonferroni_t(5, 0.05, 0), NumericalError, "df is 0; it must be above 0"),
        (lambda: bonferroni_t(10**300, 1e-300), NumericalError, "no t is large enough for 1e+300"),
    ],
)
def test_input_without_a_result_is_refused(call, error, message):
    with pytest.raises(error) as refused:
        call()
    assert message in str(refused.value)
