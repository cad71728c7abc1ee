from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import factor_udfs
from factor_core.adjusted_betas import blume_beta, lever_beta, unlever_beta, vasicek_beta
from factor_core.errors import DivisionError, InputError, NumericalError

quick = settings(max_examples=40, deadline=None)
betas = arrays(np.float64, (4, 2), elements=st.floats(-5, 5))
errors = arrays(np.float64, (4, 2), elements=st.floats(0.01, 2))
share = st.floats(0, 1)


# ---------------------------------------------------------------------------------- Blume


def test_blume_weighs_the_estimate_by_exactly_two_thirds():
    np.testing.assert_allclose(blume_beta([1.3]), [1.2], rtol=1e-15)  # by hand
    assert factor_udfs.BLUME_BETA(0.7) == pytest.approx(0.8, rel=1e-15)


@quick
@given(betas, share, st.floats(-2, 2))
def test_blume_lies_between_the_estimate_and_the_prior(given_betas, weight, prior):
    moved = blume_beta(given_betas, weight, prior)
    assert moved.shape == given_betas.shape
    low, high = np.minimum(given_betas, prior), np.maximum(given_betas, prior)
    assert ((moved >= low - 1e-12) & (moved <= high + 1e-12)).all()


@quick
@given(betas)
def test_all_the_weight_on_one_side_gives_that_side(given_betas):
    np.testing.assert_array_equal(blume_beta(given_betas, 1.0), given_betas)
    np.testing.assert_array_equal(blume_beta(given_betas, 0.0, 0.9), np.full((4, 2), 0.9))


@pytest.mark.parametrize("weight", [-0.1, 1.1, 66.67])
def test_a_weight_outside_0_to_1_is_refused(weight):
    with pytest.raises(InputError, match=f"weight is {weight:g}; use 0 to 1, the share"):
        blume_beta([1.0], weight)


# ---------------------------------------------------------------------------------- Vasicek


def test_vasicek_by_hand():
    # (0.09 x 1.5 + 0.04 x 1) / (0.09 + 0.04)
    np.testing.assert_allclose(vasicek_beta([1.5], [0.2], 1.0, 0.09), [0.175 / 0.13], rtol=1e-15)
    # mean 1, variance 0.04 = ((0.8 - 1)^2 + (1.2 - 1)^2) / 2; equal weights where se^2 is 0.04
    np.testing.assert_allclose(
        vasicek_beta([0.8, 1.0, 1.2], [0.2, 0.1, 0.0]), [0.9, 1.0, 1.2], rtol=1e-14
    )


@quick
@given(betas, errors)
def test_a_blank_prior_is_the_columns_own_mean_and_variance(given_betas, std_errors):
    moved = vasicek_beta(given_betas, std_errors)
    for j in range(2):
        column = given_betas[:, j]
        mean, variance = float(column.mean()), float(column.var(ddof=1))
        explicit = vasicek_beta(column, std_errors[:, j], mean, variance)
        np.testing.assert_allclose(moved[:, j], explicit, rtol=1e-12, atol=1e-12)
        assert moved[:, j].var() <= column.var() + 1e-12  # shrunk


@quick
@given(betas, errors, st.floats(-2, 2), st.floats(0.01, 4))
def test_precisions_add_up(given_betas, std_errors, prior, prior_var):
    """The posterior mean weighs each side by one over its variance."""
    precision = 1 / std_errors**2, 1 / prior_var
    wanted = (precision[0] * given_betas + precision[1] * prior) / (precision[0] + precision[1])
    moved = vasicek_beta(given_betas, std_errors, prior, prior_var)
    np.testing.assert_allclose(moved, wanted, rtol=1e-9, atol=1e-12)


def test_an_exact_estimate_stays_and_a_certain_prior_wins():
    np.testing.assert_array_equal(vasicek_beta([1.7], [0.0], 1.0, 0.1), [1.7])
    np.testing.assert_array_equal(vasicek_beta([1.7], [0.3], 1.0, 0.0), [1.0])


def test_a_row_is_one_cross_section_with_or_without_a_header():
    row = np.array([[0.8, 1.0, 1.2]])
    column = vasicek_beta(row.ravel(), [0.2, 0.2, 0.2])
    np.testing.assert_array_equal(vasicek_beta(row, 0.2), column[None])
    headed = factor_udfs.VASICEK_BETA([["A", "B", "C"], [0.8, 1.0, 1.2]], 0.2)
    assert headed == [["A", "B", "C"], column.tolist()]


