"""The add-in as LibreOffice loads it: this file lies in the extension and runs in its own Python.

It is generic: `extension.json` beside it names the functions and the Python they live in. Until
the first call it imports nothing but the standard library, so that LibreOffice starts as fast as
without it. That Python may be older than ours, down to 3.8; what is written here must run there.
"""

from __future__ import annotations

import contextlib
import json
import os
import pickle
import struct
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    Rows = tuple[tuple[Any, ...], ...]

SERVICE = "factorudfs.FactorFunctions"
INTERFACE = "factorudfs.XFactorFunctions"
ADDIN = "com.sun.star.sheet.AddIn"
ENGINE = "factor_core.hosts.libreoffice.engine"
WORKER = "factor_core.hosts.libreoffice.worker"
CHOICE = "FACTOR_UDFS_LIBREOFFICE"  # in-process or worker, for those whose LibreOffice must have it
GREETING = b"factor-udfs worker 1\n"  # what another program in its place would not say
HEAD = struct.Struct("<Q")  # length of a message
FEW = 1  # BLAS threads: more are slower where LibreOffice itself uses the processors
PATIENCE = 60.0  # seconds for a worker to start; a foreign program in its place never answers
PAUSE = 10.0  # seconds in which a worker that could not be started is not tried again
REMEDY = "run factor-udfs doctor"
RANGES_ONLY = "--ranges-only"
CALC_NUMBERS = {  # formula/errorcodes.hxx; shown as the text, understood by IFERROR, ISNA, SUM
    "#NULL!": 521,
    "#DIV/0!": 532,
    "#VALUE!": 519,
    "#REF!": 524,
    "#NAME?": 525,
    "#NUM!": 503,
    "#N/A": 32767,
}
CALC_TEXTS = {number: text for text, number in CALC_NUMBERS.items()}


def error_value(code: str) -> float:
    """Return Calc's error of this text: a NaN whose low word is the error's number."""
    number = CALC_NUMBERS.get(code, CALC_NUMBERS["#VALUE!"])
    (value,) = struct.unpack("<d", struct.pack("<Q", 0x7FF8_0000_0000_0000 | number))
    return float(value)


class BackendError(Exception):
    """The functions cannot be reached; the text says why."""


class InProcess:
    """The functions imported into LibreOffice's own Python."""

    def __init__(self, settings: dict[str, Any], product: str) -> None:
        if list(sys.version_info[:2]) != settings["python_version"]:
            raise BackendError("LibreOffice has another version of Python")
        _extend_path(settings["paths"])
        os.environ.setdefault("OPENBLAS_NUM_THREADS", str(FEW))
        engine = __import__(ENGINE, fromlist=["start"])
        engine.start(f"{product} (in-process)", ranges_only=settings["ranges_only"])
        self.call: Callable[[str, tuple[Any, ...]], Rows] = engine.call


