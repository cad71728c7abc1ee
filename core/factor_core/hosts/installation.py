"""`factor-udfs install` and `uninstall`: Excel on Windows, LibreOffice wherever it is.

LibreOffice takes the extension, made on the spot, from its own tool. Excel on Windows takes an
add-in and settings:

The add-in goes into the user's XLSTART folder. Excel opens what lies there at every start, in every
version, and trusts it by default. The other way, the AddIns folder with a value OPEN in the
registry, has a key for each version of Excel, a number to find free among other add-ins' values,
and is undone when Excel, open meanwhile, writes its own list at its end.

The settings go into the user's xlwings.conf, the only place that serves the add-in and every
self-contained workbook. A record beside the log holds the file as it was and as it was left.
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path, PureWindowsPath

from factor_core import __version__
from factor_core.errors import FactorError, InputError
from factor_core.hosts import settings
from factor_core.hosts.libreoffice.extension import NAME as EXTENSION
from factor_core.hosts.libreoffice.extension import OLDEST_TEXT, build, settings_of_this_python
from factor_core.hosts.libreoffice.office import Office, add, find_office, remove
from factor_core.hosts.machine import (
    Machine,
    read_or_none,
    remove_file,
    replace_file,
    state_folder,
    this_machine,
)
from factor_core.hosts.printing import say

ADDIN = "factor_udfs.xlam"
RECORD = "installation.json"
NOTHING = "factor-udfs is not installed for this user; nothing was changed"
MODULE = "factor_udfs"
# Without these Excel does not start this Python, or not for every workbook.
NEEDED = ("INTERPRETER_WIN", "DEBUG UDFS", "ADD_WORKBOOK_TO_PYTHONPATH")
# Our own macros do without these; what the user has chosen for other workbooks stays.
OFFERED = {"UDF MODULES": MODULE, "USE UDF SERVER": "True", "SHOW CONSOLE": "False"}
OTHERS = (
    "Other xlwings workbooks without settings of their own use this Python too; one that keeps "
    "modules beside itself needs a sheet xlwings.conf with ADD_WORKBOOK_TO_PYTHONPATH True"
)
NO_OFFICE = {
    "Darwin": (
        "Excel for Mac cannot start Python from a workbook, and no LibreOffice was found; "
        "install LibreOffice {oldest} or later, or calculate closed workbooks by factor-udfs "
        "refresh"
    ),
    "Linux": (
        "No LibreOffice was found; install LibreOffice {oldest} or later, or make and calculate "
        "workbooks without it by factor-udfs new and factor-udfs refresh"
    ),
}


@dataclass(frozen=True)
class Record:
    """What an installation changed, so that it can be undone."""

    version: str
    addin: str
    addin_digest: str
    settings: str
    before: str | None
    """The settings file before the first installation, base64; None where there was none."""
    after: str


def run_install(
    *,
    external_server: bool = False,
    addin: Path | None = None,
    ranges_only: bool = False,
    machine: Machine | None = None,
) -> int:
    """Install for this user and this Python; say what was done."""
    machine = machine or this_machine()
    if machine.is_windows:
        _install_in_excel(machine, addin, external_server=external_server)
    office = find_office(machine)
    if office is not None:
        return _install_in_libreoffice(machine, office, ranges_only=ranges_only)
    if ranges_only:
        say("--ranges-only is for LibreOffice, and none was found")
    if machine.is_windows:
        return 0
    say(_no_office(machine))
    return 1


def _install_in_excel(machine: Machine, addin: Path | None, *, external_server: bool) -> None:
    wanted = _wanted(machine, external_server)
    data = addin_bytes(addin)
    notes = install(machine, wanted, data)
    say(f"{ADDIN} is in {addin_place(machine).parent}")
    say(f"{settings.user_file(machine)} names {wanted['INTERPRETER_WIN']}")
    for note in notes:
        say(note)
    if external_server:
        say("Excel starts no Python: before you open it, run factor-udfs com-server")
    say("Start Excel anew; if a function shows an error, run factor-udfs doctor")


def _install_in_libreoffice(machine: Machine, office: Office, *, ranges_only: bool) -> int:
    """Put the extension into the user's profile; beside Excel, an old LibreOffice is no fault."""
    if office.is_too_old:
        say(f"{office} is too old for the functions; install LibreOffice {OLDEST_TEXT} or later")
        return 0 if machine.is_windows else 1
    add(machine, office, extension_bytes(machine, ranges_only=ranges_only))
    say(f"{EXTENSION} is in {office}, for {machine.interpreter}")
    if ranges_only:
        say("Series are ranges of cells only: results of other functions are Err:504")
    say("Start LibreOffice anew; type =ADDIN_INFO() to see where the functions run")
    return 0


