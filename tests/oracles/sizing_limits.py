"""Write sizing_limits.json: positions under limits, by cvxpy 1.9.3 with Clarabel 0.11.1.

Run by hand: python tests/oracles/sizing_limits.py. Neither package is needed by the tests.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

TARGET = Path(__file__).with_suffix(".json")
LIMITS = ("gross_limit", "name_limit", "factor_limits", "share_limit")
CASES = (  # assets, factors, which limits
    (1, 1, ()),
    (3, 1, ("factor_limits",)),
    (5, 1, ("gross_limit",)),
    (8, 2, ("name_limit",)),
    (8, 2, ("share_limit",)),
    (10, 3, ("gross_limit", "name_limit")),
    (12, 2, ("factor_limits", "share_limit")),
    (15, 3, LIMITS),
    (20, 4, LIMITS),
    (30, 3, LIMITS),
)


def case(seed: int, m: int, k: int, limits: tuple[str, ...]) -> dict[str, object]:
    """Return alphas, a factor model, and limits near what the volatility budget alone would use."""
    rng = np.random.default_rng(seed)
    betas = 0.5 * rng.standard_normal((m, k))
    betas[:, 0] += 1
    root = np.eye(k) + 0.5 * rng.standard_normal((k, k))
    factor_cov = 0.02 * root @ root.T
    idio_vars, alphas = rng.uniform(0.01, 0.16, m), rng.normal(0, 0.05, m)
    cov = betas @ factor_cov @ betas.T + np.diag(idio_vars)
    free = np.linalg.solve(cov, alphas)
    free *= 1e6 / np.sqrt(free @ cov @ free)
    exposures = betas.T @ free
    share = exposures @ factor_cov @ exposures / 1e12
    near = {
        "gross_limit": 0.8 * np.abs(free).sum(),
        "name_limit": 0.7 * np.abs(free).max(),
        "factor_limits": 0.5 * np.abs(exposures),
        "share_limit": 0.4 * share,
    }
    inputs = {"alphas": alphas, "betas": betas, "factor_cov": factor_cov, "idio_vars": idio_vars}
    return inputs | {"budget": 1e6} | {name: near[name] for name in limits}


def solved(given: dict[str, object]) -> dict[str, object]:
    """Return the case with its positions and its profit, both in units of the budget."""
    budget, betas = given["budget"], given["betas"]
    import cvxpy  # noqa: PLC0415  the tests, which collect this file, do without

    held = cvxpy.Variable(len(betas))
    systematic = np.linalg.cholesky(given["factor_cov"]).T @ betas.T @ held
    own = cvxpy.multiply(np.sqrt(given["idio_vars"]), held)
    limits = [cvxpy.norm(cvxpy.hstack([systematic, own])) <= 1]
    if "gross_limit" in given:
        limits.append(cvxpy.norm1(held) <= given["gross_limit"] / budget)
    if "name_limit" in given:
        limits.append(cvxpy.abs(held) <= given["name_limit"] / budget)
    if "factor_limits" in given:
        limits.append(cvxpy.abs(betas.T @ held) <= given["factor_limits"] / budget)
    if "share_limit" in given:
        limits.append(cvxpy.norm(systematic) <= np.sqrt(given["share_limit"]))
    problem = cvxpy.Problem(cvxpy.Maximize(given["alphas"] @ held), limits)
    problem.solve(solver=cvxpy.CLARABEL, tol_gap_abs=1e-9, tol_gap_rel=1e-9, tol_feas=1e-9)
    plain = {name: np.asarray(value).tolist() for name, value in given.items()}
    return {"given": plain, "positions": held.value.tolist(), "profit": float(problem.value)}


if __name__ == "__main__":
    found = [solved(case(seed, *rest)) for seed, rest in enumerate(CASES)]
    text = ",\n".join(map(json.dumps, found))
    TARGET.write_text(f"[\n{text}\n]\n", encoding="ascii")
    print(f"{TARGET.name}: {len(found)} cases")  # noqa: T201  says what it wrote
