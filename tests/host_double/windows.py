"""Make xlwings believe that it runs on Windows."""

from __future__ import annotations

import ctypes
import importlib
import sys
from typing import TYPE_CHECKING

from host_double import pywin32

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

# They ask for the platform when they are imported, and want Windows' own modules where it says so.
BEFORE = (
    *("asyncio", "concurrent.futures", "subprocess", "multiprocessing", "tempfile", "shutil"),
    *("ssl", "urllib.request", "webbrowser", "ctypes.util", "locale", "logging", "sqlite3"),
    *("numpy", "pandas"),
)
OPTIONAL = ("PIL.ImageGrab", "matplotlib", "polars", "jinja2", "flask")


class Library:
    """A library of Windows: every function is there and returns 0."""

    def __getattr__(self, name: str) -> object:
        function = type(name, (), {"restype": None, "__call__": lambda *_: 0})()
        setattr(self, name, function)
        return function


class Libraries:
    """ctypes.windll and ctypes.oledll."""

    def __getattr__(self, name: str) -> Library:
        return Library()


def install(python_half: Path, temporary: Path) -> ModuleType:
    """Return xlwings as Windows imports it, with `python_half` of pywin32 beneath it."""
    assert "xlwings" not in sys.modules
    for name in BEFORE:
        importlib.import_module(name)
    for name in OPTIONAL:
        try:
            importlib.import_module(name)
        except ImportError:
            continue
    sys.modules.update({module.__name__: module for module in pywin32.modules(str(temporary))})
    sys.path += [str(python_half), str(python_half / "win32" / "lib")]
    ctypes.windll, ctypes.oledll = Libraries(), Libraries()
    platform, load = sys.platform, ctypes.PyDLL
    sys.platform = "win32"
    ctypes.PyDLL = lambda *_, **__: Library()
    try:
        return importlib.import_module("xlwings")
    finally:
        sys.platform, ctypes.PyDLL = platform, load