def run_uninstall(*, machine: Machine | None = None) -> int:
    """Undo the installation of this user; say what was done."""
    machine = machine or this_machine()
    notes = uninstall(machine) if machine.is_windows else []
    office = find_office(machine)
    if office is not None and remove(machine, office):
        notes.append(f"{EXTENSION} is removed from {office}")
    for note in notes or [NOTHING]:
        say(note)
    return 0


def extension_bytes(machine: Machine, *, ranges_only: bool = False) -> bytes:
    """Return the extension for LibreOffice, with the Python that runs this."""
    import factor_udfs  # noqa: F401, PLC0415  fills the catalogue
    from factor_core.catalogue import CATALOGUE  # noqa: PLC0415  loads numpy
    from factor_core.hosts.log_file import log_file  # noqa: PLC0415

    log = str(log_file(machine))
    return build(CATALOGUE, settings_of_this_python(log, ranges_only=ranges_only))


def addin_bytes(given: Path | None = None) -> bytes:
    """Return the add-in that the user names, else one built on the spot."""
    if given is None:
        from factor_core.workbook.addin import build_addin  # noqa: PLC0415  only installing needs it

        return build_addin()
    data = read_or_none(given)
    if data is None:
        raise InputError(f"the add-in {given} is not there; leave --addin out, or name {ADDIN}")
    if not data.startswith(b"PK"):
        raise InputError(f"{given} is no Excel add-in; name {ADDIN}, as it was delivered")
    return data


def digest(addin: bytes) -> str:
    """Return what tells this add-in from any other."""
    return hashlib.sha256(addin).hexdigest()


def addin_place(machine: Machine) -> PureWindowsPath:
    """Return where Excel loads the add-in from."""
    return machine.folder("APPDATA") / "Microsoft" / "Excel" / "XLSTART" / ADDIN


def install(machine: Machine, wanted: dict[str, str], addin: bytes) -> list[str]:
    """Put the add-in and the settings in place; return what the user should know."""
    path, place = settings.user_file(machine), addin_place(machine)
    file, old = machine.local(str(path)), read_record(machine)
    now = read_or_none(file)
    try:
        before, foreign = _undone(now, old)
        values = _with_offers(before or b"", wanted)
        after = settings.with_values(before or b"", values)
    except InputError as error:
        raise FactorError(
            f"{path}: {error}; mend the file or rename it, then install again"
        ) from None
    # Excel holds an open add-in fast, so this fails first or nothing does. The waiting copy may
    # not lie in XLSTART: Excel would open it.
    folder = machine.local(str(place.parent))
    folder.mkdir(parents=True, exist_ok=True)
    replace_file(machine.local(str(place)), addin, by_way_of=folder.parent)
    record = Record(
        __version__, str(place), digest(addin), str(path), _packed(before), _packed(after) or ""
    )
    # Before the settings: a change that nothing remembers could not be undone.
    replace_file(_record_file(machine), json.dumps(asdict(record), indent=1).encode("ascii"))
    if after != now:
        replace_file(file, after)
    return _notes(before, after, foreign)


def uninstall(machine: Machine) -> list[str]:
    """Take the add-in and the settings away again; return what was done."""
    record, place = read_record(machine), addin_place(machine)
    notes = []
    if record is not None:
        notes += _restore_settings(machine, record)
    if remove_file(machine.local(str(place))):
        notes.append(f"{place} is removed")
        if record is None:
            notes.append(f"{settings.user_file(machine)} stays: nothing tells what it was before")
    if record is not None:
        remove_file(_record_file(machine))
    return notes


