"""Probabilities and quantiles behind tests and intervals: Student's t, F and the normal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from factor_core.errors import NumericalError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from factor_core.labelled import Vector


def student_p(t: NDArray[np.float64], df: float | Vector) -> NDArray[np.float64]:
    """Return the two-sided p of t; the lower tail keeps the digits of a small p.

    Examples
    --------
    >>> student_p(np.array([0.0, -2.0]), 60).round(4)
    array([1.  , 0.05])
    """
    from scipy import special  # noqa: PLC0415  scipy costs a cold start more than all of numpy

    p: NDArray[np.float64] = 2 * special.stdtr(df, -np.abs(t))
    return p


def f_p(f: Vector, df1: float, df2: float | Vector) -> Vector:
    """Return the upper tail of F.

    Examples
    --------
    >>> f_p(np.array([4.0]), 1, 60).round(4)
    array([0.05])
    """
    from scipy import special  # noqa: PLC0415  as above

    p: Vector = special.fdtrc(df1, df2, f)
    return p


def two_sided_quantile(outside: float, df: float | None = None) -> float:
    """Return what |t| exceeds with probability `outside`; the normal's without df.

    Examples
    --------
    >>> round(two_sided_quantile(0.05), 4), round(two_sided_quantile(0.05, 60), 4)
    (1.96, 2.0003)
    """
    from scipy import special  # noqa: PLC0415  as above

    tail = outside / 2  # of the lower side: 1 - tail would round a small one away
    return float(-special.ndtri(tail) if df is None else -special.stdtrit(df, tail))


def require_probability(value: float, name: str, example: str) -> None:
    """Raise NumericalError unless `value` is above 0 and below 1."""
    if not 0 < value < 1:
        raise NumericalError(f"{name} is {value:g}; use a number above 0 and below 1 ({example})")
