"""A Windows computer as real folders on this disk, for install and doctor."""

from __future__ import annotations

import io
import os
import struct
import sys
import zipfile
from pathlib import Path

import xlsxwriter

from factor_core.hosts import doctor
from factor_core.hosts.machine import Machine

ROOT = Path(__file__).parents[1]
PYTHON = r"C:\factor\Scripts\python.exe"
EXCEL = r"C:\Program Files\Microsoft Office\root\Office16\EXCEL.EXE"
HOME = r"C:\Users\me"
CONF = HOME + r"\.xlwings\xlwings.conf"
XLSTART = HOME + r"\AppData\Roaming\Microsoft\Excel\XLSTART"
ADDIN = XLSTART + r"\factor_udfs.xlam"
STATE = HOME + r"\AppData\Local\factor-udfs"
DLL = r"C:\factor\xlwings64-0.37.8.dll"
X64, X86 = 0x8664, 0x014C
PLAIN_TYPE = b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
ADDIN_TYPE = b"application/vnd.ms-excel.addin.macroEnabled.main+xml"


def workbook(sheet="Sheet1", rows=(), kind="xlsx"):
    """Return a real workbook or add-in of one sheet."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        cells = book.add_worksheet(sheet)
        for number, row in enumerate(rows):
            cells.write_row(number, 0, row)
    if kind == "xlsx":
        return file.getvalue()
    made = io.BytesIO()
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(made, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name).replace(PLAIN_TYPE, ADDIN_TYPE))
    return made.getvalue()


class Desk:
    """Folders as Windows has them; paths are written as Windows writes them."""

    def __init__(self, root, *, python=PYTHON, base_prefix=r"C:\Python311", system="Windows"):
        self.root = root
        self.registry = {}
        self.short_paths = {}
        self.environment = {
            "USERPROFILE": HOME,
            "APPDATA": HOME + r"\AppData\Roaming",
            "LOCALAPPDATA": HOME + r"\AppData\Local",
        }
        self.machine = Machine(
            system=system,
            environment=self.environment,
            interpreter=python,
            base_prefix=base_prefix,
            read_registry=lambda key, name: self.registry.get((key, name)),
            local=self.local,
            code_page="cp1252",
            short_path=lambda path: self.short_paths.get(path, path),
            which=lambda _name: None,
        )

    def local(self, path):
        return self.root / path.replace(":\\", "\\").replace("\\", "/").lstrip("/")

    def write(self, path, data):
        file = self.local(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)

    def read(self, path):
        return self.local(path).read_bytes()

    def exists(self, path):
        return self.local(path).exists()

    def files(self):
        """Return every file, to show what an action left behind."""
        found = self.root.rglob("*")
        return {p.relative_to(self.root).as_posix(): p.read_bytes() for p in found if p.is_file()}

    def add_excel(self, path=EXCEL, processor=X64, version="16.0.17928.20114"):
        head = b"MZ".ljust(60, b"\0") + struct.pack("<I", 64)
        self.write(path, head + b"PE\0\0" + struct.pack("<H", processor))
        self.registry[doctor.EXCEL_PATH, ""] = path
        if version:
            self.registry[doctor.CLICK_TO_RUN, "VersionToReport"] = version

    def add_python(self, path=PYTHON, script=None):
        """Put a program there that starts this Python with the functions, or runs a script."""
        folders = os.pathsep.join((str(ROOT), str(ROOT / "core")))
        run = script or f'PYTHONPATH="{folders}" exec "{sys.executable}" "$@"'
        self.write(path, f"#!/bin/sh\n{run}\n".encode())
        self.local(path).chmod(0o755)

    def add_conf(self, changed, path=CONF):
        """Write the settings of an installation with some changed; None leaves one out."""
        settings = {"INTERPRETER_WIN": PYTHON, "ADD_WORKBOOK_TO_PYTHONPATH": "False"} | changed
        lines = (f'"{name}","{value}"\r\n' for name, value in settings.items() if value is not None)
        self.write(path, "".join(lines).encode("cp1252"))


ADDIN_BYTES = workbook(kind="xlam")