def read_record(machine: Machine) -> Record | None:
    """Return what the last installation wrote down."""
    data = read_or_none(_record_file(machine))
    if data is None:
        return None
    try:
        record = Record(**json.loads(data))
        settings.parse(_unpacked(record.after) or b"")
        settings.parse(_unpacked(record.before) or b"")
    except (ValueError, TypeError):
        raise FactorError(
            f"{_record_file(machine)} is damaged; delete it and look through "
            f"{settings.user_file(machine)} by hand"
        ) from None
    return record


def interpreter_setting(machine: Machine) -> str:
    """Return this Python as Excel can start it: VBA and the DLL read plain ASCII safely only."""
    if machine.is_store_python:
        raise FactorError(
            "this Python is from the Microsoft Store, whose files Excel does not see; install "
            "Python from python.org and factor-udfs in it"
        )
    for path in (machine.interpreter, machine.short_path(machine.interpreter)):
        if is_passable(path):
            return path
    raise FactorError(
        f"the path {machine.interpreter} holds letters that Excel cannot pass on; make the "
        r"environment in a folder with a plain name, such as C:\factor"
    )


def is_passable(path: str) -> bool:
    """Return whether VBA, the DLL and cmd.exe all take the path as it is written."""
    return path.isascii() and "%" not in path and "$(" not in path


def _wanted(machine: Machine, external_server: bool) -> dict[str, str]:
    # Without the workbook's folder in Python's path, a workbook on OneDrive is like any other.
    values = (interpreter_setting(machine), str(external_server), "False")
    return dict(zip(NEEDED, values, strict=True))


def _with_offers(before: bytes, wanted: dict[str, str]) -> dict[str, str]:
    found = settings.parse(before)
    offers = {name: text for name, text in OFFERED.items() if settings.find(found, name) is None}
    return wanted | offers


def _undone(now: bytes | None, record: Record | None) -> tuple[bytes | None, list[str]]:
    """Return the settings as they would be without us, and what others changed since."""
    if record is None or now is None:
        return now, []
    before, after = _unpacked(record.before), _unpacked(record.after) or b""
    if now in (after, before):
        return before, []
    rest, foreign = settings.restored(now, before or b"", after)
    return (None if before is None and not rest else rest), foreign


def _restore_settings(machine: Machine, record: Record) -> list[str]:
    file = machine.local(record.settings)
    now = read_or_none(file)
    if now is None:
        return [f"{record.settings} is gone already"]
    try:
        rest, foreign = _undone(now, record)
    except InputError as error:
        raise FactorError(
            f"{record.settings}: {error}; mend the file, then uninstall again"
        ) from None
    if rest is None:
        remove_file(file)
        _remove_if_empty(file.parent)
        return [f"{record.settings} is removed"]
    if rest != now:
        replace_file(file, rest)
    kept = f", except {', '.join(foreign)}, changed since" if foreign else ""
    return [f"{record.settings} is as it was{kept}"]


def _remove_if_empty(folder: Path) -> None:
    if not any(folder.iterdir()):
        folder.rmdir()


def _notes(before: bytes | None, after: bytes, foreign: list[str]) -> list[str]:
    """Return a sentence for each setting that was another's, as other workbooks use it too."""
    old, notes = settings.parse(before or b""), []
    for setting in settings.winners(settings.parse(after)):
        was = settings.find(old, setting.name)
        if was is not None and was.value != setting.value:
            text = was.value.decode("ascii", "replace")
            since = ", set since the last installation," if setting.name in foreign else ""
            notes.append(f"{setting.name} was {text}{since} and comes back with uninstall")
    return [*notes, OTHERS]


def _record_file(machine: Machine) -> Path:
    return machine.local(str(PureWindowsPath(state_folder(machine)) / RECORD))


def _packed(data: bytes | None) -> str | None:
    return None if data is None else base64.b64encode(data).decode("ascii")


def _unpacked(text: str | None) -> bytes | None:
    return None if text is None else base64.b64decode(text, validate=True)


def _no_office(machine: Machine) -> str:
    return NO_OFFICE.get(machine.system, NO_OFFICE["Linux"]).format(oldest=OLDEST_TEXT)
