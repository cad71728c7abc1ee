"""LibreOffice's end of the line: runs in the Python that has UNO, standard library otherwise.

Without a profile it only proves that this Python can import UNO.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path

PROGRAM = Path(sys.argv[1])
sys.path += [str(PROGRAM), "/usr/lib/python3/dist-packages"]
os.environ.setdefault("URE_BOOTSTRAP", f"vnd.sun.star.pathname:{PROGRAM}/fundamentalrc")

import uno  # noqa: E402
import unohelper  # noqa: E402
from com.sun.star.beans import PropertyValue  # noqa: E402
from com.sun.star.connection import NoConnectException  # noqa: E402
from com.sun.star.lang import DisposedException  # noqa: E402
from com.sun.star.script import XInvocation  # noqa: E402
from com.sun.star.task import XInteractionHandler  # noqa: E402
from com.sun.star.ucb import XCommandEnvironment  # noqa: E402
from com.sun.star.uno import RuntimeException  # noqa: E402

RESTART_ME = 81  # what the first start with a fresh profile ends with
PATIENCE = 60.0
NEVER, ALWAYS = 0, 4  # com.sun.star.document.MacroExecMode
FORMULAS = 16  # com.sun.star.sheet.CellFlags


class Bridge(unohelper.Base, XInvocation):
    """The object that macros talk to: every method call is asked of the tests."""

    def __init__(self, line):
        self.line = line

    def getIntrospection(self):  # noqa: N802  UNO's names
        return None

    def hasMethod(self, _name):  # noqa: N802
        return True

    def hasProperty(self, _name):  # noqa: N802
        return False

    def getValue(self, _name):  # noqa: N802
        return None

    def setValue(self, _name, _value):  # noqa: N802
        return None

    def invoke(self, name, values, _places, _out):
        self.line.say("asked", name, plain(values))
        kind, answer = self.line.hear()
        if kind == "raise":
            raise RuntimeException(answer, None)
        return from_plain(answer), (), ()


class Consent(unohelper.Base, XCommandEnvironment, XInteractionHandler):
    """Whoever is asked at an installation, and agrees."""

    def getInteractionHandler(self):  # noqa: N802
        return self

    def getProgressHandler(self):  # noqa: N802
        return None

    def handle(self, request):
        approve = uno.getTypeByName("com.sun.star.task.XInteractionApprove")
        for choice in request.getContinuations():
            if choice.queryInterface(approve):
                choice.select()


class Line:
    """One JSON text a line, both ways."""

    def __init__(self):
        self.requests = sys.stdin
        self.answers = os.fdopen(os.dup(1), "w")
        os.dup2(2, 1)  # what LibreOffice prints must not stand among the answers

    def hear(self):
        text = self.requests.readline()
        if not text:
            raise EOFError
        return json.loads(text)

    def say(self, *message):
        self.answers.write(json.dumps(message) + "\n")
        self.answers.flush()


class Office:
    """One LibreOffice, and what the tests may ask of it."""

    def __init__(self, line, profile):
        self.line, self.profile = line, profile
        self.process = self.context = self.desktop = self.document = None

    def start(self):
        flags = ["--headless", "--norestore", "--nologo", "--nodefault", "--nofirststartwizard"]
        binary = PROGRAM / "soffice.bin"
        command = [str(binary if binary.is_file() else PROGRAM / "soffice"), *flags]
        command.append(f"-env:UserInstallation={Path(self.profile).as_uri()}")
        # A client that connects while a fresh profile is made gets a dying bridge.
        while self.run([*command, "--terminate_after_init"]).wait(PATIENCE) == RESTART_ME:
            pass
        pipe = "tests" + uuid.uuid4().hex
        self.process = self.run([*command, f"--accept=pipe,name={pipe};urp;"])
        self.desktop = self.connect(f"uno:pipe,name={pipe};urp;StarOffice.ComponentContext")

    def run(self, command):
        return subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=sys.stderr, stderr=sys.stderr
        )

    def connect(self, address):
        here = uno.getComponentContext()
        resolver = here.ServiceManager.createInstance("com.sun.star.bridge.UnoUrlResolver")
        end = time.monotonic() + PATIENCE
        while True:
            try:
                there = resolver.resolve(address)
                break
            except NoConnectException:
                if self.process.poll() is not None or time.monotonic() > end:
                    raise
                time.sleep(0.05)
        self.context = there
        service = "com.sun.star.frame.Desktop"
        return there.ServiceManager.createInstanceWithContext(service, there)

    def install(self, path):
        """Add an extension to the private profile; unopkg refuses to for root, this does not."""
        manager = self.context.getByName("/singletons/com.sun.star.deployment.ExtensionManager")
        channel = manager.createAbortChannel()
        manager.addExtension(Path(path).as_uri(), (), "user", channel, Consent())

    def new(self):
        """Open an empty workbook of one sheet in place of the one that is open."""
        self.shut()
        self.document = self.desktop.loadComponentFromURL("private:factory/scalc", "_blank", 0, ())

    def save(self, path, kind):
        """Write the workbook as a file of this kind."""
        options = (PropertyValue("FilterName", 0, kind, 0),)
        self.document.storeToURL(Path(path).as_uri(), options)

    def calculate_all(self):
        """Calculate every formula anew, as Ctrl+Shift+F9 does."""
        self.document.calculateAll()

    def results(self, sheet, address):
        """Return what cells hold: number, text, or {"error": Calc's number of it}."""
        block = self.document.Sheets.getByName(sheet)
        if address is None:
            last_row, last_column = self.used(block)
            cells = block.getCellRangeByPosition(0, 0, last_column, last_row)
        else:
            cells = block.getCellRangeByName(address)
        rows = [list(row) for row in cells.DataArray]
        for row, column in (
            (i, j) for i, r in enumerate(rows) for j, c in enumerate(r) if c is None
        ):
            rows[row][column] = {"error": cells.getCellByPosition(column, row).getError()}
        return rows

    def seconds(self, sheet, address, formula, rounds):
        """Return how long it takes to type a formula and have its result, a number a round."""
        block, taken = self.document.Sheets.getByName(sheet).getCellRangeByName(address), []
        for _ in range(rounds):
            begin = time.perf_counter()
            block.setFormula(formula)
            block.getDataArray()
            taken.append(time.perf_counter() - begin)
        return taken

    def describe(self, function):
        """Return what the function wizard knows: category, sentence, arguments and their texts."""
        service = "com.sun.star.sheet.FunctionDescriptions"
        known = self.context.ServiceManager.createInstanceWithContext(service, self.context)
        told = {item.Name: item.Value for item in known.getByName(function)}
        arguments = [[a.Name, a.Description, a.IsOptional] for a in told["Arguments"]]
        return [told["Category"], told["Description"], arguments]

    def open(self, path, with_macros):
        """Open a copy: a lock file beside the original would make the loading fail."""
        self.shut()
        copy = shutil.copy(path, tempfile.mkdtemp(dir=self.profile))
        mode = ALWAYS if with_macros else NEVER
        options = (PropertyValue("MacroExecutionMode", 0, mode, 0),)
        url = Path(copy).as_uri()
        self.document = self.desktop.loadComponentFromURL(url, "_blank", 0, options)
        if self.document is None:
            raise RuntimeError("LibreOffice could not read the workbook")

    def shut(self):
        if self.document is not None:
            self.document.close(True)
            self.document = None

    def macro(self, name, *values):
        (library,) = set(self.document.BasicLibraries.ElementNames) - {"Standard"}
        url = f"vnd.sun.star.script:{library}.{name}?language=Basic&location=document"
        script = self.document.getScriptProvider().getScript(url)
        return plain(script.invoke(tuple(map(from_plain, values)), (), ())[0])

    def connect_tests(self, procedure):
        """Hand the bridge to a procedure of the workbook."""
        self.macro(procedure, Bridge(self.line))

    def sheets(self):
        """Return each sheet's name and the last row and column in use, from 0."""
        return {sheet.Name: self.used(sheet) for sheet in self.document.Sheets}

    def used(self, sheet):
        cursor = sheet.createCursor()
        cursor.gotoEndOfUsedArea(False)
        return cursor.RangeAddress.EndRow, cursor.RangeAddress.EndColumn

    def cells(self, sheet):
        """Return what every used cell of a sheet holds: number or text; an error is blank."""
        block = self.document.Sheets.getByName(sheet)
        last_row, last_column = self.used(block)
        return plain(block.getCellRangeByPosition(0, 0, last_column, last_row).DataArray)

    def errors(self, sheet):
        """Return the text of each formula cell of a sheet that shows an error, by its address."""
        block, found = self.document.Sheets.getByName(sheet), {}
        for cells in block.queryFormulaCells(4):  # com.sun.star.sheet.FormulaResult.ERROR
            area = cells.RangeAddress
            for row in range(area.StartRow, area.EndRow + 1):
                for column in range(area.StartColumn, area.EndColumn + 1):
                    cell = block.getCellByPosition(column, row)
                    found[cell.AbsoluteName.rpartition(".")[2].replace("$", "")] = cell.String
        return found

    def formulas(self, sheet):
        """Return how many cells of a sheet hold a formula."""
        areas = self.document.Sheets.getByName(sheet).queryContentCells(FORMULAS).RangeAddresses
        return sum((a.EndRow - a.StartRow + 1) * (a.EndColumn - a.StartColumn + 1) for a in areas)

    def clear(self):
        """Empty every cell of every sheet."""
        for sheet in self.document.Sheets:
            sheet.clearContents(1023)  # every com.sun.star.sheet.CellFlags

    def add_sheet(self, name):
        """Add an empty sheet behind the others."""
        self.document.Sheets.insertNewByName(name, len(self.document.Sheets))

    def merge(self, sheet, address):
        """Make one cell of several; the first one's content is seen."""
        self.document.Sheets.getByName(sheet).getCellRangeByName(address).merge(True)

    def hide(self, sheet, address):
        """Hide the rows of a range."""
        self.document.Sheets.getByName(sheet).getCellRangeByName(address).Rows.IsVisible = False

    def filter(self, sheet, address, least):
        """Show the rows whose first cell is at least this, as the standard filter does."""
        block = self.document.Sheets.getByName(sheet).getCellRangeByName(address)
        condition = uno.createUnoStruct("com.sun.star.sheet.TableFilterField")
        condition.Operator = uno.Enum("com.sun.star.sheet.FilterOperator", "GREATER_EQUAL")
        condition.IsNumeric, condition.NumericValue = True, least
        wanted = block.createFilterDescriptor(True)
        wanted.setFilterFields((condition,))
        block.filter(wanted)

    def hidden(self, sheet, address):
        """Return how many rows of a range are not shown."""
        block = self.document.Sheets.getByName(sheet).getCellRangeByName(address)
        return sum(not row.IsVisible for row in block.Rows)

    def select(self, sheet, *addresses):
        """Select ranges of a sheet, as a user does with the mouse and Ctrl."""
        block = self.document.Sheets.getByName(sheet)
        ranges = self.document.createInstance("com.sun.star.sheet.SheetCellRanges")
        for address in addresses:
            ranges.addRangeAddress(block.getCellRangeByName(address).RangeAddress, False)
        self.document.CurrentController.setActiveSheet(block)
        self.document.CurrentController.select(ranges)

    def formula(self, sheet, address):
        """Return the formula of a cell, in braces where it fills an array."""
        return self.document.Sheets.getByName(sheet).getCellRangeByName(address).Formula

    def write(self, sheet, address, rows):
        """Write rows of numbers and texts into cells."""
        block = self.document.Sheets.getByName(sheet).getCellRangeByName(address)
        block.DataArray = tuple(tuple("" if c is None else c for c in row) for row in rows)

    def type(self, sheet, address, formula, as_array):
        """Type a formula as a user does."""
        block = self.document.Sheets.getByName(sheet).getCellRangeByName(address)
        if as_array:
            block.setArrayFormula(formula)
        else:
            block.setFormula(formula)

    def end(self):
        """End LibreOffice; by its process where it does not answer."""
        if self.process is None:
            return
        try:
            self.shut()
            self.desktop.terminate()
        except (DisposedException, AttributeError):
            pass  # it has ended by itself, or was never reached
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def plain(value):
    """Return a UNO value as JSON holds it."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    if hasattr(value, "IsZeroIndex"):  # com.sun.star.script.ArrayWrapper: rows and columns
        return plain(value.Array)
    return str(type(value))


def from_plain(value):
    """Return a JSON value as macros hold it: nested lists are an array of rows and columns.

    {"items": [...]} is an array of one dimension, whatever its items are.
    """
    if isinstance(value, dict):
        return tuple(map(from_plain, value["items"]))
    if not isinstance(value, list):
        return value
    if not value or not isinstance(value[0], list):
        return tuple(value)
    wrapper = uno.createUnoStruct("com.sun.star.script.ArrayWrapper")
    wrapper.IsZeroIndex, wrapper.Array = True, tuple(map(tuple, value))
    return wrapper


def main(profile):
    line = Line()
    office = Office(line, profile)
    try:
        while True:
            request, *values = line.hear()
            try:
                done = getattr(office, request)(*values)
            except EOFError:
                raise
            except Exception as failed:  # noqa: BLE001  the test that asked shall show it
                line.say("failed", f"{request}: {type(failed).__name__} {failed}")
            else:
                line.say("done", done)
    except EOFError:
        pass
    finally:
        office.end()


if __name__ == "__main__" and len(sys.argv) > 2:
    main(sys.argv[2])
