"""A long table, one row for each date and ticker, turned into a column for each ticker."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from factor_core.errors import InputError, sentence
from factor_core.fields import field_key, prices_of
from factor_core.layouts import is_number_like
from factor_core.text_table import Column

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

_TICKERS = {
    *("ticker", "tickers", "symbol", "symbols", "ric", "isin", "cusip", "sedol", "permno"),
    *("secid", "identifier"),
}
_TICKERS_IN_WORDS = {"asset", "assetname", "fund", "instrument", "security"}


def ticker_column(columns: Sequence[Column], days: Sequence[dt.date]) -> Column | None:
    """Return the column that tells the rows of one date apart; None where the table is wide.

    It is called ticker or the like, or it is the only one of words in a table with repeated dates.
    """
    words = [column for column in columns if _is_of_words(column)]
    named = [column for column in columns if field_key(column.name) in _TICKERS]
    named += [column for column in words if field_key(column.name) in _TICKERS_IN_WORDS]
    told = [column for column in named if column in words] or named
    repeated = len(set(days)) < len(days)
    if len(told) == 1 and (repeated or told[0] in words):
        return told[0]
    return words[0] if repeated and len(words) == 1 else None


def _is_of_words(column: Column) -> bool:
    sample = column.sample()
    return bool(sample) and not any(map(is_number_like, sample))


def widened(
    tickers: Column, columns: Sequence[Column], days: Sequence[dt.date], notes: list[str]
) -> tuple[list[dt.date], list[Column]]:
    """Return the dates once each and a column for each ticker, in the order of the file.

    Raises
    ------
    InputError
        Several columns may be the value, a ticker is blank, or one has a date twice.
    """
    value = _value_column(tickers, columns, notes)
    row_of = {day: i for i, day in enumerate(dict.fromkeys(days))}
    cells: dict[str, list[str]] = {}
    rows: dict[str, list[int]] = {}
    for index, (ticker, day, text) in enumerate(
        zip(tickers.cells(), days, value.cells(), strict=True)
    ):
        if not ticker:
            raise InputError(sentence(f"{tickers.place(index)} is blank; name the ticker"))
        if ticker not in cells:
            cells[ticker], rows[ticker] = [""] * len(row_of), [0] * len(row_of)
        at, row = row_of[day], int(value.rows[index])
        if rows[ticker][at]:
            raise InputError(
                sentence(
                    f"{tickers.file} has '{ticker}' on {day} twice, in rows {rows[ticker][at]} and "
                    f"{row}; keep one row for each date"
                )
            )
        cells[ticker][at], rows[ticker][at] = text, row
    _note(tickers, value, len(days), len(row_of), len(cells), notes)
    return list(row_of), [
        Column(
            value.file,
            ticker,
            value.number,
            np.array(rows[ticker], dtype=np.int64),
            ["\n".join(texts)],
            mark=value.mark,
            typed=value.typed,
        )
        for ticker, texts in cells.items()
    ]


def _value_column(tickers: Column, columns: Sequence[Column], notes: list[str]) -> Column:
    """Return the one column of prices or returns beside the dates and the tickers."""
    beside = [column for column in columns if column is not tickers]
    same = [column for column in beside if _is_of_words(column) and len(set(column.sample())) == 1]
    values = [column for column in beside if column not in same]
    if same:
        names = ", ".join(f"'{column.label}'" for column in same)
        notes.append(f"Left out: column {names}, the same words in every row.")
    if len(values) > 1:
        found: list[str] = []
        values = prices_of(tickers.file, tickers.label, values, found)
        notes += [note for note in found if not note.startswith("Asset:")]
    if len(values) == 1:
        return values[0]
    names = ", ".join(f"'{column.label}'" for column in values[:8]) or "none"
    raise InputError(
        sentence(
            f"{tickers.file} has rows for each date and '{tickers.label}', and as values {names}; "
            "keep one column of prices or returns"
        )
    )


def _note(
    tickers: Column, value: Column, rows: int, dates: int, assets: int, notes: list[str]
) -> None:
    missing = dates * assets - rows
    left = f"; {missing} of {dates * assets} cells are missing" if missing else ""
    notes.append(
        f"Long table: '{value.heads[-1] if value.heads else value.label}' became a column for each "
        f"of {assets} '{tickers.label}'{left}."
    )
