"""What install and doctor ask of the computer, in one place: folders, registry, programs.

Paths are texts as this computer writes them; `local` turns one into the file to open. A test lays
out folders as Windows has them and hands over the same structure.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath
from typing import TYPE_CHECKING

from factor_core.atomic import write_whole
from factor_core.errors import FactorError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

NAME = "factor-udfs"
STORE_FOLDER = (
    "\\windowsapps\\"  # only programs of the Microsoft Store live below a folder so named
)
ZONE_OF_THE_INTERNET = 3


@dataclass(frozen=True)
class Machine:
    """A computer, as far as the set-up of Excel and LibreOffice depends on it."""

    system: str
    """Windows, Darwin or Linux."""
    environment: Mapping[str, str]
    """Environment variables; Windows does not tell upper from lower case, so all are upper."""
    interpreter: str
    base_prefix: str
    """Folder of the Python that a virtual environment was made from."""
    read_registry: Callable[[str, str], str | None]
    """Text of a value by key and name ("" is the key's own), or None."""
    local: Callable[[str], Path]
    code_page: str
    """Encoding in which VBA reads and writes text files."""
    short_path: Callable[[str], str]
    """Path without long names: ASCII on most disks."""
    which: Callable[[str], str | None]
    """Path of a program by its name, as the command line finds it."""

    @property
    def is_windows(self) -> bool:
        """Whether classic Excel with Python can run here at all."""
        return self.system == "Windows"

    @property
    def is_store_python(self) -> bool:
        """Whether Python is the Microsoft Store's, or an environment made from it."""
        places = f"{self.interpreter}\n{self.base_prefix}\\".replace("/", "\\").lower()
        return self.is_windows and STORE_FOLDER in places

    def folder(self, variable: str) -> PureWindowsPath:
        """Return a folder of the user by its environment variable."""
        if not self.environment.get(variable):
            raise FactorError(f"the environment variable {variable} is not set; sign in to Windows")
        return PureWindowsPath(self.environment[variable])

    def exists(self, path: str | PureWindowsPath) -> bool:
        """Return whether there is a file; what may not be looked at counts as not there."""
        try:
            return self.local(str(path)).is_file()
        except OSError:
            return False

    def expand(self, text: str) -> str:
        """Return the text with %NAME% replaced as Windows does it: unknown names stay."""
        return re.sub(
            "%([^%]+)%", lambda found: self.environment.get(found[1].upper(), found[0]), text
        )

    def zone(self, path: str | PureWindowsPath) -> int | None:
        """Return the zone that Windows has marked a file with, None where it has no mark."""
        try:
            mark = self.local(f"{path}:Zone.Identifier").read_text("utf-8", "replace")
        except OSError:
            return None
        found = re.search(r"^ZoneId=(\d+)", mark, re.MULTILINE)
        return int(found[1]) if found else ZONE_OF_THE_INTERNET


def this_machine() -> Machine:
    """Return the computer that this process runs on."""
    return Machine(
        system=platform.system(),
        environment={name.upper(): value for name, value in os.environ.items()},
        interpreter=sys.executable,
        base_prefix=sys.base_prefix,
        read_registry=_read_registry,
        local=Path,
        code_page="mbcs" if sys.platform == "win32" else "utf-8",
        short_path=_short_path,
        which=shutil.which,
    )


def state_folder(machine: Machine) -> str:
    """Return the folder for what the program remembers, by the rules of the system."""
    home = machine.environment.get("HOME", "")
    if machine.is_windows:
        return str(machine.folder("LOCALAPPDATA") / NAME)
    if machine.system == "Darwin":
        return f"{home}/Library/Application Support/{NAME}"
    return f"{machine.environment.get('XDG_STATE_HOME') or f'{home}/.local/state'}/{NAME}"


def read_or_none(path: Path) -> bytes | None:
    """Return the file's bytes, None where it is not there."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise FactorError(f"{path} cannot be read: {error.strerror}") from None


def replace_file(path: Path, data: bytes, *, by_way_of: Path | None = None) -> None:
    """Write a file whole or not at all; the new one waits in `by_way_of`, on the same disk."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, data, prefix=f"~{path.stem}-", waiting_room=by_way_of)
    except PermissionError:
        raise FactorError(f"{path} may not be replaced; close Excel and try again") from None
    except OSError as error:
        raise FactorError(f"{path} cannot be written: {error.strerror}") from None


def remove_file(path: Path) -> bool:
    """Remove a file; return whether it was there."""
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise FactorError(
            f"{path} cannot be removed: {error.strerror}; close Excel and try again"
        ) from None
    return True


def _read_registry(key: str, name: str) -> str | None:
    if sys.platform != "win32":
        return None
    import winreg  # noqa: PLC0415  Windows only

    root, _, below = key.partition("\\")
    # a 32-bit Python would otherwise be shown the registry of 32-bit programs only
    access = winreg.KEY_READ | winreg.KEY_WOW64_64KEY
    try:
        with winreg.OpenKey(getattr(winreg, root), below, 0, access) as opened:
            return str(winreg.QueryValueEx(opened, name)[0])
    except OSError:
        return None


def _short_path(path: str) -> str:
    if sys.platform != "win32":
        return path
    import ctypes  # noqa: PLC0415  Windows only

    room = ctypes.create_unicode_buffer(32_768)  # the longest path that Windows knows
    found = ctypes.windll.kernel32.GetShortPathNameW(path, room, len(room))
    return room.value if found else path
