"""Write vbaProject.bin from VBA source text ([MS-OVBA]), without Office.

The project holds source only: its version is 0xFFFF and no module has compiled code, so the host
compiles every module when it loads the file. Standard library only; the same modules give the
same bytes.
"""

from __future__ import annotations

import re
import struct
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from factor_core.workbook.compound_file import compound_file
from factor_core.workbook.wrappers import VBA_WORDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

CODE_PAGE = 1252
ENCODING = "cp1252"
CHUNK = 4096  # bytes of text that are compressed on their own
LONGEST_LINE = 1023  # the VBA editor refuses longer lines and more continuations
MOST_CONTINUATIONS = 24
MOST_LINES = 65_534
MOST_MODULES = 0xFFFF
LONGEST_NAME = 31  # of a module, and of a name in the compound file

Kind = Literal["standard", "class", "workbook", "sheet", "chartsheet"]
BASE_CLASS = {
    "workbook": "0{00020819-0000-0000-C000-000000000046}",
    "sheet": "0{00020820-0000-0000-C000-000000000046}",
    "chartsheet": "0{00020821-0000-0000-C000-000000000046}",
    "class": "0{FCFB3D2A-A0FA-1068-A738-08002B3371B5}",
}
HEADER_ATTRIBUTES = (
    "Attribute VB_Name",
    "Attribute VB_Base",
    "Attribute VB_GlobalNameSpace",
    "Attribute VB_Creatable",
    "Attribute VB_PredeclaredId",
    "Attribute VB_Exposed",
    "Attribute VB_TemplateDerived",
    "Attribute VB_Customizable",
)
REFERENCES = (  # the two that every Excel has; Office brings the ribbon's types
    (
        "stdole",
        (
            r"*\G{00020430-0000-0000-C000-000000000046}#2.0#0#"
            r"C:\Windows\System32\stdole2.tlb#OLE Automation"
        ),
    ),
    (
        "Office",
        (
            r"*\G{2DF8D04C-5BFA-101B-BDE5-00AA0044DE52}#2.0#0#"
            r"C:\Program Files\Common Files\Microsoft Shared\OFFICE16\MSO.DLL"
            r"#Microsoft Office 16.0 Object Library"
        ),
    ),
)
_u16, _u32 = struct.Struct("<H").pack, struct.Struct("<I").pack


@dataclass(frozen=True)
class Module:
    """One module: plain code, or the text of an exported .bas or .cls file."""

    name: str
    kind: Kind = "standard"
    code: str = ""

    def source(self) -> str:
        """Return the text as the project stores it: header attributes first, CRLF line ends."""
        lines = self._checked_lines()
        if lines and lines[0].startswith("VERSION "):
            lines = lines[next(i for i, line in enumerate(lines) if line.strip() == "END") + 1 :]
        body = [line for line in lines if not line.startswith(HEADER_ATTRIBUTES)]
        text = "\r\n".join([*self._header(), *body])
        return text if text.endswith("\r\n") else text + "\r\n"

    def _header(self) -> Iterator[str]:
        yield f'Attribute VB_Name = "{self.name}"'
        if self.kind == "standard":
            return
        is_document = self.kind != "class"
        yield f'Attribute VB_Base = "{BASE_CLASS[self.kind]}"'
        yield "Attribute VB_GlobalNameSpace = False"
        yield "Attribute VB_Creatable = False"
        yield f"Attribute VB_PredeclaredId = {is_document}"
        yield f"Attribute VB_Exposed = {is_document}"
        yield "Attribute VB_TemplateDerived = False"
        yield f"Attribute VB_Customizable = {is_document}"

    def _checked_lines(self) -> list[str]:
        """Return the code's lines, or raise ValueError naming the line that VBA would refuse."""
        lines = self.code.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        if len(lines) > MOST_LINES:
            raise ValueError(f"module {self.name} has {len(lines)} lines; VBA takes {MOST_LINES}")
        continued = 0
        for number, line in enumerate(lines, 1):
            continued = continued + 1 if line.endswith(" _") else 0
            problem = _line_problem(line, continued)
            if problem:
                raise ValueError(f"module {self.name}, line {number}: {problem}")
        named = re.search(r'^Attribute VB_Name = "(.*)"', "\n".join(lines), re.MULTILINE)
        if named and named[1] != self.name:
            raise ValueError(f"module {self.name} holds the code of a module named {named[1]}")
        return lines


def _line_problem(line: str, continued: int) -> str:
    if len(line) > LONGEST_LINE:
        return f"{len(line)} characters; VBA takes {LONGEST_LINE}"
    if continued > MOST_CONTINUATIONS:
        return f"more than {MOST_CONTINUATIONS} continued lines in a row"
    for character in line:
        if character < " " and character != "\t":
            return f"control character U+{ord(character):04X}"
    try:
        line.encode(ENCODING)
    except UnicodeEncodeError as error:
        character = line[error.start]
        return f"character U+{ord(character):04X} is not in code page {CODE_PAGE}"
    return ""


