"""The LibreOffice of this computer: where it is, how old, and the extension in the user's profile.

Its own tool, unopkg, adds and removes extensions; it keeps remains of removed ones in the profile,
so that it alone knows what is installed.
"""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING, Any

from factor_core.errors import FactorError
from factor_core.hosts.libreoffice.extension import IDENTIFIER, NAME, OLDEST

if TYPE_CHECKING:
    from collections.abc import Iterator

    from factor_core.hosts.machine import Machine

PATIENCE = 120.0  # seconds; the first start of a fresh profile takes a few
INSTALL_PATH = r"HKEY_LOCAL_MACHINE\SOFTWARE\LibreOffice\UNO\InstallPath"
FOLDERS = {
    "Linux": (
        "/usr/lib/libreoffice/program",
        "/usr/lib64/libreoffice/program",
        "/opt/libreoffice/program",
    ),
    "Darwin": ("/Applications/LibreOffice.app/Contents/MacOS",),
    "Windows": (r"C:\Program Files\LibreOffice\program",),
}
CACHE = "$UNO_USER_PACKAGES_CACHE"
AS_ROOT = "Cannot run unopkg as root"
NOT_THERE = "There is no such extension"


@dataclass(frozen=True)
class Office:
    """One LibreOffice: the folder of its programs and its version."""

    folder: str
    version: tuple[int, int]

    @property
    def is_too_old(self) -> bool:
        """Whether it is older than any that the functions were tried in."""
        return self.version < OLDEST

    def __str__(self) -> str:
        """Return the name as its title bar has it."""
        return f"LibreOffice {self.version[0]}.{self.version[1]}"


def find_office(machine: Machine) -> Office | None:
    """Return the LibreOffice that this computer starts, None where there is none."""
    for folder in _folders(machine):
        program = _program(machine, folder, "soffice")
        if machine.exists(program):
            told = _run(machine, program, "--version").stdout
            found = re.search(r"LibreOffice\D* (\d+)\.(\d+)", told)
            return Office(folder, (int(found[1]), int(found[2])) if found else (0, 0))
    return None


def add(machine: Machine, office: Office, extension: bytes) -> None:
    """Put the extension into the user's profile, in place of an older one."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / NAME
        path.write_bytes(extension)
        _unopkg(machine, office, "add", "--force", str(path))


def remove(machine: Machine, office: Office) -> bool:
    """Take the extension out of the user's profile; return whether it was there."""
    try:
        _unopkg(machine, office, "remove", IDENTIFIER)
    except FactorError as error:
        if NOT_THERE in str(error):
            return False
        raise
    return True


def installed(machine: Machine, office: Office) -> dict[str, Any] | None:
    """Return what the installed extension knows of its Python, None where none is installed."""
    try:
        told = _unopkg(machine, office, "list", IDENTIFIER)
    except FactorError as error:
        if NOT_THERE in str(error):
            return None
        raise
    url = re.search(rf"URL: vnd\.sun\.star\.expand:{re.escape(CACHE)}/(\S+)", told)
    place = f"{_cache(machine)}/{url[1] if url else NAME}/extension.json"
    try:
        settings = json.loads(machine.local(place).read_text(encoding="utf-8"))
        settings["version"], settings["python"]
    except (OSError, ValueError, KeyError, TypeError):
        raise FactorError(f"{place} cannot be read; run factor-udfs install") from None
    return dict(settings)


def _folders(machine: Machine) -> Iterator[str]:
    if machine.is_windows:
        folder = machine.read_registry(INSTALL_PATH, "")
        if folder:
            yield folder.rstrip("\\")
    else:
        for name in ("soffice", "libreoffice"):
            found = machine.which(name)
            if found:  # a link in the path: the program's own folder holds unopkg too
                yield str(machine.local(found).resolve().parent)
    yield from FOLDERS.get(machine.system, ())


def _program(machine: Machine, folder: str, name: str) -> str:
    if machine.is_windows:  # .com waits and prints, .exe does neither
        return str(PureWindowsPath(folder) / f"{name}.com")
    return str(PurePosixPath(folder) / name)


def _cache(machine: Machine) -> str:
    """Return the folder that the URLs of installed extensions begin with."""
    home = machine.environment.get("HOME", "")
    if machine.is_windows:
        profile = str(machine.folder("APPDATA") / "LibreOffice" / "4")
    elif machine.system == "Darwin":
        profile = f"{home}/Library/Application Support/LibreOffice/4"
    else:
        profile = f"{machine.environment.get('XDG_CONFIG_HOME') or f'{home}/.config'}/libreoffice/4"
    return f"{profile}/user/uno_packages/cache"


def _unopkg(machine: Machine, office: Office, *arguments: str) -> str:
    done = _run(machine, _program(machine, office.folder, "unopkg"), *arguments)
    if done.returncode == 0:
        return done.stdout
    said = " ".join(done.stderr.split()) or f"exit code {done.returncode}"
    if AS_ROOT in said:
        raise FactorError("LibreOffice takes no extension from root; run this as its user")
    raise FactorError(f"{office} could not {arguments[0]} the extension: {said}")


def _run(machine: Machine, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(  # noqa: S603  LibreOffice's own programs
            [machine.local(program), *arguments],
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            stdin=subprocess.DEVNULL,
            timeout=PATIENCE,
            check=False,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
    except subprocess.TimeoutExpired:
        raise FactorError(
            f"{program} did not answer within {PATIENCE:.0f} seconds; close LibreOffice, try again"
        ) from None
    except OSError as error:
        raise FactorError(f"{program} cannot be started: {error.strerror}") from None
