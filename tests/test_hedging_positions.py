from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from factor_core.errors import DivisionError, InputError, NumericalError
from factor_core.hedging import hedge_ratio
from factor_core.hedging_positions import (
    factor_share_hedge,
    hedge_notionals,
    hedge_trades,
    target_beta_hedge,
)

quick = settings(max_examples=40, deadline=None)
seeds = st.integers(0, 10_000)
betas_of = st.floats(-3, 3)
variances = st.floats(1e-6, 1)


def book(seed, m=5, k=3, j=4):
    rng = np.random.default_rng(seed)
    return 1e6 * rng.standard_normal(m), rng.standard_normal((m, k)), rng.standard_normal((k, j))


# ------------------------------------------------------------------------------ notionals, trades


@quick
@given(seeds)
def test_a_hedged_book_has_no_exposure(seed):
    positions, betas, _ = book(seed)
    left = positions @ betas + hedge_notionals(positions, betas)[0]
    np.testing.assert_allclose(left, 0, atol=1e-6)


@quick
@given(seeds)
def test_one_position_is_hedged_by_its_hedge_ratio(seed):
    rng = np.random.default_rng(seed)
    factors = 0.01 * rng.standard_normal((40, 2))
    asset = factors @ [1.2, -0.3] + 0.01 * rng.standard_normal(40)
    ratio = hedge_ratio(asset, factors)
    np.testing.assert_allclose(hedge_notionals(2e6, -ratio), 2e6 * ratio, rtol=1e-12)


@quick
@given(seeds)
def test_books_are_netted(seed):
    positions, betas, legs = book(seed)
    each = [hedge_trades(p, b[None], legs) for p, b in zip(positions, betas, strict=True)]
    np.testing.assert_allclose(hedge_trades(positions, betas, legs), sum(each), atol=1e-6)


@quick
@given(seeds)
def test_trades_have_the_profit_of_the_notionals_when_instruments_make_the_factors(seed):
    positions, betas, legs = book(seed)
    instruments = np.random.default_rng(seed).standard_normal((30, 4))
    factors = instruments @ legs.T
    profit = factors @ hedge_notionals(positions, betas)[0]
    of_trades = instruments @ hedge_trades(positions, betas, legs)[0]
    np.testing.assert_allclose(of_trades, profit, rtol=1e-9, atol=1e-6)


def test_legs_of_one_each_are_the_notionals():
    positions, betas, _ = book(1)
    np.testing.assert_array_equal(
        hedge_trades(positions, betas, np.eye(3)), hedge_notionals(positions, betas)
    )


# ------------------------------------------------------------------------------------ target beta


@pytest.mark.parametrize(
    ("given_values", "contracts"),
    [
        # Hull, Options, Futures, and Other Derivatives, 10th ed., section 3.5 and its exercises
        ((5_050_000, 1.5, 0.0, 1.0, 1010, 250), -30),
        ((5_050_000, 1.5, 0.75, 1.0, 1010, 250), -15),
        ((5_050_000, 1.5, 2.0, 1.0, 1010, 250), 10),
    ],
)
def test_contracts_are_those_of_the_textbook(given_values, contracts):
    found, left = target_beta_hedge(*given_values)[0]
    assert found == contracts
    assert left == pytest.approx(given_values[2], rel=1e-12)


@quick
@given(st.floats(1e3, 1e9), betas_of, betas_of, st.floats(0.2, 3), st.sampled_from([1, -1]))
def test_money_takes_the_beta_to_the_target(value, beta, target, hedge_beta, side):
    ((money,),) = target_beta_hedge(side * value, beta, target, hedge_beta)
    assert beta + money * hedge_beta / (side * value) == pytest.approx(target, abs=1e-9)


@quick
@given(
    st.floats(1e4, 1e9),
    betas_of,
    betas_of,
    st.floats(0.2, 3),
    st.floats(1, 1e4),
    st.sampled_from([1.0, 5.0, 50.0]),
)
def test_contracts_are_whole_and_stop_short_of_the_target(
    value, beta, target, hedge_beta, price, multiplier
):
    contracts, left = target_beta_hedge(value, beta, target, hedge_beta, price, multiplier)[0]
    ((money,),) = target_beta_hedge(value, beta, target, hedge_beta)
    exact = money / (price * multiplier)
    assert contracts == int(contracts)
    assert abs(contracts) <= abs(exact) + 1e-8
    assert abs(exact - contracts) < 1
    done = contracts * price * multiplier * hedge_beta / value
    assert left == pytest.approx(beta + done, abs=1e-12)