class Worker:
    """The functions in a process of the Python that they were installed in, over pipes."""

    def __init__(self, settings: dict[str, Any], product: str) -> None:
        # -P: what lies in the folder that LibreOffice was started in is not for us.
        self.command = [settings["python"], "-P", "-m", WORKER, product]
        self.command += [RANGES_ONLY] * settings["ranges_only"]
        self.paths = settings["paths"]
        self.turn = threading.Lock()  # an answer belongs to the question before it
        self.process: Any = None
        self.said: Any = None
        self.fault, self.failed_at = "", 0.0

    def call(self, name: str, arguments: tuple[Any, ...]) -> Rows:
        """Return the rows that the function shows; a worker that has died is replaced once."""
        message = pickle.dumps((name, arguments), 4)
        with self.turn:
            if self.process is None:
                self._start()
            try:
                return self._ask(message)
            except (OSError, EOFError):
                self._end()
            self._start()
            try:
                return self._ask(message)
            except (OSError, EOFError):
                raise BackendError(
                    f"the worker process ended twice at this call{self._end()}; {REMEDY}"
                ) from None

    def _ask(self, message: bytes) -> Rows:
        self.process.stdin.write(HEAD.pack(len(message)) + message)
        self.process.stdin.flush()
        return self._hear()

    def _hear(self) -> Rows:
        head = self.process.stdout.read(HEAD.size)
        if len(head) < HEAD.size:
            raise EOFError
        (length,) = HEAD.unpack(head)
        body = self.process.stdout.read(length)
        if len(body) < length:
            raise EOFError
        return pickle.loads(body)  # noqa: S301  written by our own worker

    def _start(self) -> None:
        if self.fault and time.monotonic() - self.failed_at < PAUSE:
            raise BackendError(self.fault)
        try:
            self._launch()
        except (OSError, EOFError) as error:
            said = self._end()
            why = getattr(error, "strerror", None) or said[2:] or "it ended or is another program"
            self.fault = f"{self.command[0]} cannot run the functions: {why}; {REMEDY}"
            self.failed_at = time.monotonic()
            raise BackendError(self.fault) from None
        self.fault = ""

    def _launch(self) -> None:
        # Whatever is printed there must go somewhere that never fills up.
        self.said = tempfile.TemporaryFile()  # noqa: SIM115  lives as long as the process
        self.process = subprocess.Popen(  # noqa: S603  the interpreter that installed us
            self.command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.said,
            env=_environment(self.paths),
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        alarm = threading.Timer(PATIENCE, self.process.kill)
        alarm.start()
        try:
            if self.process.stdout.read(len(GREETING)) != GREETING:
                raise EOFError
        finally:
            alarm.cancel()

    def _end(self) -> str:
        """Leave no process behind; return the last line of what it said, to stand in a sentence."""
        process, self.process = self.process, None
        if process is not None:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                with contextlib.suppress(OSError):  # what could not be written any more
                    pipe.close()
        said, self.said = self.said, None
        if said is None:
            return ""
        with said:
            said.seek(0)
            lines = said.read().decode("utf-8", "replace").strip().splitlines()
        return f": {lines[-1]}" if lines else ""


class Functions:
    """The one way of every call: the choice of the back end, and what a cell shows without it."""

    def __init__(self, settings: dict[str, Any], product: str) -> None:
        self.settings, self.product = settings, product
        self.choosing = threading.Lock()
        self.backend: Any = None

    def call(self, name: str, arguments: tuple[Any, ...]) -> Rows:
        """Return rows of numbers and texts; never raise, or the cell would show a bare error."""
        try:
            if self.settings["ranges_only"]:
                arguments = _read(arguments)  # may calculate other cells, and so call us again
            with self.choosing:
                if self.backend is None:
                    self.backend = self._choose()
            return self.backend.call(name, arguments)
        except Exception as error:  # noqa: BLE001  LibreOffice would drop what we know of it
            fault = str(error) if isinstance(error, BackendError) else repr(error)
            self._log(f"{name}: {fault}")
            if name == "ADDIN_INFO":  # the one cell that can say why all others show an error
                return (
                    ("item", "value"),
                    ("version", self.settings["version"]),
                    ("host", self.product),
                    ("fault", fault),
                    ("log file", self.settings["log_file"]),
                )
            return ((error_value("#VALUE!"),),)

    def _choose(self) -> Any:
        wish = os.environ.get(CHOICE, "")
        if wish not in ("", "in-process", "worker"):
            raise BackendError(f"{CHOICE} is {wish}; use in-process or worker, or unset it")
        if wish != "worker":
            try:
                return InProcess(self.settings, self.product)
            except Exception as error:
                if wish == "in-process":
                    raise
                if not isinstance(error, BackendError):
                    self._log(f"not in LibreOffice's own Python: {error!r}")
        return Worker(self.settings, self.product)

    def _log(self, text: str) -> None:
        """Write a line into the functions' log, which this Python may not be able to open."""
        line = f"{time.strftime('%Y-%m-%d %H:%M:%S')} {os.getpid()} ERROR LibreOffice: {text}\n"
        try:
            Path(self.settings["log_file"]).parent.mkdir(parents=True, exist_ok=True)
            with Path(self.settings["log_file"]).open("a", encoding="utf-8") as log:
                log.write(line)
        except OSError:
            sys.stderr.write(line)


class _Range:
    """A range of cells as a formula names it."""

    def __init__(self, cells: Any) -> None:
        self.cells, self.sheet = cells, cells.getSpreadsheet()
        self.place = cells.getRangeAddress()
        self.rows = self.place.EndRow - self.place.StartRow + 1
        # $A.$B$1:$C.$B$9 is on several sheets; the address and the values are of the first alone.
        self.has_sheets = "." in cells.AbsoluteName.partition(":")[2]
        self.reaches_bottom = self.place.EndRow == self.sheet.getRangeAddress().EndRow

    def last_used_row(self) -> int:
        cursor = self.sheet.createCursor()
        cursor.gotoEndOfUsedArea(False)
        return int(cursor.getRangeAddress().EndRow)

    def rows_until(self, bottom: int) -> int:
        return max(1, bottom - self.place.StartRow + 1) if self.reaches_bottom else self.rows

    def read(self, bottom: int) -> Rows:
        """Return numbers and texts, with an error as its text; cells not yet calculated are now."""
        width = self.place.EndColumn - self.place.StartColumn
        block = self.cells.getCellRangeByPosition(0, 0, width, self.rows_until(bottom) - 1)
        rows = block.getDataArray()  # a blank is an empty text, an error is None
        read = [_with_errors(block, i, row) if None in row else row for i, row in enumerate(rows)]
        return (tuple(read),) if self.has_sheets else tuple(read)  # the catalogue refuses areas


def _with_errors(block: Any, index: int, row: tuple[Any, ...]) -> tuple[Any, ...]:
    cells = list(row)
    for column, cell in enumerate(row):
        if cell is None:
            number = block.getCellByPosition(column, index).getError()
            # What Calc alone has, such as Err:502, must not be taken for a name in a header.
            cells[column] = CALC_TEXTS.get(number, "#VALUE!")
    return tuple(cells)


def _read(arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return arguments with their ranges read, whole columns down to the last row in use.

    One row serves them all, so that columns of different sheets keep the same length; so does a
    whole column that Calc has read itself, as it does where an argument may be a number too.
    """
    ranges = {i: _Range(a) for i, a in enumerate(arguments) if hasattr(a, "getDataArray")}
    cut = [r for r in ranges.values() if r.reaches_bottom]
    starts = {r.rows: r.place.StartRow for r in cut}
    by_calc = {
        i: starts[len(a)] for i, a in enumerate(arguments) if type(a) is tuple and len(a) in starts
    }
    ends = [start + _filled(arguments[i]) - 1 for i, start in by_calc.items()]
    bottom = max([0, *ends, *(r.last_used_row() for r in cut)])
    values = list(arguments)
    for i, cells in ranges.items():
        values[i] = cells.read(bottom)
    for i, start in by_calc.items():
        values[i] = values[i][: max(1, bottom - start + 1)]
    return tuple(values)


def _filled(rows: Rows) -> int:
    """Return how many rows there are down to the last that holds anything."""
    empty = ("",) * len(rows[0])
    return next((n for n in range(len(rows), 0, -1) if rows[n - 1] != empty), 1)


def _extend_path(folders: list[str]) -> None:
    """Put our folders before packages of the system: a numpy found there is not the one we need."""
    first = next(
        (i for i, path in enumerate(sys.path) if path.endswith("-packages")), len(sys.path)
    )
    sys.path[first:first] = [folder for folder in folders if folder not in sys.path]


def _environment(folders: list[str]) -> dict[str, str]:
    """Return the environment of another Python than LibreOffice's, whose variables mislead it."""
    kept = {k: v for k, v in os.environ.items() if k not in ("PYTHONHOME", "PYTHONPATH")}
    kept.setdefault("OPENBLAS_NUM_THREADS", str(FEW))
    return {**kept, "PYTHONPATH": os.pathsep.join(folders), "PYTHONIOENCODING": "utf-8"}


# ------------------------------------------------------------------------------- LibreOffice's side


def writeRegistryInfo(manager: Any, key: Any) -> Any:  # noqa: N802  UNO's name
    """Tell LibreOffice, at the installation, which service lies here."""
    return _entries(None).writeRegistryInfo(key, manager)


def getComponentFactory(name: str, manager: Any, key: Any) -> Any:  # noqa: N802  UNO's name
    """Return what makes the add-in."""
    return _entries(_addin()).getComponentFactory(name, key, manager)


def _entries(addin: type | None) -> Any:
    import unohelper  # noqa: PLC0415  LibreOffice's Python alone has it

    helper = unohelper.ImplementationHelper()
    helper.addImplementation(addin, SERVICE, (SERVICE, ADDIN))
    return helper


def _addin() -> type:
    """Return the class of the add-in, a method for each function."""
    import uno  # noqa: PLC0415  LibreOffice's Python alone has it
    import unohelper  # noqa: PLC0415

    here = Path(__file__).parent
    settings = json.loads((here / "extension.json").read_text(encoding="utf-8"))
    names = ("com.sun.star.lang.XServiceName", "com.sun.star.lang.XServiceInfo", INTERFACE)
    functions: list[Functions] = []

    def begin(_self: Any, context: Any, *_arguments: Any) -> None:
        if not functions:
            functions.append(Functions(settings, _product(context)))

    def method(name: str) -> Callable[..., Rows]:
        return lambda _self, *arguments: functions[0].call(name, arguments)

    members: dict[str, Any] = {name: method(name) for name in settings["functions"]}
    members.update(
        __init__=begin,
        getServiceName=lambda _self: SERVICE,
        getImplementationName=lambda _self: SERVICE,
        getSupportedServiceNames=lambda _self: (SERVICE, ADDIN),
        supportsService=lambda _self, name: name in (SERVICE, ADDIN),
    )
    return type("FactorFunctions", (unohelper.Base, *map(uno.getClass, names)), members)


def _product(context: Any) -> str:
    """Return the name and version of the program, as in LibreOffice 25.2."""
    import uno  # noqa: PLC0415  LibreOffice's Python alone has it

    value = uno.createUnoStruct("com.sun.star.beans.PropertyValue")
    value.Name, value.Value = "nodepath", "/org.openoffice.Setup/Product"
    service = "com.sun.star.configuration.ConfigurationProvider"
    provider = context.ServiceManager.createInstanceWithContext(service, context)
    access = "com.sun.star.configuration.ConfigurationAccess"
    product = provider.createInstanceWithArguments(access, (value,))
    return f"{product.ooName} {product.ooSetupVersion}"
