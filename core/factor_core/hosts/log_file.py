"""The log of the functions, for the hosts that show no traceback: where it is and who writes it."""

from __future__ import annotations

import contextlib
import logging
import sys
from logging.handlers import RotatingFileHandler
from typing import TYPE_CHECKING

from factor_core.hosts.machine import NAME, Machine, state_folder, this_machine

if TYPE_CHECKING:
    from pathlib import Path

LARGEST = 1_000_000  # bytes; one older file of the same size is kept
LAYOUT = "%(asctime)s %(process)d %(levelname)s %(message)s"


class LogFile(RotatingFileHandler):
    """A rotating log that several Excel programs may write at once."""

    def rotate(self, source: str, dest: str) -> None:
        """Move the full log away, unless another process holds it open: then it grows on."""
        with contextlib.suppress(OSError):  # Windows moves no open file; the entry must not be lost
            super().rotate(source, dest)


def log_file(machine: Machine | None = None) -> Path:
    """Return where hosts write the log of the functions."""
    machine = machine or this_machine()
    if machine.system == "Darwin":
        return machine.local(
            f"{machine.environment.get('HOME', '')}/Library/Logs/{NAME}/{NAME}.log"
        )
    between = "\\Logs\\" if machine.is_windows else "/"
    return machine.local(f"{state_folder(machine)}{between}{NAME}.log")


def attach(machine: Machine | None = None) -> None:
    """Let the functions' log go to the file; without a folder for it, go on without a log."""
    log = logging.getLogger("factor_udfs")
    if any(isinstance(handler, LogFile) for handler in log.handlers):
        return
    with contextlib.suppress(OSError, ValueError):  # ValueError: no home folder is set
        path = log_file(machine)
        path.parent.mkdir(parents=True, exist_ok=True)
        handler = LogFile(path, maxBytes=LARGEST, backupCount=1, encoding="utf-8", delay=True)
        handler.setFormatter(logging.Formatter(LAYOUT))
        log.addHandler(handler)


def attach_when_excel_calls() -> None:
    """Attach the file where this process is xlwings' server; a script keeps its own logging."""
    server = sys.modules.get("xlwings.com_server")
    if server is not None and server.loop.is_running():
        attach()
