"""The functions as Calc's cells: in LibreOffice's own Python, or in the worker process beside it.

Cells come as LibreOffice hands them over: a number, text, nothing, rows of numbers and texts. The
catalogue reads them; nothing is cleaned here.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from factor_core import about
from factor_core.catalogue import CATALOGUE
from factor_core.errors import ExcelError
from factor_core.hosts import log_file
from factor_core.hosts.libreoffice.component import error_value

if TYPE_CHECKING:
    from collections.abc import Iterable

Rows = tuple[tuple[float | str, ...], ...]

MOST_SENTENCES = 1000  # remembered, so that a recalculation does not write each of them again

# By whether series are ranges only: what they may be, and why LibreOffice itself shows Err:504.
MODES = {
    False: {
        "series arguments": "ranges, numbers, arrays and results of other functions",
        "Err:504": "shown by LibreOffice itself where a range holds an error cell; make it blank, "
        'as in =SHARPE_RATIO(IFNA(A1:A9;"")) with Ctrl+Shift+Enter, or let error cells be read: '
        "factor-udfs install --ranges-only",
    },
    True: {
        "series arguments": "ranges of cells only, as factor-udfs install --ranges-only has it",
        "Err:504": "shown by LibreOffice itself where a series is no range of cells, such as the "
        "result of another function; put that into cells of its own, or run factor-udfs install "
        "without --ranges-only",
    },
}

log = logging.getLogger("factor_udfs")
_said: set[str] = set()


def start(host: str, *, ranges_only: bool) -> None:
    """Fill the catalogue, open the log, and let ADDIN_INFO say where the functions run."""
    import factor_udfs  # noqa: F401, PLC0415  fills the catalogue at the first call, not before

    log_file.attach()
    about.declare("host", host)
    for item, text in MODES[ranges_only].items():
        about.declare(item, text)


def call(name: str, arguments: Iterable[object]) -> Rows:
    """Return the rows of cells that a call shows: numbers, texts, and errors as Calc has them."""
    rows = CATALOGUE[name].cells(*arguments)
    _keep_sentence(name, rows[0][0])
    return tuple([tuple([c if type(c) is float else _calc(c) for c in row]) for row in rows])


def _calc(cell: object) -> float | str:
    if isinstance(cell, ExcelError):
        return error_value(cell)
    # Calc has no truth values of its own, and older ones read UNO's as 0.
    return cell if isinstance(cell, str) else float(cell)  # type: ignore[arg-type]


def _keep_sentence(name: str, cell: object) -> None:
    """Write why a call failed where a person finds it: a cell of Calc cannot say it."""
    if not isinstance(cell, ExcelError) or not cell.message.startswith(f"{name}: "):
        return  # a gap in a series is #N/A too, and no fault
    about.declare("last error", cell.message)
    if cell.message in _said:
        return
    if len(_said) >= MOST_SENTENCES:
        _said.clear()
    _said.add(cell.message)
    log.warning("%s %s", cell, cell.message)
