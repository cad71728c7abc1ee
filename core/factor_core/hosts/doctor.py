"""`factor-udfs doctor`: every check of the set-up, one row each, with its remedy."""

from __future__ import annotations

import json
import platform
import struct
import subprocess
import tempfile
from dataclasses import dataclass
from functools import cached_property
from importlib import metadata
from pathlib import Path, PureWindowsPath
from typing import TYPE_CHECKING, Any, Literal

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from factor_core import __version__
from factor_core.errors import FactorError, InputError
from factor_core.hosts import com_server, settings
from factor_core.hosts.installation import (
    addin_place,
    digest,
    is_passable,
    read_record,
)
from factor_core.hosts.libreoffice.extension import OLDEST_TEXT
from factor_core.hosts.libreoffice.office import Office, find_office, installed
from factor_core.hosts.log_file import log_file
from factor_core.hosts.machine import (
    STORE_FOLDER,
    ZONE_OF_THE_INTERNET,
    Machine,
    read_or_none,
    this_machine,
)
from factor_core.hosts.printing import printable, say

if TYPE_CHECKING:
    from collections.abc import Callable

XLWINGS = "0.37.8"  # as pyproject.toml pins it; the add-in's VBA asks for the DLL of this version
PACKAGES = ("numpy", "pandas", "scipy", "statsmodels", "xlwings", "xlsxwriter", "cellrune")
LONGEST_COMMAND = 2047  # bytes; the DLL copies the command into 2,048 with the closing zero
PATIENCE = 60.0  # seconds; as long as Excel waits for Python
EXAMPLE = ("POSITION_SIZE", 1_000_000.0, 0.02)
EXPECTED = 50_000_000.0  # 1,000,000 / 0.02
BITS = {0x014C: 32, 0x8664: 64, 0xAA64: 64}  # by the processor that a program's header names

EXCEL_PATH = r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows\CurrentVersion\App Paths\excel.exe"
CLICK_TO_RUN = r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Office\ClickToRun\Configuration"
STORE_PACKAGES = ("Microsoft.Office.Desktop", "Microsoft.Office.Desktop.Excel")
STORE_PUBLISHER = "_8wekyb3d8bbwe"

INSTALL = "run factor-udfs install"
NEW_PYTHON = "install Python from python.org and factor-udfs in it, then run factor-udfs install"
ANSWER = (
    "import json, factor_core, factor_udfs; print(json.dumps("
    f'{{"value": factor_udfs.{EXAMPLE[0]}{EXAMPLE[1:]}, "version": factor_core.__version__, '
    '"xlwings": xlwings.__version__, "file": factor_udfs.__file__}))'
)


@dataclass(frozen=True)
class Finding:
    """What one check found: what is the case, and what to do about a problem."""

    state: Literal["OK", "problem", "-"]
    text: str
    remedy: str = ""


@dataclass(frozen=True)
class Excel:
    """The Excel that Windows starts."""

    path: str
    origin: str
    bits: int | None
    version: str


@dataclass
class Examination:
    """One run of the doctor: the machine, the workbook asked about, and what was read once."""

    machine: Machine
    workbook: str = ""

    @property
    def book(self) -> str:
        """The workbook whose macros start Python."""
        return self.workbook or str(addin_place(self.machine))

    @cached_property
    def excel(self) -> Excel | None:
        """The Excel found, if any."""
        return find_excel(self.machine)

    @cached_property
    def office(self) -> Office | None:
        """The LibreOffice found, if any."""
        return find_office(self.machine)

    @cached_property
    def settings(self) -> settings.Settings:
        """The settings as VBA finds them for the workbook."""
        return settings.read_settings(self.machine, self.book)

    @cached_property
    def interpreter(self) -> str:
        """The Python that Excel starts; empty where none is named by its full path."""
        if not self.machine.is_windows:
            return self.machine.interpreter
        try:
            name = self.settings.value("INTERPRETER_WIN")
        except FactorError:
            return ""
        return name if PureWindowsPath(name).is_absolute() else ""


