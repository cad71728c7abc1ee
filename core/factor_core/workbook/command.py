"""The commands `factor-udfs new` and `factor-udfs template`."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, get_args

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from factor_core import inference, performance, sizing
from factor_core.atomic import write_whole
from factor_core.date_text import DateOrder
from factor_core.errors import FactorError, InputError, one_of
from factor_core.labelled import Columns
from factor_core.number_text import DecimalMark
from factor_core.own_data import Kind, read_own_data
from factor_core.workbook.addin import ADDIN, build_addin
from factor_core.workbook.build import Built, build, from_own_data, sample_data
from factor_core.workbook.data_check import excess_returns, findings
from factor_core.workbook.pages_start import BUDGET, BUDGET_PERIODS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from factor_core.own_factors import FactorBlock
    from factor_core.workbook.references import TemplateData

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


@dataclass(frozen=True)
class Request:
    """What the analyst said on the command line of `factor-udfs new`; None where nothing."""

    prices: Sequence[Path] = ()
    returns: Sequence[Path] = ()
    source: Sequence[Path] = ()
    """Files of prices or returns: their numbers tell which."""
    sheet: str | None = None
    market: str | None = None
    rf: str | None = None
    periods: float = 252
    dates: str | None = None
    decimal: str | None = None
    factors: str | None = None
    factors_file: str | None = None


def new(book: Path, request: Request) -> int:
    """Write the template on the analyst's own data or the sample, and print what comes out."""
    _require_place(book)
    if book.exists():
        raise InputError(f"{book} exists; choose another name, or delete it first")
    data = _data(request)
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


def _data(request: Request) -> TemplateData:
    given = {
        "--prices": request.prices,
        "--returns": request.returns,
        "--from": request.source,
    }
    named = [option for option, paths in given.items() if paths]
    if len(named) > 1:
        raise InputError(f"{' and '.join(named)} are given; use one of them")
    if not named:
        if request != Request():
            raise InputError(
                "--market, --rf, --periods, --dates, --decimal, --sheet and --factors describe "
                "your own file; name it with --prices or --returns"
            )
        return sample_data()
    if request.factors_file and not request.factors:
        raise InputError("--factors-file says where factors come from; say which with --factors")
    paths = given[named[0]]
    kinds: dict[str, Kind] = {"--prices": "prices", "--returns": "returns"}
    own = read_own_data(
        paths,
        kinds.get(named[0]),
        market=request.market,
        rf=request.rf,
        periods=request.periods,
        dates=one_of("--dates", request.dates, get_args(DateOrder)),
        decimal=one_of("--decimal", request.decimal, get_args(DecimalMark)),
        sheet=request.sheet,
        factors=request.factors,
        factors_file=request.factors_file,
    )
    return from_own_data(own, ", ".join(path.name for path in paths))


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
    for severity, finding, where, _, remedy in findings(data).rows[:-1]:
        say(f"{severity}: {finding}: {where}; {remedy}.")
    console.print(_table(data))
    if data.factors is not None:
        console.print(_factor_table(data, data.factors))
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
    return _printed(title, caption, HEADS, summary_rows(data)[:SHOWN_ASSETS])


def _printed(title: str, caption: str, heads: Sequence[str], rows: Sequence[list[str]]) -> Table:
    table = Table(
        title=title,
        caption=caption,
        title_justify="left",
        caption_justify="left",
        box=SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )
    table.add_column(heads[0], max_width=16, no_wrap=True)
    for head in heads[1:]:
        table.add_column(head, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    return table


def _factor_table(data: TemplateData, block: FactorBlock) -> Table:
    """Return the assets on the joined factors, as the sheet Factors has them."""
    heads = ("asset", "alpha\na year", "t\n(NW)", *block.names, "R2", "resid.\nvol", "n")
    title = f"Against {block.model} of {block.source}"
    caption = "the sheet Factors has the whole regressions; formulas take the range factors"
    return _printed(title, caption, heads, factor_rows(data, block)[:SHOWN_ASSETS])


def factor_rows(data: TemplateData, block: FactorBlock) -> list[list[str]]:
    """Return a row of text for each asset on the joined factors, as FACTOR_TABLE has it."""
    excess = excess_returns(data)
    assets = Columns(excess.values[:, :-1], data.assets)
    factors = Columns(block.values[-data.returns :], block.names)
    rows = []
    for row in inference.factor_table(assets, factors, data.periods, "hac").rows:
        name, alpha, t, *betas, r2, vol, _, n = row
        numbers = [f"{alpha:.2%}", f"{t:.2f}", *(f"{beta:.3f}" for beta in betas)]
        rows.append([str(name), *numbers, f"{r2:.1%}", f"{vol:.1%}", f"{n:.0f}"])
    return rows


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
