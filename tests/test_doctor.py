"""The doctor on a Windows computer laid out as folders, on this one, and on broken ones."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import windows_machine as windows
from windows_machine import (
    ADDIN,
    ADDIN_BYTES,
    CONF,
    DLL,
    EXCEL,
    HOME,
    PYTHON,
    ROOT,
    STATE,
    X86,
    XLSTART,
    Desk,
    workbook,
)

from factor_core.errors import InputError
from factor_core.hosts import doctor, installation
from factor_core.hosts import settings as conf

WORKBOOK = HOME + r"\Documents\book.xlsm"
NOT_ON_WINDOWS = pytest.mark.skipif(
    sys.platform == "win32", reason="a shell script stands for Python"
)


@pytest.fixture
def desk(tmp_path):
    """Return a computer on which all is well."""
    found = Desk(tmp_path / "disk")
    found.add_excel()
    found.add_python()
    found.write(DLL, b"MZ")
    addin = tmp_path / "factor_udfs.xlam"
    addin.write_bytes(ADDIN_BYTES)
    installation.run_install(addin=addin, machine=found.machine)
    return found


def look(desk, title, workbook=""):
    (check,) = [check for check in doctor.CHECKS if check.title == title]
    return check.run(doctor.Examination(desk.machine, workbook))


def problem(desk, title, workbook=""):
    found = look(desk, title, workbook)
    assert found.state == "problem", found
    assert "\n" not in found.text + found.remedy
    assert found.remedy or ";" in found.text, "a problem has a remedy"
    return f"{found.text} -> {found.remedy}"


# The whole table ---------------------------------------------------------------------------------


@NOT_ON_WINDOWS
def test_a_sound_installation_is_all_well(desk, capsys):
    found = doctor.examine(desk.machine)
    states = {title: finding.state for title, finding in found.items()}
    for elsewhere in ("call by COM", "LibreOffice", "extension"):
        assert states.pop(elsewhere) == "-"
    assert set(states.values()) == {"OK"}, found
    assert found["call"].text.startswith("POSITION_SIZE(1000000, 0.02) = 50000000 by ")
    assert doctor.run_doctor(machine=desk.machine) == 0
    assert "All is well." in capsys.readouterr().out


def test_an_empty_computer_is_all_problems_and_no_traceback(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    desk = Desk(tmp_path / "disk")
    assert doctor.run_doctor(machine=desk.machine) == 1
    said = capsys.readouterr().out
    for words in ("no Excel is installed", "no settings name the Python", "there is no C:"):
        assert words in said
    assert "the settings name no Python" in said  # for the checks that cannot be made
    assert "what to do stands above" in said


def test_on_this_computer_the_checks_that_apply_are_run(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", "from factor_core.hosts import doctor as d; exit(d.run_doctor())"],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "core"))),
            "XDG_STATE_HOME": str(tmp_path),
            "HOME": str(tmp_path),
            "COLUMNS": "200",
            "PYTHONIOENCODING": "utf-8",
        },
    )
    assert done.stderr == ""
    rows = {line.strip().split("  ")[0]: line.rstrip() for line in done.stdout.splitlines()}
    assert "POSITION_SIZE(1000000, 0.02) = 50000000" in rows["call"]
    if sys.platform != "win32":
        assert done.returncode == 0, done.stdout
        assert "Checks of Excel itself need Windows." in done.stdout
        for title in ("Excel", "settings", "DLL", "add-in", "mark of the web"):
            assert rows[title].endswith("on Windows only")


def test_letters_that_a_terminal_cannot_show_do_not_stop_the_doctor(tmp_path):
    program = (
        "from pathlib import Path\n"
        "from windows_machine import Desk\n"
        "from factor_core.hosts import doctor\n"
        f"desk = Desk(Path({str(tmp_path)!r}), python='C:\\\\\\u7814\\u7a76\\\\python.exe')\n"
        "print(doctor.run_doctor(machine=desk.machine))\n"
    )
    folders = (ROOT, ROOT / "core", ROOT / "tests")
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=False,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(map(str, folders)),
            "PYTHONIOENCODING": "cp1252",
        },
    )
    assert done.stderr == ""
    assert r"C:\??\python.exe" in done.stdout
    assert done.stdout.endswith("1\n")


def test_a_workbook_that_is_not_there_is_a_sentence(desk):
    with pytest.raises(InputError, match="there is no workbook C:"):
        doctor.run_doctor(workbook=WORKBOOK, machine=desk.machine)


def test_a_workbook_elsewhere_than_on_windows_is_a_sentence(tmp_path):
    desk = Desk(tmp_path, system="Linux")
    with pytest.raises(InputError, match="on Windows only"):
        doctor.run_doctor(workbook=WORKBOOK, machine=desk.machine)


# Excel and Python --------------------------------------------------------------------------------


@pytest.mark.parametrize(("processor", "bits"), [(windows.X64, "64-bit"), (X86, "32-bit")])
def test_bitness_is_read_from_the_program_itself(desk, processor, bits):
    desk.add_excel(processor=processor)
    assert look(desk, "Excel").text == f"16.0.17928.20114, {bits}, Click-to-Run: {EXCEL}"


def test_bitness_of_a_program_that_may_not_be_read_is_what_click_to_run_says(desk):
    desk.local(EXCEL).unlink()
    assert "32- or 64-bit" in look(desk, "Excel").text
    desk.registry[doctor.CLICK_TO_RUN, "Platform"] = "x86"
    assert "32-bit" in look(desk, "Excel").text


def test_excel_without_click_to_run_is_the_windows_installers(tmp_path):
    desk = Desk(tmp_path)
    desk.add_excel(version=None)
    assert "Windows Installer" in look(desk, "Excel").text


def test_excel_of_the_store_is_a_problem_however_it_is_found(tmp_path):
    by_path, by_folder = Desk(tmp_path / "1"), Desk(tmp_path / "2")
    by_path.registry[doctor.EXCEL_PATH, ""] = (
        r"C:\Program Files\WindowsApps\Microsoft.Office.Desktop.Excel_16051.1_x86__8w\EXCEL.EXE"
    )
    package = HOME + r"\AppData\Local\Packages\Microsoft.Office.Desktop_8wekyb3d8bbwe"
    by_folder.local(package).mkdir(parents=True)
    for desk in (by_path, by_folder):
        assert "from the Microsoft Store" in problem(desk, "Excel")


def test_a_desktop_excel_beside_remains_of_the_stores_is_the_one_that_counts(desk):
    package = HOME + r"\AppData\Local\Packages\Microsoft.Office.Desktop_8wekyb3d8bbwe"
    desk.local(package).mkdir(parents=True)
    assert look(desk, "Excel").state == "OK"


def test_python_of_the_store_is_a_problem(tmp_path):
    base = r"C:\Program Files\WindowsApps\PythonSoftwareFoundation.Python.3.11_x64__q"
    desk = Desk(tmp_path, base_prefix=base)
    assert "install Python from python.org" in problem(desk, "Python")


# Settings ----------------------------------------------------------------------------------------


def add_book(desk, *rows, path=WORKBOOK):
    desk.write(path, workbook("XLWINGS.conf" if rows else "Prices", rows))


def test_the_users_settings_serve_where_no_others_are(desk):
    assert look(desk, "settings").text == "this Python, by the user's xlwings.conf"


def test_settings_beside_the_workbook_win_over_the_users(desk):
    desk.add_conf({"INTERPRETER_WIN": r"D:\x\python.exe"}, XLSTART + r"\xlwings.conf")
    said = problem(desk, "settings")
    assert r"xlwings.conf beside the workbook names another Python: D:\x\python.exe" in said
    assert "delete INTERPRETER_WIN in xlwings.conf beside the workbook" in said


def test_a_sheet_of_settings_wins_over_both(desk):
    desk.add_conf({"INTERPRETER_WIN": r"D:\x\python.exe"}, HOME + r"\Documents\xlwings.conf")
    add_book(desk, ["Interpreter_Win", r"E:\y\python.exe"], ["show console", True])
    found = conf.read_settings(desk.machine, WORKBOOK)
    assert found.place("SHOW CONSOLE").label == "the sheet xlwings.conf"
    assert found.is_on("SHOW CONSOLE")
    said = problem(desk, "settings", WORKBOOK)
    assert r"the sheet xlwings.conf names another Python: E:\y" in said


def test_settings_are_sought_one_by_one(desk):
    add_book(desk, ["SHOW CONSOLE", "True"], [None, None], ["INTERPRETER_WIN", "below a blank"])
    found = conf.read_settings(desk.machine, WORKBOOK)
    labels = [found.place(name).label for name in ("SHOW CONSOLE", "INTERPRETER_WIN")]
    assert labels == ["the sheet xlwings.conf", "the user's xlwings.conf"]


def test_a_sheet_that_names_a_setting_twice_stops_vba_and_is_a_problem(desk):
    add_book(desk, ["SHOW CONSOLE", "True"], ["show console", "False"])
    assert "holds SHOW CONSOLE twice; delete one" in problem(desk, "settings", WORKBOOK)


def test_a_workbook_that_cannot_be_read_is_a_problem(desk):
    desk.write(WORKBOOK, b"not a workbook")
    assert f"{WORKBOOK}: it is not" in problem(desk, "settings", WORKBOOK)


def test_settings_of_another_addin_are_a_problem_with_both_ways_out(desk):
    desk.add_conf({"INTERPRETER_WIN": r"D:\other\python.exe"})
    said = problem(desk, "settings")
    assert r"the user's xlwings.conf names another Python: D:\other\python.exe" in said
    assert "run factor-udfs install, or run the doctor of that Python" in said


def test_a_python_found_by_search_path_is_a_problem(desk):
    desk.add_conf({"INTERPRETER_WIN": "pythonw"})
    assert 'names "pythonw", which Excel looks for in PATH' in problem(desk, "settings")
    assert look(desk, "DLL").state == "-"


def test_damaged_settings_are_one_problem_and_not_one_a_row(desk):
    desk.write(CONF, desk.read(CONF) + b"\r\n")
    assert f"{CONF}: line 7 is blank; delete it" in problem(desk, "settings")
    for title in ("interpreter path", "start command", "DLL", "call", "call by COM"):
        assert look(desk, title).state == "-"


def test_the_folder_of_the_workbook_on_pythons_path_is_a_problem(desk):
    desk.add_conf({"ADD_WORKBOOK_TO_PYTHONPATH": None})
    desk.write(CONF, f'"INTERPRETER_WIN","{PYTHON}"\r\n'.encode())
    assert "fails on OneDrive -> run factor-udfs install" in problem(desk, "settings")


@NOT_ON_WINDOWS
def test_a_workbook_on_onedrive_changes_nothing(desk):
    address = "https://d.docs.live.net/d7bbaa0123456789/models/book.xlsm"
    assert "an address without a file" in look(desk, "settings", address).text
    for title in ("settings", "start command", "DLL", "mark of the web", "call"):
        assert look(desk, title, address).state == "OK"


def test_the_external_server_is_said(desk):
    desk.add_conf({"DEBUG UDFS": "True"})
    assert "the server that you start by factor-udfs com-server" in look(desk, "settings").text
    assert look(desk, "start command").state == "-"


# Interpreter, command, DLL -----------------------------------------------------------------------


@pytest.mark.parametrize("folder", ["Jörg", "100%sure%"])
def test_a_path_that_excel_cannot_pass_on_is_a_problem(desk, folder):
    desk.add_conf({"INTERPRETER_WIN": rf"C:\{folder}\python.exe"})
    assert r"in a folder such as C:\factor" in problem(desk, "interpreter path")


def test_a_python_that_is_gone_is_a_problem(desk):
    desk.local(PYTHON).unlink()
    assert rf"there is no {PYTHON} -> run factor-udfs install" in problem(desk, "interpreter path")
    assert "cannot be started" in problem(desk, "call")


def test_the_length_of_the_start_command_counts_the_workbook_twice(desk):
    def length(book):
        found = conf.read_settings(desk.machine, book)
        return conf.command_length(conf.start_command(found), "cp1252")

    short, longer = length(r"C:\b.xlsm"), length(r"C:\bbbbbbbbbbb.xlsm")
    assert longer - short == 20
    assert length(r"C:\a\b.xlsm") - length(r"C:\aab.xlsm") == 2  # a backslash is doubled


def test_the_longest_start_command_fits_and_one_byte_more_is_a_problem(desk):
    def book(letters):
        return "C:\\" + "b" * letters + ".xlsm"

    found = conf.read_settings(desk.machine, book(0))
    room = doctor.LONGEST_COMMAND - conf.command_length(conf.start_command(found), "cp1252")
    assert look(desk, "start command", book(room // 2)).state == "OK"
    said = problem(desk, "start command", book(room // 2 + 1))
    assert "of at most 2,047 bytes; Excel would end" in said


def test_the_dll_may_lie_beside_python_or_above_it(desk):
    assert look(desk, "DLL").text == DLL
    desk.local(DLL).unlink()
    desk.write(r"C:\factor\Scripts\xlwings64-0.37.8.dll", b"MZ")
    assert look(desk, "DLL").text == r"C:\factor\Scripts\xlwings64-0.37.8.dll"


def test_a_missing_dll_is_a_problem_that_names_both_folders(desk):
    desk.local(DLL).unlink()
    said = problem(desk, "DLL")
    assert r"is neither in C:\factor\Scripts nor in C:\factor ->" in said
    assert "pip install --force-reinstall --no-deps xlwings==0.37.8" in said
    assert "virus scanner" in said


def test_a_dll_of_another_version_is_named(desk):
    desk.local(DLL).rename(desk.local(DLL.replace("0.37.8", "0.33.1")))
    assert "there is xlwings64-0.33.1.dll" in problem(desk, "DLL")


def test_a_32_bit_excel_needs_the_32_bit_dll(desk):
    desk.add_excel(processor=X86)
    assert "xlwings32-0.37.8.dll is neither" in problem(desk, "DLL")
    desk.write(DLL.replace("64", "32"), b"MZ")
    assert look(desk, "DLL").state == "OK"


def test_where_bitness_is_unknown_both_dlls_are_wanted(desk):
    desk.local(EXCEL).unlink()
    assert "xlwings32-0.37.8.dll is neither" in problem(desk, "DLL")


def test_the_version_of_xlwings_is_the_one_that_the_project_pins():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert f"xlwings=={doctor.XLWINGS}" in project["dependencies"]


# Add-in, marks, log ------------------------------------------------------------------------------


def test_a_missing_addin_is_a_problem(desk):
    desk.local(ADDIN).unlink()
    assert f"there is no {ADDIN} -> run factor-udfs install" in problem(desk, "add-in")


def test_an_older_addin_is_a_problem(desk):
    desk.write(ADDIN, ADDIN_BYTES + b" of yesterday")
    assert "is not the add-in of version" in problem(desk, "add-in")
    desk.write(ADDIN, ADDIN_BYTES)
    record = desk.read(STATE + r"\installation.json")
    desk.write(STATE + r"\installation.json", record.replace(b'"0.1.0"', b'"0.0.9"'))
    assert "is not the add-in of version" in problem(desk, "add-in")


@pytest.mark.parametrize("file", [ADDIN, DLL, WORKBOOK])
def test_a_file_from_the_internet_is_a_problem(desk, file):
    add_book(desk)
    desk.write(
        f"{file}:Zone.Identifier", b"[ZoneTransfer]\r\nZoneId=3\r\nHostUrl=about:internet\r\n"
    )
    said = problem(desk, "mark of the web", WORKBOOK)
    assert f"internet: {file} ->" in said
    assert "tick Unblock" in said


@pytest.mark.parametrize(("mark", "state"), [(b"ZoneId=1", "OK"), (b"garbled", "problem")])
def test_a_mark_of_the_own_network_is_none_and_an_unclear_one_counts(desk, mark, state):
    desk.write(f"{ADDIN}:Zone.Identifier", b"[ZoneTransfer]\r\n" + mark + b"\r\n")
    assert look(desk, "mark of the web").state == state


def test_installing_takes_the_mark_off_the_addin(desk, tmp_path):
    downloaded = tmp_path / "factor_udfs.xlam"
    (tmp_path / "factor_udfs.xlam:Zone.Identifier").write_text("[ZoneTransfer]\nZoneId=3\n")
    installation.run_install(addin=downloaded, machine=desk.machine)
    assert look(desk, "mark of the web").state == "OK"


def test_a_log_that_cannot_be_written_is_a_problem(desk):
    desk.write(STATE + r"\Logs", b"a file where the folder would be")
    assert "cannot be written: " in problem(desk, "log file")
    assert "or errors leave no trace" in problem(desk, "log file")


def test_the_check_of_the_log_leaves_no_file(desk):
    look(desk, "log file")
    assert list(desk.local(STATE + r"\Logs").iterdir()) == []


# The call ----------------------------------------------------------------------------------------


@NOT_ON_WINDOWS
def test_a_python_without_the_functions_is_a_problem(desk):
    desk.add_python(script=f'exec "{sys.executable}" -S "$@"')  # without its packages
    said = problem(desk, "call")
    assert "cannot call the functions: ModuleNotFoundError: No module named 'xlwings'" in said
    assert "in that Python, then run factor-udfs install" in said


@NOT_ON_WINDOWS
@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("exit 3", "cannot call the functions: nothing"),
        ("echo hello", "cannot call the functions: nothing"),
        ("echo 'No Python at C:/gone' >&2; exit 103", "No Python at C:/gone"),
        (
            """echo '{"value": 1, "version": "0.0.1", "xlwings": "0.33.1", "file": "f"}'""",
            "Excel starts factor-udfs 0.0.1 with xlwings 0.33.1: f",
        ),
    ],
)
def test_a_wrong_program_in_pythons_place_is_a_problem(desk, script, words):
    desk.add_python(script=script)
    assert words in problem(desk, "call")


@NOT_ON_WINDOWS
def test_a_python_that_never_answers_is_a_problem(desk, monkeypatch):
    monkeypatch.setattr(doctor, "PATIENCE", 0.2)
    desk.add_python(script="exec sleep 30")
    assert "did not answer within 0 seconds" in problem(desk, "call")


def test_a_wrong_result_is_a_problem():
    assert doctor._compare(doctor.EXPECTED, "here").state == "OK"
    assert doctor._compare(-1.0, "here").state == "problem"


@NOT_ON_WINDOWS
def test_a_module_of_the_same_name_on_pythons_path_is_found_out(desk, tmp_path):
    shadow = tmp_path / "mine"
    shadow.mkdir()
    (shadow / "factor_udfs.py").write_text("POSITION_SIZE = lambda budget, vol: 1\n")
    desk.write(CONF, desk.read(CONF) + f'"PYTHONPATH","{shadow}"\r\n'.encode())
    said = problem(desk, "call")
    assert str(Path("mine") / "factor_udfs.py") in said
