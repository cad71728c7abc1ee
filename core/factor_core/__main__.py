"""The command line `factor-udfs`: workbooks made and calculated without Excel, and the catalogue.

What a command needs is imported when it runs, so that every command starts at once.
"""

# ruff: noqa: PLC0415

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from factor_core import __version__
from factor_core.errors import FactorError, InputError

if TYPE_CHECKING:
    from factor_core.catalogue import Function

# Before numpy is imported: two BLAS threads on two busy cores are several times slower than one.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

Periods = Annotated[float, typer.Option(help="Rows a year: 252 daily, 52 weekly, 12 monthly.")]
Dates = Annotated[str | None, typer.Option(help="Order of dates such as 03/04/2024: dmy or mdy.")]
Decimal = Annotated[
    str | None, typer.Option(help="Decimal mark of numbers such as 1,234: . or a comma.")
]

app = typer.Typer(
    name="factor-udfs",
    help="Factor-model functions for spreadsheets: workbooks made and calculated without Excel.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


data = typer.Typer(
    help="Kenneth French's factors: the copies of his files on this computer.",
    no_args_is_help=True,
)
app.add_typer(data, name="data")


def main() -> None:
    """Run the command line; what the user can mend is one sentence and exit code 1."""
    try:
        app()
    except FactorError as error:
        sys.exit(f"factor-udfs: {' '.join(str(error).split())}")
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        sys.exit(f"factor-udfs: {place}{error.strerror or error}")


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"factor-udfs {__version__}")
        raise typer.Exit


