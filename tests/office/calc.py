"""Start a private headless LibreOffice and talk to it; skip where there is none of 25.2 or later.

UNO belongs to the Python that LibreOffice was built with, which is seldom the one that runs the
tests: `uno_side.py` runs there, and both speak JSON over pipes. What a macro asks of the server
behind it comes back by the same pipe and is answered here, in the Python of the tests.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import select
import shutil
import signal
import subprocess
import sys
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

OLDEST = (25, 2)
UNO_SIDE = Path(__file__).with_name("uno_side.py")
PLACES = (
    "/usr/lib/libreoffice/program",
    "/usr/lib64/libreoffice/program",
    "/Applications/LibreOffice.app/Contents/MacOS",
)
INSTALL = "on Debian 12 .ci/run installs it"
PATIENCE = 90.0  # seconds for any one answer; the longest takes about three


class OfficeError(Exception):
    """LibreOffice refused a request, or has ended."""


class RaisedError(Exception):
    """What a macro finds in Err.Description; raised by the answers of a test."""


class Calc:
    """One LibreOffice and at most one open workbook."""

    def __init__(
        self, folder: Path, extension: Path | None = None, environment: dict[str, str] | None = None
    ) -> None:
        """Start LibreOffice with a fresh profile in `folder`, and an extension in it."""
        program, python = installation()
        scratch = folder / "tmp"
        scratch.mkdir()
        self.log = (folder / "log").open("w+b")
        self.process = subprocess.Popen(
            [python, "-I", str(UNO_SIDE), str(program), str(folder / "profile")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
            # LibreOffice leaves folders behind
            env={**os.environ, **(environment or {}), "TMPDIR": str(scratch)},
            start_new_session=True,  # so that both processes can be ended, whatever happens
        )
        self.answer: Callable[[str, list[Any]], Any] = nobody
        self.failures: list[Exception] = []
        try:
            self.ask("start")
            if extension is not None:
                self.ask("install", str(extension))
        except BaseException:
            self.close()
            raise

    def open(self, path: Path, *, with_macros: bool) -> None:
        """Open a private copy of the workbook in place of the one that is open."""
        self.ask("open", str(path), with_macros)

    def macro(self, name: str, *values: object) -> Any:
        """Run Module.Procedure of the open workbook, return its result.

        LibreOffice swallows the errors of a macro: a result of None proves nothing.
        """
        return self.ask("macro", name, *values)

    def connect_tests(self, procedure: str) -> None:
        """Let macros ask the tests: hand the bridge to a procedure of the open workbook."""
        self.ask("connect_tests", procedure)

    def ask(self, request: str, *values: object) -> Any:
        """Return what the other side answers; answer what it asks meanwhile."""
        self._send([request, *values])
        while (message := self._receive())[0] == "asked":
            self._send(self._answered(*message[1:]))
        if self.failures:
            raise self.failures.pop()
        kind, content = message
        if kind == "failed":
            raise OfficeError(content)
        return content

    def _answered(self, event: str, values: list[Any]) -> list[Any]:
        try:
            return ["answer", self.answer(event, values)]
        except RaisedError as error:
            return ["raise", str(error)]
        except Exception as error:  # noqa: BLE001  raised again when the macro has ended
            self.failures.append(error)
            return ["raise", "the test has failed"]

    def close(self) -> None:
        """End LibreOffice: by asking, or by force where it does not answer."""
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout=PATIENCE)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.process.stdout.close()
        self.log.close()

    def _send(self, message: Any) -> None:
        try:
            self.process.stdin.write(json.dumps(message).encode() + b"\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            self._ended()

    def _receive(self) -> Any:
        # Both sides take turns, a line each: nothing can wait in Python's own buffer.
        ready, _, _ = select.select([self.process.stdout], [], [], PATIENCE)
        line = self.process.stdout.readline() if ready else b""
        return json.loads(line) if line else self._ended()

    def _ended(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.log.seek(0)
        raise OfficeError(
            f"LibreOffice has ended or does not answer: {self.log.read().decode(errors='replace')}"
        )


def nobody(event: str, _values: list[Any]) -> None:
    """Answer nothing: a macro that asks fails the test."""
    raise AssertionError(f"a macro asks for {event}, and no test answers")


def start(
    folder: Path, extension: Path | None = None, environment: dict[str, str] | None = None
) -> Calc:
    """Return a running LibreOffice; skip the test where this machine has none that will do."""
    installation()
    return Calc(folder, extension, environment)


@lru_cache
def installation() -> tuple[Path, str]:
    """Return LibreOffice's folder of programs and the Python that can talk to it, or skip."""
    found = [shutil.which(name) for name in ("soffice", "libreoffice")]
    folders = [*(Path(path).resolve().parent for path in found if path), *map(Path, PLACES)]
    program = next((folder for folder in folders if _soffice(folder).is_file()), None)
    if sys.platform == "win32" or program is None:
        pytest.skip(f"no LibreOffice is installed for the tests; {INSTALL}")
    version = _version(_soffice(program))
    if version < OLDEST:
        said, oldest = (".".join(map(str, v)) for v in (version, OLDEST))
        pytest.skip(f"LibreOffice {said} is too old, {oldest} is needed; {INSTALL}")
    for python in (str(program / "python"), "/usr/bin/python3"):
        if _can_talk(python, program):
            return program, python
    pytest.skip(f"no Python on this machine can talk to LibreOffice (python3-uno); {INSTALL}")


def python_version() -> tuple[int, int]:
    """Return the version of LibreOffice's own Python."""
    _program, python = installation()
    code = "import sys; print(*sys.version_info[:2])"
    told = subprocess.run([python, "-I", "-c", code], capture_output=True, text=True, check=True)
    major, minor = told.stdout.split()
    return int(major), int(minor)


def _soffice(program: Path) -> Path:
    """Return the program itself: the script soffice would start a child, which we could not end."""
    binary = program / "soffice.bin"
    return binary if binary.is_file() else program / "soffice"


def _version(soffice: Path) -> tuple[int, ...]:
    told = subprocess.run(
        [str(soffice), "--version"], capture_output=True, text=True, timeout=PATIENCE, check=False
    ).stdout
    found = re.search(r"LibreOffice\D* (\d+)\.(\d+)", told)
    return tuple(map(int, found.groups())) if found else (0, 0)


def _can_talk(python: str, program: Path) -> bool:
    if not Path(python).is_file():
        return False
    check = [python, "-I", str(UNO_SIDE), str(program)]
    return subprocess.run(check, capture_output=True, timeout=PATIENCE, check=False).returncode == 0