def test_a_whole_number_but_for_rounding_is_that_number():
    assert 0.3 / 0.1 < 3
    assert target_beta_hedge(0.3, 0.0, 1.0, price=0.1)[0, 0] == 3.0
    assert target_beta_hedge(2.999, 0.0, 1.0, price=1.0)[0, 0] == 2.0
    assert target_beta_hedge(-2.999, 0.0, 1.0, price=1.0)[0, 0] == -2.0


# ----------------------------------------------------------------------------------- factor share


@quick
@given(betas_of, variances, variances, st.floats(0, 0.999))
def test_both_hedges_leave_the_target_share(beta, factor_var, idio_var, share):
    for hedge in factor_share_hedge(beta, factor_var, idio_var, share)[0]:
        factor = (beta + hedge) ** 2 * factor_var
        assert factor / (factor + idio_var) == pytest.approx(share, rel=1e-6, abs=1e-9)


@quick
@given(betas_of, variances, variances, st.floats(1e-6, 0.999))
def test_the_first_hedge_keeps_the_sign_of_beta_and_the_second_mirrors_it(
    beta, factor_var, idio_var, share
):
    assume(beta != 0)
    first, second = factor_share_hedge(beta, factor_var, idio_var, share)[0] + beta
    assert first * beta > 0
    assert second == pytest.approx(-first, rel=1e-9)


@quick
@given(betas_of, variances, variances)
def test_a_share_of_zero_is_the_full_hedge_and_the_present_share_is_none(beta, f_var, i_var):
    assert factor_share_hedge(beta, f_var, i_var, 0.0).tolist() == [[-beta, -beta]]
    share = beta**2 * f_var / (beta**2 * f_var + i_var)
    assert factor_share_hedge(beta, f_var, i_var, share)[0, 0] == pytest.approx(0, abs=1e-7)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: hedge_notionals([1, 2], [[1.0]]),
            InputError,
            "positions has 2 number(s) and betas 1 row(s) of 1; use a row of betas for each pos",
        ),
        (lambda: hedge_notionals([1], [[np.nan]]), InputError, "betas row 1, column 1 is missing"),
        (lambda: hedge_notionals([np.nan], [[1.0]]), InputError, "positions number 1 is missing"),
        (
            lambda: hedge_notionals([1e200], [[1e200]]),
            NumericalError,
            "positions and betas are too large to calculate with",
        ),
        (
            lambda: hedge_trades([1e200], [[1.0]], [[1e200]]),
            NumericalError,
            "positions, betas and legs are too large",
        ),
        (
            lambda: hedge_trades([1], [[1.0, 2.0]], [[1.0]]),
            InputError,
            "legs has 1 row(s) and betas 2 column(s); use a row of legs for each factor",
        ),
        (lambda: target_beta_hedge(0, 1, 0), DivisionError, "value is 0: there is nothing to hed"),
        (lambda: target_beta_hedge(1, 1, 0, 0), DivisionError, "hedge_beta is 0: the instrument"),
        (lambda: target_beta_hedge(1, 1, 0, price=0), NumericalError, "price is 0; it must be abo"),
        (
            lambda: target_beta_hedge(1, 1, 0, price=1, multiplier=-1),
            NumericalError,
            "multiplier is -1; it must be above 0",
        ),
        (
            lambda: target_beta_hedge(1, 1, 0, multiplier=50),
            InputError,
            "multiplier is 50 but price is blank; give the price of one unit",
        ),
        (lambda: factor_share_hedge(1, 0, 1, 0.5), NumericalError, "factor_var is 0; it must be"),
        (lambda: factor_share_hedge(1, 1, -1, 0.5), NumericalError, "idio_var is -1; it must be"),
        (
            lambda: factor_share_hedge(1, 1, 1, 1),
            NumericalError,
            "target_share is 1, which no hedge reaches: idiosyncratic risk always stays",
        ),
        (lambda: factor_share_hedge(1, 1, 1, -0.1), NumericalError, "target_share is -0.1"),
    ],
)
def test_hedges_that_do_not_exist_are_refused(call, error, message):
    with pytest.raises(error) as refused:
        call()
    assert message in str(refused.value)
