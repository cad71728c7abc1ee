"""The double in a process of its own, and the tests' end of the line to it."""

from __future__ import annotations

import importlib
import os
import pickle
import subprocess
import sys
import traceback
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from host_double import pywin32, vba, windows
from host_double.excel import Workbook

if TYPE_CHECKING:
    from types import ModuleType

    from host_double.vba import Answer

ROOT = Path(__file__).parents[2]
XLWINGS_SERVER = "{506E67C3-55B5-48C3-A035-EED5DEEA7D6D}"


class Excel:
    """Excel with one workbook, and Python started for it."""

    def __init__(self, xlwings: ModuleType) -> None:
        self.xlwings = xlwings
        self.workbook = Workbook()
        importlib.import_module("xlwings.com_server").serve(XLWINGS_SERVER)
        self.server = vba.Server(pywin32.class_objects[XLWINGS_SERVER]())

    def ours(self, name: str, *arguments: object) -> Answer:
        """Return what a cell shows where FactorRuntime stands between."""
        return vba.factor_call(self.server, name, *arguments)

    def stock(self, module: str, name: str, *arguments: object) -> Answer:
        """Return what a cell shows where xlwings' own wrapper stands between."""
        return vba.stock_call(self.server, self.workbook, module, name, *arguments)

    def read_from(self, folder: str) -> None:
        """Let Python import from one more folder."""
        sys.path.append(folder)

    def arguments_of(self, module: str) -> dict[str, list[dict[str, Any]]]:
        """Return what xlwings has noted of each function's arguments."""
        functions = vars(importlib.import_module(module))
        noted = {n: f.__xlfunc__ for n, f in functions.items() if hasattr(f, "__xlfunc__")}
        wanted = ("name", "vba", "vararg", "optional", "doc")
        return {
            name: [{key: a[key] for key in wanted if key in a} for a in info["args"]]
            for name, info in noted.items()
        }

    def import_functions(self, module: str) -> tuple[str, list[dict[str, Any]]]:
        """Return the VBA that Import Functions writes, and the texts it gives to the wizard."""
        written: list[str] = []
        texts: list[dict[str, Any]] = []
        components = VBComponents(written)
        application = SimpleNamespace(
            Version="16.0", MacroOptions=lambda name, **given: texts.append({"name": name, **given})
        )
        workbook = SimpleNamespace(
            Name=self.workbook.Name,
            Application=application,
            VBProject=SimpleNamespace(VBComponents=components),
        )
        udfs = importlib.import_module("xlwings.udfs")
        udfs.get_udf_module(module, None)  # loaded: the workbook is not searched for code
        udfs.import_udfs(module, workbook)
        return written[0], texts

    def real_files(self) -> dict[str, str]:
        """Return where the modules come from that the double does not fake."""
        names = ("xlwings._xlwindows", "xlwings.udfs", "xlwings.com_server")
        pywin32_names = ("win32com.client.dynamic", "win32com.server.policy")
        return {n: str(sys.modules[n].__file__) for n in (*names, *pywin32_names)}


class VBComponents:
    """The modules of a workbook's VBA project, of which none is there yet."""

    def __init__(self, written: list[str]) -> None:
        self.written = written

    def __call__(self, name: str) -> None:
        raise pywin32.com_error(pywin32.DISP_E_MEMBERNOTFOUND, f"no module {name}")

    def Import(self, path: str) -> None:  # noqa: N802  Excel's name
        self.written.append(Path(path).read_text(encoding="utf-8"))

    Remove = Import  # never called: what it should remove is looked up first


class Line:
    """The tests' end: each attribute is a method of `Excel` in the other process."""

    def __init__(self, python_half: Path, folder: Path) -> None:
        places = (ROOT, ROOT / "core", ROOT / "tests")
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, places))}
        self.log = (folder / "log").open("w+b")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "host_double.process", str(python_half), str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
            cwd=folder,
            env=environment,
        )

    def __getattr__(self, name: str) -> Any:
        return lambda *arguments: self.ask(name, arguments)

    def ask(self, name: str, arguments: tuple[Any, ...]) -> Any:
        try:
            pickle.dump((name, arguments), self.process.stdin)
            self.process.stdin.flush()
            raised, result = pickle.load(self.process.stdout)  # noqa: S301  our own process
        except (EOFError, BrokenPipeError):
            self.log.seek(0)
            text = self.log.read().decode(errors="replace")
            raise AssertionError(f"the double has ended:\n{text}") from None
        assert not raised, result
        return result

    def close(self) -> None:
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait(timeout=30)
        self.log.close()


def main(python_half: str, folder: str) -> None:
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr  # what xlwings prints must not stand among the answers
    excel = Excel(windows.install(Path(python_half), Path(folder)))
    while True:
        try:
            name, arguments = pickle.load(requests)  # noqa: S301  from the tests
        except EOFError:
            return
        try:
            answer = False, getattr(excel, name)(*arguments)
        except Exception:  # noqa: BLE001  the test that asked shall show it
            answer = True, traceback.format_exc()
        pickle.dump(answer, answers)
        answers.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
