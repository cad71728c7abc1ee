from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles.betas_numbers import R
from oracles.sample_numbers import EXCESS, MARKET, MSFT

from factor_core.conditional_betas import down_beta, downside_beta, timing_model, up_beta
from factor_core.errors import InputError, NumericalError
from factor_core.estimation import factor_beta

quick = settings(max_examples=30, deadline=None)
BETAS = [up_beta, down_beta, downside_beta]


def returns(seed, n=80):
    rng = np.random.default_rng(seed)
    market = 0.01 * rng.standard_normal(n)
    return market + 0.01 * rng.standard_normal(n), market


def test_betas_of_rising_and_falling_markets_are_those_of_r():
    # R 4.2.2, tests/oracles/betas_r.R: lm on the rows beyond the threshold, cov over var
    np.testing.assert_allclose(up_beta(MSFT, MARKET), R["up"], rtol=1e-12)
    np.testing.assert_allclose(down_beta(MSFT, MARKET), R["down"], rtol=1e-12)
    np.testing.assert_allclose(down_beta(MSFT, MARKET, -0.01), R["down_1_percent"], rtol=1e-12)
    np.testing.assert_allclose(downside_beta(MSFT, MARKET), R["downside_acx"], rtol=1e-12)
    estrada = downside_beta(MSFT, MARKET, "estrada")
    np.testing.assert_allclose(estrada, R["downside_estrada"], rtol=1e-12)


@pytest.mark.parametrize("model", ["TM", "HM"])
def test_timing_tables_are_those_of_r(model):
    # R 4.2.2, tests/oracles/betas_r.R: summary and confint of lm
    table = timing_model(MSFT, MARKET, model)
    assert [row[0] for row in table.rows] == [
        "alpha",
        "beta market",
        {"TM": "timing f^2", "HM": "timing max(0,-f)"}[model],
    ]
    numbers = np.array([row[1:] for row in table.rows])
    np.testing.assert_allclose(numbers, R[f"timing_{model}"].reshape(3, 6), rtol=1e-9, atol=1e-300)


@quick
@given(st.integers(0, 99), st.floats(-0.01, 0.01))
def test_turning_both_signs_makes_up_of_down(seed, threshold):
    y, x = returns(seed)
    np.testing.assert_allclose(
        up_beta(-y, -x, -threshold), down_beta(y, x, threshold), rtol=1e-10, atol=1e-13
    )


@quick
@given(st.integers(0, 99), st.floats(0.1, 2), st.floats(0.1, 2))
def test_a_beta_of_each_side_is_found_exactly(seed, up, down):
    _, x = returns(seed)
    y = np.where(x > 0, up, down) * x
    np.testing.assert_allclose(up_beta(y, x), up, rtol=1e-10)
    np.testing.assert_allclose(down_beta(y, x), down, rtol=1e-10)


@quick
@given(st.integers(0, 99))
def test_acx_is_the_down_beta_at_the_mean(seed):
    y, x = returns(seed)
    np.testing.assert_allclose(downside_beta(y, x), down_beta(y, x, x.mean()), rtol=1e-10)


@pytest.mark.parametrize("function", BETAS)
@quick
@given(st.integers(0, 99), st.floats(0.2, 3))
def test_a_straight_line_has_the_same_beta_everywhere(function, seed, beta):
    _, x = returns(seed)
    np.testing.assert_allclose(function(beta * x, x), beta, rtol=1e-10)
    np.testing.assert_allclose(downside_beta(beta * x, x, "estrada"), beta, rtol=1e-10)


def test_thresholds_are_strict():
    x = np.array([0.0, 0.0, 0.01, 0.02, 0.03, -0.01, -0.02, -0.03])
    y = np.array([9.0, 9.0, 0.01, 0.02, 0.03, -0.02, -0.04, -0.06])
    np.testing.assert_allclose(up_beta(y, x), 1, rtol=1e-12)
    np.testing.assert_allclose(down_beta(y, x), 2, rtol=1e-12)


@pytest.mark.parametrize("method", ["acx", "estrada"])
def test_each_asset_has_the_means_of_its_own_rows(method):
    assets = EXCESS.values[:, :3].copy()
    assets[:900, 1] = np.nan
    assets[1500, 2] = np.nan
    together = downside_beta(assets, MARKET, method)
    for j in range(3):
        there = ~np.isnan(assets[:, j])
        alone = downside_beta(assets[there, j], MARKET.values[there], method)
        np.testing.assert_allclose(together[j], alone[0], rtol=1e-12)


