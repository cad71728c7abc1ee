"""Least squares of nearly collinear factors, refined with sums of twice the usual precision.

Plain arithmetic loses digits of beta as the factors approach collinearity: eight of sixteen with
NIST's Filip, by whichever factorisation. Error-free transformations, a sum or product as its
rounded value and its rounding error, give them back on every processor.

References
----------
A. Bjorck, BIT 7 (1967), 257-278 (refinement of residuals and coefficients together).
T. Ogita, S. Rump and S. Oishi, SIAM J. Sci. Comput. 26 (2005), 1955-1988 (error-free sums).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from factor_core.labelled import Matrix

EPS = float(np.finfo(np.float64).eps)
MOST_STEPS = 4  # each gains the digits that collinearity leaves: Filip needs one, and one to see it
SPLITTER = 2.0**27 + 1  # cuts a double into halves whose products are exact

Pair = tuple["Matrix", "Matrix"]  # numbers as rounded values and their rounding errors


def refine(
    factors: Pair,
    assets: Pair,
    left: Matrix,
    right: Matrix,
    beta: Matrix,
    residuals: Matrix,
    intercept: bool,
) -> tuple[Matrix, Matrix]:
    """Return betas (b x k) and residuals (b x n) of the least squares of assets on factors.

    Parameters
    ----------
    factors, assets : pairs of ndarrays of shape (k, n) and (b, n)
        Distances from centres that need only be close to the means; from 0 without an intercept.
    left, right : ndarrays of shape (k, k) and (k, n)
        Inverse of R and transpose of Q of the centred factors.
    beta, residuals : ndarrays of shape (b, k) and (b, n)
        A first solution.
    intercept : bool
    """
    for _ in range(MOST_STEPS):
        if intercept:
            residuals = residuals - residuals.mean(axis=1, keepdims=True)
        gap = _gap(factors, assets, beta, residuals)
        if intercept:
            gap -= gap.mean(axis=1, keepdims=True)
        step = right @ gap.T + left.T @ _dots(factors, residuals)
        change = (left @ step).T
        beta = beta + change
        residuals = residuals + gap - step.T @ right
        if (np.abs(change) <= EPS * np.abs(beta)).all():
            break
    return beta, residuals


def distances(series: Matrix, centre: Matrix) -> Pair:
    """Return rows less their centres without rounding."""
    return two_sum(series, -centre[:, None])


def two_sum(a: Matrix, b: Matrix) -> Pair:
    """Return a + b as its rounded value and its rounding error (Knuth)."""
    total = a + b
    part = total - a
    return total, (a - (total - part)) + (b - part)


def two_product(a: Matrix, b: Matrix) -> Pair:
    """Return a x b as its rounded value and its rounding error (Dekker)."""
    product = a * b
    (a_high, a_low), (b_high, b_low) = _halves(a), _halves(b)
    error = ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low
    return product, error


def _halves(a: Matrix) -> Pair:
    scaled = SPLITTER * a
    high = scaled - (scaled - a)
    return high, a - high


def _gap(factors: Pair, assets: Pair, beta: Matrix, residuals: Matrix) -> Matrix:
    """Return assets - beta x factors - residuals, which rounding alone keeps from 0."""
    total, error = two_sum(assets[0], -residuals)
    error = error + assets[1]
    for value, rounding, weight in zip(*factors, beta.T[:, :, None], strict=True):
        product, missed = two_product(-weight, value)
        total, lost = two_sum(total, product)
        error += lost + missed - weight * rounding
    gap: Matrix = total + error
    return gap


def _dots(factors: Pair, residuals: Matrix) -> Matrix:
    """Return factors times residuals, k x b: 0 but for rounding in a least-squares solution."""
    rows = []
    for value, rounding in zip(*factors, strict=True):
        product, missed = two_product(residuals, value)
        rows.append(_total(product) + (missed + residuals * rounding).sum(axis=1))
    return np.array(rows)


def _total(terms: Matrix) -> Matrix:
    """Return the sums of rows, with the rounding errors of every addition added at the end."""
    error = np.zeros(len(terms))
    while (n := terms.shape[1]) > 1:
        half = n // 2
        total, lost = two_sum(terms[:, :half], terms[:, half : 2 * half])
        error += lost.sum(axis=1)
        terms = total if n == 2 * half else np.column_stack([total, terms[:, -1]])
    total_of_row: Matrix = terms[:, 0] + error
    return total_of_row
