"""Least squares in 60 digits, by textbook QR, and the data that tell algorithms apart."""

from __future__ import annotations

import mpmath
import numpy as np


def exact_solution(y, x):
    """Return alpha and betas, and their standard errors, of the same floats in 60 digits."""
    with mpmath.workdps(60):
        columns = [[mpmath.mpf(1)] * len(y), *([mpmath.mpf(v) for v in c] for c in x.T.tolist())]
        target = [mpmath.mpf(v) for v in y.tolist()]
        p = len(columns)
        cross, moments = mpmath.matrix(p, p), mpmath.matrix(p, 1)
        for i in range(p):
            moments[i] = mpmath.fdot(columns[i], target)
            for j in range(p):
                cross[i, j] = mpmath.fdot(columns[i], columns[j])
        inverse = cross**-1
        solution = inverse * moments
        ssr = mpmath.fdot(target, target) - mpmath.fdot(solution, moments)
        errors = [mpmath.sqrt(ssr / (len(y) - p) * inverse[i, i]) for i in range(p)]
        return np.array([float(v) for v in solution]), np.array([float(v) for v in errors])


def householder(y, x, centre):
    """Return betas by textbook Householder QR, of [1 X] or of centred data."""
    mean = x.mean(axis=0)
    design = x - mean if centre else np.column_stack([np.ones(len(y)), x])
    orthonormal, triangle = np.linalg.qr(design)
    target = y - y.mean() if centre else y
    return np.linalg.solve(triangle, orthonormal.T @ target)[-x.shape[1] :]


def near_collinear(exponent):
    def make(rng, n):
        factors = rng.normal(0, 0.01, (n, 3))
        factors[:, 2] = factors[:, 1] + 10.0**-exponent * rng.normal(0, 0.01, n)
        return factors @ [1, 0.5, 0.25] + rng.normal(0, 0.01, n), factors

    return make


def offset(level):
    def make(rng, n):
        factors = rng.normal(0, 1e-4, (n, 3)) + level
        return factors @ [1, 0.5, 0.25] + rng.normal(0, 1e-4, n), factors

    return make


def outliers(rng, n):
    factors = rng.normal(0, 0.01, (n, 3))
    factors[n // 3, 0], factors[n // 2, 1] = 1e3, -1e3  # 1e5 standard deviations
    return factors @ [1, 0.5, 0.25] + rng.normal(0, 0.01, n), factors


def badly_scaled(rng, n):
    factors = rng.normal(0, 1, (n, 3)) * [1e-8, 1, 1e8]
    return factors @ [1e8, 1, 1e-8] + rng.normal(0, 1, n), factors


def index_replica(rng, n):
    factors = rng.normal(0, 0.01, (n, 3))
    return factors @ [0.2, 0.3, 0.5] + 1e-10 * rng.normal(0, 1, n), factors


def ten_sectors(rng, n):
    factors = rng.normal(0, 0.01, (n, 10)) + rng.normal(0, 0.05, (n, 1))
    return factors.sum(axis=1) + rng.normal(0, 0.01, n), factors


def one_far_factor(rng, n):
    factors = rng.normal(1e6, 1e-4, (n, 1))
    return 1.2 * (factors[:, 0] - 1e6) + rng.normal(0, 1e-4, n), factors


HOSTILE = {
    **{f"collinear to 1e-{e}": near_collinear(e) for e in (1, 2, 3, 4, 6, 8, 10, 12)},
    **{f"returns of 1e-4 around {level:g}": offset(level) for level in (1.0, 1e3, 1e6)},
    "outliers of 1e5 standard deviations": outliers,
    "factors of 1e-8, 1 and 1e8": badly_scaled,
    "R-squared next to 1": index_replica,
    "ten correlated factors": ten_sectors,
    "one factor around 1e6": one_far_factor,
}
