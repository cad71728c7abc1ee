from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles.hedging_risk_numbers import R
from oracles.sample_numbers import DURABLES, FACTORS

from factor_core.errors import DivisionError, ExcelError, InputError, NumericalError
from factor_core.hedging import hedge_ratio, hedged_series
from factor_core.hedging_regression import WARNING, hedge_effectiveness, min_var_hedge
from factor_core.labelled import Columns
from factor_core.regression import regress

quick = settings(max_examples=25, deadline=None)
seeds = st.integers(0, 10_000)
ridges = st.sampled_from([0.0, 1e-6, 0.1, 3.0])


def simulated(seed, n=60, j=3):
    rng = np.random.default_rng(seed)
    instruments = 0.01 * rng.standard_normal((n, j)) @ (np.eye(j) + 0.5 * rng.random((j, j)))
    return 0.01 * rng.standard_normal(n) + instruments @ rng.standard_normal(j), instruments


def table(asset, instruments, ridge=0.0):
    rows = min_var_hedge(asset, instruments, ridge).rows
    return rows[:-4], {row[0]: row[1] for row in rows[-4:]}


# ---------------------------------------------------------------------------- minimum variance


def test_hedge_of_the_sample_is_that_of_r():
    # R 4.2.2, tests/oracles/hedging_risk_r.R
    hedges, of_all = table(DURABLES, FACTORS)
    assert [row[0] for row in hedges] == list(FACTORS.names)
    np.testing.assert_allclose([row[1] for row in hedges], R["min_var_hedge"], rtol=1e-10)
    np.testing.assert_allclose([row[2] for row in hedges], R["vif"], rtol=1e-11)
    assert of_all["vol before"] == pytest.approx(R["vol_before"][0], rel=1e-12)
    assert of_all["vol after"] == pytest.approx(R["vol_after"][0], rel=1e-12)
    assert of_all["R2"] == pytest.approx(R["r_squared"][0], rel=1e-11)
    assert of_all["n"] == len(DURABLES.values)


def test_ridge_hedge_of_the_sample_is_that_of_r():
    # R 4.2.2, tests/oracles/hedging_risk_r.R: solve(S + 0.3 diag(diag(S)), s)
    hedges, of_all = table(DURABLES, FACTORS, 0.3)
    np.testing.assert_allclose([row[1] for row in hedges], R["ridge_hedge"], rtol=1e-11)
    assert of_all["vol after"] == pytest.approx(R["ridge_vol_after"][0], rel=1e-12)


@quick
@given(seeds)
def test_no_other_hedge_leaves_less_variance(seed):
    asset, instruments = simulated(seed)
    hedges, of_all = table(asset, instruments)
    ratios = np.array([row[1] for row in hedges])
    for nudge in 0.01 * np.vstack([np.eye(3), -np.eye(3)]):
        other = (asset + instruments @ (ratios + nudge)).std(ddof=1)
        assert other > of_all["vol after"]
    np.testing.assert_allclose(ratios, hedge_ratio(asset, instruments)[0], rtol=1e-9, atol=1e-12)
    assert of_all["R2"] == pytest.approx(regress(asset, instruments).r_squared[0], rel=1e-10)


@quick
@given(seeds, ridges)
def test_hedge_in_money_does_not_depend_on_the_units_of_an_instrument(seed, ridge):
    asset, instruments = simulated(seed)
    units = np.array([1.0, 100.0, 1e-3])
    one = np.array([row[1] for row in table(asset, instruments, ridge)[0]])
    other = np.array([row[1] for row in table(asset, instruments * units, ridge)[0]])
    np.testing.assert_allclose(other * units, one, rtol=1e-9, atol=1e-12)


@quick
@given(seeds, ridges)
def test_hedge_scales_with_the_asset_and_follows_the_order_of_the_instruments(seed, ridge):
    asset, instruments = simulated(seed)
    one = np.array([row[1:3] for row in table(asset, instruments, ridge)[0]])
    other = np.array([row[1:3] for row in table(-3 * asset, instruments[:, ::-1], ridge)[0]])
    np.testing.assert_allclose(other[::-1] / [-3, 1], one, rtol=1e-9, atol=1e-12)


