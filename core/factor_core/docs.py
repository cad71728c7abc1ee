"""The written lists of the functions: README's table, and docs/functions.md, the reference.

Names, arguments and sentences are the catalogue's; formula, result, errors and source are those of
the maths' docstrings; the example and its value are those of the template's page Functions.
"""

from __future__ import annotations

import inspect
import re
import sys
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import docstring_parser
import openpyxl

import factor_udfs  # noqa: F401  fills the catalogue
from factor_core import errors
from factor_core.catalogue import CATALOGUE
from factor_core.workbook.pages_reference import EXAMPLES, page_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from factor_core.catalogue import Argument, Function

BEGIN, END = "<!-- functions:begin -->", "<!-- functions:end -->"
HEADING = """\
# The functions

Written from the catalogue by `nox -s docs`; the same texts stand in Excel's function wizard and in
`factor-udfs functions NAME`. Returns are decimal (0.01 is 1 %), per period, oldest row first. A
blank cell, an empty text and #N/A are missing; anything else that is no number is an error that
names its row and column. Arguments in brackets may be left out.

In the formulas n is the number of rows used, k of factors, m of assets, P the periods a year; r is
the asset's return, f a factor's, e the residual, mean(x) a mean and sd(x) a standard deviation with
divisor n - 1. Each example stands live on the template's sheet Functions; the value is the one that
the template shows.
"""
SHAPE = re.compile(r"(?:ndarray|array|Columns) of shape \(([^)]*)\)")


def table() -> str:
    """Return the README's table: each category's functions with their sentences."""
    lines = ["| function | what it gives |", "|--|--|"]
    for category, members in _categories():
        lines.append(f"| **{category}** | |")
        lines += [
            f"| [`{f.name}`](docs/functions.md#{f.name.lower()}) | {_cell(f.summary)} |"
            for f in members
        ]
    return "\n".join(lines)


def page(values: Mapping[str, str]) -> str:
    """Return docs/functions.md: every function, with the value of its example in the template."""
    parts = [HEADING]
    for category, members in _categories():
        parts.append(f"## {category}\n")
        parts += [_section(function, values.get(function.name, "")) for function in members]
    return "\n".join(parts)


def with_table(readme: str) -> str:
    """Return the README with the table between its two markers brought up to date."""
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"README.md needs the lines {BEGIN} and {END}")
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


def default_text(argument: Argument) -> str:
    """Return what an argument is when its cell is left out, as a sheet shows it."""
    if not argument.optional:
        return "needed"
    if argument.default is None:
        return "blank"
    if isinstance(argument.default, bool):
        return str(argument.default).upper()
    return argument.default if isinstance(argument.default, str) else f"{argument.default:g}"


def _categories() -> Iterator[tuple[str, list[Function]]]:
    for category, members in groupby(CATALOGUE.values(), lambda function: function.category):
        yield category, list(members)


def _section(function: Function, value: str) -> str:
    lines = [f"### {function.name}", "", f"`={function.usage}`", "", function.summary, ""]
    if function.arguments:
        lines += ["| argument | if left out | meaning |", "|--|--|--|"]
        lines += [
            f"| `{a.name}` | {_cell(default_text(a))} | {_cell(a.kind.text)} |"
            for a in function.arguments
        ]
        lines.append("")
    notes = explained(maths_of(function))
    lines += [f"**{title}:** {text}\n" for title, text in notes._asdict().items() if text]
    if function.name in EXAMPLES:
        sheet = page_of(function)
        lines.append(f"**Example:** `={EXAMPLES[function.name][0]}` is {value} (sheet {sheet})\n")
    return "\n".join(lines)


class Explained(NamedTuple):
    """What a docstring of the maths says, a paragraph each, in the words of a sheet."""

    Result: str
    Formula: str
    Beware: str
    Errors: str
    Source: str


def maths_of(function: Function) -> Callable[..., object]:
    """Return the one function of the maths that the body of a worksheet function calls."""
    module, name = function.body.__code__.co_names[:2]
    maths: Callable[..., object] = getattr(function.body.__globals__[module], name)
    return maths


def explained(maths: Callable[..., object]) -> Explained:
    """Read the docstring of a function of the maths."""
    doc = docstring_parser.parse(
        inspect.getdoc(maths) or "", style=docstring_parser.DocstringStyle.NUMPYDOC
    )
    said = {m.args[0]: _flowing(m.description or "") for m in doc.meta}
    faults = [(_code_of(r.type_name or ""), _flowing(r.description or "")) for r in doc.raises]
    return Explained(
        Result=_of_sheet(f"{_shape(doc)}. {said['returns']}") if doc.returns else "",
        Formula=_of_sheet(said.get("notes", "")),
        Beware=_of_sheet(said.get("warnings", "")),
        Errors=" ".join(f"{code}: {_of_sheet(text)}" for code, text in faults),
        Source=said.get("references", ""),
    )


def _shape(doc: docstring_parser.Docstring) -> str:
    """Return the result's shape as a sheet shows it: rows x columns."""
    kind = SHAPE.sub(_rows_by_columns, (doc.returns and doc.returns.type_name) or "")
    kind = kind.replace("float", "number").replace("ndarray of the same shape", "the input's shape")
    return {"number": "One number", "Table": "A table"}.get(kind, kind[:1].upper() + kind[1:])


def _rows_by_columns(found: re.Match[str]) -> str:
    sizes = [size.strip() for size in found[1].split(",") if size.strip()]
    return " x ".join(sizes if len(sizes) > 1 else [*sizes, "1"])


def _code_of(error: str) -> str:
    return str(getattr(errors, error).code)


def _of_sheet(text: str) -> str:
    """Return the text as the person at the sheet reads it."""
    return re.sub(r"\bNaN\b", "#N/A", text).strip()


def _flowing(text: str) -> str:
    """Return a docstring's text on one line; its paragraphs stay apart."""
    paragraphs = re.split(r"\n\s*\n", text)
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


def example_values(template: Path) -> dict[str, str]:
    """Return what the template's page Functions shows as the value of each example."""
    book = openpyxl.load_workbook(template, read_only=True, data_only=True)
    try:
        cells = book["Functions"].iter_rows(min_row=6, min_col=2, max_col=5)
        return {
            str(row[0].value).partition("(")[0]: shown(row[3].value, str(row[3].number_format))
            for row in cells
            if row[0].value
        }
    finally:
        book.close()


def shown(value: object, number_format: str) -> str:
    """Return a cell's value in its number format, as far as the template uses them."""
    if not isinstance(value, int | float):
        return str(value)
    positive = number_format.partition(";")[0]
    decimals = len(positive.partition(".")[2].rstrip("%"))
    percent = "%" if positive.endswith("%") else "f"
    number = format(abs(value), f",.{decimals}{percent}")
    return f"{'-' if value < 0 else ''}{'$' if positive.startswith('$') else ''}{number}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def write(root: Path) -> None:
    """Rewrite README.md's table and docs/functions.md below `root`."""
    readme = root / "README.md"
    text = with_table(readme.read_text(encoding="utf-8"))
    readme.write_text(text, encoding="utf-8", newline="\n")
    (root / "docs").mkdir(exist_ok=True)
    text = page(example_values(root / "workbook_template.xlsm"))
    (root / "docs" / "functions.md").write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    write(Path(sys.argv[1] if len(sys.argv) > 1 else "."))