def test_missing_betas_and_errors_stay_missing_and_leave_the_cross_section():
    moved = vasicek_beta([0.8, np.nan, 1.0, 9.0, 1.2], [0.2, 0.2, 0.2, np.nan, 0.2])
    np.testing.assert_allclose(moved, [0.9, np.nan, 1.0, np.nan, 1.1], rtol=1e-14)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (([1.0, 2.0], [0.1, 0.1]), NumericalError, "betas has 2 with a standard error; a prior"),
        (([1.0] * 3, [0.1] * 2), InputError, "betas is 3 and std_errors is 2, headers counted"),
        (([1.0] * 3, [0.1, -0.1, 0.1]), NumericalError, "std_errors row 2 is -0.1; a standard"),
        (([1.0], [0.1], 1.0, -1.0), NumericalError, "prior_var is -1; a variance is never"),
        (([1.0] * 3, [0.0] * 3), DivisionError, "a standard error and the prior's variance are"),
    ],
)
def test_what_vasicek_cannot_use_is_said(arguments, error, message):
    with pytest.raises(error) as refused:
        vasicek_beta(*arguments)
    assert message in str(refused.value)


def test_too_few_betas_in_one_column_of_several_are_said_with_the_column():
    block = np.array([[1.0, 1.0], [0.9, np.nan], [1.1, 1.2]])
    with pytest.raises(NumericalError, match="betas has 2 with a standard error in column 2; a pr"):
        vasicek_beta(block, 0.1)


# ---------------------------------------------------------------------------------- Hamada


def test_hamada_by_hand():
    assert lever_beta(0.8, 0.5, 0.25) == pytest.approx(1.1, rel=1e-15)  # 0.8 x (1 + 0.75 x 0.5)
    assert unlever_beta(1.1, 0.5, 0.25) == pytest.approx(0.8, rel=1e-15)


@quick
@given(betas, arrays(np.float64, (4, 2), elements=st.floats(0, 10)), share)
def test_unlevering_undoes_levering(given_betas, debt, tax):
    levered = lever_beta(given_betas, debt, tax)
    np.testing.assert_allclose(unlever_beta(levered, debt, tax), given_betas, rtol=1e-12)
    assert (np.abs(levered) >= np.abs(given_betas)).all()


def test_without_debt_or_at_full_tax_the_beta_stays():
    np.testing.assert_array_equal(lever_beta([0.8, 1.2], 0.0, 0.25), [0.8, 1.2])
    np.testing.assert_array_equal(lever_beta([0.8, 1.2], 5.0, 1.0), [0.8, 1.2])


def test_one_beta_is_levered_at_each_debt_and_a_header_stays_once():
    assert factor_udfs.LEVER_BETA(1.0, [[0.0], [1.0]], 0.5) == [[1.0], [1.5]]
    headed = factor_udfs.LEVER_BETA([["beta"], [1.0], [2.0]], 1.0, 0.5)
    assert headed == [["beta"], [1.5], [3.0]]
    both = factor_udfs.UNLEVER_BETA([["beta"], [1.5]], [["D/E"], [1.0]], 0.5)
    assert [row[0] for row in both][1:] == [1.0]


@pytest.mark.parametrize(
    ("debt", "tax", "error", "message"),
    [
        ([0.5, -0.1], 0.25, NumericalError, "debt_equity row 2 is -0.1; use 0 or more"),
        (0.5, 25.0, NumericalError, "tax_rate is 25; use 0 to 1, for example 0.25 for 25 %"),
        (0.5, -0.1, NumericalError, "tax_rate is -0.1; use 0 to 1"),
        ([0.5] * 3, 0.2, InputError, "beta is 2 and debt_equity is 3, headers counted; use equal"),
        (0.5, [0.2] * 3, InputError, "beta is 2 and tax_rate is 3, headers counted; use equal"),
    ],
)
def test_what_cannot_be_levered_is_said(debt, tax, error, message):
    for function in (lever_beta, unlever_beta):
        with pytest.raises(error) as refused:
            function([1.0, 1.2], debt, tax)
        assert message in str(refused.value)
