"""The estimation core: certified and exact numbers, laws of least squares, what it refuses."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import numpy as np
import pytest
from exact_least_squares import HOSTILE, exact_solution, householder, near_collinear, offset
from hypothesis import given, settings
from hypothesis import strategies as st

from factor_core.errors import FactorError, InputError, NumericalError
from factor_core.labelled import Columns
from factor_core.regression import ASSET_BLOCK, regress

EPS = float(np.finfo(float).eps)
ORACLES = Path(__file__).parent / "oracles"
# NIST StRD, certified to 15 digits; tests/oracles/nist.py wrote the file.
NIST = json.loads((ORACLES / "nist.json").read_text(encoding="ascii"))
COEFFICIENT_ERROR = {  # largest relative error of a coefficient
    "Norris": 1e-12,
    "Pontius": 1e-12,
    "NoInt1": 1e-14,  # printed to 15 digits
    "NoInt2": 1e-14,
    "Filip": 1e-7,
    "Longley": 1e-13,
    "Wampler1": 1e-9,
    "Wampler2": 1e-12,
    "Wampler3": 1e-9,
    "Wampler4": 1e-7,
    "Wampler5": 1e-5,
}
PERFECT_FITS = ("Wampler1", "Wampler2")
laws = settings(max_examples=25, deadline=None)
seeds = st.integers(0, 2**32 - 1)


def data_set(name):
    """Return y, the design without intercept, and whether the model has one."""
    certified = NIST[name]
    data = np.array(certified["data"])
    intercept = certified["parameters"][0] == "B0"
    k = len(certified["parameters"]) - intercept
    predictors = data[:, 1:]
    design = predictors if name == "Longley" else predictors ** np.arange(1, k + 1)
    return data[:, 0], design, intercept


def draw(seed, n=60, k=3, m=1):
    """Return returns of m assets on k correlated factors, the size of daily ones."""
    rng = np.random.default_rng(seed)
    factors = rng.normal(0.0003, 0.01, (n, k)) + rng.normal(0, 0.006, (n, 1))
    betas = rng.uniform(-0.5, 1.5, (k, m))
    returns = 0.0002 + factors @ betas + rng.normal(0, 0.008, (n, m))
    return returns, factors


def coefficients(fit):
    """Return alpha and betas of the first asset, and their classical standard errors."""
    estimates = np.concatenate([fit.alpha, fit.beta[0]]) if fit.intercept else fit.beta[0]
    return estimates, np.sqrt(fit.ssr / fit.df * fit.unit_variance[0])


# ------------------------------------------------------------------ certified: NIST StRD


@pytest.mark.parametrize("name", NIST)
def test_coefficients_are_nist_certified(name):
    y, x, intercept = data_set(name)
    estimates, _ = coefficients(regress(y, x, intercept))
    np.testing.assert_allclose(estimates, NIST[name]["estimates"], rtol=COEFFICIENT_ERROR[name])


@pytest.mark.parametrize("name", [name for name in NIST if name not in PERFECT_FITS])
def test_standard_errors_and_fit_are_nist_certified(name):
    y, x, intercept = data_set(name)
    fit = regress(y, x, intercept)
    _, errors = coefficients(fit)
    certified = NIST[name]
    tolerance = 1e-6 if name == "Filip" else 1e-11
    np.testing.assert_allclose(errors, certified["deviations"], rtol=tolerance)
    spread = np.sqrt(fit.ssr / fit.df)
    np.testing.assert_allclose(spread, certified["residual_deviation"], rtol=tolerance)
    np.testing.assert_allclose(fit.ssr, certified["residual_sum_of_squares"], rtol=tolerance)
    np.testing.assert_allclose(fit.r_squared, certified["r_squared"], rtol=1e-9)
    f = (fit.tss - fit.ssr) / fit.k / spread**2
    np.testing.assert_allclose(f, certified["f"], rtol=tolerance)


@pytest.mark.parametrize("name", PERFECT_FITS)
def test_polynomial_without_noise_is_an_exact_fit(name):
    y, x, _ = data_set(name)
    fit = regress(y, x)
    assert fit.r_squared[0] == 1
    assert fit.is_exact[0]


# ------------------------------------------------------------------ exact: mpmath with 60 digits


@pytest.mark.parametrize("case", HOSTILE)
def test_betas_are_as_exact_as_householder_qr(case):
    y, x = HOSTILE[case](np.random.default_rng(11), 240)
    exact = exact_solution(y, x)[0][1:]

    def error(betas):
        return float(np.max(np.abs(betas / exact - 1)))

    by_qr = max(error(householder(y, x, centre)) for centre in (False, True))
    assert error(regress(y, x).beta[0]) <= 8 * by_qr + 64 * EPS


@pytest.mark.parametrize("exponent", [4, 6, 8, 10, 12])
def test_nearly_collinear_factors_lose_no_digits(exponent):
    y, x = near_collinear(exponent)(np.random.default_rng(15), 240)
    np.testing.assert_allclose(regress(y, x).beta[0], exact_solution(y, x)[0][1:], rtol=1e-11)


@pytest.mark.parametrize("level", [1.0, 1e3, 1e6])
def test_level_of_the_series_costs_no_digits(level):
    y, x = offset(level)(np.random.default_rng(12), 240)
    np.testing.assert_allclose(regress(y, x).beta[0], exact_solution(y, x)[0][1:], rtol=1e-11)


def test_filip_is_solved_as_the_floats_have_it():
    # The certified values belong to the decimal data: their floats have a solution 1e-8 away.
    y, x, _ = data_set("Filip")
    np.testing.assert_allclose(coefficients(regress(y, x))[0], exact_solution(y, x)[0], rtol=1e-8)


@pytest.mark.parametrize("intercept", [True, False])
def test_nor_do_nearly_collinear_factors_far_from_0(intercept):
    rng = np.random.default_rng(14)
    level = 1e6 if intercept else 0.0
    x = level + rng.normal(0, 0.01, (120, 2))
    x[:, 1] = x[:, 0] + 1e-7 * rng.normal(0, 1, 120)  # the floats themselves step by 1e-10
    y = level + x[:, 0] + rng.normal(0, 0.01, 120)
    fit = regress(y, x, intercept)
    if intercept:
        exact, errors = (values[1:] for values in exact_solution(y, x))
    else:
        mirrored = np.concatenate([y, -y]), np.concatenate([x, -x])
        exact, errors = (values[1:] for values in exact_solution(*mirrored))
        errors *= (237 / 118) ** 0.5  # twice the rows, one parameter more
    np.testing.assert_allclose(fit.beta[0], exact, rtol=1e-13)
    found = np.sqrt(fit.ssr / fit.df * np.diagonal(fit.inverse[0]))
    np.testing.assert_allclose(found, errors, rtol=1e-9)
    orthogonal_to = [np.ones(120), *(x - x.mean(axis=0)).T] if intercept else x.T
    for series in orthogonal_to:
        size = np.linalg.norm(series) * np.linalg.norm(fit.residuals)
        assert abs(series @ fit.residuals[:, 0]) <= 1e-13 * size


# ------------------------------------------------------------------ laws


@laws
@given(seeds, st.floats(-1e3, 1e3).filter(lambda c: abs(c) > 1e-3))
def test_betas_scale_with_the_asset_and_against_the_factor(seed, scale):
    y, x = draw(seed)
    base, asset, factor = regress(y, x), regress(scale * y, x), regress(y, x * [scale, 1, 1])
    np.testing.assert_allclose(asset.beta, scale * base.beta, rtol=1e-11)
    np.testing.assert_allclose(asset.alpha, scale * base.alpha, rtol=1e-9, atol=1e-15)
    np.testing.assert_allclose(factor.beta, base.beta / [scale, 1, 1], rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(factor.r_squared, base.r_squared, rtol=1e-12)


@laws
@given(seeds, st.floats(-1, 1))
def test_levels_move_alpha_only(seed, level):
    y, x = draw(seed)
    base, asset, factor = regress(y, x), regress(y + level, x), regress(y, x + level)
    np.testing.assert_allclose(asset.beta, base.beta, rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(asset.alpha, base.alpha + level, rtol=1e-10, atol=1e-13)
    np.testing.assert_allclose(factor.beta, base.beta, rtol=1e-9, atol=1e-11)
    moved = base.alpha - level * base.beta.sum()
    np.testing.assert_allclose(factor.alpha, moved, rtol=1e-9, atol=1e-12)


@laws
@given(seeds)
def test_order_of_rows_and_factors_does_not_matter(seed):
    y, x = draw(seed, k=4)
    rng = np.random.default_rng(seed)
    rows, order = rng.permutation(len(y)), rng.permutation(4)
    base, shuffled, reordered = regress(y, x), regress(y[rows], x[rows]), regress(y, x[:, order])
    np.testing.assert_allclose(shuffled.beta, base.beta, rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(shuffled.residuals, base.residuals[rows], rtol=1e-9, atol=1e-15)
    np.testing.assert_allclose(reordered.beta, base.beta[:, order], rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(
        reordered.inverse, base.inverse[:, order][:, :, order], rtol=1e-9, atol=1e-9
    )


@laws
@given(seeds)
def test_frisch_waugh_partial_beta_is_the_slope_of_residuals_on_residuals(seed):
    y, x = draw(seed)
    others = x[:, 1:]
    left, right = regress(y, others).residuals, regress(x[:, 0], others).residuals
    np.testing.assert_allclose(
        regress(left, right).beta[0, 0], regress(y, x).beta[0, 0], rtol=1e-10, atol=1e-12
    )


@laws
@given(seeds)
def test_a_further_factor_never_lowers_r_squared(seed):
    y, x = draw(seed, k=5)
    shares = [regress(y, x[:, :k]).r_squared[0] for k in range(1, 6)]
    assert np.all(np.diff(shares) >= -1e-14)
    assert 0 <= shares[0] <= shares[-1] <= 1


@laws
@given(seeds, st.integers(1, 6), st.booleans())
def test_residuals_are_orthogonal_to_the_factors(seed, k, intercept):
    y, x = draw(seed, k=k)
    fit = regress(y, x, intercept)
    size = np.linalg.norm(y) * np.linalg.norm(x, axis=0)
    assert np.all(np.abs(x.T @ fit.residuals[:, 0]) <= 1e-14 * size)
    if intercept:
        assert abs(fit.residuals.sum()) <= 1e-14 * np.abs(y).sum()


@laws
@given(seeds, st.integers(1, 4))
def test_returns_are_alpha_plus_factors_plus_residual(seed, k):
    y, x = draw(seed, k=k)
    fit = regress(y, x)
    rebuilt = fit.alpha + x @ fit.beta.T + fit.residuals
    np.testing.assert_allclose(rebuilt, y, rtol=1e-12, atol=1e-16)
    np.testing.assert_allclose(fit.ssr, (fit.residuals**2).sum(), rtol=1e-12)


@laws
@given(seeds, st.integers(1, 4))
def test_without_intercept_is_the_fit_of_the_data_and_their_mirror_image(seed, k):
    y, x = draw(seed, k=k)
    mirrored = regress(np.vstack([y, -y]), np.vstack([x, -x]))
    through_zero = regress(y, x, intercept=False)
    np.testing.assert_allclose(mirrored.beta, through_zero.beta, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(mirrored.r_squared, through_zero.r_squared, rtol=1e-11)
    assert abs(mirrored.alpha[0]) < 1e-16
    assert through_zero.alpha[0] == 0


# ------------------------------------------------------------------ gaps and many assets


@laws
@given(seeds, st.integers(1, 3))
def test_gaps_are_rows_dropped_by_hand(seed, k):
    y, x = draw(seed, k=k)
    rng = np.random.default_rng(seed)
    y[rng.choice(60, 7, replace=False)] = np.nan
    x[rng.choice(60, 4, replace=False), rng.integers(k)] = np.nan
    kept = ~np.isnan(y[:, 0]) & ~np.isnan(x).any(axis=1)
    fit, by_hand = regress(y, x), regress(y[kept], x[kept])
    assert fit.n[0] == kept.sum()
    np.testing.assert_array_equal(fit.beta, by_hand.beta)
    np.testing.assert_array_equal(fit.residuals[kept], by_hand.residuals)
    assert np.isnan(fit.residuals[~kept]).all()


@pytest.mark.parametrize("with_gaps", [False, True])
@pytest.mark.parametrize("k", [1, 3])
def test_many_assets_at_once_are_each_alone(k, with_gaps):
    y, x = draw(5, n=90, k=k, m=2 * ASSET_BLOCK + 3)
    if with_gaps:
        y[:, 1::2] = np.where(np.arange(90)[:, None] < 20, np.nan, y[:, 1::2])
        y[40, 7] = np.nan
        x[50, 0] = np.nan
    together = regress(y, x)
    for j in range(y.shape[1]):
        alone = regress(y[:, j], x)
        for field in ("alpha", "beta", "n", "ssr", "tss", "r_squared", "asset_mean", "inverse"):
            np.testing.assert_allclose(
                getattr(together, field)[j], getattr(alone, field)[0], rtol=1e-12, atol=1e-13
            )
        np.testing.assert_allclose(
            together.residuals[:, j], alone.residuals[:, 0], rtol=1e-10, atol=1e-16
        )


def test_one_asset_among_many_is_solved_the_same_way_in_scalars_and_in_blocks():
    y, x = draw(6, n=500, k=1, m=2)
    scalars, block = regress(y[:, 0], x), regress(y, x)
    for field in ("alpha", "beta", "ssr", "r_squared", "factor_mean", "inverse", "unit_variance"):
        np.testing.assert_allclose(
            getattr(scalars, field)[0], getattr(block, field)[0], rtol=1e-12, atol=1e-17
        )


def test_a_later_fit_leaves_an_earlier_one_alone():
    y, x = draw(7)
    fit = regress(y, x)
    kept = [np.copy(getattr(fit, name)) for name in ("beta", "residuals", "inverse")]
    regress(*draw(8))
    for name, values in zip(("beta", "residuals", "inverse"), kept, strict=True):
        np.testing.assert_array_equal(getattr(fit, name), values)


def test_threads_do_not_share_their_workspace():
    cases = [draw(seed, n=2000) for seed in range(4)]
    expected = [regress(y, x).beta for y, x in cases]
    found = [[] for _ in cases]

    def repeat(i):
        found[i] = [regress(*cases[i]).beta for _ in range(50)]

    threads = [threading.Thread(target=repeat, args=(i,)) for i in range(len(cases))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for betas, beta in zip(found, expected, strict=True):
        assert len(betas) == 50
        assert all(np.array_equal(b, beta) for b in betas)


def test_the_input_stays_as_it_was():
    y, x = draw(9)
    y[3] = np.nan
    copies = y.copy(), x.copy()
    for array in (y, x):
        array.flags.writeable = False
    regress(y, x)
    np.testing.assert_array_equal(y, copies[0])
    np.testing.assert_array_equal(x, copies[1])


def test_a_reference_over_the_whole_sheet_counts_its_blank_rows_as_missing():
    y, x = draw(10)
    cut = Columns(x[:50], rows=60)
    fit, by_hand = regress(Columns(y), cut), regress(y[:50], x[:50])
    np.testing.assert_array_equal(fit.beta, by_hand.beta)
    assert fit.residuals.shape == (60, 1)


# ------------------------------------------------------------------ what has no estimate


def test_a_constant_asset_has_beta_0_and_alpha_its_mean():
    _, x = draw(1, k=2)
    nearly_collinear = np.column_stack([x[:, 0], x[:, 0] + 1e-6 * x[:, 1]])
    for level in (0.0, 0.01, 0.1 + 0.2, 1e6 / 3, *np.random.default_rng(1).uniform(size=40)):
        for factors in (x, x[:, 0], nearly_collinear):
            fit = regress(np.full(60, level), factors)
            assert not fit.beta.any()
            assert not fit.residuals.any()
            assert np.isnan(fit.r_squared[0])
            np.testing.assert_allclose(fit.alpha, level, rtol=1e-15)


Y, X = draw(2)
NAMES = ("Mkt-RF", "SMB", "HML")
REFUSALS = {
    "constant factor": (Y, np.column_stack([X, np.full(60, 0.1)]), "column 4 is constant"),
    "one constant factor": (Y, np.full(60, 0.1), "factor_returns is constant"),
    "constant factor far from 0": (Y, np.full(60, 1e9 / 7), "factor_returns is constant"),
    "factor constant over the complete rows": (
        np.where(np.arange(60)[:, None] < 30, np.nan, Y),
        np.where(np.arange(60) < 30, X[:, 0], 0.25),
        "factor_returns is constant over the complete rows",
    ),
    "factor twice": (Y, X[:, [0, 1, 1]], "column 3 is a linear combination"),
    "sum of factors": (Y, np.column_stack([X, X.sum(axis=1)]), "column 4 is a linear combination"),
    "factor in percent": (Y, np.column_stack([X, 100 * X[:, 1]]), "column 4 is a linear"),
    "difference of levels": (
        Y,
        np.column_stack([X[:, 0] + 1e6, X[:, 0]]),
        "column 2 is a linear combination",
    ),
    "named": (Y, Columns(X[:, [0, 1, 1]], NAMES), r"factor_returns column 3 \(HML\) is a linear"),
    "no rows to spare": (Y[:4], X[:4], "asset_returns has 4 complete rows for 3 .* at least 5"),
    "more factors than rows": (Y[:3], np.tile(X[:3], 2), "3 complete rows for 6"),
    "one row": (Y[:1], X[:1, :1], "1 complete rows for 1"),
    "factor without a number": (
        Y,
        Columns(np.where([False, True, False], np.nan, X), NAMES),
        r"0 complete rows .* \(factor_returns column 2 \(SMB\) is blank throughout\)",
    ),
    "a row for a column": (Y.T[:, :3], X.T[:1], "periods run down the rows; TRANSPOSE"),
    "nothing but gaps": (np.full(60, np.nan), X, "0 complete rows"),
    "rows lost to gaps": (np.where(np.arange(60) < 4, Y[:, 0], np.nan), X, "4 complete rows"),
    "second asset with too few rows": (
        Columns(np.column_stack([Y, np.where(np.arange(60) < 4, Y[:, 0], np.nan)]), ("A", "B")),
        X,
        r"asset_returns column 2 \(B\) has 4 complete rows",
    ),
    "tiny factor": (Y, X[:, 0] * 1e-300, "factor_returns holds numbers of the order of"),
    "tiny asset": (Y * 1e-300, X, "asset_returns holds numbers of the order of"),
    "huge factor": (Y, X * [1, 1e150, 1], "column 2 holds numbers of the order of"),
    "huge asset": (Y * 1e150, X[:, 0], "asset_returns holds numbers of the order of"),
    "next to overflow": (Y, np.where(X[:, :1] > 0, 1.7e308, -1.7e308), "holds numbers"),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_what_has_no_estimate_is_refused_by_name(case):
    y, x, words = REFUSALS[case]
    with pytest.raises(NumericalError, match=words) as refused:
        regress(y, x)
    assert len(str(refused.value)) <= 200


@pytest.mark.parametrize(
    ("y", "x", "words"),
    [
        (Y, X[:-1], "asset_returns has 60 rows and factor_returns has 59"),
        (np.where(np.arange(60) == 5, np.inf, Y[:, 0]), X, "asset_returns row 6, column 1"),
        (Y, np.where(np.arange(180).reshape(60, 3) == 4, -np.inf, X), "row 2, column 2 is inf"),
        (np.empty((60, 0)), X, "at least one asset and one factor"),
        (Y[None], X, "asset_returns has 3 dimensions"),
    ],
)
def test_input_that_is_no_pair_of_ranges_is_refused(y, x, words):
    with pytest.raises(InputError, match=words):
        regress(y, x)


def test_infinity_that_passed_the_door_is_refused_and_never_dropped_as_missing():
    x = X.copy()
    x[5, 1] = np.inf
    with pytest.raises(NumericalError, match="factor_returns column 2 holds numbers of the order"):
        regress(Y, Columns(x))
    with pytest.raises(NumericalError, match="asset_returns holds numbers of the order"):
        regress(Columns(np.where(np.arange(60)[:, None] == 7, -np.inf, Y)), X[:, 0])


def test_a_constant_factor_is_an_intercept_where_there_is_none():
    y, _ = draw(3)
    fit = regress(y, np.ones(60), intercept=False)
    np.testing.assert_allclose(fit.beta[0, 0], y.mean(), rtol=1e-12)
    with pytest.raises(NumericalError, match="factor_returns is constant"):
        regress(y, np.zeros(60), intercept=False)


def test_as_few_rows_as_possible_are_enough():
    y, x = draw(4)
    assert regress(y[:5], x[:5]).df[0] == 1
    assert regress(y[:4], x[:4], intercept=False).df[0] == 1
    with pytest.raises(NumericalError, match="at least 4"):
        regress(y[:3], x[:3], intercept=False)


@pytest.mark.parametrize("scale", [1e-50, 1e-20, 1e20, 1e50])
def test_scales_within_range_give_the_same_betas(scale):
    y, x = draw(13)
    np.testing.assert_allclose(regress(y * scale, x).beta, regress(y, x).beta * scale, rtol=1e-11)
    np.testing.assert_allclose(regress(y, x * scale).beta, regress(y, x).beta / scale, rtol=1e-11)


@laws
@given(st.integers(0, 2**32 - 1), st.integers(1, 12), st.integers(1, 5))
def test_any_input_gives_numbers_or_a_sentence(seed, n, k):
    rng = np.random.default_rng(seed)
    y, x = rng.normal(size=n), rng.choice([0.0, 1.0, -1.0, 0.5], (n, k))
    try:
        fit = regress(y, x)
    except FactorError:
        return
    assert np.isfinite(fit.beta).all()
    assert np.isfinite(fit.unit_variance).all()
