"""xlwings' settings as its VBA module reads them, and changes that leave every other byte alone.

VBA reads xlwings.conf by `Input #`: pairs of fields, a field in quotes up to the next quote, names
in any case, the first of two equal names wins. A line that does not hold exactly two fields shifts
every pair after it; such a file is refused, because what VBA makes of it cannot be mended by us.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import PureWindowsPath
from typing import TYPE_CHECKING

from factor_core.errors import FactorError, InputError
from factor_core.hosts.machine import Machine, read_or_none

if TYPE_CHECKING:
    from collections.abc import Mapping

FILE = "xlwings.conf"  # also the name of the sheet
LINE_END = b"\r\n"
BYTE_ORDER_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")

_FIELD = rb'[ \t]*(?:"(?P<{0}quoted>[^"\r\n]*)"|(?P<{0}plain>[^",\r\n][^,\r\n]*|))[ \t]*'
_LINE = re.compile(
    _FIELD.replace(b"{0}", b"name_")
    + b",(?P<value>"
    + _FIELD.replace(b"{0}", b"value_")
    + rb")(?P<end>\r\n?|\Z)"
)
_GUID = "{00000000-0000-0000-0000-000000000000}"
_CLASS = "$(CLSID)"  # the DLL puts a class of its own making in its place


@dataclass(frozen=True)
class Setting:
    """One setting and the bytes it stands in."""

    name: str
    value: bytes
    start: int
    value_start: int
    value_end: int
    end: int


@dataclass(frozen=True)
class Place:
    """One of the places where VBA looks for settings, in upper-case names."""

    label: str
    values: Mapping[str, str]


@dataclass(frozen=True)
class Settings:
    """What VBA finds for one workbook: the first place that has a setting wins."""

    book: str
    """The workbook's full name, as Excel says it: a path or an address."""
    places: tuple[Place, ...] = field(default=())

    def value(self, name: str, default: str = "") -> str:
        """Return the value that wins."""
        found = self.place(name)
        return found.values[name] if found else default

    def place(self, name: str) -> Place | None:
        """Return the place that wins, None where VBA takes its default."""
        return next((place for place in self.places if name in place.values), None)

    def is_on(self, name: str, *, default: bool = False) -> bool:
        """Return a switch as VBA takes it."""
        return self.value(name, str(default)).strip().lower() == "true"


# One file ---------------------------------------------------------------------------------------


def parse(data: bytes) -> list[Setting]:
    """Return the settings in a file; raise InputError for a line that VBA would not read so.

    Examples
    --------
    >>> [(s.name, s.value) for s in parse(b'"SHOW CONSOLE","False"')]
    [('SHOW CONSOLE', b'False')]
    >>> parse(b'"A","1"')[0].value_end
    7
    """
    if data.startswith(BYTE_ORDER_MARKS):
        raise InputError("it starts with a byte order mark; save it as ANSI text")
    settings: list[Setting] = []
    at = 0
    while at < len(data):
        found = _LINE.match(data, at)
        if found is None:
            raise InputError(_fault(data, at, len(settings) + 1))
        name, value = _text(found, "name"), _text(found, "value")
        inside = found.start("value"), found.end("value")
        settings.append(Setting(name.decode("latin-1"), value, at, *inside, found.end()))
        at = found.end()
    return settings


def find(settings: list[Setting], name: str) -> Setting | None:
    """Return the setting that VBA finds by this name."""
    return next((s for s in settings if s.name.lower() == name.lower()), None)


def winners(settings: list[Setting]) -> list[Setting]:
    """Return the settings that VBA finds: the first of each name."""
    return [setting for setting in settings if find(settings, setting.name) is setting]


def with_values(data: bytes, values: Mapping[str, str]) -> bytes:
    r"""Return the file with these settings; every other byte stays.

    Examples
    --------
    >>> with_values(b'"a","1"\r\n"B","2"\r\n', {"A": "3", "C": "4"})
    b'"a","3"\r\n"B","2"\r\n"C","4"\r\n'
    """
    for name, value in values.items():
        data = _with_field(data, name, f'"{value}"'.encode("ascii"))
    return data


def restored(now: bytes, before: bytes, after: bytes) -> tuple[bytes, list[str]]:
    """Undo in `now` what turned `before` into `after`; name the settings changed since then.

    Those belong to whoever changed them and stay.
    """
    old, foreign = parse(before), []
    for setting in winners(parse(after)):
        was, current = find(old, setting.name), find(parse(now), setting.name)
        if was is not None and was.value == setting.value:
            continue
        if current is None or current.value != setting.value:
            foreign.append(setting.name)
        elif was is None:
            now = now[: current.start] + now[current.end :]
        else:
            now = _with_field(now, setting.name, before[was.value_start : was.value_end])
    return now, foreign


def _text(found: re.Match[bytes], which: str) -> bytes:
    quoted: bytes | None = found[f"{which}_quoted"]
    return found[f"{which}_plain"] if quoted is None else quoted


