"""Rolling regressions in 80 bits and by one QR a window; the data that tell algorithms apart."""

from __future__ import annotations

import numpy as np

WINDOW = 60


def hostile_series(k):
    """Return series on which running sums lose their digits: name -> asset and factors."""
    rng = np.random.default_rng(5)
    n = 900
    betas = np.linspace(1.2, 0.4, k)

    def returns(scale=0.01):
        factors = rng.standard_normal((n, k)) * scale
        factors[:, 1:] += 0.6 * factors[:, :1]
        return factors

    def asset(factors, scale=0.01):
        return factors @ betas + scale * rng.standard_normal(n)

    crashes = rng.standard_t(2.2, (n, k)) * 0.008
    crashes[n // 2], crashes[n // 2 + 100] = -0.2, -0.12
    day = returns()
    day[n // 3] *= 1e5
    print_ = returns()
    print_[n // 3, 0] = 1e5
    shifted = returns()
    shifted[n // 2 :] += 1e4
    offset = returns(1e-4) + 1e3
    levels = 100 * np.exp(np.cumsum(returns(), axis=0))
    series = {
        "returns": (asset(ordinary := returns()), ordinary),
        "crashes": (asset(crashes), crashes),
        "one day 1e5 times as large": (asset(day), day),
        "bad print of 1e5": (asset(returns()), print_),
        "level shift": (asset(shifted), shifted),
        "offset of 1e3": (asset(offset, 1e-4), offset),
        "price levels": (asset(levels, 0.5), levels),
    }
    if k > 1:
        close = returns()
        close[:, 1] = close[:, 0] + 1e-4 * close[:, 1]
        series["almost collinear"] = (asset(close), close)
    return series


def windows_of(y, x):
    """Return all windows, shape (windows, rows, k + 1), the asset last; a gap is NaN."""
    block = np.column_stack([x, y])
    block[np.isnan(block).any(axis=1)] = np.nan
    return np.lib.stride_tricks.sliding_window_view(block, WINDOW, axis=0).transpose(0, 2, 1)


def centred(z):
    """Return windows less their means, a gap as a row of zeros, and the means."""
    count = (~np.isnan(z)).sum(axis=1, keepdims=True)
    mean = np.nansum(z, axis=1, keepdims=True) / count
    return np.nan_to_num(z - mean), mean[:, 0]


def by_long_double(y, x):
    """Return every number from normal equations of twice-centred windows in 80 bits."""
    raw = windows_of(y, x).astype(np.longdouble)
    z, mean = centred(raw)
    z, rest = centred(np.where(np.isnan(raw), np.nan, z))
    mean, count = mean + rest, (~np.isnan(raw[..., 0])).sum(axis=1)
    z, _ = centred(np.where(np.isnan(raw), np.nan, z))
    k = x.shape[1]
    square = np.einsum("qti,qtj->qij", z, z)
    for j in range(k):  # Gauss elimination; the matrix is positive definite
        for i in range(j + 1, k):
            square[:, i] -= square[:, j] * (square[:, i, j] / square[:, j, j])[:, None]
    betas = np.zeros((len(z), k), dtype=np.longdouble)
    for j in reversed(range(k)):
        known = np.einsum("qi,qi->q", square[:, j, :k], betas)
        betas[:, j] = (square[:, j, k] - known) / square[:, j, j]
    return with_quality(z, mean, betas, count)


def by_window_qr(y, x):
    raw = windows_of(y, x)
    z, mean = centred(raw)
    triangle = np.linalg.qr(z, mode="r")
    count, k = (~np.isnan(raw[..., 0])).sum(axis=1), x.shape[1]
    triangle[count < k + 2] = np.nan  # no betas, and no error for all the others
    betas = np.linalg.solve(triangle[:, :k, :k], triangle[:, :k, k:])[..., 0]
    return with_quality(z, mean, betas, count)


def with_quality(z, mean, betas, count):
    """Return alpha, betas, R-squared and residual volatility, a row a window."""
    k = betas.shape[1]
    residuals = z[..., k] - np.einsum("qti,qi->qt", z[..., :k], betas)
    ssr, tss = (residuals**2).sum(axis=1), (z[..., k] ** 2).sum(axis=1)
    alpha = mean[:, k] - (betas * mean[:, :k]).sum(axis=1)
    return np.column_stack([alpha, betas, 1 - ssr / tss, np.sqrt(ssr / (count - 1))])


def errors(found, exact, y, x):
    """Return the largest relative error of alpha, betas, R-squared and volatility.

    Alpha's is relative to the terms that it is the sum of, R-squared's to 1.
    """
    betas = slice(1, -2)
    gap = np.abs(found - exact)
    mean = np.abs(centred(windows_of(y, x))[1])
    terms = mean[:, -1] + (np.abs(exact[:, betas]) * mean[:, :-1]).sum(axis=1)
    of_betas = gap[:, betas].max(axis=1) / np.abs(exact[:, betas]).max(axis=1)
    return {
        "alpha": float((gap[:, 0] / terms).max()),
        "betas": float(of_betas.max()),
        "R2": float(gap[:, -2].max()),
        "vol": float((gap[:, -1] / exact[:, -1]).max()),
    }