@dataclass(frozen=True)
class Check:
    """One row of the table."""

    title: str
    look: Callable[[Examination], Finding]
    windows_only: bool = True
    needs_interpreter: bool = False

    def run(self, exam: Examination) -> Finding:
        """Return what is found; what hinders the check is a problem of its own."""
        if self.windows_only and not exam.machine.is_windows:
            return Finding("-", "on Windows only")
        if self.needs_interpreter and not exam.interpreter:
            return Finding("-", "not checked: the settings name no Python")
        try:
            return self.look(exam)
        except FactorError as error:
            return Finding("problem", str(error))
        except ImportError as error:
            return Finding("problem", str(error), "reinstall factor-udfs with what it needs")
        except OSError as error:  # a folder that may not be read must not hide the other rows
            return Finding("problem", f"{error.filename or self.title}: {error.strerror}")


def run_doctor(*, workbook: str = "", machine: Machine | None = None) -> int:
    """Print every check; return 0 when all is well, else 1."""
    if machine is None:
        machine = this_machine()
        is_relative = workbook and "://" not in workbook
        workbook = str(Path(workbook).absolute()) if is_relative else workbook
    if workbook:
        _require_workbook(machine, workbook)
    findings = examine(machine, workbook)
    _print(findings, machine)
    return int(any(finding.state == "problem" for finding in findings.values()))


def _require_workbook(machine: Machine, workbook: str) -> None:
    if not machine.is_windows:
        raise InputError("a workbook has settings on Windows only; run factor-udfs doctor alone")
    if "://" not in workbook and not machine.exists(workbook):
        raise InputError(f"there is no workbook {workbook}")


def examine(machine: Machine, workbook: str = "") -> dict[str, Finding]:
    """Return what each check finds, for the add-in or for one workbook's own macros."""
    exam = Examination(machine, workbook)
    return {check.title: check.run(exam) for check in CHECKS}


def _print(findings: dict[str, Finding], machine: Machine) -> None:
    console = Console()
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("check", no_wrap=True)
    table.add_column("", no_wrap=True)
    table.add_column("what was found", overflow="fold")
    styles = {"OK": "green", "problem": "bold red", "-": "dim"}
    for title, finding in findings.items():
        text = printable(finding.text, console)
        remedy = printable(f"\n-> {finding.remedy}", console) if finding.remedy else ""
        table.add_row(title, Text(finding.state, styles[finding.state]), Text(text + remedy))
    console.print(table)
    problems = sum(finding.state == "problem" for finding in findings.values())
    what = "All is well." if not problems else f"{problems} problem(s); what to do stands above."
    say(what if machine.is_windows else f"{what} Checks of Excel itself need Windows.")


# Excel and Python -------------------------------------------------------------------------------


def find_excel(machine: Machine) -> Excel | None:
    """Return the Excel that Windows knows, with where it comes from."""
    path = (machine.read_registry(EXCEL_PATH, "") or "").strip('"')
    if path and STORE_FOLDER not in path.lower():
        version = machine.read_registry(CLICK_TO_RUN, "VersionToReport")
        origin = "Click-to-Run" if version else "Windows Installer"
        return Excel(path, origin, _bits(machine, path), version or "version unknown")
    if path or _has_store_package(machine):
        return Excel(path, "Microsoft Store", None, "")
    return None


def _has_store_package(machine: Machine) -> bool:
    folder = machine.folder("LOCALAPPDATA") / "Packages"
    names = (str(folder / f"{name}{STORE_PUBLISHER}") for name in STORE_PACKAGES)
    return any(machine.local(name).is_dir() for name in names)


def _bits(machine: Machine, program: str) -> int | None:
    """Return 32 or 64 by the program's own header, else by what Click-to-Run wrote down."""
    try:
        with machine.local(program).open("rb") as file:
            head = file.read(4096)
        (at,) = struct.unpack_from("<I", head, 60)
        return BITS.get(struct.unpack_from("<H", head, at + 4)[0])
    except (OSError, struct.error):
        word = machine.read_registry(CLICK_TO_RUN, "Platform")
        return {"x86": 32, "x64": 64}.get(word or "")


def _check_excel(exam: Examination) -> Finding:
    excel = exam.excel
    if excel is None:
        remedy = "install Excel for the desktop; without it, use factor-udfs refresh"
        return Finding("problem", "no Excel is installed", remedy)
    if excel.origin == "Microsoft Store":
        remedy = "uninstall it and install Office from office.com, then run factor-udfs install"
        return Finding("problem", "Excel is from the Microsoft Store and cannot use Python", remedy)
    bits = f"{excel.bits}-bit" if excel.bits else "32- or 64-bit"
    return Finding("OK", f"{excel.version}, {bits}, {excel.origin}: {excel.path}")


