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

app = typer.Typer(
    name="factor-udfs",
    help="Factor-model functions for spreadsheets: workbooks made and calculated without Excel.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


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
    prices: Annotated[Path | None, typer.Option(help="CSV of dates and prices.")] = None,
    returns: Annotated[
        Path | None, typer.Option(help="CSV of dates and decimal returns, instead of prices.")
    ] = None,
    market: Annotated[str | None, typer.Option(help="Column that is the market.")] = None,
    rf: Annotated[
        str | None, typer.Option(help="Risk-free rate: its column, or one rate a year (0.02).")
    ] = None,
    periods: Annotated[
        float, typer.Option(help="Rows a year: 252 daily, 52 weekly, 12 monthly.")
    ] = 252,
    dates: Annotated[
        str | None, typer.Option(help="Order of dates such as 03/04/2024: dmy or mdy.")
    ] = None,
    decimal: Annotated[
        str | None, typer.Option(help="Decimal mark of numbers such as 1,234: . or a comma.")
    ] = None,
) -> None:
    """Write the whole workflow, calculated, on your own data or on the built-in sample."""
    from factor_core.workbook import command

    raise typer.Exit(command.new(book, prices, returns, market, rf, periods, dates, decimal))


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
