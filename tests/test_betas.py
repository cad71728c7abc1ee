from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from factor_core.betas import capm_return, expected_return
from factor_core.errors import InputError

quick = settings(max_examples=40, deadline=None)
number = st.floats(-5, 5)
three = arrays(np.float64, 3, elements=number)


def test_capm_return_is_rf_plus_beta_times_the_premium():
    assert capm_return(0.03, 1.5, 0.06) == pytest.approx(0.12, rel=1e-15)  # by hand


def test_expected_return_adds_each_premium_and_alpha():
    # by hand: 0.03 + 0.01 + 1.5 x 0.06 + (-0.5) x 0.02
    by_hand = 0.12
    assert expected_return(0.03, [1.5, -0.5], [0.06, 0.02], 0.01) == pytest.approx(by_hand)


@quick
@given(number, number, number)
def test_capm_is_the_model_with_one_factor_and_no_alpha(rf, beta, premium):
    assert capm_return(rf, beta, premium) == expected_return(rf, [beta], [premium])


@quick
@given(three, three, st.permutations(range(3)))
def test_the_order_of_the_factors_does_not_matter(betas, premia, order):
    given_order = expected_return(0.0, betas, premia)
    assert expected_return(0.0, betas[order], premia[order]) == pytest.approx(
        given_order, abs=1e-12
    )


@quick
@given(three, three)
def test_a_row_and_a_column_of_betas_mean_the_same(betas, premia):
    assert expected_return(0.0, betas[None], premia[:, None]) == expected_return(0.0, betas, premia)


def test_betas_and_premia_of_unequal_number_are_refused():
    with pytest.raises(InputError) as refused:
        expected_return(0.0, [1.0, 2.0, 3.0], [0.1, 0.2])
    assert str(refused.value) == (
        "betas has 3 number(s) and premia has 2; use one premium for each beta, in the same order"
    )
