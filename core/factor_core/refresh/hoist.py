"""Lifting calls of our functions out of formulas, their arguments written so as to stand anywhere.

`=ROUND(FACTOR_BETA(A2:A9, B2:B9)*100, 2)` on sheet Calc becomes the template `ROUND(<0>*100,2)` and
call 0 with the arguments `'Calc'!A2:A9` and `'Calc'!B2:B9`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from factor_core.refresh.addresses import area_or_none, quoted, split_sheet
from factor_core.refresh.formula_tree import (
    Invocation,
    Nodes,
    NotComputableError,
    Token,
    invocations,
    render,
    tokens,
    without_spaces,
)
from factor_core.refresh.references import is_multi_cell, reference_text
from factor_core.refresh.repairs import TAKE_ARRAYS, Place, repaired_formula

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from factor_core.refresh.references import References

# How a workbook may spell a function of an add-in: _xll.F, [1]!F, 'C:\x.xlam'!F, x.xlam!F;
# Office.js stores _xldudf_NAMESPACE_F.
ADD_IN = re.compile(
    r"^(?:_xll\.|_xludf\.|_xlfn\.|\[\d+\]!|'[^']*'!|[^'!\[\]]+\.xla?m?!)", re.IGNORECASE
)
MARK = re.compile("\x01(\\d+)\x02")
VARIABLE = re.compile(r"_xlpm\.[\w.]+", re.IGNORECASE)
NEED_PLACE = frozenset({"INDIRECT", "CELL", "RTD", "INFO"})
NEED_PLACE_WITHOUT_ARGUMENT = frozenset({"ROW", "COLUMN", "SHEET"})


@dataclass(frozen=True, slots=True)
class Call:
    """One distinct call: the same function on the same arguments is called once."""

    id: int
    name: str
    arguments: tuple[str | None, ...]  # formula texts that may hold marks of other calls
    sheet: str
    address: str  # the first cell that needs it

    def needs(self) -> set[int]:
        """Return the calls inside its arguments."""
        return {id_ for text in self.arguments if text for id_ in marks(text)}


@dataclass(frozen=True, slots=True)
class Template:
    """A formula's text with a mark in place of each call of ours."""

    text: str
    calls: tuple[int, ...]

    @property
    def whole(self) -> int | None:
        """The call that the whole formula is, if it is one."""
        found = MARK.fullmatch(self.text.strip())
        return int(found[1]) if found else None


@dataclass(frozen=True, slots=True)
class _Scope:
    """The names that LET and LAMBDA bind around the place being written."""

    bindings: tuple[tuple[str, str], ...] = ()
    in_lambda: bool = False
    qualify: bool = False
    found: list[int] = field(default_factory=list)

    def inside_argument(self) -> _Scope:
        return _Scope(self.bindings, self.in_lambda, qualify=True)


def marks(text: str) -> list[int]:
    """Return the calls marked in a template's text."""
    return [int(found) for found in MARK.findall(text)]


class Hoister:
    """Rewrites the formulas of one workbook and gathers the calls in them."""

    def __init__(self, functions: Collection[str], references: References) -> None:
        self.functions, self.references = frozenset(functions), references
        self.calls: list[Call] = []
        self._known: dict[tuple[str, tuple[str | None, ...]], int] = {}
        names = "|".join(re.escape(name) for name in sorted(self.functions, key=len, reverse=True))
        self._gate = re.compile(rf"(?:{names})\s*\(", re.IGNORECASE) if names else None

    def has_ours(self, nodes: Nodes) -> bool:
        """Whether one of our functions is called anywhere in the formula."""
        return any(self.function(call.name) for call in invocations(nodes))

    def may_have_ours(self, formula: str) -> bool:
        """Whether the text looks as if it called one of our functions."""
        return bool(self._gate and self._gate.search(formula))

    def function(self, name: str) -> str | None:
        """Return the catalogue's name for a function as the file spells it."""
        name = name.upper()
        if name in self.functions:
            return name
        bare = ADD_IN.sub("", name)
        if bare in self.functions:
            return bare
        if name.startswith("_XLDUDF_"):
            return next((ours for ours in self.functions if name.endswith("_" + ours)), None)
        return None

    def template(self, formula: str, place: Place, address: str) -> Template:
        """Return the formula with its calls lifted out; raises NotComputableError."""
        writer = _Writer(self, place, address)
        scope = _Scope()
        text = writer.write(repaired_formula(formula, place, self.references), scope)
        return Template(text, tuple(dict.fromkeys(scope.found)))

    def add(self, name: str, arguments: tuple[str | None, ...], place: Place, address: str) -> int:
        """Return the number of a call, a new one or the one that is there already."""
        key = (name, arguments)
        if key not in self._known:
            self._known[key] = len(self.calls)
            self.calls.append(Call(len(self.calls), name, arguments, place.sheet, address))
        return self._known[key]


