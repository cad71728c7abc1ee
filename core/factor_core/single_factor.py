"""The factor of the models that know one factor only, usually the market."""

from __future__ import annotations

from typing import TYPE_CHECKING

from factor_core.errors import InputError
from factor_core.labelled import Columns, as_columns

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


def one_factor(factor_returns: ArrayLike | Columns) -> Columns:
    """Return the one column of factor returns; several raise InputError.

    Examples
    --------
    >>> one_factor([0.01, -0.02]).width
    1
    """
    factors = as_columns(factor_returns, "factor_returns")
    if factors.width == 1:
        return factors
    lying = "; TRANSPOSE turns a row of returns into a column" if factors.rows == 1 else ""
    raise InputError(f"factor_returns has {factors.width} columns; use one factor{lying}")