@dataclass(frozen=True)
class VbaProject:
    """A VBA project: its modules, documents included, in the order of the project window."""

    modules: Sequence[Module]
    name: str
    references: Sequence[tuple[str, str]] = REFERENCES

    def __post_init__(self) -> None:
        seen: set[str] = set()
        for name in (self.name, *(module.name for module in self.modules)):
            _check_name(name)
            if name.lower() in seen:
                raise ValueError(f"two modules, or module and project, have the name {name}")
            seen.add(name.lower())
        if not 0 < len(self.modules) <= MOST_MODULES:
            raise ValueError(f"a project of {len(self.modules)} modules cannot be written")

    def to_bytes(self) -> bytes:
        """Return the project as the bytes of vbaProject.bin."""
        vba = {
            "_VBA_PROJECT": bytes.fromhex("CC61FFFF000100"),
            "dir": compress(self._dir_stream()),
            **{module.name: _compressed_source(module) for module in self.modules},
        }
        return compound_file(
            {"VBA": vba, "PROJECT": self._project_stream(), "PROJECTwm": self._names_stream()}
        )

    def _dir_stream(self) -> bytes:
        """[MS-OVBA] 2.3.4.2, before compression."""
        records = [
            _record(0x01, _u32(1)),  # written for 32-bit Windows; the 64-bit Excel takes it too
            _record(0x02, _u32(0x409)),  # language of the code: English
            _record(0x14, _u32(0x409)),
            _record(0x03, _u16(CODE_PAGE)),
            _record(0x04, self.name.encode(ENCODING)),
            _text_record(0x05, 0x40, ""),  # description
            _record(0x06) + _record(0x3D),  # help file
            _record(0x07, _u32(0)),
            _record(0x08, _u32(0)),
            struct.pack("<HIIH", 0x09, 4, 1, 1),  # version 1.1; the size field counts only a part
            _text_record(0x0C, 0x3C, ""),  # constants
        ]
        for name, library in self.references:
            encoded = library.encode(ENCODING)
            records.append(_text_record(0x16, 0x3E, name))
            records.append(_record(0x0D, _u32(len(encoded)) + encoded + bytes(6)))
        records += [_record(0x0F, _u16(len(self.modules))), _record(0x13, _u16(0xFFFF))]
        records += [_module_record(module) for module in self.modules]
        return b"".join([*records, _record(0x10)])

    def _project_stream(self) -> bytes:
        """[MS-OVBA] 2.3.1: the project as the editor lists it, in text."""
        entry = {"standard": "Module={}", "class": "Class={}"}
        project_id = self._id()
        lines = [
            f'ID="{project_id}"',
            *(
                entry.get(module.kind, "Document={}/&H00000000").format(module.name)
                for module in self.modules
            ),
            f'Name="{self.name}"',
            'HelpContextID="0"',
            'VersionCompatible32="393222000"',
            f'CMG="{_protected(bytes(4), project_id, 0x41)}"',  # not locked
            f'DPB="{_protected(bytes(1), project_id, 0x63)}"',  # no password
            f'GC="{_protected(bytes([0xFF]), project_id, 0x85)}"',  # visible
            "",
            "[Host Extender Info]",
            "&H00000001={3832D640-CF90-11CF-8E43-00A0C911005A};VBE;&H00000000",
            "",
            "[Workspace]",
            *(f"{module.name}=0, 0, 0, 0, C" for module in self.modules),
        ]
        return ("\r\n".join(lines) + "\r\n").encode(ENCODING)

    def _names_stream(self) -> bytes:
        names = [module.name for module in self.modules]
        return b"".join(_text(name) + b"\0" + _wide(name) + b"\0\0" for name in names) + b"\0\0"

    def _id(self) -> str:
        """Return an id that depends on the names only, so that two builds agree."""
        seed = "\0".join([*(module.name for module in self.modules), self.name])
        return f"{{{uuid.uuid5(uuid.NAMESPACE_OID, seed)}}}".upper()


def _check_name(name: str) -> None:
    if not re.fullmatch(rf"[A-Za-z][A-Za-z0-9_]{{0,{LONGEST_NAME - 1}}}", name):
        raise ValueError(
            f'"{name}" is no module or project name; use a letter, then up to {LONGEST_NAME - 1} '
            "letters, digits or _"
        )
    # A stream named dir already stands where a module of that name would be written.
    if name.lower() in VBA_WORDS or name.lower() == "dir":
        raise ValueError(f'"{name}" cannot name a module or project: it is a word of VBA')


def _compressed_source(module: Module) -> bytes:
    try:
        return compress(module.source().encode(ENCODING))
    except IncompressibleError as error:
        raise ValueError(f"module {module.name} cannot be stored: {error}") from None


def _module_record(module: Module) -> bytes:
    return b"".join(
        [
            _text_record(0x19, 0x47, module.name),
            _text_record(0x1A, 0x32, module.name),  # its stream
            _text_record(0x1C, 0x48, ""),
            _record(0x31, _u32(0)),  # source starts at once: no compiled code before it
            _record(0x1E, _u32(0)),
            _record(0x2C, _u16(0xFFFF)),
            _record(0x21 if module.kind == "standard" else 0x22),
            _record(0x2B),
        ]
    )


