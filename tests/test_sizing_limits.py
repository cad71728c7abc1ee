"""Positions under limits: proven maxima, against another solver, and their laws."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from factor_core.convex_programme import Programme, UnprovenError, maximise
from factor_core.errors import InputError, NumericalError
from factor_core.risk import model_cov
from factor_core.sizing_limits import size_to_limits
from factor_core.sizing_portfolio import size_portfolio, treynor_black

# cvxpy 1.9.3 with Clarabel 0.11.1; tests/oracles/sizing_limits.py wrote the file.
CASES = json.loads(
    (Path(__file__).parent / "oracles" / "sizing_limits.json").read_text(encoding="ascii")
)
quick = settings(max_examples=25, deadline=None)
seeds = st.integers(0, 10_000)
LIMITS = ("gross_limit", "name_limit", "factor_limits", "share_limit")


def simulated(seed, m=8, k=2):
    rng = np.random.default_rng(seed)
    betas = 0.5 * rng.standard_normal((m, k))
    betas[:, 0] += 1
    root = np.eye(k) + 0.5 * rng.standard_normal((k, k))
    return {
        "alphas": rng.normal(0, 0.05, m),
        "betas": betas,
        "factor_cov": 0.02 * root @ root.T,
        "idio_vars": rng.uniform(0.01, 0.16, m),
        "budget": 1e6,
    }


def limited(seed, names, m=8, k=2):
    """Return a case with these limits, each near what the volatility budget alone would use."""
    given_case = simulated(seed, m, k)
    rng = np.random.default_rng(seed + 1)
    free = sizes(given_case)
    exposures = free @ given_case["betas"]
    near = {
        "gross_limit": np.abs(free).sum() * rng.uniform(0.2, 1.2),
        "name_limit": np.abs(free).max() * rng.uniform(0.2, 1.2),
        "factor_limits": np.abs(exposures) * rng.uniform(0, 1.5, k),
        "share_limit": exposures @ given_case["factor_cov"] @ exposures / 1e12 * rng.uniform(0, 1),
    }
    return given_case | {name: near[name] for name in names}


def sizes(case):
    m = len(case["alphas"])
    return np.array([row[1] for row in size_to_limits(**case).rows[:m]])


def values(case):
    """Return value, limit and status by name."""
    return {row[0]: row[1:] for row in size_to_limits(**case).rows}


some_limits = st.sets(st.sampled_from(LIMITS)).map(sorted)


# -------------------------------------------------------------------------------- best, and proven


@pytest.mark.parametrize("case", CASES, ids=lambda case: "+".join(list(case["given"])[5:]) or "vol")
def test_positions_are_those_of_another_solver_and_earn_no_less(case):
    found = sizes(case["given"]) / case["given"]["budget"]
    profit = float(found @ case["given"]["alphas"])
    assert profit == pytest.approx(case["profit"], rel=1e-7)
    wanted = np.array(case["positions"])
    np.testing.assert_allclose(found, wanted, atol=1e-4 * np.abs(wanted).max())


def feasible(case, held, slack=1e-9):
    """Assert that no limit is broken by more than rounding."""
    cov = model_cov(case["betas"], case["factor_cov"], case["idio_vars"])
    exposures = held @ case["betas"]
    assert (held @ cov @ held) ** 0.5 <= case["budget"] * (1 + slack)
    assert np.abs(held).sum() <= case.get("gross_limit", np.inf) * (1 + slack)
    assert (np.abs(held) <= np.asarray(case.get("name_limit", np.inf)) * (1 + slack)).all()
    room = slack * np.abs(held).sum()
    assert (np.abs(exposures) <= np.asarray(case.get("factor_limits", np.inf)) + room).all()
    systematic = exposures @ case["factor_cov"] @ exposures / case["budget"] ** 2
    assert systematic <= case.get("share_limit", np.inf) + slack


def bound_by_linear_programme(case, held):
    """Return a profit that no feasible portfolio can pass: the limits made linear at `held`.

    A convex limit lies inside its tangent, so that the linear programme allows all that the limits
    allow; where its best is the profit at `held`, `held` is the best there is.
    """
    from scipy import optimize  # noqa: PLC0415  the oracle of these tests alone

    m, betas, budget = len(held), case["betas"], case["budget"]
    systematic = betas @ case["factor_cov"] @ betas.T
    rows, limits = [], []

    def tangent(matrix, variance):
        gradient = matrix @ held  # x'Mx <= v lies inside (Mw)'x <= (v + w'Mw) / 2
        rows.append(np.concatenate([gradient, -gradient]))
        limits.append((variance + held @ gradient) / 2)

    tangent(systematic + np.diag(case["idio_vars"]), budget**2)
    if "share_limit" in case:
        tangent(systematic, case["share_limit"] * budget**2)
    if "gross_limit" in case:
        rows.append(np.ones(2 * m))
        limits.append(case["gross_limit"])
    if "factor_limits" in case:
        wide = np.hstack([betas.T, -betas.T])
        rows += [*wide, *-wide]
        limits += [*np.broadcast_to(case["factor_limits"], len(wide))] * 2
    size = 10 * np.abs(held).max()  # a box, for directions that the tangents leave free
    high = min(case.get("name_limit", np.inf), size) / size
    matrix, scale = np.array(rows), np.abs(rows).max(axis=1)
    found = optimize.linprog(
        -np.concatenate([case["alphas"], -case["alphas"]]),
        matrix / scale[:, None] * size,
        np.array(limits) / scale,
        bounds=[(0, high)] * (2 * m),
        method="highs",
    )
    assert found.success, found.message
    return -found.fun * size


@quick
@given(seeds, some_limits, st.integers(1, 12), st.integers(1, 3))
def test_no_feasible_portfolio_earns_more(seed, names, m, k):
    case = limited(seed, names, m, k)
    held = sizes(case)
    feasible(case, held)
    profit = held @ case["alphas"]
    assert bound_by_linear_programme(case, held) == pytest.approx(profit, rel=1e-6)


# ----------------------------------------------------------------------------- what the limits are


@quick
@given(seeds)
def test_the_budget_alone_gives_the_portfolio_of_markowitz(seed):
    case = simulated(seed)
    cov = model_cov(case["betas"], case["factor_cov"], case["idio_vars"])
    wanted = size_portfolio(np.linalg.solve(cov, case["alphas"]), cov, 1e6, 1, 1)
    np.testing.assert_allclose(sizes(case), wanted, rtol=1e-8, atol=1e-8 * np.abs(wanted).max())
    ((vol, budget, status),) = [values(case)["volatility"]]
    assert (vol, budget, status) == (pytest.approx(1e6, rel=1e-12), 1e6, "binds")


@quick
@given(seeds)
def test_without_betas_it_is_treynor_black(seed):
    case = simulated(seed) | {"betas": np.zeros((8, 1)), "factor_cov": [[0.04]]}
    wanted = treynor_black(case["alphas"], case["idio_vars"], 1e6, 1, 1)
    np.testing.assert_allclose(sizes(case), wanted, rtol=1e-9)


@quick
@given(seeds, st.sampled_from(["factor_limits", "share_limit"]))
def test_a_factor_limit_or_a_share_of_zero_is_factor_neutral(seed, name):
    case = simulated(seed) | {name: 0}
    held = sizes(case)
    np.testing.assert_allclose(held @ case["betas"], 0, atol=1e-9 * np.abs(held).sum())
    other = "share_limit" if name == "factor_limits" else "factor_limits"
    np.testing.assert_allclose(
        held, sizes(simulated(seed) | {other: 0}), rtol=1e-8, atol=1e-8 * np.abs(held).max()
    )
    assert values(case)["volatility"][2] == "binds"


@quick
@given(seeds, some_limits, st.floats(1e-6, 1e6))
def test_money_has_no_unit(seed, names, unit):
    case = limited(seed, names)
    scaled = {
        name: np.multiply(value, unit) if name in ("budget", *LIMITS[:3]) else value
        for name, value in case.items()
    }
    held = sizes(case)
    np.testing.assert_allclose(
        sizes(scaled), held * unit, rtol=1e-7, atol=1e-8 * unit * np.abs(held).max()
    )


@quick
@given(seeds, some_limits)
def test_positions_follow_their_assets_and_turn_with_the_alphas(seed, names):
    case = limited(seed, names)
    order = np.random.default_rng(seed).permutation(8)
    moved = case | {name: case[name][order] for name in ("alphas", "betas", "idio_vars")}
    moved["alphas"] = -3 * moved["alphas"]
    held = sizes(case)
    np.testing.assert_allclose(
        sizes(moved), -held[order], rtol=1e-7, atol=1e-8 * np.abs(held).max()
    )


@quick
@given(seeds, st.sampled_from(LIMITS))
def test_a_limit_that_does_not_bind_changes_nothing_and_one_that_binds_costs(seed, name):
    free, case = simulated(seed), limited(seed, [name])
    rows = size_to_limits(**case).rows
    own = {
        "gross_limit": ("gross",),
        "name_limit": tuple(f"asset {i}" for i in range(1, 9)),
        "factor_limits": ("exposure factor 1", "exposure factor 2"),
        "share_limit": ("factor share",),
    }[name]
    binds = any(row[3] == "binds" for row in rows if row[0] in own)
    cost = values(free)["expected profit"][0] - values(case)["expected profit"][0]
    if binds:
        assert cost > -1e-6
    else:
        held = sizes(free)
        np.testing.assert_allclose(sizes(case), held, atol=1e-8 * np.abs(held).max())


def test_the_table_names_what_binds():
    case = {
        "alphas": [0.05, 0.04, 0.03, 0.01],
        "betas": np.ones((4, 1)),
        "factor_cov": [[0.04]],
        "idio_vars": [0.02] * 4,
        "budget": 1e6,
        "name_limit": 1e6,
        "gross_limit": 3e6,
    }
    rows = size_to_limits(**case).rows
    assert [row[0] for row in rows] == [
        *(f"asset {i}" for i in range(1, 5)),
        *("volatility", "gross", "exposure factor 1", "factor share", "expected profit"),
    ]
    assert [row[1] for row in rows[:4]] == pytest.approx([1e6, 1e6, 1e6, 0])
    assert [row[3] for row in rows[:4]] == ["binds"] * 3 + [""]
    assert rows[4][1] == pytest.approx((0.04 * 9e12 + 0.02 * 3e12) ** 0.5)
    assert rows[4][2:] == (1e6, "")
    assert rows[5][2:] == (3e6, "binds")
    assert rows[6][1:] == (pytest.approx(3e6), "", "")
    assert rows[7][1:] == (pytest.approx(0.36), "", "")
    assert rows[8][1:] == (pytest.approx(1.2e5), "", "")


def test_one_limit_is_one_for_all_and_zero_leaves_an_asset_out():
    case = limited(3, ["name_limit", "factor_limits"])
    case["factor_limits"] = 1e5
    each = case | {"name_limit": np.full(8, case["name_limit"]), "factor_limits": [1e5, 1e5]}
    np.testing.assert_array_equal(sizes(case), sizes(each))
    each["name_limit"] = np.where(np.arange(8) == 2, 0.0, case["name_limit"])
    without = {
        name: np.delete(each[name], 2, axis=0)
        for name in ("alphas", "betas", "idio_vars", "name_limit")
    }
    found = sizes(each)
    assert found[2] == 0
    np.testing.assert_allclose(np.delete(found, 2), sizes(each | without), rtol=1e-7)


def test_a_hedging_instrument_without_a_variance_of_its_own_is_used_as_a_hedge():
    case = {
        "alphas": [0.05, 0.0],
        "betas": [[1.2], [1.0]],
        "factor_cov": [[0.04]],
        "idio_vars": [0.09, 0.0],
        "budget": 0.3,
    }
    np.testing.assert_allclose(sizes(case), [1.0, -1.2], rtol=1e-8)


def test_limits_with_nothing_between_them_leave_no_positions():
    case = simulated(1, m=2, k=2) | {"factor_limits": 0}
    assert sizes(case).tolist() == [0.0, 0.0]


# ------------------------------------------------------------------------------------- refusals

TWINS = {
    "alphas": [0.05, 0.02],
    "betas": [[1.0], [1.0]],
    "factor_cov": [[0.04]],
    "idio_vars": [0.0, 0.0],
    "budget": 1.0,
}


@pytest.mark.parametrize(
    ("case", "error", "message"),
    [
        (simulated(0) | {"budget": 0}, NumericalError, "budget is 0; it must be above 0"),
        (simulated(0) | {"gross_limit": 0}, NumericalError, "gross_limit is 0; it must be above 0"),
        (simulated(0) | {"gross_limit": -1}, NumericalError, "gross_limit is -1; it must be abo"),
        (simulated(0) | {"share_limit": 1.1}, NumericalError, "share_limit is 1.1; use a share"),
        (
            simulated(0) | {"name_limit": -1},
            InputError,
            "name_limit is -1; a limit is never negative: it holds long and short",
        ),
        (simulated(0) | {"factor_limits": [1, -1]}, InputError, "factor_limits number 2 is -1"),
        (
            simulated(0) | {"name_limit": [1, 2]},
            InputError,
            "name_limit has 2 numbers; use one for all, or 8, one for each asset",
        ),
        (simulated(0) | {"factor_limits": [1] * 3}, InputError, "or 2, one for each factor"),
        (simulated(0) | {"alphas": np.zeros(8)}, NumericalError, "alphas are all 0: there is"),
        (simulated(0) | {"alphas": [1.0]}, InputError, "alphas has 1 number(s) and idio_vars 8"),
        (
            simulated(0) | {"idio_vars": np.zeros(8), "betas": np.eye(8)[:, :2]},
            NumericalError,
            "asset 3 has no risk: its idio_vars and its betas are 0; leave it out",
        ),
        (
            TWINS,
            NumericalError,
            "some assets offset one another to no risk and still earn alpha, without end; give a",
        ),
        (simulated(0) | {"betas": np.full((8, 2), 1e200)}, NumericalError, "too large to calcul"),
        (simulated(0) | {"share_limit": 5e-324}, NumericalError, "no maximum could be proven"),
    ],
)
def test_programmes_without_a_maximum_are_refused(case, error, message):
    with pytest.raises(error) as refused:
        size_to_limits(**case)
    assert message in str(refused.value)


def test_twins_without_risk_are_sized_by_a_limit():
    assert sizes(TWINS | {"gross_limit": 40.0}) == pytest.approx([22.5, -17.5])


# --------------------------------------------------------------------------- the proof by itself


def test_a_maximum_comes_with_multipliers_that_prove_it():
    case = limited(7, LIMITS)
    cov = model_cov(case["betas"], case["factor_cov"], case["idio_vars"])
    sides = np.hstack([np.eye(8), -np.eye(8)])
    profit = case["alphas"] @ sides
    programme = Programme(
        profit / np.abs(profit).max(),
        [(sides.T @ cov @ sides, 1.0)],
        np.ones((1, 16)) / 4,
        np.array([1.0]),
        np.full(16, 0.9),
    )
    x, multipliers, residual = maximise(programme)
    assert residual < 1e-9
    assert (multipliers >= 0).all()
    assert np.abs(multipliers * np.nan_to_num(programme.slacks(x))).max() < 1e-9
    np.testing.assert_allclose(multipliers @ programme.normals(x), programme.profit, atol=1e-9)


def test_what_has_no_maximum_is_not_proven():
    unbounded = Programme(
        np.array([1.0, -1.0]),
        [(np.zeros((2, 2)), 1.0)],
        np.empty((0, 2)),
        np.empty(0),
        np.full(2, np.inf),
    )
    with pytest.raises(UnprovenError):
        maximise(unbounded)
