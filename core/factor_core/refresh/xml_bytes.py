"""Walking XML by byte offsets, so that what is not changed keeps its exact bytes."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING
from xml.parsers import expat

from factor_core.errors import FactorError

if TYPE_CHECKING:
    from collections.abc import Callable


DECLARED = re.compile(rb"""^(?:\xef\xbb\xbf)?<\?xml[^>]*?encoding=["']([A-Za-z0-9._-]+)["']""")
READABLE = frozenset({b"utf-8", b"us-ascii", b"ascii"})
SLASH, LESS, GREATER, QUOTES = b"/"[0], b"<"[0], b">"[0], frozenset(b"\"'")

Attributes = dict[str, str]


def tag_end(xml: bytes, start: int) -> int:
    """Return the offset just after the tag that starts at `start`; a > inside quotes is skipped."""
    first = xml.find(b">", start)
    if xml.count(b'"', start, first) % 2 == 0 and xml.find(b"'", start, first) < 0:
        return first + 1
    quote = 0
    for index in range(start, len(xml)):
        byte = xml[index]
        if quote:
            quote = 0 if byte == quote else quote
        elif byte in QUOTES:
            quote = byte
        elif byte == GREATER:
            return index + 1
    raise FactorError("the workbook is damaged: a sheet ends inside a tag")


def closes_itself(xml: bytes, end: int) -> bool:
    """Whether the tag that ends before `end` is of the form <a/>."""
    return xml[end - 2] == SLASH


def without(tag: bytes, *names: str) -> bytes:
    """Return a start tag without these attributes."""
    pattern = rf"""\s+(?:{"|".join(names)})\s*=\s*(?:"[^"]*"|'[^']*')"""
    return re.sub(pattern.encode(), b"", tag)


@lru_cache(maxsize=256)
def local(name: str) -> str:
    """Return an element's name without its prefix."""
    return name.rpartition(":")[2]


def parser(part: str, xml: bytes) -> expat.XMLParserType:
    """Return a parser for `xml`; refuses encodings whose bytes are not what the editing expects."""
    declared = DECLARED.match(xml)
    if xml[:2] in (b"\xff\xfe", b"\xfe\xff") or (declared and declared[1].lower() not in READABLE):
        raise FactorError(f"the part {part} is not UTF-8; save the workbook once in Excel")
    result = expat.ParserCreate()
    result.buffer_text = True
    result.StartDoctypeDeclHandler = _refuse_doctype(part)
    return result


def parse(part: str, xml: bytes, reader: expat.XMLParserType) -> None:
    """Run the parser over the whole part."""
    try:
        reader.Parse(xml, True)
    except expat.ExpatError as error:
        raise FactorError(f"the workbook is damaged: {part}: {error}") from None


def _refuse_doctype(part: str) -> Callable[..., None]:
    def refuse(*_: object) -> None:
        # Entities would make byte offsets lie, and Office forbids document types in its files.
        raise FactorError(f"the workbook is damaged: {part} holds a document type")

    return refuse


def apply_edits(xml: bytes, edits: list[tuple[int, int, bytes]]) -> bytes:
    """Return `xml` with each (start, end, new bytes) replaced; edits must not overlap."""
    if not edits:
        return xml
    pieces, at = [], 0
    for start, end, new in sorted(edits, key=lambda edit: edit[:2]):
        if start < at:
            raise AssertionError("overlapping edits")
        pieces += [xml[at:start], new]
        at = end
    pieces.append(xml[at:])
    return b"".join(pieces)
