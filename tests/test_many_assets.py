"""Many assets at once: the same numbers as each alone, and as exact, with any gaps."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import numpy as np
import pytest
from exact_least_squares import HOSTILE, exact_solution, householder
from hypothesis import given, settings
from hypothesis import strategies as st

from factor_core import many_assets
from factor_core.covariance import coefficient_covariance, standard_errors, standard_errors_each
from factor_core.errors import NumericalError
from factor_core.inference import factor_table
from factor_core.labelled import Columns
from factor_core.least_squares import TILE, solve
from factor_core.many_assets import ASSET_BLOCK, FEW
from factor_core.many_errors import moving_sums
from factor_core.regression import regress, regress_each

EPS = float(np.finfo(float).eps)
laws = settings(max_examples=25, deadline=None)
seeds = st.integers(0, 2**32 - 1)
ESTIMATES = ("alpha", "beta", "n", "ssr", "tss", "r_squared", "asset_mean", "factor_mean")
GEOMETRY = ("inverse", "unit_variance")


def draw(seed, n=70, k=3, m=90):
    """Return returns of m assets on k correlated factors, the size of daily ones."""
    rng = np.random.default_rng(seed)
    factors = rng.normal(0.0003, 0.01, (n, k)) + rng.normal(0, 0.006, (n, 1))
    returns = 0.0002 + factors @ rng.uniform(-0.5, 1.5, (k, m)) + rng.normal(0, 0.008, (n, m))
    return returns, factors


def ragged(rng, y, starts=True, ends=True):
    """Blank each asset before its first and after its last row; at least 20 rows stay."""
    n, m = y.shape
    first = rng.integers(0, n // 2 - 10, m) if starts else np.zeros(m, int)
    last = rng.integers(n // 2 + 10, n, m) if ends else np.full(m, n)
    rows = np.arange(n)[:, None]
    y[(rows < first) | (rows > last)] = np.nan


def scatter(rng, y, share):
    y[rng.random(y.shape) < share] = np.nan


def alone(y, x, j, intercept=True):
    """Return asset j, and the rows it has, by the core that knows nothing of other assets."""
    rows = ~np.isnan(y[:, j]) & ~np.isnan(x).any(axis=1)
    return solve(y[rows, j : j + 1], x[rows], intercept), rows


def assert_as_alone(fit, y, x, intercept=True, rtol=1e-11):
    """Compare every number of every asset; tolerances are relative to the largest of a kind."""
    for j in range(y.shape[1]):
        single, rows = alone(y, x, j, intercept)
        for field in ESTIMATES + GEOMETRY:
            wanted = getattr(single, field)[0]
            scale = np.abs(single.asset_mean[0]) + (single.tss[0] / single.n[0]) ** 0.5
            atol = {"alpha": scale, "asset_mean": scale, "r_squared": 0.01}
            atol["factor_mean"] = np.abs(x[rows]).max()
            np.testing.assert_allclose(
                getattr(fit, field)[j],
                wanted,
                rtol=rtol,
                atol=1e-13 * atol.get(field, np.abs(wanted).max()),
                err_msg=f"{field} of asset {j}",
            )
        size = float(np.abs(single.residuals).max())
        np.testing.assert_allclose(
            fit.residuals[rows, j], single.residuals[:, 0], rtol=0, atol=rtol * size
        )
        assert np.isnan(fit.residuals[~rows, j]).all()


# ------------------------------------------------------------------ two ways agree


@laws
@given(
    seeds,
    st.integers(1, 6),
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.sampled_from([0.0, 0.02, 0.2]),
    st.booleans(),
)
def test_together_is_each_alone_for_any_gaps(seed, k, intercept, starts, ends, share, in_factors):
    y, x = draw(seed, k=k)
    rng = np.random.default_rng(seed)
    ragged(rng, y, starts, ends)
    scatter(rng, y, share)
    y[:, ::7] = draw(seed + 1, k=k, m=len(y[0, ::7]))[0]  # some have no gaps
    if in_factors:
        x[rng.integers(0, 70, 3), rng.integers(0, k)] = np.nan
    fit = regress(y, x, intercept)
    assert_as_alone(fit, y, x, intercept)


@pytest.mark.parametrize("n", [TILE - 1, TILE, TILE + 1, 2 * TILE + 7])
@pytest.mark.parametrize("m", [ASSET_BLOCK - 1, ASSET_BLOCK, ASSET_BLOCK + 1, 2 * ASSET_BLOCK + 1])
@pytest.mark.parametrize("gaps", [False, True])
def test_no_asset_is_lost_where_blocks_and_tiles_meet(n, m, gaps):
    y, x = draw(3, n=n, m=m)
    if gaps:
        ragged(np.random.default_rng(3), y)
    assert_as_alone(regress(y, x), y, x)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("gaps", [False, True])
def test_layout_of_the_input_does_not_matter_and_it_stays_as_it_was(order, gaps):
    y, x = draw(4)
    if gaps:
        ragged(np.random.default_rng(4), y)
    wanted = regress(y, x)
    wide = np.full((140, 180), 7.0, order=order)
    wide[::2, ::2] = y
    strided = wide[::2, ::2]
    before = wide.copy()
    wide.flags.writeable = False
    fit = regress(strided, np.asfortranarray(x) if order == "F" else x)
    np.testing.assert_allclose(fit.beta, wanted.beta, rtol=1e-12)
    np.testing.assert_array_equal(wide, before)


@laws
@given(seeds)
def test_order_of_assets_does_not_matter(seed):
    y, x = draw(seed)
    rng = np.random.default_rng(seed)
    ragged(rng, y)
    order = rng.permutation(90)
    base, shuffled = regress(y, x), regress(y[:, order], x)
    np.testing.assert_allclose(shuffled.beta, base.beta[order], rtol=1e-10, atol=1e-13)
    np.testing.assert_allclose(
        shuffled.residuals, base.residuals[:, order], rtol=0, atol=1e-12 * np.nanmax(np.abs(y))
    )


@pytest.mark.parametrize("share", [0.0, 0.05])
def test_gaps_of_all_kinds_are_solved_together(share):
    y, x = draw(5)
    rng = np.random.default_rng(5)
    ragged(rng, y)
    scatter(rng, y, share)
    task = many_assets._Task(y, x, True)
    patterns = many_assets._solve_complete(task)
    assert sum(map(len, patterns.values())) > 80
    assert many_assets._solve_gapped(task, patterns) == {}


def test_assets_with_the_same_gaps_share_a_fit():
    y, x = draw(6, m=3 * ASSET_BLOCK)
    y[:9], y[40, ::2] = np.nan, np.nan
    assert_as_alone(regress(y, x), y, x)


def test_threads_do_not_share_their_workspace():
    cases = []
    for seed in range(3):
        y, x = draw(seed, n=300)
        ragged(np.random.default_rng(seed), y)
        cases.append((y, x))
    expected = [regress(y, x).residuals for y, x in cases]
    found = [[] for _ in cases]

    def repeat(i):
        found[i] = [regress(*cases[i]).residuals for _ in range(10)]

    threads = [threading.Thread(target=repeat, args=(i,)) for i in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for residuals, wanted in zip(found, expected, strict=True):
        assert len(residuals) == 10
        for again in residuals:
            np.testing.assert_array_equal(again, wanted)


# ------------------------------------------------------------------ exact: mpmath with 60 digits


@pytest.mark.parametrize("gaps", ["none", "ragged", "scattered"])
@pytest.mark.parametrize("case", HOSTILE)
def test_betas_of_many_are_as_exact_as_householder_qr(case, gaps):
    rng = np.random.default_rng(21)
    returns, factors = HOSTILE[case](rng, 240)
    m = ASSET_BLOCK + 6
    noise = np.std(returns - returns.mean()) * rng.normal(0, 0.1, (240, m))
    noise[:, :2] = 0.0
    y = returns[:, None] + noise
    if gaps == "ragged":
        ragged(rng, y)
    if gaps == "scattered":
        scatter(rng, y, 0.03)
    fit = regress(y, factors)
    for j in (0, 1, m // 2, m - 1):
        rows = ~np.isnan(y[:, j])
        kept = y[rows, j], factors[rows]
        exact, errors = (values[1:] for values in exact_solution(*kept))

        def error(betas, exact=exact):
            return float(np.max(np.abs(betas / exact - 1)))

        by_qr = max(error(householder(*kept, centre)) for centre in (False, True))
        assert error(fit.beta[j]) <= 8 * by_qr + 64 * EPS
        of_data = EPS * float(np.max(np.abs(factors).max(axis=0) / np.std(factors[rows], axis=0)))
        found = np.sqrt(fit.ssr[j] / fit.df[j] * np.diagonal(fit.inverse[j]))
        single = regress(*kept)
        by_itself = np.sqrt(single.ssr / single.df * np.diagonal(single.inverse[0]))
        lost = np.max(np.abs(by_itself / errors - 1))  # to squares of residuals next to 0
        np.testing.assert_allclose(found, errors, rtol=8 * lost + 64 * of_data + 1e-12)


def test_no_level_of_an_asset_costs_digits():
    """Means next to 0 go with the projection, far ones are taken off before."""
    y, x = draw(23, n=120, m=ASSET_BLOCK + 16)
    y += np.std(y) * np.logspace(-2, 8, y.shape[1])
    fit = regress(y, x)
    for j in range(0, y.shape[1], 5):
        exact = exact_solution(y[:, j], x)[0]
        np.testing.assert_allclose(fit.beta[j], exact[1:], rtol=1e-12)
        np.testing.assert_allclose(fit.alpha[j], exact[0], rtol=1e-12)


def crash(rng, y, x):
    y[30, :] += 1e3
    x[30, 0] += 1e3


def level_shift(rng, y, x):
    y[40:] += 1e4
    x[40:, 1] += 1e4


def far_level(rng, y, x):
    y += 1e6
    x += 1e6


def trend(rng, y, x):
    x[:, 2] = np.linspace(-5, 5, len(x)) + 0.01 * x[:, 2]


def bad_print_of_one_asset(rng, y, x):
    y[np.isfinite(y[:, 3]).argmax(), 3] = 1e5


@pytest.mark.parametrize("share", [0.0, 0.05])
@pytest.mark.parametrize("spoil", [crash, level_shift, far_level, trend, bad_print_of_one_asset])
def test_histories_on_either_side_of_an_event_lose_no_digits(spoil, share):
    y, x = draw(22, n=80, m=40)
    rng = np.random.default_rng(22)
    rows = np.arange(80)[:, None]
    y[(rows < 45) & (np.arange(40) % 3 == 1)] = np.nan  # after the event
    y[(rows > 25) & (np.arange(40) % 3 == 2)] = np.nan  # before it
    ragged(rng, y[:, ::3])
    scatter(rng, y, max(share, 0.01))
    spoil(rng, y, x)
    fit = regress(y, x)
    for asset in (*range(0, 40, 3), *range(1, 40, 9), *range(2, 40, 9)):
        kept = np.isfinite(y[:, asset])
        exact = exact_solution(y[kept, asset], x[kept])[0][1:]
        by_qr = [householder(y[kept, asset], x[kept], centre) for centre in (True, False)]
        lost = np.max(np.abs(np.array(by_qr) - exact))
        np.testing.assert_allclose(fit.beta[asset], exact, rtol=1e-12, atol=4 * lost)


# ------------------------------------------------------------------ assets without estimate


def spoiled():
    """Return 80 assets with gaps, seven of which have no estimate or a special one."""
    y, x = draw(7, m=80)
    ragged(np.random.default_rng(7), y)
    y[:, 3] = np.nan
    y[4:, 10] = np.nan
    y[:, 20] = np.where(np.isnan(y[:, 20]), np.nan, 0.01)
    y[:, 30] *= 1e150
    y[:, 40] = 2 * x[:, 0]
    y[5:9, 40] = np.nan
    x[:, 2] = np.where(np.arange(70) < 30, 0.02, x[:, 2])
    y[30:, 50] = np.nan
    return y, x


def test_each_asset_without_estimate_says_why_and_leaves_the_others_alone():
    y, x = spoiled()
    fit, refused = regress_each(y, Columns(x, ("Mkt", "SMB", "HML")))
    said = {j: str(reason) for j, reason in refused.items()}
    assert list(said) == [3, 10, 30, 50]
    assert said[3].startswith("asset_returns column 4 has 0 complete rows for 3 factor(s); at")
    assert said[10].startswith(f"asset_returns column 11 has {fit.n[10]:.0f} complete rows")
    assert said[30].startswith("asset_returns column 31 holds numbers of the order of")
    assert said[50].startswith("factor_returns column 3 (HML) is constant over the complete rows")
    assert all(len(str(reason)) <= 250 and str(reason).isascii() for reason in refused.values())
    assert fit.n[3] == 0
    assert fit.n[10] == np.isfinite(y[:, 10]).sum()
    for field in (*ESTIMATES, *GEOMETRY):
        if field != "n":
            assert np.isnan(getattr(fit, field)[list(refused)]).all()
    assert np.isnan(fit.residuals[:, list(refused)]).all()
    assert not fit.beta[20].any()
    assert fit.is_exact[[20, 40]].all()
    kept = [j for j in range(80) if j not in refused and j not in (20, 40)]
    part = SimpleNamespace(
        residuals=fit.residuals[:, kept],
        **{field: getattr(fit, field)[kept] for field in ESTIMATES + GEOMETRY},
    )
    assert_as_alone(part, y[:, kept], x)


def test_the_first_asset_without_estimate_refuses_the_regression():
    y, x = spoiled()
    with pytest.raises(NumericalError, match="asset_returns column 4 has 0 complete rows"):
        regress(y, x)


@pytest.mark.parametrize("gaps", [False, True])
@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda x: np.column_stack([x, np.full(len(x), 0.1)]), "column 4 is constant"),
        (lambda x: np.column_stack([x, x.sum(axis=1)]), "column 4 is a linear combination"),
        (lambda x: x * [1, 1e150, 1], "column 2 holds numbers of the order of"),
        (lambda x: np.where(np.arange(70)[:, None] < 66, np.nan, x), "has 4 complete rows"),
        (lambda x: x * np.nan, "has 0 complete rows .* column 1 is blank throughout"),
    ],
)
def test_factors_without_estimate_refuse_every_asset(spoil, words, gaps):
    y, x = draw(8)
    if gaps:
        ragged(np.random.default_rng(8), y, ends=False)
    x = spoil(x)
    with pytest.raises(NumericalError, match=words):
        regress(y, x)
    fit, refused = regress_each(y, x)
    assert sorted(refused) == list(range(90))
    assert np.isnan(fit.beta).all()


def test_as_few_rows_as_possible_are_enough_for_each():
    y, x = draw(9, n=40, m=4 * FEW)
    for j in range(4 * FEW):
        y[j + 5 :, j] = np.nan
        y[:j, j] = np.nan
    assert_as_alone(regress(y, x), y, x, rtol=1e-8)
    y[35:, 3] = np.nan
    y[7, 3] = np.nan
    with pytest.raises(NumericalError, match="column 4 has 4 complete rows"):
        regress(y, x)


# ------------------------------------------------------------------ standard errors


@laws
@given(
    seeds,
    st.sampled_from(["hc0", "hc1", "hc2", "hc3", "hac"]),
    st.booleans(),
    st.sampled_from([0.0, 0.05]),
    st.booleans(),
)
def test_errors_of_many_are_the_roots_of_each_ones_covariance(seed, se, intercept, share, complete):
    y, x = draw(seed, m=20)
    rng = np.random.default_rng(seed)
    if not complete:
        ragged(rng, y)
        scatter(rng, y, share)
        x[rng.integers(70), 0] = np.nan
    fit = regress(y, x, intercept)
    diagonal = np.diagonal(coefficient_covariance(fit, se), axis1=1, axis2=2)
    np.testing.assert_allclose(standard_errors(fit, se), np.sqrt(diagonal), rtol=1e-10)
    first, refused = standard_errors_each(fit, se, coefficients=slice(0, 1))
    np.testing.assert_allclose(first, np.sqrt(diagonal[:, :1]), rtol=1e-10)
    assert not refused


@pytest.mark.parametrize("lags", [0, 1, 6, 19])
def test_lags_that_are_given_hold_for_every_asset(lags):
    y, x = draw(10, m=12)
    ragged(np.random.default_rng(10), y)
    fit = regress(y, x)
    found = standard_errors(fit, "hac", lags, small_sample=False)
    for j in range(12):
        own = coefficient_covariance(regress(y[:, j], x), "hac", lags, small_sample=False)[0]
        np.testing.assert_allclose(found[j], np.sqrt(np.diagonal(own)), rtol=1e-10)


@pytest.mark.parametrize("se", ["hc0", "hc3", "hac"])
def test_errors_of_histories_far_apart_lose_no_digits(se):
    y, x = draw(11, m=20)
    x[35:, 0] += 1e7
    rows = np.arange(70)[:, None]
    y[(rows < 35) == (np.arange(20) % 2 == 0)] = np.nan
    fit = regress(y, x)
    diagonal = np.diagonal(coefficient_covariance(fit, se), axis1=1, axis2=2)
    np.testing.assert_allclose(standard_errors(fit, se), np.sqrt(diagonal), rtol=1e-12)


@pytest.mark.parametrize("se", ["hc2", "hc3"])
def test_a_row_that_decides_a_coefficient_refuses_its_asset_only(se):
    y, x = draw(12, m=5)
    x[:, 2] = np.isin(np.arange(70), [30, 31])
    y[31, 2] = np.nan
    fit = regress(y, x)
    errors, refused = standard_errors_each(fit, se)
    assert list(refused) == [2]
    assert str(refused[2]).startswith("factor_returns row 31 alone decides")
    assert np.isnan(errors[2]).all()
    assert np.isfinite(np.delete(errors, 2, axis=0)).all()
    with pytest.raises(NumericalError, match="factor_returns row 31 alone decides"):
        standard_errors(fit, se)
    table = factor_table(y, x, 252, se)
    assert [row[1] == "#NUM!" for row in table.rows] == [False, False, True, False, False]


@laws
@given(st.integers(1, 40), st.integers(1, 60))
def test_moving_sums_are_convolutions_with_ones(n, width):
    scores = np.random.default_rng(n).normal(size=(2, n))
    sums = moving_sums(scores, width, np.empty((2, 2, n + width - 1)))
    wanted = [np.convolve(row, np.ones(width)) for row in scores]
    np.testing.assert_allclose(sums, wanted, rtol=1e-12, atol=1e-13)


# ------------------------------------------------------------------ the table of many


@pytest.mark.parametrize("se", ["ols", "hc3", "hac"])
def test_the_table_of_many_is_the_tables_of_each(se):
    y, x = draw(13, m=30)
    rng = np.random.default_rng(13)
    ragged(rng, y)
    scatter(rng, y, 0.02)
    y[:, 4] = np.where(np.isnan(y[:, 4]), np.nan, 0.01)
    y[3:, 9] = np.nan
    together = factor_table(y, x, 252, se)
    for j, row in enumerate(together.rows):
        if j == 9:
            assert row[1:-1] == ("#NUM!",) * 8
            continue
        (single,) = factor_table(y[:, j], x, 252, se).rows
        assert row[0] == f"asset {j + 1}"
        for here, there in zip(row[1:], single[1:], strict=True):
            if isinstance(there, str):
                assert here == there
            else:
                assert here == pytest.approx(there, rel=1e-10, abs=1e-13)
