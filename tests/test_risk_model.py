"""The one place that checks covariance matrices, factor models and vectors."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from factor_core.errors import InputError, NumericalError
from factor_core.labelled import Columns
from factor_core.risk_model import (
    at_least_zero,
    covariance_matrix,
    factor_model,
    portfolio_variance,
    portfolio_vol,
    vector,
)

quick = settings(max_examples=25, deadline=None)
seeds = st.integers(0, 10_000)


@quick
@given(seeds, st.integers(1, 8), st.integers(1, 20), st.floats(1e-140, 1e140))
def test_every_sample_covariance_is_one_whatever_its_scale_and_rank(seed, m, n, scale):
    sample = np.random.default_rng(seed).standard_normal((n + 1, m)) * np.logspace(-3, 3, m)
    cov = np.atleast_2d(np.cov(sample.T)) * scale
    np.testing.assert_allclose(covariance_matrix(cov, "cov"), cov, rtol=1e-12)


@quick
@given(seeds)
def test_rounding_of_a_sheet_is_mended_to_the_last_bit(seed):
    rng = np.random.default_rng(seed)
    cov = np.cov(rng.standard_normal((9, 4)).T)
    rough = cov * (1 + 1e-14 * rng.standard_normal((4, 4)))
    found = covariance_matrix(rough, "cov")
    np.testing.assert_array_equal(found, found.T)
    np.testing.assert_allclose(found, cov, rtol=1e-12, atol=1e-14)


def test_a_number_is_the_covariance_of_one_asset():
    assert covariance_matrix(0.04, "cov").tolist() == [[0.04]]


def test_a_wrong_small_covariance_does_not_hide_behind_a_large_variance():
    bonds_and_coins = [[1e-6, 2e-6, 0.0], [1e-6, 4e-6, 0.0], [0.0, 0.0, 1e4]]
    with pytest.raises(InputError, match="not symmetric: row 1, column 2 is 2e-06 and row 2, col"):
        covariance_matrix(bonds_and_coins, "cov")
    beyond = [[1e-6, 3e-6, 0.0], [3e-6, 4e-6, 0.0], [0.0, 0.0, 1e4]]
    with pytest.raises(InputError, match="row 1, column 2 is 3e-06: a correlation beyond 1"):
        covariance_matrix(beyond, "cov")


INDEFINITE = [[1.0, 0.9, -0.9], [0.9, 1.0, 0.9], [-0.9, 0.9, 1.0]]  # eigenvalue -0.8


@pytest.mark.parametrize(
    ("cov", "message"),
    [
        ([[1.0, 0.0]], "cov is 1 x 2; use as many rows as columns"),
        ([[1.0, np.nan], [0.0, 1.0]], "cov row 1, column 2 is missing; use a number"),
        ([[1.0, np.inf], [0.0, 1.0]], "cov row 1, column 2 is infinite"),
        ([[1.0, 0.0], [0.0, -0.1]], "cov row 2, column 2 is -0.1; a variance is never negative"),
        (
            [[1.0, 0.5], [0.4, 1.0]],
            "cov is not symmetric: row 1, column 2 is 0.5 and row 2, column 1 is 0.4; use a cov",
        ),
        (
            [[1.0, 2.5], [2.5, 4.0]],
            "2.5: a correlation beyond 1, which gives some portfolio a negative variance; those",
        ),
        ([[0.0, 1e-9], [1e-9, 1.0]], "those two variances allow at most 0"),
        (INDEFINITE, "cov gives some portfolio a negative variance; use a covariance matrix of"),
        (Columns(np.eye(2) * -1, ("A", "B")), "cov row 2, column 1 is -1"),  # below its header
    ],
)
def test_what_is_no_covariance_is_said_with_its_place(cov, message):
    with pytest.raises(InputError) as refused:
        covariance_matrix(cov, "cov")
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: vector([1, 2], "weights", 3, "idio_vars"), "weights has 2 number(s) and idio_v"),
        (lambda: vector([1, np.nan], "weights"), "weights number 2 is missing; use a number"),
        (lambda: vector([np.inf], "weights"), "weights number 1 is infinite; use a number"),
        (lambda: at_least_zero([1, -2], "x", "not so"), "x number 2 is -2; not so"),
        (lambda: at_least_zero(-2, "x", "not so"), "x is -2; not so"),
        (
            lambda: factor_model([[1.0], [np.nan]], 1.0, [1, 1]),
            "betas row 2, column 1 is missing; use a number",
        ),
        (
            lambda: factor_model([[1.0, 1.0]], 1.0, [1, 1]),
            "betas is 1 x 2; with 2 idio_vars and a 1 x 1 factor_cov use 2 x 1, an asset a row",
        ),
    ],
)
def test_numbers_that_do_not_fit_are_said(call, message):
    with pytest.raises(InputError) as refused:
        call()
    assert message in str(refused.value)


def test_factors_are_named_by_the_header_of_the_betas_or_else_of_their_covariance():
    betas, cov = np.ones((1, 2)), np.eye(2)
    named = Columns(cov, ("market", "size"))
    assert factor_model(betas, named, [1.0]).factors == ("market", "size")
    assert factor_model(Columns(betas, ("A", "")), named, [1.0]).factors == ("A", "factor 2")
    assert factor_model(betas, cov, [1.0]).factors == ("factor 1", "factor 2")


@quick
@given(seeds)
def test_a_hedged_portfolio_has_no_variance_but_for_rounding(seed):
    rng = np.random.default_rng(seed)
    betas = rng.uniform(0.5, 1.5, 3)
    weights = rng.standard_normal(3)
    weights[2] = -(weights[:2] @ betas[:2]) / betas[2]
    _, variance = portfolio_variance(weights, 0.04 * np.outer(betas, betas), "weights")
    assert variance == 0.0
    with pytest.raises(NumericalError, match=r"without risk \(they offset one another\)"):
        portfolio_vol(weights, 0.04 * np.outer(betas, betas), "weights")


def test_portfolios_without_a_volatility_are_said():
    with pytest.raises(NumericalError, match=r"weights make a portfolio without risk \(all are 0"):
        portfolio_vol(np.zeros(2), np.eye(2), "weights")
    with pytest.raises(NumericalError, match="positions and the covariances are too large"):
        portfolio_vol(np.full(2, 1e200), np.eye(2), "positions")
