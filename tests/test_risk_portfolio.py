from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles.hedging_risk_numbers import R
from oracles.sample_numbers import FACTORS, INDUSTRIES

from factor_core.errors import InputError, NumericalError
from factor_core.labelled import Columns
from factor_core.regression import regress
from factor_core.risk import factor_cov, model_cov
from factor_core.risk_portfolio import portfolio_risk, risk_contribution, risk_parity_weights

quick = settings(max_examples=25, deadline=None)
seeds = st.integers(0, 10_000)
FIT = regress(INDUSTRIES, FACTORS)
MODEL = (Columns(FIT.beta, FACTORS.names), factor_cov(FACTORS), FIT.idio_variance)
WEIGHTS = 1e5 * np.array([3, -2, 1, 4, -1, 2, 0, 5, -3, 1, 2, -1])  # as in hedging_risk_r.R


def random_model(seed, m=6, k=2):
    rng = np.random.default_rng(seed)
    root = rng.standard_normal((k, k))
    weights, betas = rng.standard_normal(m), rng.standard_normal((m, k))
    return weights, betas, 0.01 * root @ root.T, rng.uniform(0.001, 0.02, m)


def random_cov(seed, m=5):
    _, *model = random_model(seed, m)
    return model_cov(*model)


def test_portfolio_risk_of_the_sample_is_that_of_r():
    # R 4.2.2, tests/oracles/hedging_risk_r.R
    rows = {row[0]: row[1:] for row in portfolio_risk(WEIGHTS, *MODEL, 12).rows}
    for name in ("total", "factor"):
        assert rows[name][1] == pytest.approx(R[f"risk_{name}"][0], rel=1e-11)
    assert rows["idiosyncratic"][1] == pytest.approx(R["risk_idio"][0], rel=1e-11)
    by_factor = np.array([rows[name] for name in FACTORS.names])
    np.testing.assert_allclose(by_factor[:, 0], R["risk_exposures"], rtol=1e-9)
    np.testing.assert_allclose(by_factor[:, 2], R["risk_by_factor"], rtol=1e-9)
    by_asset = [rows[f"asset {i}"][2] for i in range(1, 13)]
    np.testing.assert_allclose(by_asset, R["risk_by_asset"], rtol=1e-9, atol=1e-9)


@quick
@given(seeds, st.sampled_from([1, 12, 252]))
def test_contributions_of_factors_and_assets_sum_to_the_risk(seed, periods):
    weights, *model = random_model(seed)
    total, factor, idio, *parts = (
        dict(zip(("name", "exposure", "vol", "part", "share"), row, strict=True))
        for row in portfolio_risk(weights, *model, periods).rows
    )
    vol = (periods * weights @ model_cov(*model) @ weights) ** 0.5
    assert total["vol"] == pytest.approx(vol, rel=1e-12)
    assert total["vol"] ** 2 == pytest.approx(factor["vol"] ** 2 + idio["vol"] ** 2, rel=1e-12)
    assert factor["part"] + idio["part"] == pytest.approx(vol, rel=1e-12)
    for key, wanted in (("part", vol), ("share", 1.0)):
        assert sum(p[key] for p in parts[2:]) == pytest.approx(wanted, rel=1e-10)
        of_factors = sum(p[key] for p in parts[:2])
        assert of_factors == pytest.approx(factor[key], rel=1e-9, abs=1e-12 * wanted)


@quick
@given(seeds, st.floats(1e-3, 1e9))
def test_weights_in_money_give_money_and_the_same_shares(seed, money):
    weights, *model = random_model(seed)
    one = np.array([row[2:] for row in portfolio_risk(weights, *model).rows])
    many = np.array([row[2:] for row in portfolio_risk(weights * money, *model).rows])
    np.testing.assert_allclose(many, one * [money, money, 1], rtol=1e-9, atol=1e-12)


def test_contributions_of_the_sample_are_those_of_r():
    # R 4.2.2, tests/oracles/hedging_risk_r.R
    found = risk_contribution(WEIGHTS, model_cov(*MODEL))
    np.testing.assert_allclose(found[:, 0], R["marginal"], rtol=1e-10)
    np.testing.assert_allclose(found[:, 1] * 12**0.5, R["risk_by_asset"], rtol=1e-9, atol=1e-9)


@quick
@given(seeds)
def test_contributions_sum_to_the_volatility_and_are_its_derivatives(seed):
    weights, *model = random_model(seed)
    cov = model_cov(*model)
    marginal, contribution, share = risk_contribution(weights, cov).T
    vol = (weights @ cov @ weights) ** 0.5
    assert contribution.sum() == pytest.approx(vol, rel=1e-12)
    assert share.sum() == pytest.approx(1, rel=1e-12)
    step = 1e-6
    for i, nudge in enumerate(step * np.eye(len(weights))):
        up, down = weights + nudge, weights - nudge
        slope = ((up @ cov @ up) ** 0.5 - (down @ cov @ down) ** 0.5) / (2 * step)
        assert marginal[i] == pytest.approx(slope, rel=1e-4, abs=1e-6)


