"""The commands `factor-udfs new` and `factor-udfs template`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Literal, TypeVar, get_args

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from factor_core import inference, performance, returns, sizing
from factor_core.atomic import write_whole
from factor_core.date_text import DateOrder
from factor_core.errors import FactorError, InputError
from factor_core.labelled import Columns
from factor_core.number_text import DecimalMark
from factor_core.own_data import read_own_data
from factor_core.workbook.addin import ADDIN, build_addin
from factor_core.workbook.build import Built, build, from_own_data, sample_data
from factor_core.workbook.pages_start import BUDGET, BUDGET_PERIODS

if TYPE_CHECKING:
    from pathlib import Path

    from factor_core.workbook.references import TemplateData

_Word = TypeVar("_Word", bound=str)

SHOWN_ASSETS = 40  # rows of the printed table; the workbook holds them all
SHOWN_ERRORS = 5
HEADS = (
    *("asset", "alpha\na year", "t\n(NW)", "beta", "R2", "resid.\nvol", "Sharpe"),
    *("appr.\nratio", "hedged\nposition", "n"),
)


def template(out: Path) -> int:
    """Write the template on the built-in sample and, beside it, the add-in."""
    _require_place(out)
    console = Console(stderr=True)
    with console.status("Writing and calculating the template ..."):
        built = build(sample_data())
    if built.errors:
        raise ValueError(f"the template has errors: {', '.join(built.errors[:SHOWN_ERRORS])}")
    addin = out.with_name(ADDIN)
    _write_atomically(out, built.workbook)
    _write_atomically(addin, build_addin())
    for path in (out, addin):
        Console().print(f"wrote {path}", markup=False, highlight=False, soft_wrap=True)
    return 0


def new(
    book: Path,
    prices: Path | None,
    returns: Path | None,
    market: str | None,
    rf: str | None,
    periods: float,
    dates: str | None,
    decimal: str | None = None,
) -> int:
    """Write the template on the analyst's own data or the sample, and print what comes out."""
    _require_place(book)
    if book.exists():
        raise InputError(f"{book} exists; choose another name, or delete it first")
    data = _data(prices, returns, market, rf, periods, dates, decimal)
    console = Console(stderr=True)
    with console.status("Writing the sheets and calculating every formula ..."):
        built = build(data)
        _write_atomically(book, built.workbook)
    _print_summary(book, data, built)
    return 0


def _require_place(book: Path) -> None:
    if book.suffix.lower() != ".xlsm":
        raise InputError(f"{book.name} does not end in .xlsm; the workbook has macros: name it so")
    if not book.parent.is_dir():
        raise InputError(f"there is no folder {book.parent}; create it first")


def _data(
    prices: Path | None,
    returns: Path | None,
    market: str | None,
    rf: str | None,
    periods: float,
    dates: str | None,
    decimal: str | None = None,
) -> TemplateData:
    if prices and returns:
        raise InputError("--prices and --returns are both given; use one of them")
    path = prices or returns
    if path is None:
        if market or rf or dates or decimal or periods != 252:
            raise InputError(
                "--market, --rf, --periods, --dates and --decimal describe your own file; "
                "name it with --prices or --returns"
            )
        return sample_data()
    kind: Literal["prices", "returns"] = "prices" if prices else "returns"
    own = read_own_data(
        path,
        kind,
        market=market,
        rf=rf,
        periods=periods,
        dates=_one_of("--dates", dates, get_args(DateOrder)),
        decimal=_one_of("--decimal", decimal, get_args(DecimalMark)),
    )
    return from_own_data(own, path.name)


def _one_of(option: str, given: str | None, known: tuple[_Word, ...]) -> _Word | None:
    """Return the word of `known` that was given; capitals do not matter."""
    if given is None:
        return None
    for word in known:
        if word == given.lower():
            return word
    raise InputError(f'{option} is "{given}"; use {" or ".join(known)}')


def _write_atomically(path: Path, data: bytes) -> None:
    """Write the file whole or not at all."""
    write_whole(path, data, prefix=f".{path.stem}-", before=_give_usual_mode)


def _give_usual_mode(temporary: Path) -> None:
    # A temporary file is its owner's alone; a workbook gets what any new file gets.
    mask = os.umask(0)
    os.umask(mask)
    temporary.chmod(0o666 & ~mask)


# Printed summary --------------------------------------------------------------------------------


def _print_summary(book: Path, data: TemplateData, built: Built) -> None:
    console = Console(markup=False, highlight=False)  # "Fund [A]" is a name, not a style

    def say(text: str) -> None:
        console.print(text, soft_wrap=True)

    for note in data.notes:
        say(f"- {note}")
    console.print(_table(data))
    if len(data.assets) > SHOWN_ASSETS:
        say(f"{len(data.assets) - SHOWN_ASSETS} more assets stand on the sheet Magnitudes.")
    if built.errors:
        shown = ", ".join(built.errors[:SHOWN_ERRORS])
        say(f"{len(built.errors)} cell(s) show an error: {shown}; see the sheet for the reason.")
    say(f"wrote {book}: open it and choose an asset on the sheet Start; every sheet follows.")
    say(f'After a change without Excel: factor-udfs refresh "{book}"')


def _table(data: TemplateData) -> Table:
    first, last = data.dates[0], data.dates[-1]
    title = f"Against {data.market}, {first:%Y-%m-%d} to {last:%Y-%m-%d}, {data.returns} returns"
    caption = (
        f"hedged position: for a risk budget of ${BUDGET:,.0f} a month; "
        "t (NW): Newey-West standard errors"
    )
    table = Table(
        title=title,
        caption=caption,
        title_justify="left",
        caption_justify="left",
        box=SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )
    table.add_column(HEADS[0], max_width=16, no_wrap=True)
    for head in HEADS[1:]:
        table.add_column(head, justify="right", no_wrap=True)
    for row in summary_rows(data)[:SHOWN_ASSETS]:
        table.add_row(*row)
    return table


def summary_rows(data: TemplateData) -> list[list[str]]:
    """Return a row of text for each asset, by the functions that the workbook calls."""
    excess = excess_returns(data)
    market = Columns(excess.values[:, -1:], (data.market,))
    rows = []
    for j, name in enumerate(data.assets):
        asset = Columns(excess.values[:, j : j + 1], (name,))
        try:
            rows.append([name, *_measures(asset, market, data.periods)])
        except FactorError as error:
            rows.append([name, str(error), *[""] * (len(HEADS) - 2)])
    return rows


def excess_returns(data: TemplateData) -> Columns:
    """Return the excess returns of the assets and, last, of the market."""
    rf = data.rf if data.are_returns else data.rf[1:]
    series = Columns(data.values, data.names)
    simple = series if data.are_returns else returns.simple_returns(series)
    return returns.excess_returns(simple, rf)


def _measures(asset: Columns, market: Columns, periods: float) -> list[str]:
    table = inference.factor_table(asset, market, periods, "hac")
    cells = dict(zip(table.header[1:], table.rows[0][1:], strict=True))
    sharpe = float(np.ravel(performance.sharpe_ratio(asset, periods))[0])
    sized = sizing.hedged_position_size(BUDGET, asset, market, BUDGET_PERIODS, periods)
    position = float(np.ravel(sized)[0])
    alpha, t, beta, r2, vol, appraisal, n = cells.values()
    return [
        f"{alpha:.2%}",
        f"{t:.2f}",
        f"{beta:.3f}",
        f"{r2:.1%}",
        f"{vol:.1%}",
        f"{sharpe:.2f}",
        f"{appraisal:.2f}",
        f"${position:,.0f}",
        f"{n:.0f}",
    ]