def _check_python(exam: Examination) -> Finding:
    if exam.machine.is_store_python:
        text = "Python is from the Microsoft Store, whose files Excel does not see"
        return Finding("problem", text, NEW_PYTHON)
    bits = platform.architecture()[0].removesuffix("bit")
    kind = f"{platform.python_version()}, {bits}-bit"
    return Finding("OK", f"{kind}: {exam.machine.interpreter}")


# Settings ---------------------------------------------------------------------------------------


def _check_settings(exam: Examination) -> Finding:
    found = exam.settings
    place = found.place("INTERPRETER_WIN")
    if place is None:
        return Finding("problem", "no settings name the Python that Excel starts", INSTALL)
    name = found.value("INTERPRETER_WIN")
    if not exam.interpreter:
        text = f'{place.label} names "{name}", which Excel looks for in PATH'
        return Finding("problem", text, _mend(place, "INTERPRETER_WIN"))
    if not _is_this_python(exam.machine, name):
        remedy = f"{_mend(place, 'INTERPRETER_WIN')}, or run the doctor of that Python"
        return Finding("problem", f"{place.label} names another Python: {name}", remedy)
    if found.is_on("ADD_WORKBOOK_TO_PYTHONPATH", default=True):
        text = "Excel adds the workbook's folder to Python's path, which fails on OneDrive"
        where = found.place("ADD_WORKBOOK_TO_PYTHONPATH")
        return Finding("problem", text, _mend(where, "ADD_WORKBOOK_TO_PYTHONPATH"))
    return Finding("OK", f"this Python, by {place.label}{_about(exam)}")


def _mend(place: settings.Place | None, name: str) -> str:
    is_users = place is None or place.label.startswith("the user's")
    return INSTALL if is_users else f"delete {name} in {place.label if place else ''}"


def _is_this_python(machine: Machine, name: str) -> bool:
    own = (machine.interpreter, machine.short_path(machine.interpreter))
    return PureWindowsPath(name) in [PureWindowsPath(path) for path in own]


def _about(exam: Examination) -> str:
    notes = [f"; PYTHONPATH is {path}" for path in [exam.settings.value("PYTHONPATH")] if path]
    if exam.settings.is_on("DEBUG UDFS"):
        notes.append("; Excel uses the server that you start by factor-udfs com-server")
    if not settings.local_name(exam.machine, exam.book):
        notes.append("; the workbook is an address without a file, so nothing beside it is read")
    return "".join(notes)


def _check_interpreter_path(exam: Examination) -> Finding:
    path = exam.interpreter
    if not is_passable(path):
        remedy = rf"make the environment in a folder such as C:\factor, then {INSTALL}"
        return Finding("problem", f"Excel cannot pass on every letter of {path}", remedy)
    if not exam.machine.exists(path):
        return Finding("problem", f"there is no {path}", INSTALL)
    return Finding("OK", path)


def _check_start_command(exam: Examination) -> Finding:
    if exam.settings.is_on("DEBUG UDFS"):
        return Finding("-", "none: Excel uses the server that you start")
    command = settings.start_command(exam.settings)
    length = settings.command_length(command, exam.machine.code_page)
    text = f"{length:,} of at most {LONGEST_COMMAND:,} bytes"
    if length > LONGEST_COMMAND:
        remedy = "shorten the path of the workbook, of Python or the setting PYTHONPATH"
        return Finding("problem", f"{text}; Excel would end at the first function", remedy)
    return Finding("OK", text)


# Files ------------------------------------------------------------------------------------------


def _check_dll(exam: Examination) -> Finding:
    names = [_dll_name(bits) for bits in _wanted_bits(exam)]
    missing = [name for name in names if _find_dll(exam, name) is None]
    if not missing:
        return Finding("OK", ", ".join(str(_find_dll(exam, name)) for name in names))
    folders = _dll_folders(exam)
    seen = sorted({path.name for folder in folders for path in _dlls(exam.machine, folder)})
    instead = f"; there is {', '.join(seen)}" if seen else ""
    text = f"{', '.join(missing)} is neither in {folders[0]} nor in {folders[1]}{instead}"
    remedy = f"run pip install --force-reinstall --no-deps xlwings=={XLWINGS} in that Python"
    if not seen:
        remedy += "; if the file goes again, let the virus scanner except it"
    return Finding("problem", text, remedy)