@app.callback()
def options(
    *,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Take the options that stand before a command."""


@app.command()
def new(
    book: Annotated[Path, typer.Argument(help="The workbook to write, ending in .xlsm.")],
    prices: Annotated[
        list[Path] | None,
        typer.Option(help="Dates and prices: CSV, .xlsx or Parquet; again for each other file."),
    ] = None,
    returns: Annotated[
        list[Path] | None, typer.Option(help="Dates and decimal returns, instead of prices.")
    ] = None,
    source: Annotated[
        list[Path] | None,
        typer.Option("--from", help="Prices or returns: the numbers must tell which."),
    ] = None,
    sheet: Annotated[
        str | None, typer.Option(help="Sheet of a workbook, or table of one of French's files.")
    ] = None,
    market: Annotated[str | None, typer.Option(help="Column that is the market.")] = None,
    rf: Annotated[
        str | None, typer.Option(help="Risk-free rate: its column, or one rate a year (0.02).")
    ] = None,
    periods: Periods = 252,
    dates: Dates = None,
    decimal: Decimal = None,
    factors: Annotated[
        str | None,
        typer.Option(help="Join Kenneth French's factors: CAPM, FF3, FF5, CARHART or FF6."),
    ] = None,
    factors_file: Annotated[
        str | None,
        typer.Option(help="Factors from files of his, or sample (built-in), not the library."),
    ] = None,
) -> None:
    """Write the whole workflow, calculated, on your own data or on the built-in sample."""
    from factor_core.workbook import command

    request = command.Request(
        prices=tuple(prices or ()),
        returns=tuple(returns or ()),
        source=tuple(source or ()),
        sheet=sheet,
        market=market,
        rf=rf,
        periods=periods,
        dates=dates,
        decimal=decimal,
        factors=factors,
        factors_file=factors_file,
    )
    raise typer.Exit(command.new(book, request))


@app.command()
def refresh(
    book: Annotated[Path, typer.Argument(help="The workbook to recalculate.")],
    out: Annotated[
        Path | None, typer.Option(help="Write here and leave the workbook as it is.")
    ] = None,
    json: Annotated[
        Path | None,
        typer.Option(help="Write a report here: what was not calculated, errors, warnings."),
    ] = None,
) -> None:
    """Recalculate a workbook without Excel: exit code 0 all, 3 some formulas, 1 none."""
    from factor_core.refresh import command

    raise typer.Exit(command.run(book, out, json))


@app.command()
def template(
    out: Annotated[Path, typer.Option(help="The workbook to write.")] = Path(
        "workbook_template.xlsm"
    ),
) -> None:
    """Rebuild the template workbook from its source."""
    from factor_core.workbook import command

    raise typer.Exit(command.template(out))


@app.command()
def functions(
    name: Annotated[str | None, typer.Argument(help="One function, to see its arguments.")] = None,
) -> None:
    """List the functions, or explain one as Excel's function wizard does."""
    import factor_udfs  # noqa: F401  fills the catalogue
    from factor_core.catalogue import CATALOGUE

    if name is None:
        _print_functions(CATALOGUE)
    elif name.upper() in CATALOGUE:
        _print_function(CATALOGUE[name.upper()])
    else:
        raise InputError(_unknown(name, list(CATALOGUE)))


@app.command()
def table(
    returns: Annotated[
        Path, typer.Argument(help="Excess returns, decimal: Parquet or CSV, wide or long.")
    ],
    factors: Annotated[
        Path, typer.Option(help="Factor returns, Parquet or CSV: dates and a column a factor.")
    ],
    out: Annotated[
        Path | None, typer.Option(help="The table, .parquet or .csv; else RETURNS_table.parquet.")
    ] = None,
    periods: Periods = 252,
    se: Annotated[
        str, typer.Option(help="Standard errors: ols, hc0, hc1, hc2, hc3 or hac.")
    ] = "hac",
    rf: Annotated[
        str | None,
        typer.Option(help="Column of FACTORS to take off the returns, or none if that is done."),
    ] = None,
    columns: Annotated[
        str | None, typer.Option(help="Columns of a long file: DATE,ASSET,RETURN.")
    ] = None,
    dates: Dates = None,
    decimal: Decimal = None,
    workers: Annotated[
        int | None, typer.Option(help="Processes of this machine; else one a processor.")
    ] = None,
    scheduler: Annotated[
        str | None, typer.Option(help="A Dask cluster instead, such as tcp://host:8786.")
    ] = None,
    partition_size: Annotated[
        int | None, typer.Option(help="Assets estimated at once; else what --memory holds.")
    ] = None,
    memory: Annotated[
        float | None, typer.Option(help="MB a worker may use for a partition; else 512.")
    ] = None,
    *,
    resume: Annotated[
        bool, typer.Option(help="Go on where an interrupted run of the same input stopped.")
    ] = True,
) -> None:
    """Write FACTOR_TABLE of a whole universe: exit code 0 all assets, 3 some, 1 none."""
    from factor_core import table_command as command

    asked = command.Asked(
        *(out, periods, se, rf, columns, dates, decimal),
        *(workers, scheduler, partition_size, memory, resume),
    )
    raise typer.Exit(command.table(returns, factors, asked))


@app.command()
def install(
    *,
    external_server: Annotated[
        bool,
        typer.Option(
            "--external-server", help="Excel may start no program: it uses factor-udfs com-server."
        ),
    ] = False,
    addin: Annotated[
        Path | None, typer.Option(help="The add-in to install, instead of the package's.")
    ] = None,
    ranges_only: Annotated[
        bool,
        typer.Option(
            "--ranges-only",
            help="LibreOffice: series are ranges of cells only. Error cells are read, whole "
            "columns are fast, functions cannot be nested.",
        ),
    ] = False,
) -> None:
    """Install the functions for this Python: in Excel on Windows, in LibreOffice anywhere."""
    from factor_core.hosts import installation

    raise typer.Exit(
        installation.run_install(
            external_server=external_server, addin=addin, ranges_only=ranges_only
        )
    )


@app.command()
def uninstall() -> None:
    """Take the functions out of Excel and LibreOffice; restore the settings as they were."""
    from factor_core.hosts import installation

    raise typer.Exit(installation.run_uninstall())


@app.command()
def doctor(
    workbook: Annotated[
        str, typer.Argument(help="A workbook (path or OneDrive address) with macros of its own.")
    ] = "",
) -> None:
    """Check the set-up, each row with its remedy: exit code 0 when all is well."""
    from factor_core.hosts import doctor as check

    raise typer.Exit(check.run_doctor(workbook=workbook))


@app.command(name="com-server")
def com_server() -> None:
    """Serve Excel from this window, where Excel may start no program."""
    from factor_core.hosts import com_server as server

    raise typer.Exit(server.run_com_server())


@data.command(name="list")
def data_list() -> None:
    """List the files that FF_FACTORS uses, with the age of each copy. Needs no network."""
    from factor_core import data_command

    raise typer.Exit(data_command.show_list())


@data.command(name="fetch")
def data_fetch(
    models: Annotated[
        list[str] | None, typer.Argument(help="CAPM, FF3, FF5, CARHART, FF6; none: every file.")
    ] = None,
    frequency: Annotated[
        str | None, typer.Option(help="D, W, M or A; left out: all that there are.")
    ] = None,
    *,
    kept: Annotated[
        bool, typer.Option("--kept", help="Only the files that have a copy already.")
    ] = False,
) -> None:
    """Download now, however young the copies are: exit code 0 all, 3 some files, 1 none."""
    from factor_core import data_command

    raise typer.Exit(data_command.fetch(models or [], frequency, kept=kept))


@data.command(name="show")
def data_show(
    model: Annotated[str, typer.Argument(help="CAPM, FF3, FF5, CARHART or FF6.")] = "FF3",
    frequency: Annotated[str, typer.Option(help="D, W, M or A.")] = "M",
) -> None:
    """Show what FF_FACTORS gives from the copies: sources, ages, rows dropped. Needs no network."""
    from factor_core import data_command

    raise typer.Exit(data_command.show(model, frequency))


@data.command(name="import")
def data_import(
    files: Annotated[
        list[Path], typer.Argument(help="CSV or zip files of the library, downloaded by hand.")
    ],
    *,
    replace: Annotated[
        bool, typer.Option("--replace", help="Also where the copy's data reach further.")
    ] = False,
) -> None:
    """Keep files downloaded by hand as if they had been fetched. Needs no network."""
    from factor_core import data_command

    raise typer.Exit(data_command.import_files(files, replace=replace))


def _print_functions(catalogue: dict[str, Function]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title="Functions", title_justify="left", box=None, padding=(0, 2, 0, 0))
    table.add_column("category", no_wrap=True)
    table.add_column("function", no_wrap=True)
    table.add_column("what it gives")
    category = ""
    for function in catalogue.values():
        shown = function.category if function.category != category else ""
        table.add_row(shown, function.name, function.summary)
        category = function.category
    Console().print(table)


def _print_function(function: Function) -> None:
    from rich.console import Console
    from rich.table import Table

    from factor_core.docs import default_text

    console = Console(markup=False, highlight=False)
    console.print(f"{function.usage}\n\n{function.summary}\n")
    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column("argument", no_wrap=True)
    table.add_column("if left out", no_wrap=True)
    table.add_column("meaning")
    for argument in function.arguments:
        table.add_row(argument.name, default_text(argument), argument.kind.text)
    if function.arguments:
        console.print(table)


def _unknown(name: str, known: list[str]) -> str:
    from difflib import get_close_matches

    close = get_close_matches(name.upper(), known, n=3)
    remedy = f"did you mean {', '.join(close)}" if close else "see factor-udfs functions"
    return f'there is no function "{name}"; {remedy}'


if __name__ == "__main__":
    main()
