"""The largest profit under linear and convex quadratic limits, with proof.

scipy's SLSQP finds the neighbourhood of the maximum; Newton's method on the limits that bind there
takes it to the last digits; and what is returned has been checked against the conditions of Karush,
Kuhn and Tucker, which are sufficient here, because the programme is convex.

References
----------
D. Kraft (1988), A Software Package for Sequential Quadratic Programming, DFVLR-FB 88-28.
S. Boyd and L. Vandenberghe, Convex Optimization, section 5.5.3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from factor_core.labelled import Matrix, Vector

NEAR = (1e-5, 1e-4, 1e-6, 1e-3, 1e-7)  # slack of limits that may bind where the search ended
PROVEN = 1e-9  # what is left of the conditions, relative to the largest profit of one coordinate
SEARCH_STEPS, POLISH_STEPS = 1000, 12
SEARCH = 1e-10  # change of the profit at which the search ends
PRECISION = 1e-13  # of the polish
POSITIVE = 1e-12  # multiplier; below, the limit does not hold the profit back


class UnprovenError(Exception):
    """No point met the conditions of a maximum to the digits that are asked for."""


class Programme(NamedTuple):
    """Maximise profit' x over x' Q x <= r for each (Q, r), rows x <= bounds, 0 <= x <= upper.

    In pairs: coordinates i and n/2 + i are the long and the short side of a position, so that their
    sum is its size. All is of order 1, and x = 0 is feasible.
    """

    profit: Vector  # n
    quadratics: list[tuple[Matrix, float]]
    rows: Matrix  # l x n
    bounds: Vector  # l
    upper: Vector  # n; infinite where there is none

    @property
    def is_finite(self) -> bool:
        """Whether all numbers are in the float range; a missing upper limit is infinite."""
        parts = (self.profit, self.rows, self.bounds, *(q for q, _ in self.quadratics))
        return all(np.isfinite(part).all() for part in parts) and not np.isnan(self.upper).any()

    def slacks(self, x: Vector) -> Vector:
        """Return how far each limit is from binding: quadratics, rows, upper, lower."""
        quadratic = [(1 - x @ q @ x / r) / 2 for q, r in self.quadratics]
        return np.concatenate([quadratic, self.bounds - self.rows @ x, self.upper - x, x])

    def normals(self, x: Vector) -> Matrix:
        """Return the gradient of each limit, in the order of the slacks."""
        n = len(x)
        quadratic = np.array([q @ x / r for q, r in self.quadratics]).reshape(-1, n)
        return np.vstack([quadratic, self.rows, np.eye(n), -np.eye(n)])


class Optimum(NamedTuple):
    """A proven maximum: feasible, and the profit is what the multipliers make of the limits."""

    x: Vector
    multipliers: Vector
    residual: float


def maximise(programme: Programme) -> Optimum:
    """Return the maximum; UnprovenError where its proof fails."""
    if not programme.is_finite:
        raise UnprovenError
    rough = _netted(_search(programme))
    if not np.isfinite(rough).all():
        raise UnprovenError
    for near in NEAR:
        optimum = _proof(programme, _polish(programme, rough, _multipliers(programme, rough, near)))
        if optimum:
            return optimum
    raise UnprovenError


def _search(programme: Programme) -> Vector:
    from scipy import optimize  # noqa: PLC0415  slow to import

    n, limits = len(programme.profit), len(programme.quadratics) + len(programme.bounds)
    curved = {
        "type": "ineq",
        "fun": lambda x: programme.slacks(x)[:limits],
        "jac": lambda x: -programme.normals(x)[:limits],
    }
    found = optimize.minimize(
        lambda x: -programme.profit @ x,
        np.zeros(n),
        jac=lambda _: -programme.profit,
        method="SLSQP",
        bounds=[(0.0, high) for high in programme.upper],
        constraints=[curved],
        options={"ftol": SEARCH, "maxiter": SEARCH_STEPS},
    )
    # Whatever the search says of itself: the proof decides.
    x: Vector = np.clip(found.x, 0.0, programme.upper)
    return x


def _netted(x: Vector) -> Vector:
    """Return the same positions with one side each: no smaller limit is used by holding both."""
    half = len(x) // 2
    position = x[:half] - x[half:]
    return np.concatenate([np.maximum(position, 0.0), np.maximum(-position, 0.0)])


def _multipliers(programme: Programme, x: Vector, near: float) -> Vector:
    """Return the multipliers, none negative, that explain the profit by the limits near to x."""
    from scipy import optimize  # noqa: PLC0415  slow to import

    close = programme.slacks(x) <= near
    multipliers = np.zeros(len(close))
    normals = programme.normals(x)[close]
    if len(normals) and np.isfinite(normals).all():
        try:
            multipliers[close] = optimize.nnls(normals.T, programme.profit)[0]
        except RuntimeError:  # nnls ran out of steps; without multipliers the proof fails
            return np.zeros(len(close))
    return multipliers


def _polish(programme: Programme, x: Vector, multipliers: Vector) -> Vector:
    """Return the point near x where the limits with a multiplier bind exactly; Newton's method."""
    n, x = len(x), x.copy()
    limits, (upper, lower) = multipliers[: -2 * n], multipliers[-2 * n :].reshape(2, n) > POSITIVE
    other_side = np.roll(x, n // 2) > 0
    x[upper], x[lower] = programme.upper[upper], 0.0
    free = ~(upper | lower | ((x == 0) & other_side))
    binding = limits > POSITIVE
    for _ in range(POLISH_STEPS):
        normals = programme.normals(x)[: len(limits)][binding][:, free]
        curvature = sum(
            (force / r * q[np.ix_(free, free)])
            for (q, r), force in zip(programme.quadratics, limits, strict=False)
        ) + np.zeros((free.sum(),) * 2)
        system = np.block([[curvature, normals.T], [normals, np.zeros((len(normals),) * 2)]])
        slacks = programme.slacks(x)[: len(limits)][binding]
        target = np.concatenate([programme.profit[free] - normals.T @ limits[binding], slacks])
        if not (np.isfinite(system).all() and np.isfinite(target).all()):
            break  # the proof of what has been reached fails
        step = np.linalg.lstsq(system, target, rcond=PRECISION)[0]
        x[free] += step[: free.sum()]
        limits[binding] += step[free.sum() :]
        if not step.size or np.abs(step).max() < PRECISION:
            break
    return _netted(x)


def _proof(programme: Programme, x: Vector) -> Optimum | None:
    """Return x with multipliers that prove it, None where a limit is broken or none do."""
    if not programme.slacks(x).min() >= -PROVEN:
        return None
    multipliers = _multipliers(programme, x, PROVEN)
    left = programme.profit - multipliers @ programme.normals(x)
    residual = float(np.abs(left).max())
    return Optimum(x, multipliers, residual) if residual < PROVEN else None