@pytest.mark.parametrize("function", BETAS)
def test_too_few_rows_on_one_side_are_said(function):
    y, _ = returns(1, 12)
    x = np.r_[np.full(5, 0.01), 0.02, 0.03, -0.5, np.full(4, 0.02)]
    message = "factor_returns is below {} in 1 of the 12 complete rows of asset_returns; at least 3"
    if function is up_beta:
        x, message = -x, message.replace("below", "above")
    word = "its mean" if function is downside_beta else "0"
    with pytest.raises(NumericalError) as refused:
        function(y, x)
    assert message.format(word) in str(refused.value)


def test_three_rows_on_one_side_are_enough():
    y, _ = returns(1, 12)
    x = np.r_[np.linspace(0.01, 0.09, 9), -0.01, -0.02, -0.04]
    wanted = np.polyfit(x[-3:], y[-3:], 1)[0]  # numpy 2.4.6
    np.testing.assert_allclose(down_beta(y, x), wanted, rtol=1e-9)


@pytest.mark.parametrize("function", BETAS)
def test_a_factor_that_is_constant_on_its_side_is_said(function):
    y, _ = returns(1, 12)
    x = np.tile([0.01, -0.01], 6)
    side = {up_beta: "above 0", down_beta: "below 0", downside_beta: "below its mean"}[function]
    with pytest.raises(
        NumericalError, match=f"factor_returns has one value only in the rows {side}"
    ):
        function(y, x)


@pytest.mark.parametrize("function", [*BETAS, timing_model])
def test_several_factors_and_constant_ones_are_refused(function):
    y, x = returns(1)
    with pytest.raises(InputError, match="factor_returns has 2 columns; use one factor"):
        function(y, np.column_stack([x, y]))
    with pytest.raises(NumericalError, match="factor_returns is constant over the complete rows"):
        function(y, np.full(80, 0.01))


@pytest.mark.parametrize("function", BETAS)
def test_a_constant_asset_has_beta_0(function):
    _, x = returns(1)
    assert function(np.full(80, 0.01), x) == 0
    assert downside_beta(np.full(80, 0.01), x, "estrada") == 0


def test_an_unknown_method_is_refused():
    y, x = returns(1)
    with pytest.raises(InputError, match='method is "lpm"; use one of acx, estrada'):
        downside_beta(y, x, "lpm")
    with pytest.raises(InputError, match='model is "FF"; use one of TM, HM'):
        timing_model(y, x, "FF")


# ---------------------------------------------------------------------------------- timing


@quick
@given(st.integers(0, 99), st.floats(-2, 2), st.sampled_from(["TM", "HM"]))
def test_a_fund_that_times_exactly_is_found(seed, skill, model):
    _, x = returns(seed)
    term = x**2 if model == "TM" else np.maximum(0, -x)
    rows = timing_model(0.001 + 0.8 * x + skill * term, x, model).rows
    np.testing.assert_allclose([row[1] for row in rows], [0.001, 0.8, skill], rtol=1e-8, atol=1e-10)


def test_henriksson_and_merton_are_the_betas_of_both_sides_where_the_lines_meet_at_0():
    _, x = returns(3)
    y = np.where(x > 0, 1.2, 0.7) * x
    beta, timing = (row[1] for row in timing_model(y, x, "HM").rows[1:])
    np.testing.assert_allclose(beta, up_beta(y, x)[0], rtol=1e-9)
    np.testing.assert_allclose(beta - timing, down_beta(y, x)[0], rtol=1e-9)


def test_without_timing_the_beta_is_the_plain_one():
    _, x = returns(3)
    rows = timing_model(1.1 * x, x, "TM").rows
    np.testing.assert_allclose(rows[1][1], factor_beta(1.1 * x, x)[0], rtol=1e-9)


@pytest.mark.parametrize(
    ("model", "x", "message"),
    [
        ("TM", np.tile([0.01, -0.02], 6), "takes fewer than three values; TM needs at least three"),
        ("HM", np.linspace(0.01, 0.2, 12), "is never below 0; HM needs excess returns of both"),
        ("HM", -np.linspace(0.01, 0.2, 12), "is never above 0; HM needs excess returns of both"),
        ("TM", np.linspace(0.01, 0.2, 3), "has 3 complete rows for 2 factor(s); at least 4 are"),
    ],
)
def test_what_no_timing_can_be_told_from_is_said(model, x, message):
    y, _ = returns(1, len(x))
    with pytest.raises(NumericalError) as refused:
        timing_model(y, x, model)
    assert message in str(refused.value)


def test_several_funds_are_refused():
    y, x = returns(1)
    with pytest.raises(InputError, match="asset_returns has 2 columns; use one asset"):
        timing_model(np.column_stack([y, y]), x)