@quick
@given(seeds)
def test_a_ridge_shrinks_the_hedge_and_removes_less_in_sample(seed):
    asset, instruments = simulated(seed)
    lengths, shares = [], []
    for ridge in (0.0, 0.1, 1.0, 1e6):
        hedges, of_all = table(asset, instruments, ridge)
        vols = instruments.std(axis=0)
        lengths.append(sum((row[1] * v) ** 2 for row, v in zip(hedges, vols, strict=True)))
        shares.append(of_all["R2"])
    assert lengths == sorted(lengths, reverse=True)
    assert shares == sorted(shares, reverse=True)
    assert shares[-1] == pytest.approx(0, abs=1e-4)


def test_collinear_instruments_share_the_hedge_under_a_ridge_and_are_warned_of():
    asset, instruments = simulated(4, j=1)
    twins = np.hstack([instruments, 2 * instruments])
    hedges, _ = table(asset, twins, 1e-6)
    (alone,), _ = table(asset, instruments)
    assert hedges[0][1] == pytest.approx(2 * hedges[1][1], rel=1e-6)
    assert hedges[0][1] + 2 * hedges[1][1] == pytest.approx(alone[1], rel=1e-5)
    assert [row[2:] for row in hedges] == [(np.inf, WARNING)] * 2
    with pytest.raises(NumericalError, match=r"instrument_returns column 2 .*use a ridge above 0"):
        min_var_hedge(asset, twins)


def test_instruments_that_overlap_are_warned_of_and_others_are_not():
    asset, instruments = simulated(5)
    overlapping = instruments.copy()
    overlapping[:, 1] = instruments[:, 0] + 0.1 * instruments[:, 1]
    assert [bool(row[3]) for row in table(asset, overlapping)[0]] == [True, True, False]
    apart = np.linalg.qr(instruments - instruments.mean(axis=0))[0]
    assert [row[2:] for row in table(asset, apart)[0]] == [(pytest.approx(1), "")] * 3


@quick
@given(seeds, ridges)
def test_rows_with_a_gap_are_left_out(seed, ridge):
    asset, instruments = simulated(seed)
    gaps, holes, kept = asset.copy(), instruments.copy(), np.delete(np.arange(60), [3, 7])
    gaps[3] = holes[7, 2] = np.nan
    one, other = table(gaps, holes, ridge), table(asset[kept], instruments[kept], ridge)
    for part, same in zip(one[0], other[0], strict=True):
        assert part[1:3] == pytest.approx(same[1:3], rel=1e-10)
    assert one[1] == pytest.approx(other[1], rel=1e-10)


# ------------------------------------------------------------------------------- effectiveness


def test_effectiveness_of_the_sample_is_that_of_r():
    # R 4.2.2, tests/oracles/hedging_risk_r.R: the betas of the first ten years, over all of them
    early = regress(DURABLES.values[:120], FACTORS.values[:120]).beta
    hedged = hedged_series(DURABLES, FACTORS, early)
    rows = hedge_effectiveness(DURABLES, hedged, FACTORS).rows
    found = {row[0]: row[1] for row in rows}
    assert found["effectiveness"] == pytest.approx(R["effectiveness"][0], rel=1e-11)
    assert found["vol before"] == pytest.approx(R["vol_before"][0], rel=1e-12)
    assert found["vol after"] == pytest.approx(R["hedged_vol"][0], rel=1e-12)
    left = [row[1:] for row in rows if row[0].startswith("beta left")]
    np.testing.assert_allclose(left, np.transpose([R["beta_left"], R["beta_left_se"]]), rtol=1e-9)
    correlations = [found[f"correlation {name}"] for name in FACTORS.names]
    np.testing.assert_allclose(correlations, R["correlation_left"], rtol=1e-9)
    assert found["n"] == len(DURABLES.values)


@quick
@given(seeds)
def test_a_full_sample_hedge_leaves_no_beta_and_removes_the_factors_share(seed):
    asset, factors = simulated(seed)
    found = {
        row[0]: row[1]
        for row in hedge_effectiveness(asset, hedged_series(asset, factors), factors).rows
    }
    share = regress(asset, factors).r_squared[0]
    assert found["effectiveness"] == pytest.approx(share, rel=1e-9)
    for j in (1, 2, 3):
        assert found[f"beta left factor {j}"] == pytest.approx(0, abs=1e-11)
        assert found[f"correlation factor {j}"] == pytest.approx(0, abs=1e-11)