@quick
@given(seeds)
def test_contribution_agrees_with_portfolio_risk(seed):
    weights, *model = random_model(seed)
    rows = portfolio_risk(weights, *model).rows[-len(weights) :]
    found = risk_contribution(weights, model_cov(*model))[:, 1:]
    np.testing.assert_allclose(found, [row[3:] for row in rows], rtol=1e-9, atol=1e-12)


# --------------------------------------------------------------------------------- risk parity


@quick
@given(seeds, st.integers(1, 30))
def test_parity_weights_are_long_sum_to_one_and_contribute_equally(seed, m):
    cov = random_cov(seed, m)
    weights = risk_parity_weights(cov)
    assert (weights > 0).all()
    assert weights.sum() == pytest.approx(1, rel=1e-14)
    np.testing.assert_allclose(risk_contribution(weights, cov)[:, 2], 1 / m, rtol=1e-9)


@quick
@given(st.lists(st.floats(1e-4, 10), min_size=2, max_size=8), st.floats(-0.1, 0.99))
def test_parity_weights_are_inverse_volatilities_where_all_correlate_alike(vols, correlation):
    # Maillard, Roncalli and Teiletche (2010), section 2.2: the closed form
    m = len(vols)
    correlations = np.full((m, m), correlation)
    np.fill_diagonal(correlations, 1.0)
    inverse = 1 / np.array(vols)
    found = risk_parity_weights(correlations * np.outer(vols, vols))
    np.testing.assert_allclose(found, inverse / inverse.sum(), rtol=1e-9)


@quick
@given(seeds, st.floats(1e-9, 1e9))
def test_parity_weights_follow_their_assets_and_not_the_units(seed, scale):
    cov = random_cov(seed)
    order = np.random.default_rng(seed).permutation(5)
    base = risk_parity_weights(cov)
    np.testing.assert_allclose(
        risk_parity_weights(scale * cov[np.ix_(order, order)]), base[order], rtol=1e-9
    )


def test_parity_holds_for_a_singular_covariance_whose_long_portfolios_have_risk():
    cov = np.outer([1.0, 2.0], [1.0, 2.0])
    np.testing.assert_allclose(risk_parity_weights(cov), [2 / 3, 1 / 3], rtol=1e-10)


def test_nearly_perfect_hedges_share_their_risk_all_the_same():
    close = -1 + 1e-8
    weights = risk_parity_weights([[1.0, close, 0.0], [close, 1.0, 0.0], [0.0, 0.0, 1.0]])
    assert weights[0] == pytest.approx(weights[1], rel=1e-6)
    assert weights[2] < 1e-3


MATCHING = random_model(0)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: portfolio_risk(*MATCHING, 0), NumericalError, "periods is 0; it must be above 0"),
        (
            lambda: portfolio_risk(np.zeros(6), *MATCHING[1:]),
            NumericalError,
            "weights make a portfolio without risk (all are 0)",
        ),
        (
            lambda: portfolio_risk([1, 2], *MATCHING[1:]),
            InputError,
            "weights has 2 number(s) and idio_vars has 6; use one each",
        ),
        (
            lambda: portfolio_risk(MATCHING[0], MATCHING[1], np.eye(3), MATCHING[3]),
            InputError,
            "betas is 6 x 2; with 6 idio_vars and a 3 x 3 factor_cov use 6 x 3",
        ),
        (
            lambda: risk_contribution([1, 1, 1], np.eye(2)),
            InputError,
            "weights has 3 number(s) and cov has a size of 2; use one each",
        ),
        (
            lambda: risk_contribution([1, -1], np.ones((2, 2))),
            NumericalError,
            "weights make a portfolio without risk (they offset one another)",
        ),
        (lambda: risk_contribution([1], [[1, 2]]), InputError, "cov is 1 x 2"),
        (
            lambda: risk_parity_weights([[1.0, 0.0], [0.0, 0.0]]),
            NumericalError,
            "cov gives asset 2 no variance: it would take all the weight; leave it out",
        ),
        (
            lambda: risk_parity_weights([[1.0, -1.0], [-1.0, 1.0]]),
            NumericalError,
            "cov lets long positions offset one another but for rounding",
        ),
        (lambda: risk_parity_weights([[1, 2], [2, 1]]), InputError, "a correlation beyond 1"),
    ],
)
def test_portfolios_without_a_result_are_refused(call, error, message):
    with pytest.raises(error) as refused:
        call()
    assert message in str(refused.value)