def _fault(data: bytes, at: int, number: int) -> str:
    rest = data[at:]
    line = re.split(rb"\r\n?|\n", rest, maxsplit=1)[0]
    if b"\0" in line:
        return f"line {number} holds zero bytes; save the file as ANSI text"
    if not line.strip():
        return f"line {number} is blank; delete it"
    if rest[len(line) : len(line) + 1] == b"\n":
        return f"line {number} ends in LF alone; save the file with Windows line ends (CR LF)"
    if line.count(b'"') % 2:
        return f'line {number} has an odd number of quotes; write "NAME","value"'
    return f'line {number} does not hold two fields; write "NAME","value"'


def _with_field(data: bytes, name: str, text: bytes) -> bytes:
    found = find(parse(data), name)
    if found is not None:
        return data[: found.value_start] + text + data[found.value_end :]
    gap = b"" if not data or data.endswith((b"\r", b"\n")) else LINE_END
    return data + gap + f'"{name}",'.encode("ascii") + text + LINE_END


# The places -------------------------------------------------------------------------------------


def user_file(machine: Machine) -> PureWindowsPath:
    """Return where VBA looks for the user's settings."""
    return machine.folder("USERPROFILE") / ".xlwings" / FILE


def read_settings(machine: Machine, book: str) -> Settings:
    """Return what VBA finds for a workbook: in its sheet, beside it, in the user's file."""
    path = local_name(machine, book)
    places = []
    if path and machine.exists(path):
        places.append(_in_sheet(machine, path))
    if path:
        beside = PureWindowsPath(path).parent / FILE
        places.append(_in_file(machine, beside, f"{FILE} beside the workbook"))
    places.append(_in_file(machine, user_file(machine), f"the user's {FILE}"))
    return Settings(book, tuple(place for place in places if place is not None))


def local_name(machine: Machine, book: str) -> str:
    """Return the file that VBA takes a workbook for; empty for an address it cannot find on disk.

    Excel names a workbook that OneDrive keeps by its address. VBA tries two rules for the folders
    below it, in each of three OneDrive folders, and gives up when not exactly one file is there.
    """
    if "://" not in book:
        return book
    tails = []
    if "/Documents" in book:
        tails.append(book.partition("/Documents")[2])
    if len(steps := book.split("/", 4)) == 5:
        tails.append("/" + steps[4])
    roots = ("ONEDRIVECOMMERCIAL", "ONEDRIVECONSUMER", "ONEDRIVE")
    names = {
        machine.environment[root] + tail.replace("/", "\\")
        for root in roots
        for tail in tails
        if machine.environment.get(root)
    }
    found = [name for name in names if machine.exists(name)]
    return found[0] if len(found) == 1 else ""


def _in_file(machine: Machine, path: PureWindowsPath, label: str) -> Place | None:
    data = read_or_none(machine.local(str(path)))
    if data is None:
        return None
    try:
        found = parse(data)
    except InputError as error:
        raise FactorError(f"{path}: {error}") from None
    values: dict[str, str] = {}
    for setting in found:  # the first of two equal names wins
        text = setting.value.decode(machine.code_page, "replace")
        values.setdefault(setting.name.upper(), machine.expand(text))
    return Place(label, values)


def _in_sheet(machine: Machine, path: str) -> Place | None:
    from factor_core.hosts.settings_sheet import settings_in_sheet  # noqa: PLC0415  parses XML

    data = read_or_none(machine.local(path)) or b""
    try:
        found = settings_in_sheet(data, FILE)
    except FactorError as error:
        raise FactorError(f"{path}: {error}") from None
    if found is None:
        return None
    values = {name: machine.expand(value) for name, value in found.items()}
    return Place(f"the sheet {FILE}", values)


# The command that starts Python -----------------------------------------------------------------


def start_command(settings: Settings) -> str:
    """Return the command by which VBA lets the DLL start Python; $(CLSID) is the DLL's to fill in.

    The DLL copies it into 2,048 bytes and lets Excel crash when it does not fit.
    """
    path = python_path(settings).replace("\\", "\\\\").replace("'", "\\'").replace("&", "^&")
    console = "/showconsole" if settings.is_on("SHOW CONSOLE") else ""
    licence = settings.value("LICENSE_KEY")
    licence = f"os.environ['XLWINGS_LICENSE_KEY']='{licence}';" if licence else ""
    interpreter = settings.value("INTERPRETER_WIN") or settings.value("INTERPRETER", "pythonw")
    return (
        f'cmd.exe {console} /K ""{interpreter}" -B -c "import sys, os;{licence}'
        f'import xlwings.utils;xlwings.utils.prepare_sys_path(\\"{path}\\");'
        f"import xlwings; xlwings.serve('{_CLASS}')\"\""
    )


def python_path(settings: Settings) -> str:
    """Return what VBA hands to xlwings.utils.prepare_sys_path for this workbook."""
    names = ("ONEDRIVE_CONSUMER_WIN", "ONEDRIVE_COMMERCIAL_WIN", "SHAREPOINT_WIN", "PYTHONPATH")
    adds = settings.value("ADD_WORKBOOK_TO_PYTHONPATH", "true")
    return ";".join([adds, settings.book, settings.book, *(settings.value(name) for name in names)])


def command_length(command: str, code_page: str) -> int:
    """Return the bytes of the command as the DLL starts it."""
    return len(command.replace(_CLASS, _GUID).encode(code_page, "replace"))