def _wanted_bits(exam: Examination) -> tuple[int, ...]:
    return (exam.excel.bits,) if exam.excel and exam.excel.bits else (64, 32)


def _dll_folders(exam: Examination) -> tuple[PureWindowsPath, PureWindowsPath]:
    """Return where VBA looks: beside Python, then above it, where an environment has its root."""
    folder = PureWindowsPath(exam.interpreter).parent
    return folder, folder.parent


def _dlls(machine: Machine, folder: PureWindowsPath) -> list[Path]:
    return list(machine.local(str(folder)).glob("xlwings[36]*.dll"))


def _find_dll(exam: Examination, name: str) -> PureWindowsPath | None:
    places = (folder / name for folder in _dll_folders(exam))
    return next((place for place in places if exam.machine.exists(place)), None)


def _check_addin(exam: Examination) -> Finding:
    machine, place = exam.machine, addin_place(exam.machine)
    data = read_or_none(machine.local(str(place)))
    if data is None:
        return Finding("problem", f"there is no {place}", INSTALL)
    record = read_record(machine)
    if not record or record.version != __version__ or record.addin_digest != digest(data):
        text = f"{place} is not the add-in of version {__version__}"
        return Finding("problem", text, INSTALL)
    return Finding("OK", str(place))


def _check_marks(exam: Examination) -> Finding:
    machine = exam.machine
    book = settings.local_name(machine, exam.book)
    files = [str(addin_place(machine)), *([book] if book else [])]
    if exam.interpreter:
        files += [str(path) for b in (64, 32) if (path := _find_dll(exam, _dll_name(b)))]
    marked = [
        file for file in dict.fromkeys(files) if (machine.zone(file) or 0) >= ZONE_OF_THE_INTERNET
    ]
    if not marked:
        return Finding("OK", "no file is marked as coming from the internet")
    remedy = "in the file's Properties tick Unblock, for each file"
    return Finding("problem", f"marked as coming from the internet: {', '.join(marked)}", remedy)


def _dll_name(bits: int) -> str:
    return f"xlwings{bits}-{XLWINGS}.dll"


def _check_log(exam: Examination) -> Finding:
    path = log_file(exam.machine)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            path.open("ab").close()
        else:
            tempfile.TemporaryFile(dir=path.parent).close()
    except OSError as error:
        remedy = f"make the folder {path.parent} writable, or errors leave no trace"
        return Finding("problem", f"{path} cannot be written: {error.strerror}", remedy)
    return Finding("OK", str(path))


# LibreOffice ------------------------------------------------------------------------------------


def _check_libreoffice(exam: Examination) -> Finding:
    office = exam.office
    if office is None:
        return Finding("-", "none was found")
    if office.is_too_old:
        text = f"{office} is too old for the functions: {office.folder}"
        return Finding(
            "problem", text, f"install LibreOffice {OLDEST_TEXT} or later, then {INSTALL}"
        )
    return Finding("OK", f"{office}: {office.folder}")


def _check_extension(exam: Examination) -> Finding:
    """Ask LibreOffice for the extension, and whether the Python that it names is still there."""
    if exam.office is None:
        return Finding("-", "there is no LibreOffice")
    try:
        found = installed(exam.machine, exam.office)
    except FactorError as error:
        return Finding("-", f"not checked: {error}")
    if found is None:
        return Finding(
            "-", f"not in LibreOffice of this user; to use the functions there {INSTALL}"
        )
    return _judge_extension(exam, found)


def _judge_extension(exam: Examination, found: dict[str, Any]) -> Finding:
    version, python = found["version"], found["python"]
    ranges_only = bool(found.get("ranges_only"))
    install = f"{INSTALL} --ranges-only" if ranges_only else INSTALL  # the choice made stays
    if version != __version__:
        return Finding("problem", f"the extension is version {version}, not {__version__}", install)
    if not exam.machine.exists(python):
        return Finding("problem", f"the extension needs {python}, which is gone", install)
    if python != exam.machine.interpreter:
        remedy = f"{install}, or run the doctor of that Python"
        return Finding("problem", f"the extension uses another Python: {python}", remedy)
    mode = "; series are ranges of cells only" if ranges_only else ""
    return Finding("OK", f"version {version}, for this Python{mode}")


# Packages and calls -----------------------------------------------------------------------------


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