class _Writer:
    """Writes one formula's template."""

    def __init__(self, hoister: Hoister, place: Place, address: str) -> None:
        self.hoister, self.place, self.address = hoister, place, address
        self.references = hoister.references

    def write(self, nodes: Nodes, scope: _Scope) -> str:
        """Return the text of these nodes, calls of ours replaced by marks."""
        return "".join(
            self._token(node, scope) if isinstance(node, Token) else self._call(node, scope)
            for node in nodes
        )

    def _token(self, token: Token, scope: _Scope) -> str:
        text = token.text
        if token.kind != "RANGE":
            return text
        if self.references.is_table(text):
            return reference_text(self.references.table_area(text, self.place.row))
        if not scope.qualify or split_sheet(text)[0] is not None:
            return text
        if area_or_none(text) or self.references.is_local(text, self.place.sheet):
            return f"{quoted(self.place.sheet)}!{text}"
        return text

    def _call(self, call: Invocation, scope: _Scope) -> str:
        ours = self.hoister.function(call.name)
        if ours:
            return self._mark(ours, call, scope)
        if call.plain_name == "LET":
            return self._let(call, scope)
        if call.plain_name == "LAMBDA":
            scope = _Scope(scope.bindings, in_lambda=True, qualify=scope.qualify, found=scope.found)
        arguments = (self.write(argument, scope) for argument in call.arguments)
        return f"{call.name}({','.join(arguments)})"

    def _let(self, call: Invocation, scope: _Scope) -> str:
        parts = []
        *pairs, result = call.arguments
        for name_nodes, value in zip(pairs[::2], pairs[1::2], strict=False):
            name = render(name_nodes).strip()
            text = self.write(value, scope)
            parts += [name, text]
            elsewhere = self.write(value, scope.inside_argument())
            scope = _Scope(
                (*scope.bindings, (name, elsewhere)), scope.in_lambda, scope.qualify, scope.found
            )
        parts.append(self.write(result, scope))
        return f"{call.name}({','.join(parts)})"

    def _mark(self, ours: str, call: Invocation, scope: _Scope) -> str:
        if scope.in_lambda:
            raise NotComputableError(f"{ours} inside LAMBDA is not supported")
        arguments = tuple(self._argument(nodes, scope) for nodes in call.arguments)
        id_ = self.hoister.add(ours, arguments, self.place, self.address)
        scope.found.append(id_)
        return f"\x01{id_}\x02"

    def _argument(self, nodes: Nodes, scope: _Scope) -> str | None:
        nodes = without_spaces(nodes)
        if not nodes:
            return None
        self._refuse(nodes)
        text = self.write(nodes, scope.inside_argument()).strip()
        bindings = _needed(text, scope.bindings)
        if not bindings:
            return text
        bound = ",".join(f"{name},{value}" for name, value in bindings)
        return f"_xlfn.LET({bound},{text})"

    def _refuse(self, nodes: Nodes) -> None:
        """Raise for an argument that means something else when calculated in another place."""
        for call in invocations(nodes):
            name = call.plain_name
            if name in NEED_PLACE or (name in NEED_PLACE_WITHOUT_ARGUMENT and not call.arguments):
                raise NotComputableError(f"{name} inside an argument of our function")
        if Token("operator", ",") in nodes:
            raise NotComputableError("several areas (a union) as an argument of our function")
        for token in tokens(nodes):
            if token.kind == "RANGE":
                self._refuse_reference(token.text)
        if self.place.plain and (area := self._array_arithmetic(nodes)):
            raise NotComputableError(
                f"arithmetic with {area} in a formula without the dynamic-array mark: "
                "Excel would use one cell of it; enter the formula again in Excel"
            )

    def _refuse_reference(self, text: str) -> None:
        if self.references.joins_areas(text, self.place.sheet):
            raise NotComputableError(f"several areas ({text}) as an argument of our function")
        if self.references.depends_on_place(text, self.place.sheet):
            raise NotComputableError(f"{text} is a name with relative references")

    def _array_arithmetic(self, nodes: Nodes) -> str | None:
        """Return a range of several cells that an operator works on, if there is one."""
        if any(isinstance(node, Token) and node.kind == "operator" for node in nodes):
            for node in nodes:
                if isinstance(node, Token) and is_multi_cell(
                    node, self.references, self.place.sheet, self.place.row
                ):
                    return node.text
        for call in self._native(nodes):
            for argument in call.arguments:
                if found := self._array_arithmetic(argument):
                    return found
        return None

    def _native(self, nodes: Nodes) -> Iterator[Invocation]:
        for node in nodes:
            if isinstance(node, Invocation) and not (
                node.plain_name in TAKE_ARRAYS or self.hoister.function(node.name)
            ):
                yield node


def _needed(text: str, bindings: tuple[tuple[str, str], ...]) -> list[tuple[str, str]]:
    """Return the bindings that a text uses, and those that they use, in their order."""
    wanted = {name.upper() for name in VARIABLE.findall(text)}
    needed = []
    for name, value in reversed(bindings):
        if name.upper() in wanted:
            needed.append((name, value))
            wanted |= {other.upper() for other in VARIABLE.findall(value)}
    return needed[::-1]
