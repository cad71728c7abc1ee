from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles.sample_numbers import FACTORS, INDUSTRIES, SORTED, expected
from scipy import stats

from factor_core.errors import DivisionError, InputError, NumericalError
from factor_core.labelled import Columns
from factor_core.pricing import grs_test
from factor_core.regression import regress

quick = settings(max_examples=25, deadline=None)


def numbers(assets, factors):
    return dict(grs_test(assets, factors).rows)


def simulated(seed, n=80, m=4, k=2):
    rng = np.random.default_rng(seed)
    factors = rng.standard_normal((n, k)) + 0.1
    return factors @ rng.standard_normal((k, m)) + rng.standard_normal((n, m)), factors


@pytest.mark.parametrize(
    ("name", "assets", "factors"),
    [
        ("grs_industries", INDUSTRIES, FACTORS),
        ("grs_market", INDUSTRIES, Columns(FACTORS.values[:, :1])),
        ("grs_sorted", SORTED, Columns(FACTORS.values[:, :3])),
    ],
)
def test_grs_of_the_sample_is_the_multivariate_test_of_r(name, assets, factors):
    # R 4.2.2, tests/oracles/sample_r.R: anova(mlm with and without intercept)
    found = numbers(assets, factors)
    f, df1, df2, p = expected(name)
    assert (found["df1"], found["df2"]) == (df1, df2)
    assert found["F"] == pytest.approx(f, rel=1e-9)
    assert found["p"] == pytest.approx(p, rel=1e-7)
    alphas = regress(assets, factors).alpha
    assert found["mean abs alpha"] == pytest.approx(np.abs(alphas).mean(), rel=1e-12)


@quick
@given(st.integers(0, 10_000))
def test_grs_is_the_formula_of_the_paper(seed):
    assets, factors = simulated(seed)
    fit = regress(assets, factors)
    n, m, k = 80, 4, 2
    residual_cov = fit.residuals.T @ fit.residuals / n
    factor_cov = np.cov(factors.T, ddof=0)
    mean = factors.mean(axis=0)
    statistic = fit.alpha @ np.linalg.inv(residual_cov) @ fit.alpha
    f = (n - m - k) / m * statistic / (1 + mean @ np.linalg.inv(factor_cov) @ mean)
    found = numbers(assets, factors)
    assert found["F"] == pytest.approx(f, rel=1e-9)
    assert found["p"] == pytest.approx(stats.f.sf(f, m, n - m - k), rel=1e-9)


@quick
@given(st.integers(0, 10_000))
def test_grs_of_one_asset_is_the_squared_t_statistic_of_alpha(seed):
    assets, factors = simulated(seed, m=1)
    fit = regress(assets, factors)
    mean = fit.factor_mean[0]
    variance = fit.ssr[0] / (80 - 3) * (1 / 80 + mean @ fit.inverse[0] @ mean)
    assert numbers(assets, factors)["F"] == pytest.approx(fit.alpha[0] ** 2 / variance, rel=1e-9)


@quick
@given(st.integers(0, 10_000))
def test_repackaging_the_assets_does_not_change_the_test(seed):
    assets, factors = simulated(seed)
    portfolios = assets @ (np.eye(4) + 0.3 * np.random.default_rng(seed).standard_normal((4, 4)))
    moved = numbers(portfolios + factors[:, :1], factors)
    assert moved["F"] == pytest.approx(numbers(assets, factors)["F"], rel=1e-6)


def test_grs_keeps_its_digits_when_assets_differ_in_size_by_a_million():
    assets, factors = simulated(3)
    sizes = np.array([1e-6, 1.0, 1e3, 1e6])
    assert numbers(assets * sizes, factors)["F"] == pytest.approx(
        numbers(assets, factors)["F"], rel=1e-9
    )


def test_rows_with_a_gap_anywhere_are_left_out():
    assets, factors = simulated(4)
    gaps, kept = assets.copy(), np.delete(np.arange(80), [5, 6])
    gaps[5, 0] = gaps[6, 3] = np.nan
    with_gaps, without = numbers(gaps, factors), numbers(assets[kept], factors[kept])
    assert with_gaps == pytest.approx(without, rel=1e-10)


def test_p_is_uniform_when_alphas_are_zero():
    p = []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        factors = rng.standard_normal((40, 2)) + 0.1
        assets = factors @ rng.standard_normal((2, 5)) + rng.standard_normal((40, 5))
        p.append(numbers(assets, factors)["p"])
    assert stats.kstest(p, "uniform").pvalue > 0.01


GOOD, TWO = simulated(0)


@pytest.mark.parametrize(
    ("assets", "factors", "error", "message"),
    [
        (
            GOOD[:6],
            TWO[:6],
            NumericalError,
            "6 complete rows for 4 assets and 2 factor(s); at least 7 are needed",
        ),
        (
            GOOD[:, [0, 1, 0]],
            TWO,
            NumericalError,
            "asset_returns column 3 is explained exactly by the factors and the assets before it",
        ),
        (
            np.column_stack([GOOD, TWO @ [1.0, 2.0]]),
            TWO,
            DivisionError,
            "asset_returns column 5 is explained exactly by the factors",
        ),
        (GOOD[:1], TWO[:1], NumericalError, "complete row"),
        (GOOD * np.nan, TWO, NumericalError, "complete row"),
        (
            GOOD * [1, 1, np.nan, 1],
            TWO,
            NumericalError,
            "asset_returns column 3 has the most missing values, 80",
        ),
        (GOOD, TWO[:79], InputError, "80 rows and factor_returns has 79"),
    ],
)
def test_input_without_a_test_is_refused(assets, factors, error, message):
    with pytest.raises(error) as refused:
        grs_test(assets, factors)
    assert message in str(refused.value)
