"""Dates as people and programs write them: one form over a whole column, or a sentence."""

from __future__ import annotations

import calendar
import datetime as dt
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from factor_core.calendar_periods import DAYS_BETWEEN_SYSTEMS
from factor_core.errors import InputError, sentence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from factor_core.text_table import Column

DateOrder = Literal["dmy", "mdy"]

_TIME = r"(?:[T ]\s*\d{1,2}:\d{2}.*)?"
_FORMS = {
    "iso": re.compile(rf"(\d{{4}})[-/.](\d{{1,2}})[-/.](\d{{1,2}}){_TIME}", re.ASCII),
    "slashes": re.compile(rf"(\d{{1,2}})[-/.](\d{{1,2}})[-/.](\d{{4}}|\d\d){_TIME}", re.ASCII),
    "day name": re.compile(r"(\d{1,2})[-/. ]*([A-Za-z]{3,9})[-/., ]*(\d{4}|\d\d)", re.ASCII),
    "name day": re.compile(r"([A-Za-z]{3,9})\.? +(\d{1,2}),? +(\d{4})", re.ASCII),
    "year month": re.compile(r"(\d{4})[-/](\d{1,2})", re.ASCII),
    # Digits alone are dates only in the column that is called one or stands first.
    "yyyymmdd": re.compile(r"(\d{4})(\d\d)(\d\d)", re.ASCII),
    "yyyymm": re.compile(r"(\d{4})(\d\d)", re.ASCII),
    "yyyy": re.compile(r"(\d{4})", re.ASCII),
    "serial": re.compile(r"(\d{5})(?:\.(\d+))?", re.ASCII),
}
# A wide file's head is half a million returns: each tried against every form takes seconds.
_DECIMAL = re.compile(r"-?\d*\.\d*", re.ASCII)
_DIGITS_ONLY = ("yyyymmdd", "yyyymm", "yyyy", "serial")
_EXAMPLES = {
    "iso": "2020-01-31",
    "slashes": "31/01/2020",
    "day name": "31-Jan-2020",
    "name day": "Jan 31, 2020",
    "year month": "2020-01 (dated at the end of the month)",
    "yyyymmdd": "20200131",
    "yyyymm": "202001 (dated at the end of the month)",
    "yyyy": "2020 (dated at the end of the year)",
    "serial": "43861 (Excel's number of the day)",
}
DATE_NAMES = {
    *("date", "dates", "<date>", "day", "datetime", "<dtyyyymmdd>", "time", "timestamp", "month"),
    *("year", "period", "quote_date", "trade date", ""),
}
_MONTHS = {name.lower(): number for number, name in enumerate(calendar.month_abbr) if name}
_EXCEL_DAY_ZERO = dt.date(1899, 12, 30)
_PLAUSIBLE_YEARS = range(1850, 2151)
_LONGEST = 40  # letters of a date with its time and zone
_TO_1904 = dt.timedelta(days=DAYS_BETWEEN_SYSTEMS)


@dataclass(frozen=True)
class DateColumn:
    """The dates of a column in the order of the file."""

    name: str
    dates: list[dt.date]
    notes: list[str]


def find_date_column(file: str, columns: Sequence[Column]) -> tuple[Column, str]:
    """Return the one column that holds dates, found by its cells, and their form."""
    found = [(column, form) for column in columns if (form := _written_form(column.sample()))]
    if not found:
        found = [(column, form) for column in columns if (form := _digit_form(column))][:1]
    if not found:
        raise InputError(
            sentence(
                f"{file} has no column of dates; write them as 2020-01-31, 31/01/2020, "
                "31-Jan-2020, 20200131 or as Excel dates"
            )
        )
    if len(found) > 1:
        names = " and ".join(f"'{column.label}'" for column, _ in found[:3])
        raise InputError(
            sentence(f"{file} has dates in columns {names}; keep one, or save each as its own file")
        )
    return found[0]


def may_be_dates(column: Column) -> bool:
    """Return whether digits alone can be dates here: the first column, or one that is called so."""
    return column.number == 1 or column.name.lower() in DATE_NAMES


def is_written_date(text: str) -> bool:
    """Return whether `text` is a date that no number is."""
    if not text[:12].strip() or len(text) > _LONGEST or _DECIMAL.fullmatch(text):
        return False
    forms = (form for form in _FORMS if form not in _DIGITS_ONLY)
    return any(_day_of(form, _FORMS[form].fullmatch(text)) is not None for form in forms)


def is_digit_date(text: str) -> bool:
    """Return whether `text` is a number that may be a date."""
    if not text[:4].isdigit():
        return False
    days = (_day_of(form, _FORMS[form].fullmatch(text)) for form in _DIGITS_ONLY)
    return any(day is not None and day.year in _PLAUSIBLE_YEARS for day in days)


def _written_form(sample: list[str]) -> str | None:
    """Return the form that at least half of the sample has: the rest are errors to be named."""
    for form, pattern in _FORMS.items():
        if form in _DIGITS_ONLY:
            continue
        if sum(_day_of(form, pattern.fullmatch(cell)) is not None for cell in sample) * 2 > len(
            sample
        ):
            return form
    return None


