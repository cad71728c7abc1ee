"""The functions as Calc's cells: in LibreOffice's own Python, or in the worker process beside it.

Cells come as LibreOffice hands them over: a number, text, nothing, rows of numbers and texts. The
catalogue reads them; nothing is cleaned here.
"""

from __future__ import annotations

import logging
import struct
from typing import TYPE_CHECKING

from factor_core import about
from factor_core.catalogue import CATALOGUE
from factor_core.errors import ExcelError
from factor_core.hosts import log_file

if TYPE_CHECKING:
    from collections.abc import Iterable

Rows = tuple[tuple[float | str, ...], ...]

CALC_NUMBERS = {  # formula/errorcodes.hxx; shown as the text, understood by IFERROR, ISNA, SUM
    "#NULL!": 521,
    "#DIV/0!": 532,
    "#VALUE!": 519,
    "#REF!": 524,
    "#NAME?": 525,
    "#NUM!": 503,
    "#N/A": 32767,
}
MOST_SENTENCES = 1000  # remembered, so that a recalculation does not write each of them again

REFUSED_RANGE = (
    "shown by LibreOffice itself where a range holds an error cell, and our function is not asked; "
    'make them blank, as in =SHARPE_RATIO(IFNA(A1:A9;"")) with Ctrl+Shift+Enter'
)

log = logging.getLogger("factor_udfs")
_said: set[str] = set()


def start(host: str) -> None:
    """Fill the catalogue, open the log, and let ADDIN_INFO say where the functions run."""
    import factor_udfs  # noqa: F401, PLC0415  fills the catalogue at the first call, not before

    log_file.attach()
    about.declare("host", host)
    about.declare("Err:504", REFUSED_RANGE)


def call(name: str, arguments: Iterable[object]) -> Rows:
    """Return the rows of cells that a call shows: numbers, texts, and errors as Calc has them."""
    rows = CATALOGUE[name].cells(*arguments)
    _keep_sentence(name, rows[0][0])
    return tuple([tuple([c if type(c) is float else _calc(c) for c in row]) for row in rows])


def error_value(code: str) -> float:
    """Return Calc's error of this text: a NaN whose low word is the error's number."""
    number = CALC_NUMBERS.get(code, CALC_NUMBERS["#VALUE!"])
    (value,) = struct.unpack("<d", struct.pack("<Q", 0x7FF8_0000_0000_0000 | number))
    return float(value)


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