def test_a_rolling_hedge_is_compared_over_its_own_rows():
    asset, factors = simulated(9)
    rolling = hedged_series(asset, factors, window=20)
    found = {row[0]: row[1] for row in hedge_effectiveness(asset, rolling, factors).rows}
    assert found["n"] == 40
    assert found["vol before"] == pytest.approx(asset[20:].std(ddof=1), rel=1e-12)


def test_no_hedge_has_no_effect_and_a_doubled_asset_a_negative_one():
    asset, factors = simulated(2)
    assert hedge_effectiveness(asset, asset, factors).rows[0][1] == 0
    assert hedge_effectiveness(asset, 2 * asset, factors).rows[0][1] == pytest.approx(-3)


def test_a_perfect_hedge_correlates_with_nothing():
    _, factors = simulated(2)
    rows = hedge_effectiveness(factors[:, 0], np.zeros(60), factors).rows
    assert rows[0][1] == 1
    assert isinstance(rows[-2][1], ExcelError)
    assert "constant: they correlate with nothing" in rows[-2][1].message


GOOD, THREE = simulated(0)
FLAT = THREE.copy()
FLAT[:, 1] = 0.01


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: min_var_hedge(THREE, THREE), InputError, "asset_returns has 3 columns; use one"),
        (lambda: min_var_hedge(GOOD[None], THREE), InputError, "TRANSPOSE turns a row into a col"),
        (lambda: min_var_hedge(GOOD, THREE[:9]), InputError, "asset_returns has 60 rows and instr"),
        (lambda: min_var_hedge(GOOD, THREE, -1), NumericalError, "ridge is -1; use 0 for none"),
        (lambda: min_var_hedge(GOOD, THREE, 1e9), NumericalError, "ridge is 1e+09; use 0 for none"),
        (
            lambda: min_var_hedge(GOOD, FLAT),
            NumericalError,
            "instrument_returns column 2 is constant over the complete rows; it hedges nothing",
        ),
        (
            lambda: min_var_hedge(GOOD, Columns(FLAT, ("A", "B", "C")), 0.1),
            NumericalError,
            "instrument_returns column 2 (B) is constant over the complete rows",
        ),
        (lambda: min_var_hedge(np.ones(60), THREE), DivisionError, "asset_returns is constant ov"),
        (
            lambda: min_var_hedge(GOOD[:4], THREE[:4]),
            NumericalError,
            "have 4 complete row(s); at least 5 are needed for 3 column(s) (blanks drop a row)",
        ),
        (lambda: min_var_hedge(GOOD[:2], THREE[:2], 0.1), NumericalError, "at least 3 are needed"),
        (lambda: min_var_hedge(GOOD * 1e-300, THREE), NumericalError, "whose squares leave the"),
        (lambda: min_var_hedge(GOOD, THREE * 1e-300), NumericalError, "too large or too small"),
        (
            lambda: hedge_effectiveness(GOOD, THREE, THREE),
            InputError,
            "hedged_returns has 3 columns; use one asset",
        ),
        (
            lambda: hedge_effectiveness(GOOD, GOOD[:9], THREE),
            InputError,
            "asset_returns has 60 rows and hedged_returns has 9",
        ),
        (
            lambda: hedge_effectiveness(np.ones(60), GOOD, THREE),
            DivisionError,
            "asset_returns is constant over the complete rows: nothing to hedge",
        ),
        (lambda: hedge_effectiveness(GOOD, GOOD, FLAT), NumericalError, "factor_returns column 2"),
        (
            lambda: hedge_effectiveness(GOOD, GOOD * np.nan, THREE),
            NumericalError,
            "have 0 complete row(s); at least 5 are needed",
        ),
    ],
)
def test_hedges_without_a_number_are_refused(call, error, message):
    with pytest.raises(error) as refused:
        call()
    assert message in str(refused.value)
