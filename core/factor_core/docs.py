"""The written lists of the functions, from the catalogue: README's table, docs/functions.md."""

from __future__ import annotations

import sys
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import factor_udfs  # noqa: F401  fills the catalogue
from factor_core.catalogue import CATALOGUE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from factor_core.catalogue import Argument, Function

BEGIN, END = "<!-- functions:begin -->", "<!-- functions:end -->"
HEADING = """\
# The functions

Written from the catalogue by `nox -s docs`; the same texts stand in Excel's function wizard and in
`factor-udfs functions NAME`. Returns are decimal (0.01 is 1 %), per period, oldest row first. A
blank cell, an empty text and #N/A are missing; anything else that is no number is an error that
names its row and column. Arguments in brackets may be left out.
"""


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


def page() -> str:
    """Return docs/functions.md: every function with its arguments."""
    parts = [HEADING]
    for category, members in _categories():
        parts.append(f"## {category}\n")
        parts += [_section(function) for function in members]
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


def _section(function: Function) -> str:
    lines = [f"### {function.name}", "", f"`={function.usage}`", "", function.summary, ""]
    if function.arguments:
        lines += ["| argument | if left out | meaning |", "|--|--|--|"]
        lines += [
            f"| `{a.name}` | {_cell(default_text(a))} | {_cell(a.kind.text)} |"
            for a in function.arguments
        ]
        lines.append("")
    return "\n".join(lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def write(root: Path) -> None:
    """Rewrite README.md's table and docs/functions.md below `root`."""
    readme = root / "README.md"
    text = with_table(readme.read_text(encoding="utf-8"))
    readme.write_text(text, encoding="utf-8", newline="\n")
    (root / "docs").mkdir(exist_ok=True)
    (root / "docs" / "functions.md").write_text(page(), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    write(Path(sys.argv[1] if len(sys.argv) > 1 else "."))
