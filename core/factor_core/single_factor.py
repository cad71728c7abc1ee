"""The factor of the models that know one factor only, usually the market."""

from __future__ import annotations

from typing import TYPE_CHECKING

from factor_core.labelled import one_column

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from factor_core.labelled import Columns


def one_factor(factor_returns: ArrayLike | Columns) -> Columns:
    """Return the one column of factor returns; several raise InputError.

    Examples
    --------
    >>> one_factor([0.01, -0.02]).width
    1
    """
    of_a_row = "; TRANSPOSE turns a row of returns into a column"
    return one_column(factor_returns, "factor_returns", "use one factor", of_a_row)
