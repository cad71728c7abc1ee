"""The one catalogue of spreadsheet functions.

A function's name, signature and sentence are written once, in `factor_udfs.py`. Every host reads
them from here: Excel's wrappers and wizard, the refresh without Excel, the template, the docs.
"""

from __future__ import annotations

import inspect
import logging
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, get_args, get_origin

import numpy as np

from factor_core.cells import is_missing, write_cells
from factor_core.errors import ExcelError, FactorError, InputError, sentence
from factor_core.kinds import Kind
from factor_core.labelled import Columns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

Cells = list[list[object]]
CATALOGUE: dict[str, Function] = {}
log = logging.getLogger("factor_udfs")


@dataclass(frozen=True)
class Argument:
    """One argument of one function."""

    name: str
    kind: Kind
    default: Any

    @property
    def optional(self) -> bool:
        """Whether the cell may be left out."""
        return self.default is not inspect.Parameter.empty

    def read(self, cells: object) -> Any:
        """Return the clean value of these cells."""
        if is_missing(cells):
            if self.optional:
                return self.default
            raise InputError(f"{self.name} is blank or left out; it is needed")
        return self.kind.read(cells, self.name)


@dataclass(frozen=True)
class Function:
    """Everything a host needs to know of one function, and the one way to call it."""

    name: str
    category: str
    summary: str
    arguments: tuple[Argument, ...]
    body: Callable[..., object] = field(repr=False)

    @property
    def usage(self) -> str:
        """The call as the wizard shows it: optional arguments in brackets."""
        names = (f"[{a.name}]" if a.optional else a.name for a in self.arguments)
        return f"{self.name}({', '.join(names)})"

    def cells(self, *cells: object, **named: object) -> Cells:
        """Return the rows of cells that the call shows; an error is one ExcelError, never raised.

        This is the one door of every host, so it catches all that can be raised: a traceback must
        never reach a cell; the log has it.
        """
        try:
            return write_cells(self._run(self._read(cells, named)))
        except FactorError as error:
            return [[ExcelError(error.code, sentence(f"{self.name}: {error}"))]]
        except Exception as error:
            log.exception("internal error in %s", self.name)
            text = f"{self.name}: internal error ({type(error).__name__}); the log has the details"
            return [[ExcelError("#VALUE!", sentence(text))]]

    def _read(self, cells: tuple[object, ...], named: dict[str, object]) -> list[Any]:
        names = [argument.name for argument in self.arguments]
        if len(cells) > len(names):
            raise InputError(f"given {len(cells)} arguments, takes {len(names)}; use {self.usage}")
        given = dict(zip(names, cells, strict=False))
        for name in named:
            if name in given or name not in names:
                fault = "is given twice" if name in given else "is no argument"
                raise InputError(f"{name} {fault}; use {self.usage}")
        given |= named
        return [argument.read(given.get(argument.name)) for argument in self.arguments]

    def _run(self, values: list[Any]) -> object:
        """Return the result, under the header of the block whose shape it has."""
        names: tuple[str, ...] = ()
        for i, argument in enumerate(self.arguments):
            if argument.kind.keeps_header:
                values[i], names = _with_header_row(values[i]), names or values[i].names
        with np.errstate(over="ignore"):  # what is too large is infinite, and shown as #NUM!
            result: Any = self.body(*values)
        return Columns(result[1:], names) if names else result


def _with_header_row(block: Columns) -> NDArray[np.float64]:
    """Return the values; a header is a row of missing cells, so that sentences count it."""
    if not block.names:
        return block.values
    return np.vstack([np.full(block.width, np.nan), block.values])


def udf(category: str) -> Callable[[Callable[..., object]], Callable[..., object]]:
    """Catalogue a function; its body then sees clean arrays only."""

    def register(body: Callable[..., object]) -> Callable[..., object]:
        function = _describe(body, category)
        CATALOGUE[function.name] = function
        call = _callable(function)
        # xlwings is slow to import and is there already wherever Excel is the caller.
        if "xlwings" in sys.modules:
            from factor_core.hosts import excel  # noqa: PLC0415

            return excel.publish(function, call)
        return call

    return register


def _callable(function: Function) -> Callable[..., object]:
    """Return the function as Python and xlwings call it: one value, or rows of values."""
    signature = inspect.Signature(
        [
            inspect.Parameter(a.name, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=a.default)
            for a in function.arguments
        ]
    )

    def call(*cells: object, **named: object) -> object:
        rows = function.cells(*cells, **named)
        return rows[0][0] if len(rows) == 1 and len(rows[0]) == 1 else rows

    call.__name__ = call.__qualname__ = function.name
    call.__module__, call.__doc__ = function.body.__module__, function.summary
    call.__signature__ = signature  # type: ignore[attr-defined]
    return call


def _describe(body: Callable[..., object], category: str) -> Function:
    summary = (inspect.getdoc(body) or "").partition("\n")[0]
    return Function(body.__name__, category, summary, tuple(_arguments(body)), body)


def _arguments(body: Callable[..., object]) -> Iterator[Argument]:
    # typing.get_type_hints gives the same and takes twice as long, at every start of Excel.
    hints: dict[str, Any] = inspect.get_annotations(body, eval_str=True)
    for name, parameter in inspect.signature(body).parameters.items():
        kind = next((a for a in get_args(hints[name]) if isinstance(a, Kind)), None)
        if get_origin(hints[name]) is not Annotated or kind is None:
            raise TypeError(f"{body.__name__}: argument {name} has no Kind")
        yield Argument(name, kind, parameter.default)
