"""`factor-udfs data`: the copies of Kenneth French's files on this computer."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import numpy as np
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from factor_core import french, french_library
from factor_core import french_store as store
from factor_core.errors import InputError, MissingDataError
from factor_core.french_files import (
    FILES,
    FREQUENCIES,
    LibraryError,
    file_for,
    read_bytes,
    require,
    tables_in,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from factor_core.french_files import Table as FileTable

ALL, PARTLY, NOTHING = 0, 3, 1  # exit codes, as those of refresh
ATTRIBUTION = (
    "Source: Kenneth R. French, Data Library (copyright Eugene F. Fama and Kenneth R. French). "
    "Cite it where you use it."
)


def show_list() -> int:
    """Print every file of the library that FF_FACTORS uses, and the copy of it on this disk."""
    console = Console()
    table = Table(box=None, padding=(0, 2, 0, 0))
    for heading in ("file", "data to", "taken", "age"):
        table.add_column(heading, no_wrap=True)
    for name in FILES:
        table.add_row(name, *_state(name))
    _say(console, f"Copies in {store.folder()}")
    console.print(table)
    for line in _prospects():
        _say(console, line)
    _say(console, ATTRIBUTION)
    return ALL


def _state(name: str) -> tuple[str, str, str]:
    """Return the last date of the copy, when it was taken, and its age."""
    held = french_library.on_disk(name)
    if held is None:
        return "-", "damaged" if store.is_damaged(name) else "not on disk", "-"
    last = max(day for table in held.tables for day in table.days)
    return str(last), store.time_text(held.copy.taken), held.copy.age


def _prospects() -> list[str]:
    """Return what FF_FACTORS will do about copies that are not of today."""
    copies = [copy for copy in map(store.read, FILES) if copy]
    old = [copy.name for copy in copies if not french_library.is_fresh(copy)]
    failures = {failure for failure in map(store.last_failure, FILES) if failure}
    lines = [f"{f.reason}, last tried {store.time_text(f.when)}" for f in failures]
    if french_library.is_offline():
        lines.append(f"{french_library.OFFLINE_VARIABLE} is set: FF_FACTORS downloads nothing")
    elif old:
        lines.append(f"Kept for more than a day, fetched again when used: {', '.join(old)}")
    return lines


def fetch(models: Sequence[str], frequency: str | None, *, kept: bool = False) -> int:
    """Download the files of these models now, or all files; exit code 3 where some failed.

    With `kept` only those that have a copy on this disk: what the user's workbooks use.
    """
    names = _names(models, frequency)
    if kept:
        names = [name for name in names if store.read(name)]
    return _fetch_each(names)


def _fetch_each(names: Sequence[str]) -> int:
    console, failed = Console(), 0
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        for name in names:
            task = progress.add_task(name)
            try:
                copy = french_library.fetch(name)
            except LibraryError as error:
                failed += 1
                _say(console, f"{name}: {error}")
            else:
                _say(console, f"{name}: {len(copy.data):,} bytes, {_span(copy.name, copy.data)}")
            progress.remove_task(task)
    _say(console, f"{len(names) - failed} of {len(names)} files are fetched into {store.folder()}")
    if failed:
        _say(console, "By hand: download them in a browser and run factor-udfs data import FILE")
    return ALL if not failed else PARTLY if failed < len(names) else NOTHING


def _names(models: Sequence[str], frequency: str | None) -> list[str]:
    """Return the library's files of these models at one frequency, or at all that French has."""
    letters = [french.frequency_code(frequency)] if frequency else list(FREQUENCIES)
    if not models:
        return [file.name for file in FILES.values() if set(letters) & set(file.frequencies)]
    names: list[str] = []
    for model in models:
        columns = french.columns_of(model)
        for letter in letters:
            if frequency or all(file_for(column, letter) for column in columns):
                names += french.library_files(model, letter)
    return list(dict.fromkeys(names))


def show(model: str, frequency: str) -> int:
    """Print what FF_FACTORS gives from the copies on this disk: sources, ages, drops, gaps."""
    held = []
    for name in french.library_files(model, frequency):
        one = french_library.on_disk(name)
        if one is None:
            raise MissingDataError(f"{name} is not on disk; run factor-udfs data fetch {model}")
        held.append(one)
    found = french.from_library(model, frequency, held)
    days = [str(french.date_of(serial)) for serial in found.dates]
    table = Table(box=None)
    for heading in ("date", *found.names):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in sorted({0, 1, len(days) - 2, len(days) - 1} & set(range(len(days)))):
        table.add_row(days[row], *(_percent(value) for value in found.values[row]))
    missing = np.isnan(found.values).sum(axis=0)
    table.add_row("missing", *(str(count) for count in missing))
    console = Console()
    console.print(table)
    _say(console, f"{len(days)} rows from {days[0]} to {days[-1]}")
    for line in (*found.notes, *(f"sha256 of {one.copy.name}: {one.copy.sha256}" for one in held)):
        _say(console, line)
    _say(console, ATTRIBUTION)
    return ALL


def _percent(value: float) -> str:
    return "#N/A" if np.isnan(value) else f"{value:.3%}"  # his daily RF has three decimals


def import_files(paths: Sequence[Path], *, replace: bool) -> int:
    """Keep files downloaded by hand as the library's; nothing is kept where one of them is bad."""
    console = Console()
    checked = [(path.expanduser(), *_recognised(path.expanduser())) for path in paths]
    for path, name, _, tables in checked:
        _refuse_older(path, name, tables, replace=replace)
    for path, name, data, _ in checked:
        taken = dt.datetime.fromtimestamp(path.stat().st_mtime, dt.UTC)
        copy = store.keep(name, data, str(path.resolve()), min(taken, store.now()))
        _say(console, f"{name}: taken {store.time_text(copy.taken)}, {_span(name, data)}")
    return ALL


def _recognised(path: Path) -> tuple[str, bytes, tuple[FileTable, ...]]:
    """Return which file of the library this is: by its columns and the frequency of its rows."""
    data = read_bytes(path)
    tables = tables_in(path.name, data)
    for name, file in FILES.items():
        if (file.columns, file.frequencies[0]) == (tables[0].names, tables[0].frequency):
            require(file, tables)
            return name, data, tables
    columns = ", ".join(tables[0].names)
    raise InputError(
        f"{path.name} has {FREQUENCIES[tables[0].frequency]} {columns[:60]}: none of the files of "
        "the library that factor-udfs data list shows"
    )


def _refuse_older(path: Path, name: str, tables: Sequence[FileTable], *, replace: bool) -> None:
    held = french_library.on_disk(name)
    if held is None or replace:
        return
    ends = [max(day for table in one for day in table.days) for one in (tables, held.tables)]
    if ends[0] < ends[1]:
        raise InputError(
            f"{path.name} ends on {ends[0]}, the copy of {name} on disk on {ends[1]}; "
            "add --replace to put it in its place"
        )


def _span(name: str, data: bytes) -> str:
    first = tables_in(name, data)[0]
    kind = FREQUENCIES[first.frequency]
    return f"{len(first.days)} {kind} rows from {min(first.days)} to {max(first.days)}"


def _say(console: Console, text: str) -> None:
    console.print(text, markup=False, highlight=False, soft_wrap=True)