def _digit_form(column: Column) -> str | None:
    """Return the form if digits alone can be dates, and the column's name or order says they are.

    Index levels of five digits look like Excel dates, but do not rise day by day.
    """
    sample = column.sample()
    for form in _DIGITS_ONLY:
        days = [_day_of(form, _FORMS[form].fullmatch(cell)) for cell in sample]
        known = [day for day in days if day and day.year in _PLAUSIBLE_YEARS]
        if not sample or len(known) < len(sample):
            continue
        in_order = sorted(set(known)) in (known, known[::-1])
        if column.name.lower() in DATE_NAMES or (column.number == 1 and in_order):
            return form
    return None


def _day_of(form: str, match: re.Match[str] | None) -> dt.date | None:
    """Return the day of a match in either order of day and month, for finding the form only."""
    if match is None:
        return None
    for order in ("dmy", "mdy"):
        try:
            return _convert(form, match, order)
        except ValueError:
            continue
    return None


def read_dates(
    column: Column, form: str, given: DateOrder | None = None, *, from_1904: bool = False
) -> DateColumn:
    """Return the dates of `column`, every cell of which must have `form`.

    Days before months or after is decided by the whole column, or by `given`; never by guess. Some
    workbooks of the Mac count their days from 1904.
    """
    pattern, example, order = _FORMS[form], _EXAMPLES[form], "dmy"
    if form == "slashes":
        order = _order(column, given)
        example = {"dmy": "31/01/2020 (day first)", "mdy": "01/31/2020 (month first)"}[order]
    dates = []
    for index, cell in enumerate(column.cells()):
        match = pattern.fullmatch(cell)
        try:
            if match is None:
                raise ValueError  # noqa: TRY301 - the same sentence as for 30 February
            day = _convert(form, match, order)
            dates.append(day + _TO_1904 if from_1904 and form == "serial" else day)
        except (ValueError, OverflowError):
            raise InputError(_not_a_date(column, index, cell, example)) from None
    notes = [f"Dates: column '{column.label}', written as {example}.", *_cut_off(column, form)]
    return DateColumn(column.name, dates, notes)


def _not_a_date(column: Column, index: int, cell: str, example: str) -> str:
    what = f'is "{cell}", which is no date' if cell else "is blank"
    return sentence(f"{column.place(index)} {what}; the others are written as {example}")


def _order(column: Column, given: DateOrder | None) -> DateOrder:
    """Return the order of day and month that the column proves, or else the one given."""
    proof: dict[DateOrder, tuple[int, str]] = {}
    for index, cell in enumerate(column.cells()):
        match = _FORMS["slashes"].fullmatch(cell)
        if match and int(match.group(1)) > 12:
            proof.setdefault("dmy", (index, cell))
        elif match and int(match.group(2)) > 12:
            proof.setdefault("mdy", (index, cell))
    if len(proof) == 2:
        (index, day_first), (other, month_first) = proof["dmy"], proof["mdy"]
        raise InputError(
            sentence(
                f"{column.place(index)} is {day_first} (day first) but row {column.rows[other]} "
                f"is {month_first} (month first); use one order"
            )
        )
    if not proof and given is None:
        raise InputError(
            sentence(
                f"{column.place(0)} is {next(column.cells())}: no date of the column tells the day "
                "from the month; say --dates dmy (day first) or --dates mdy (month first)"
            )
        )
    for order, (index, cell) in proof.items():
        if given not in {None, order}:
            raise InputError(sentence(f"{column.place(index)} is {cell}, so not --dates {given}"))
        return order
    return given or "dmy"


def _convert(form: str, match: re.Match[str], order: str) -> dt.date:
    """Return the day of a matched cell; ValueError where the calendar has no such day."""
    first, *rest = match.groups()
    if form == "serial":
        return _EXCEL_DAY_ZERO + dt.timedelta(days=int(first))
    if form in {"iso", "yyyymmdd"}:
        return dt.date(int(first), int(rest[0]), int(rest[1]))
    if form in {"year month", "yyyymm", "yyyy"}:
        year, month = int(first), int(rest[0]) if rest else 12
        if not 1 <= month <= 12:
            raise ValueError(month)
        return dt.date(year, month, calendar.monthrange(year, month)[1])
    if form == "name day":
        return dt.date(int(rest[1]), _month(first), int(rest[0]))
    if form == "day name":
        return dt.date(_year(rest[1]), _month(rest[0]), int(first))
    day, month_text = (first, rest[0]) if order == "dmy" else (rest[0], first)
    return dt.date(_year(rest[1]), int(month_text), int(day))


def _month(name: str) -> int:
    """Return the number of an English month by its first three letters; ValueError otherwise."""
    number = _MONTHS.get(name[:3].lower())
    if number is None or not calendar.month_name[number].lower().startswith(name.lower()[:4]):
        raise ValueError(name)
    return number


def _year(text: str) -> int:
    """Return the year; of two digits as Excel does, 00 to 29 after 2000 and 30 to 99 before."""
    year = int(text)
    if len(text) == 4:
        return year
    return year + (2000 if year < 30 else 1900)


def _cut_off(column: Column, form: str) -> list[str]:
    """Return a note where a time of day or the century was left to us."""
    notes = []
    timed = {"iso": ":", "slashes": ":", "serial": r"\.\d*[1-9]"}.get(form)
    if timed and any(re.search(timed, batch) for batch in column.batches):
        notes.append("Dates: the time of day was cut off.")
    two_digits = re.compile(r"[-/. ,a-z]\d\d(?![\d/.:-])", re.ASCII | re.IGNORECASE)
    if form in {"slashes", "day name"} and any(map(two_digits.search, column.batches)):
        notes.append("Dates: two-digit years are read as Excel reads them: 30 is 1930, 29 is 2029.")
    return notes
