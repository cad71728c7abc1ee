"""What can go wrong, in words the person at the cell can act on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

LONGEST_SENTENCE = 250  # Excel's comments, wizard and status bar cut longer text without saying so

ERROR_CODES = {  # text in the cell -> the code COM sends for it
    "#NULL!": -2146826288,
    "#DIV/0!": -2146826281,
    "#VALUE!": -2146826273,
    "#REF!": -2146826265,
    "#NAME?": -2146826259,
    "#NUM!": -2146826252,
    "#N/A": -2146826246,
    "#GETTING_DATA": -2146826245,
    "#SPILL!": -2146826243,
    "#CONNECT!": -2146826242,
    "#BLOCKED!": -2146826241,
    "#UNKNOWN!": -2146826240,
    "#FIELD!": -2146826239,
    "#CALC!": -2146826238,
}
ERROR_TEXTS = {*ERROR_CODES, "#BUSY!", "#EXTERNAL!", "#PYTHON!", "#TIMEOUT!"}  # no known COM code

Word = TypeVar("Word", bound=str)
Item = TypeVar("Item")


class FactorError(ValueError):
    """Base of every error a user sees; its text is the sentence, its code the cell's value."""

    code = "#VALUE!"


class InputError(FactorError):
    """Cells that cannot be used as the argument they were given for."""


class NumericalError(FactorError):
    """Numbers that have no such result: too few rows, a constant factor, no volatility."""

    code = "#NUM!"


class DivisionError(NumericalError):
    """A ratio whose divisor is 0: no volatility to divide by, or a beta of 0."""

    code = "#DIV/0!"


class MissingDataError(FactorError):
    """A value that is asked for and is not there."""

    code = "#N/A"


class ExcelError(str):
    """An error value of a cell: equal to its Excel text, with the sentence in `message`.

    Examples
    --------
    >>> error = ExcelError("#NUM!", "POSITION_SIZE: vol is 0; it must be above 0")
    >>> error == "#NUM!", error.message
    (True, 'POSITION_SIZE: vol is 0; it must be above 0')
    """

    __slots__ = ("message",)
    message: str

    def __new__(cls, code: str, message: str = "") -> Self:
        """Return the error value `code` that explains itself by `message`."""
        error = super().__new__(cls, code)
        error.message = message
        return error

    def __getnewargs__(self) -> tuple[str, str]:  # type: ignore[override]
        return str(self), self.message


def sentence(text: object) -> str:
    """Return `text` as every host can show it: printable ASCII, one line, at most 250 letters."""
    words = " ".join(str(text).split())
    line = "".join(letter if letter.isascii() and letter.isprintable() else "?" for letter in words)
    return short(line, LONGEST_SENTENCE)


def short(text: str, most: int = 60) -> str:
    """Return a name as a sentence has room for it."""
    return text if len(text) <= most else f"{text[: most - 3]}..."


def listed(names: Sequence[str], most: int = 12) -> str:
    """Return names as a note or a sentence lists them, and how many more there are."""
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"


def first_of(items: Sequence[Item], most: int, text: Callable[[Item], str] = str) -> str:
    """Return the first few of many: 3, 5, 8, ..."""
    return ", ".join(map(text, items[:most])) + ", ..." * (len(items) > most)


def error_cell(error: FactorError) -> ExcelError:
    """Return what a cell of a table shows in the place of a number that was refused."""
    return ExcelError(error.code, sentence(error))


def require_positive(value: float, name: str) -> None:
    """Raise NumericalError unless `value` is above 0."""
    if not value > 0:
        raise NumericalError(f"{name} is {value:g}; it must be above 0")


def require_choice(word: str, options: tuple[str, ...], name: str) -> str:
    """Return `word` when it is one of `options`, else raise InputError that lists them."""
    if word not in options:
        raise InputError(f'{name} is "{word}"; use one of {", ".join(options)}')
    return word


def one_of(option: str, given: str | None, known: tuple[Word, ...]) -> Word | None:
    """Return the word of `known` that was given to a command; capitals do not matter."""
    if given is None:
        return None
    for word in known:
        if word == given.lower():
            return word
    raise InputError(f'{option} is "{given}"; use {" or ".join(known)}')