def _record(number: int, data: bytes = b"") -> bytes:
    return struct.pack("<HI", number, len(data)) + data


def _text_record(number: int, wide_number: int, text: str) -> bytes:
    return _record(number, _text(text)) + _record(wide_number, _wide(text))


def _text(text: str) -> bytes:
    return text.encode(ENCODING)


def _wide(text: str) -> bytes:
    return text.encode("utf-16-le")


def _protected(data: bytes, project_id: str, seed: int) -> str:
    """Hide one of the protection settings, [MS-OVBA] 2.4.3.2; the seed is any fixed byte."""
    key = sum(project_id.encode("ascii")) & 0xFF
    hidden = [seed, seed ^ 2, seed ^ key]
    previous = key
    for byte in bytes((seed & 6) // 2) + _u32(len(data)) + data:
        hidden.append(byte ^ ((hidden[-2] + previous) & 0xFF))
        previous = byte
    return bytes(hidden).hex().upper()


# ---------------------------------------------------------------- [MS-OVBA] 2.4.1, compression


class IncompressibleError(ValueError):
    """Bytes that the format has no way to store."""


def compress(data: bytes) -> bytes:
    """Return `data` as a compressed container; refuse what no container can hold.

    Each chunk of 4,096 bytes is compressed, or stored as it is when that is shorter. A last,
    shorter chunk cannot be stored as it is: the reader would take the filling for data.
    """
    chunks = (data[i : i + CHUNK] for i in range(0, len(data), CHUNK))
    return b"\x01" + b"".join(map(_compressed_chunk, chunks))


def decompress(data: bytes) -> bytes:
    """Return the bytes that `compress` was given; raise ValueError for a damaged container."""
    if data[:1] != b"\x01":
        raise ValueError("not a compressed container: the first byte is not 1")
    out = bytearray()
    position = 1
    while position < len(data):
        if position + 2 > len(data):
            raise ValueError("the compressed container ends inside a chunk's header")
        (head,) = struct.unpack_from("<H", data, position)
        end = position + (head & 0xFFF) + 3
        body, is_compressed = data[position + 2 : end], head & 0x8000
        if (head >> 12) & 7 != 3 or end > len(data) or not (is_compressed or len(body) == CHUNK):
            raise ValueError(f"damaged chunk at byte {position} of the compressed container")
        out += _plain_chunk(body) if is_compressed else body
        position = end
    return bytes(out)


def _compressed_chunk(chunk: bytes) -> bytes:
    out = bytearray()
    position = 0
    while position < len(chunk):
        flags, tokens = 0, bytearray()
        for bit in range(8):
            if position == len(chunk):
                break
            offset, length = _longest_match(chunk, position)
            if length:
                flags |= 1 << bit
                tokens += _u16((offset - 1) << (16 - _offset_bits(position)) | (length - 3))
            else:
                length = 1
                tokens.append(chunk[position])
            position += length
        out.append(flags)
        out += tokens
    if len(out) <= CHUNK:
        return _u16(0xB000 | (len(out) - 1)) + out
    if len(chunk) < CHUNK:
        raise IncompressibleError(f"its last {len(chunk)} bytes hardly repeat; add a comment line")
    return _u16(0x3FFF) + chunk


def _longest_match(chunk: bytes, position: int) -> tuple[int, int]:
    """Return how far back the nearest longest repetition starts and its length; 0, 0 for none."""
    limit = min(len(chunk), position + (0xFFFF >> _offset_bits(position)) + 3)
    start, length = 0, 2
    while position + length < limit:
        end = position + length  # a repetition may run into the bytes that it repeats
        found = chunk.rfind(chunk[position : end + 1], 0, end)
        if found < 0:
            break
        start, length = found, length + 1
        while position + length < limit and chunk[start + length] == chunk[position + length]:
            length += 1
    return (position - start, length) if length > 2 else (0, 0)


def _plain_chunk(body: bytes) -> bytes:
    out = bytearray()
    position = 0
    while position < len(body):
        flags = body[position]
        position += 1
        for bit in range(8):
            if position >= len(body):
                break
            if not flags >> bit & 1:
                out.append(body[position])
                position += 1
                continue
            if position + 2 > len(body):
                raise ValueError("a chunk of the compressed container ends inside a repetition")
            _repeat(out, struct.unpack_from("<H", body, position)[0])
            position += 2
    return bytes(out)


def _repeat(out: bytearray, token: int) -> None:
    bits = _offset_bits(len(out))
    offset = (token >> (16 - bits)) + 1
    if offset > len(out):
        raise ValueError("a repetition in the compressed container starts before its chunk")
    for _ in range((token & (0xFFFF >> bits)) + 3):
        out.append(out[-offset])


def _offset_bits(position: int) -> int:
    """Return how many bits of a token tell the distance, at this place in the chunk."""
    return max((position - 1).bit_length(), 4)
