"""The fields of a price file, such as open, close and volume, and which of them is the price."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from factor_core.errors import InputError, sentence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from factor_core.text_table import Column

ADJUSTED = {
    *("adjclose", "adjustedclose", "closeadj", "closeadjusted", "adjusted", "adjustedprice"),
    *("totreturnindexgrossdvds", "totreturnindexnetdvds", "totalreturnindex"),
}
CLOSING = {
    *("close", "closelast", "closeprice", "closingprice", "last", "lastprice", "pxlast"),
    *("price", "prices", "nav"),
}
BESIDE = {
    *("open", "high", "low", "pxopen", "pxhigh", "pxlow", "pxvolume", "pxbid", "pxask", "pxmid"),
    *("volume", "vol", "openint", "openinterest", "turnover", "vwap", "bid", "ask", "mid"),
    *("change", "changepct", "changepercent", "chg", "dividends", "dividend", "stocksplits"),
    *("splits", "capitalgains", "adjopen", "adjhigh", "adjlow", "adjvolume", "per", "time"),
}
_SUFFIXED = re.compile(
    r"(.+)\.(open|high|low|close|volume|adjusted|adj close)", re.IGNORECASE
)  # R's quantmod: SPY.Open


def field_key(name: str) -> str:
    """Return a name without case, spaces and signs, to compare it by."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def is_field(name: str) -> bool:
    """Return whether a name is that of a field, not of an asset."""
    return field_key(name) in ADJUSTED | CLOSING | BESIDE


def prices_of(file: str, stem: str, columns: Sequence[Column], notes: list[str]) -> list[Column]:
    """Return one column for each asset, named by it, from columns of fields; others as they are.

    The adjusted close is taken where every asset has one, else the close, and it is said which.
    """
    parted = _by_asset(columns, stem)
    if parted is None:
        return list(columns)
    chosen = _common_field(file, parted)
    taken = {asset: next(c for f, c in fields if f == chosen) for asset, fields in parted.items()}
    beside = dict.fromkeys(f for fields in parted.values() for f, _ in fields if f != chosen)
    _note(file, chosen, list(beside), stem if list(parted) == [stem] else "", notes)
    return [column.named(asset) for asset, column in taken.items()]


def _by_asset(columns: Sequence[Column], stem: str) -> dict[str, list[tuple[str, Column]]] | None:
    """Return field and column by asset; None where the columns are no fields."""
    levels = _levels(columns)
    parted: dict[str, list[tuple[str, Column]]] = {}
    if len(levels) == 1:
        names = [column.name for column in columns]
        suffixed = [_SUFFIXED.fullmatch(name) for name in names]
        if all(map(is_field, names)):
            pairs = [(stem, name) for name in names]
        elif all(suffixed):
            pairs = [(found[1], found[2]) for found in suffixed if found]
        else:
            return None
    else:
        pairs = _pairs(levels)
    for (asset, name), column in zip(pairs, columns, strict=True):
        parted.setdefault(asset, []).append((name, column))
    return parted


def _levels(columns: Sequence[Column]) -> list[list[str]]:
    """Return the rows of names that say anything of the columns."""
    heads = list(zip(*(column.heads for column in columns), strict=True))
    told = [list(level) for level in heads if any(level)]
    return told if len(told) > 1 else [[column.name for column in columns]]


def _pairs(levels: list[list[str]]) -> list[tuple[str, str]]:
    """Return asset and field of each column from several rows of names."""
    fields = [level for level in levels if all(name == "" or is_field(name) for name in level)]
    one_field = [level for level in levels if len(set(level)) == 1]
    chosen = (fields or one_field or [[""] * len(levels[0])])[-1]
    others = [level for level in levels if level is not chosen] or [chosen]
    assets = [" ".join(dict.fromkeys(filter(None, parts))) for parts in zip(*others, strict=True)]
    return list(zip(assets, chosen, strict=True))


def _common_field(file: str, parted: dict[str, list[tuple[str, Column]]]) -> str:
    """Return the one field that is the price of every asset."""
    kept = [{name for name, _ in fields} for fields in parted.values()]
    common = set.intersection(*kept)
    for rank in (ADJUSTED, CLOSING):
        fitting = sorted(name for name in common if field_key(name) in rank)
        if len(fitting) > 1:
            both = " and ".join(f"'{name}'" for name in fitting)
            raise InputError(sentence(f"{file} has prices {both}; keep one of them"))
        if fitting:
            _refuse_twice(file, parted, fitting[0])
            return fitting[0]
    if len(common) == 1 and all(len(names) == 1 for names in kept):
        name = common.pop()
        _refuse_twice(file, parted, name)
        return name
    found = ", ".join(f"'{name}'" for name in sorted(set.union(*kept))[:8])
    raise InputError(
        sentence(f"{file} has {found} but no close that every asset has; keep one price an asset")
    )


def _refuse_twice(file: str, parted: dict[str, list[tuple[str, Column]]], field: str) -> None:
    for asset, fields in parted.items():
        columns = [column.number for name, column in fields if name == field]
        if len(columns) > 1:
            raise InputError(
                sentence(
                    f"{file} columns {columns[0]} and {columns[1]} are both named "
                    f"'{asset or field}'; rename one of them"
                )
            )


def _note(file: str, chosen: str, beside: list[str], stem: str, notes: list[str]) -> None:
    if stem:
        notes.append(f"Asset: '{stem}', the name of {file} or its title.")
    left_out = f"; left out: {', '.join(filter(None, beside))}" if any(beside) else ""
    if field_key(chosen) in ADJUSTED:
        notes.append(f"Prices: '{chosen}', adjusted for splits and dividends{left_out}.")
    elif field_key(chosen) in CLOSING:
        notes.append(
            f"Check '{chosen}': the file has no adjusted close, so whether dividends and splits "
            f"are in it is its source's rule{left_out}."
        )
    elif chosen:
        notes.append(f"Field: '{chosen}'{left_out}.")
