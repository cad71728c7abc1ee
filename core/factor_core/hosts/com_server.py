"""xlwings' COM server: kept running for machines where Excel may start no process, and called once.

Rules of virus scanners forbid Office programs to start others. Excel may still talk to a Python
that the user has started: with the setting DEBUG UDFS on, the DLL only looks for a running server.
"""

from __future__ import annotations

import importlib
import signal
import subprocess
import sys
import time
from typing import Any

from factor_core.errors import FactorError
from factor_core.hosts import log_file, settings
from factor_core.hosts.installation import addin_place
from factor_core.hosts.machine import Machine, this_machine
from factor_core.hosts.printing import say

EXTERNAL = "{506e67c3-55b5-48c3-a035-eed5deea7d6d}"  # where xlwings' DLL looks when debugging
NOT_REGISTERED = -2147221164  # REGDB_E_CLASSNOTREG: no such server is running
PATIENCE = 60.0  # seconds; as long as the DLL itself waits


def run_com_server(*, machine: Machine | None = None) -> int:
    """Serve Excel until the window is closed."""
    machine = machine or this_machine()
    if not machine.is_windows:
        say("com-server serves Excel on Windows; there is nothing to serve on this system.")
        return 1
    found = settings.read_settings(machine, str(addin_place(machine)))
    if not found.is_on("DEBUG UDFS"):
        raise FactorError(
            "the settings let Excel start Python itself, so it would not look for this server; "
            "run factor-udfs install --external-server first"
        )
    _pythoncom()  # without it xlwings has no server
    xlwings = importlib.import_module("xlwings")
    importlib.import_module("factor_udfs")  # after xlwings, which it then registers with
    log_file.attach(machine)
    say("Excel may call the functions now; close this window, or press Ctrl+C, to stop.")
    # The server waits for Excel's messages, where Python would notice Ctrl+C with the next of them.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    xlwings.serve(EXTERNAL)
    return 0


def call_external(function: str, *values: object) -> object:
    """Call a function by the server that the user keeps running."""
    pythoncom = _pythoncom()
    try:
        return _call(_connect(pythoncom, EXTERNAL), function, values)
    except pythoncom.com_error as error:
        if error.hresult == NOT_REGISTERED:
            raise FactorError("no server is running; start factor-udfs com-server") from None
        raise FactorError(f"the server answered: {error.strerror}") from None


def call_started(command: str, function: str, *values: object) -> object:
    """Start Python by the command that Excel uses, call a function by COM, end Python again."""
    pythoncom = _pythoncom()
    class_id = str(pythoncom.CreateGuid())
    process = subprocess.Popen(  # noqa: S603  the command of the user's own settings
        command.replace("$(CLSID)", class_id),
        stdin=subprocess.DEVNULL,  # cmd.exe /K would wait for the next command
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )
    try:
        server = _wait_for(pythoncom, class_id, process)
        return _call(server, function, values)
    except pythoncom.com_error as error:
        raise FactorError(f"the call by COM failed: {error.strerror}") from None
    finally:
        # cmd.exe alone would leave the Python behind that it has started
        tree = ["taskkill", "/F", "/T", "/PID", str(process.pid)]
        subprocess.run(tree, capture_output=True, check=False)  # noqa: S603  Windows' own program
        process.kill()
        process.wait()


def _pythoncom() -> Any:
    try:
        return importlib.import_module("pythoncom")
    except ImportError:
        raise FactorError(
            "the package pywin32 is missing or broken; run pip install --force-reinstall pywin32"
        ) from None


def _wait_for(pythoncom: Any, class_id: str, process: subprocess.Popen[bytes]) -> Any:
    end = time.monotonic() + PATIENCE
    while True:
        try:
            return _connect(pythoncom, class_id)
        except pythoncom.com_error as error:
            if error.hresult != NOT_REGISTERED:
                raise
        if process.poll() is not None:
            raise FactorError("Python ended before it answered")
        if time.monotonic() > end:
            raise FactorError(f"Python did not answer within {PATIENCE:.0f} seconds")
        time.sleep(0.1)


def _connect(pythoncom: Any, class_id: str) -> Any:
    local = pythoncom.CLSCTX_LOCAL_SERVER
    return pythoncom.CoCreateInstance(class_id, None, local, pythoncom.IID_IDispatch)


def _call(server: Any, function: str, values: tuple[object, ...]) -> object:
    member, method = server.GetIDsOfNames(0, "CallUDF"), _pythoncom().DISPATCH_METHOD
    return server.Invoke(member, 0, method, True, "factor_udfs", function, list(values))


def is_possible() -> bool:
    """Return whether this process can call by COM."""
    return sys.platform == "win32"