def _check_xlwings(_exam: Examination) -> Finding:
    found = _version("xlwings")
    if found != XLWINGS:
        text = f"xlwings {found or 'is missing'}; the add-in needs {XLWINGS}"
        return Finding("problem", text, f"run pip install xlwings=={XLWINGS}")
    return Finding("OK", f"{found}, as the add-in needs it")


def _check_packages(_exam: Examination) -> Finding:
    versions = {package: _version(package) for package in PACKAGES}
    missing = [package for package, version in versions.items() if not version]
    if missing:
        remedy = f"run pip install {' '.join(missing)}"
        return Finding("problem", f"not installed: {', '.join(missing)}", remedy)
    return Finding("OK", ", ".join(f"{name} {version}" for name, version in versions.items()))


def _check_call(exam: Examination) -> Finding:
    """Start the Python that Excel starts, with the same path, and call a function."""
    program = exam.machine.local(exam.interpreter)
    paths = settings.python_path(exam.settings) if exam.machine.is_windows else "false;;;;;;"
    code = (
        f"import sys, os, xlwings.utils; xlwings.utils.prepare_sys_path({paths!r}); "
        f"import xlwings; {ANSWER}"
    )
    with tempfile.TemporaryDirectory() as nowhere:  # what lies in this folder is not for Excel
        try:
            done = subprocess.run(  # noqa: S603  the interpreter of the user's own settings
                [program, "-B", "-c", code],
                capture_output=True,
                cwd=nowhere,
                timeout=PATIENCE,
                check=False,
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        except subprocess.TimeoutExpired:
            text = f"{exam.interpreter} did not answer within {PATIENCE:.0f} seconds"
            return Finding("problem", text, "start it by hand and import factor_udfs")
        except OSError as error:
            text = f"{exam.interpreter} cannot be started: {error.strerror}"
            return Finding("problem", text, INSTALL)
    return _judge(exam, done)


def _judge(exam: Examination, done: subprocess.CompletedProcess[bytes]) -> Finding:
    remedy = f"run pip install factor-udfs=={__version__} in that Python, then {INSTALL}"
    lines = done.stdout.decode("utf-8", "replace").splitlines()
    try:
        answer: dict[str, Any] = json.loads(lines[-1])
        version, file = answer["version"], answer["file"]
    except (IndexError, KeyError, TypeError, ValueError):
        said = done.stderr.decode("utf-8", "replace").strip().splitlines() or ["nothing"]
        text = f"{exam.interpreter} cannot call the functions: {said[-1]}"
        return Finding("problem", text, remedy)
    if version != __version__ or answer["xlwings"] != XLWINGS:
        text = f"Excel starts factor-udfs {version} with xlwings {answer['xlwings']}: {file}"
        return Finding("problem", text, remedy)
    return _compare(answer["value"], f"by {file}")


def _compare(value: object, how: str) -> Finding:
    call = f"{EXAMPLE[0]}({EXAMPLE[1]:.0f}, {EXAMPLE[2]})"
    if value != EXPECTED:
        text = f"{call} gives {value}, not {EXPECTED:.0f}, {how}"
        return Finding("problem", text, "reinstall factor-udfs and numpy in that Python")
    return Finding("OK", f"{call} = {value:.0f} {how}")


def _check_com_call(exam: Examination) -> Finding:
    """Call a function as Excel does, through COM."""
    if not com_server.is_possible():
        return Finding("-", "on Windows only")
    if exam.settings.is_on("DEBUG UDFS"):
        return _compare(com_server.call_external(*EXAMPLE), "by the server that is running")
    command = settings.start_command(exam.settings)
    return _compare(com_server.call_started(command, *EXAMPLE), "by the command that Excel uses")


CHECKS = (
    Check("Excel", _check_excel),
    Check("Python", _check_python, windows_only=False),
    Check("settings", _check_settings),
    Check("interpreter path", _check_interpreter_path, needs_interpreter=True),
    Check("start command", _check_start_command, needs_interpreter=True),
    Check("xlwings", _check_xlwings, windows_only=False),
    Check("DLL", _check_dll, needs_interpreter=True),
    Check("add-in", _check_addin),
    Check("mark of the web", _check_marks),
    Check("packages", _check_packages, windows_only=False),
    Check("log file", _check_log, windows_only=False),
    Check("call", _check_call, windows_only=False, needs_interpreter=True),
    Check("LibreOffice", _check_libreoffice, windows_only=False),
    Check("extension", _check_extension, windows_only=False),
    Check("call by COM", _check_com_call, needs_interpreter=True),
)
