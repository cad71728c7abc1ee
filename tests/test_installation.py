"""Install and uninstall on a Windows computer laid out as folders; the settings they share."""

import asyncio
import json
import logging
import re
import sys
import threading
from importlib import metadata
from types import SimpleNamespace

import pytest
import xlwings
from hypothesis import given, settings
from hypothesis import strategies as st
from windows_machine import (
    ADDIN,
    ADDIN_BYTES,
    CONF,
    HOME,
    PYTHON,
    STATE,
    XLSTART,
    Desk,
)

from factor_core.errors import FactorError
from factor_core.hosts import com_server, installation, log_file
from factor_core.hosts import settings as conf
from factor_core.hosts.machine import state_folder
from factor_core.workbook.addin import build_addin

FOREIGN = (
    '"PYTHONPATH","C:\\Müller & Söhne"\r\n'
    '"interpreter_win","D:\\other\\python.exe"\r\n'
    '  "CONDA PATH" , plain text  \r\n'
    '"UDF MODULES","pricer;risk"\r\n'
    '"LICENSE_KEY","a,b=c"\r\n'
    '"DEBUG UDFS","True"'  # and no line end: VBA reads it so
).encode("cp1252")
WANTED = {"INTERPRETER_WIN": PYTHON, "DEBUG UDFS": "False", "ADD_WORKBOOK_TO_PYTHONPATH": "False"}


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path / "disk")


@pytest.fixture
def addin(tmp_path):
    path = tmp_path / "factor_udfs.xlam"
    path.write_bytes(ADDIN_BYTES)
    return path


def install(desk, addin, **options):
    return installation.run_install(addin=addin, machine=desk.machine, **options)


def uninstall(desk):
    return installation.run_uninstall(machine=desk.machine)


def values(data):
    return {s.name: s.value.decode("cp1252") for s in conf.parse(data)}


# One settings file -------------------------------------------------------------------------------


def test_fields_are_read_as_vba_reads_them():
    found = conf.parse(FOREIGN)
    assert [(s.name, s.value) for s in found[1:3]] == [
        ("interpreter_win", b"D:\\other\\python.exe"),
        ("CONDA PATH", b"plain text  "),
    ]
    assert conf.find(found, "INTERPRETER_WIN") is found[1]


def test_the_first_of_two_equal_names_wins():
    found = conf.parse(b'"A","1"\r\n"a","2"\r\n')
    assert conf.find(found, "A").value == b"1"


def test_a_change_leaves_every_other_byte():
    changed = conf.with_values(FOREIGN, {"INTERPRETER_WIN": PYTHON})
    assert changed == FOREIGN.replace(b"D:\\other\\python.exe", PYTHON.encode())


def test_a_new_setting_starts_a_line_of_its_own():
    assert conf.with_values(b'"A","1"', {"B": "2"}) == b'"A","1"\r\n"B","2"\r\n'
    assert conf.with_values(b"", {"B": "2"}) == b'"B","2"\r\n'


FIELD = st.text(st.characters(codec="cp1252", exclude_characters='"\r\n\x1a\0'), max_size=12)
PLAIN = st.from_regex(r"[A-Za-z0-9_;:\\.]{1,12}", fullmatch=True)
LINE = st.tuples(
    st.one_of(FIELD.filter(bool).map('"{}"'.format), PLAIN, st.just('"Debug UDFs"')),
    st.one_of(FIELD.map('"{}"'.format), PLAIN, st.just("")),
    st.sampled_from(["\r\n", "\r"]),
)
FILES = st.lists(LINE, max_size=6).map(
    lambda lines: "".join(f"{name},{value}{end}" for name, value, end in lines).encode("cp1252")
)


@settings(max_examples=150, deadline=None)
@given(FILES)
def test_what_was_changed_can_be_undone_to_the_byte(before):
    after = conf.with_values(before, WANTED)
    assert {n: conf.find(conf.parse(after), n).value.decode() for n in WANTED} == WANTED
    assert conf.restored(after, before, after) == (before, [])
    assert conf.with_values(after, WANTED) == after


@settings(max_examples=50, deadline=None)
@given(FILES, FILES)
def test_lines_added_later_survive_the_undoing(before, later):
    after = conf.with_values(before, WANTED)
    assert conf.restored(after + later, before, after) == (before + later, [])


def test_xlwings_itself_reads_what_we_write(tmp_path, monkeypatch):
    file = tmp_path / "xlwings.conf"
    file.write_bytes(conf.with_values(b"", WANTED))
    monkeypatch.setattr(xlwings, "USER_CONFIG_FILE", str(file))
    assert xlwings.utils.read_user_config() == {k.lower(): v for k, v in WANTED.items()}


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b'"A","1"\r\n\r\n"B","2"\r\n', "line 2 is blank"),
        (b'"A","1"\r\n"B"\r\n', "line 2 does not hold two fields"),
        (b'"A","1","2"\r\n', "line 1 does not hold two fields"),
        (b'"A","say "hi""\r\n', "line 1 does not hold two fields"),
        (b'"A","1\r\n', "line 1 has an odd number of quotes"),
        (b'"A","1"\n"B","2"\n', "line 1 ends in LF alone"),
        (b'\xef\xbb\xbf"A","1"\r\n', "byte order mark"),
        ('"A","1"\r\n'.encode("utf-16"), "byte order mark"),
        ('"A","1"\r\n'.encode("utf-16-le"), "zero bytes"),
        (b"just a note\r\n", "line 1 does not hold two fields"),
    ],
)
def test_a_file_that_vba_would_misread_is_refused_untouched(desk, addin, data, fault):
    desk.write(CONF, data)
    with pytest.raises(FactorError, match=fault) as caught:
        install(desk, addin)
    assert str(caught.value).startswith(f"{CONF}: ")
    assert "mend the file or rename it" in str(caught.value)
    assert desk.files() == {"C/Users/me/.xlwings/xlwings.conf": data}


# Install -----------------------------------------------------------------------------------------


def test_install_puts_the_addin_where_excel_loads_it_and_names_this_python(desk, addin):
    assert install(desk, addin) == 0
    assert desk.read(ADDIN) == ADDIN_BYTES
    assert values(desk.read(CONF)) == {
        **WANTED,
        "UDF MODULES": "factor_udfs",
        "USE UDF SERVER": "True",
        "SHOW CONSOLE": "False",
    }


def test_nothing_but_the_addin_lies_in_the_start_folder(desk, addin):
    install(desk, addin)
    assert [path.name for path in desk.local(XLSTART).iterdir()] == ["factor_udfs.xlam"]
    assert set(desk.files()) == {
        "C/Users/me/.xlwings/xlwings.conf",
        "C/Users/me/AppData/Roaming/Microsoft/Excel/XLSTART/factor_udfs.xlam",
        "C/Users/me/AppData/Local/factor-udfs/installation.json",
    }


def test_a_second_installation_changes_nothing(desk, addin):
    desk.write(CONF, FOREIGN)
    install(desk, addin)
    once = desk.files()
    install(desk, addin)
    assert desk.files() == once


@pytest.mark.parametrize("before", [FOREIGN, b"", b'"SHOW CONSOLE","True"\r\n'])
@pytest.mark.parametrize("times", [1, 3])
def test_uninstall_restores_the_settings_to_the_byte(desk, addin, before, times):
    desk.write(CONF, before)
    untouched = desk.files()
    for external in [False, True, False][:times]:
        install(desk, addin, external_server=external)
    assert uninstall(desk) == 0
    assert desk.files() == untouched


def test_uninstall_removes_settings_that_were_not_there(desk, addin):
    install(desk, addin)
    uninstall(desk)
    assert desk.files() == {}
    assert not desk.exists(HOME + r"\.xlwings")


def test_what_the_user_chose_for_other_workbooks_stays(desk, addin):
    desk.write(CONF, FOREIGN)
    install(desk, addin)
    found = values(desk.read(CONF))
    assert found["UDF MODULES"] == "pricer;risk"
    assert found["PYTHONPATH"] == r"C:\Müller & Söhne"
    assert found["interpreter_win"] == PYTHON


def test_settings_of_another_addin_are_named_when_they_are_replaced(desk, addin, capsys):
    desk.write(CONF, FOREIGN)
    install(desk, addin)
    said = capsys.readouterr().out
    assert r"interpreter_win was D:\other\python.exe and comes back with uninstall" in said
    assert "Other xlwings workbooks without settings of their own use this Python too" in said


def test_settings_changed_since_belong_to_whoever_changed_them(desk, addin, capsys):
    install(desk, addin)
    theirs = desk.read(CONF).replace(PYTHON.encode(), rb"E:\third\python.exe")
    desk.write(CONF, theirs + b'"THEIRS","1"\r\n')
    uninstall(desk)
    assert values(desk.read(CONF)) == {"INTERPRETER_WIN": r"E:\third\python.exe", "THEIRS": "1"}
    assert "except INTERPRETER_WIN, changed since" in capsys.readouterr().out


def test_settings_emptied_by_the_user_stay_empty(desk, addin):
    desk.write(CONF, FOREIGN)
    install(desk, addin)
    desk.write(CONF, b"")
    uninstall(desk)
    assert desk.read(CONF) == b""


def test_a_new_python_replaces_the_old_one_and_uninstall_still_restores(tmp_path, addin):
    old = Desk(tmp_path / "disk")
    old.write(CONF, FOREIGN)
    install(old, addin)
    new = Desk(tmp_path / "disk", python=r"C:\newer\Scripts\python.exe")
    install(new, addin)
    assert values(new.read(CONF))["interpreter_win"] == r"C:\newer\Scripts\python.exe"
    uninstall(new)
    assert new.read(CONF) == FOREIGN


def test_the_external_server_is_the_setting_debug_udfs(desk, addin, capsys):
    install(desk, addin, external_server=True)
    assert values(desk.read(CONF))["DEBUG UDFS"] == "True"
    assert "run factor-udfs com-server" in capsys.readouterr().out


def test_an_addin_that_excel_holds_fast_leaves_everything_as_it_was(desk, addin):
    desk.write(CONF, FOREIGN)
    desk.write(ADDIN + r"\held", b"")  # a folder in its place cannot be replaced either
    before = desk.files()
    with pytest.raises(FactorError, match=r"factor_udfs\.xlam (may not|cannot) be"):
        install(desk, addin)
    assert desk.files() == before


def test_without_a_name_the_addin_is_built_on_the_spot(desk):
    installation.run_install(machine=desk.machine)
    (installed,) = desk.local(XLSTART).iterdir()
    assert installed.read_bytes() == build_addin()


def test_a_missing_addin_is_a_sentence(desk, tmp_path):
    words = r"is not there; leave --addin out, or name factor_udfs\.xlam"
    with pytest.raises(FactorError, match=words):
        install(desk, tmp_path / "nowhere.xlam")
    assert desk.files() == {}


def test_a_file_that_is_no_addin_is_refused(desk, tmp_path):
    page = tmp_path / "factor_udfs.xlam"
    page.write_bytes(b"<html>not found</html>")
    with pytest.raises(FactorError, match="is no Excel add-in"):
        install(desk, page)


def test_uninstall_where_nothing_is_installed_changes_nothing(desk, capsys):
    desk.write(CONF, FOREIGN)
    assert uninstall(desk) == 0
    assert desk.read(CONF) == FOREIGN
    assert capsys.readouterr().out == (
        "factor-udfs is not installed for this user; nothing was changed\n"
    )


def test_an_addin_copied_by_hand_is_removed_and_the_settings_stay(desk, capsys):
    desk.write(CONF, FOREIGN)
    desk.write(ADDIN, ADDIN_BYTES)
    uninstall(desk)
    assert not desk.exists(ADDIN)
    assert desk.read(CONF) == FOREIGN
    assert "stays: nothing tells what it was before" in capsys.readouterr().out


@pytest.mark.parametrize("data", [b"", b"{}", b"[1]", b'{"version": 1', b"\xff"])
def test_a_damaged_record_is_a_sentence_and_nothing_is_undone(desk, addin, data):
    install(desk, addin)
    desk.write(STATE + r"\installation.json", data)
    before = desk.files()
    for action in (lambda: uninstall(desk), lambda: install(desk, addin)):
        with pytest.raises(FactorError, match=r"installation\.json is damaged; delete it"):
            action()
    assert desk.files() == before


def test_settings_damaged_since_are_not_undone_by_half(desk, addin):
    install(desk, addin)
    desk.write(CONF, desk.read(CONF) + b"oops")
    before = desk.files()
    with pytest.raises(FactorError, match=r"does not hold two fields; .* then uninstall again"):
        uninstall(desk)
    assert desk.files() == before


@pytest.mark.parametrize(
    ("python", "base"),
    [
        (r"C:\Users\me\AppData\Local\Microsoft\WindowsApps\python.exe", r"C:\x"),
        (PYTHON, r"C:\Program Files\WindowsApps\PythonSoftwareFoundation.Python.3.11_x64__q"),
    ],
)
def test_store_python_and_its_environments_are_refused(tmp_path, addin, python, base):
    desk = Desk(tmp_path / "disk", python=python, base_prefix=base)
    with pytest.raises(FactorError, match="Python is from the Microsoft Store"):
        install(desk, addin)
    assert desk.files() == {}


@pytest.mark.parametrize("folder", ["Jörg", "研究", "100%sure%", "a$(b)"])
def test_a_path_that_excel_cannot_pass_on_is_refused(tmp_path, addin, folder):
    desk = Desk(tmp_path / "disk", python=rf"C:\{folder}\python.exe")
    with pytest.raises(FactorError, match="letters that Excel cannot pass on") as caught:
        install(desk, addin)
    assert r"such as C:\factor" in str(caught.value)
    assert desk.files() == {}


def test_the_short_name_of_a_path_serves_where_the_disk_has_one(tmp_path, addin):
    desk = Desk(tmp_path / "disk", python=r"C:\Users\Jörg\python.exe")
    desk.short_paths[r"C:\Users\Jörg\python.exe"] = r"C:\Users\JRG~1\python.exe"
    install(desk, addin)
    assert values(desk.read(CONF))["INTERPRETER_WIN"] == r"C:\Users\JRG~1\python.exe"


def test_a_computer_without_the_users_folders_is_a_sentence(desk, addin):
    del desk.environment["LOCALAPPDATA"]
    with pytest.raises(FactorError, match="environment variable LOCALAPPDATA is not set"):
        install(desk, addin)


# LibreOffice: tests/test_libreoffice_install.py has the real one ----------------------------------


@pytest.mark.parametrize(
    ("system", "words"),
    [
        ("Linux", "No LibreOffice was found; install LibreOffice 25.2 or later, or make"),
        ("Darwin", "Excel for Mac cannot start Python from a workbook, and no LibreOffice"),
    ],
)
def test_where_there_is_neither_one_sentence_says_what_works(
    tmp_path, addin, capsys, system, words
):
    desk = Desk(tmp_path / "disk", system=system)
    assert install(desk, addin) == 1
    assert uninstall(desk) == 0
    installed, removed = capsys.readouterr().out.splitlines()
    assert installed.startswith(words)
    assert removed == "factor-udfs is not installed for this user; nothing was changed"
    assert desk.files() == {}


# What VBA makes of the settings ------------------------------------------------------------------


def test_the_start_command_is_the_one_in_xlwings_vba_module():
    """The VBA expressions themselves, read as Python, are the oracle: xlwings.bas as installed."""
    source = metadata.distribution("xlwings").locate_file("xlwings/xlwings.bas")
    text = source.read_text("cp1252")
    (tail,) = re.findall(r'^\s+tail = (" -B -c .*)$', text, re.MULTILINE)
    line = r'PYTHON_WIN = ("cmd\.exe " & .* Chr\(34\) & PYTHON_WIN .*)$'
    (start,) = re.findall(line, text, re.MULTILINE)
    book = r"C:\Ann's & Bob's\book.xlsm"
    place = conf.Place("the user's", {"INTERPRETER_WIN": PYTHON, "SHOW CONSOLE": "True"})
    path = f"true;{book};{book};;;;".replace("\\", "\\\\").replace("'", "\\'").replace("&", "^&")
    names = {
        "PYTHON_WIN": PYTHON,
        "ConsoleSwitch": "/showconsole",
        "LicenseKeyEnvString": "",
        "PYTHONPATH": path,
    }
    expected = vba(start, names) + vba(tail, names) + '"'
    assert conf.start_command(conf.Settings(book, (place,))) == expected


def vba(expression, names):
    """Return the value of texts, names and Chr(34) joined by &."""
    token = re.compile(r'\s*(?:"((?:[^"]|"")*)"|Chr\((\d+)\)|(\w+))\s*(?:&|$)')
    parts = token.findall(expression)
    assert token.sub("", expression) == ""
    return "".join(
        chr(int(code)) if code else names[name] if name else text.replace('""', '"')
        for text, code, name in parts
    )


@pytest.mark.parametrize(
    "address",
    [
        "https://acme-my.sharepoint.com/personal/ana_acme_com/Documents/models/book.xlsm",
        "https://d.docs.live.net/d7bbaa0123456789/models/book.xlsm",
    ],
)
def test_a_workbook_on_onedrive_is_found_where_vba_finds_it(desk, address):
    desk.environment["ONEDRIVE"] = HOME + r"\OneDrive"
    assert conf.local_name(desk.machine, address) == ""
    desk.write(HOME + r"\OneDrive\models\book.xlsm", b"")
    assert conf.local_name(desk.machine, address) == HOME + r"\OneDrive\models\book.xlsm"
    desk.environment["ONEDRIVECOMMERCIAL"] = HOME + r"\OneDrive - Acme"
    desk.write(HOME + r"\OneDrive - Acme\models\book.xlsm", b"")
    assert conf.local_name(desk.machine, address) == ""  # two files: VBA gives up


def test_of_equal_names_in_a_file_the_first_serves(desk):
    desk.write(CONF, b'"Show Console","True"\r\n"SHOW CONSOLE","False"\r\n')
    assert conf.read_settings(desk.machine, ADDIN).is_on("SHOW CONSOLE")


def test_environment_variables_in_a_value_are_expanded_as_windows_does(desk):
    desk.add_conf({"INTERPRETER_WIN": None, "PYTHONPATH": r"%userprofile%\lib;%NOSUCH%\x"})
    found = conf.read_settings(desk.machine, ADDIN)
    assert found.value("PYTHONPATH") == HOME + r"\lib;%NOSUCH%\x"


# Log and server ----------------------------------------------------------------------------------


@pytest.fixture
def functions_log():
    log = logging.getLogger("factor_udfs")
    kept = list(log.handlers)
    yield log
    for handler in set(log.handlers) - set(kept):
        log.removeHandler(handler)
        handler.close()


@pytest.mark.parametrize(
    ("system", "path"),
    [
        ("Windows", r"C:\Users\me\AppData\Local\factor-udfs\Logs\factor-udfs.log"),
        ("Linux", "/h/.local/state/factor-udfs/factor-udfs.log"),
        ("Darwin", "/Users/me/Library/Logs/factor-udfs/factor-udfs.log"),
    ],
)
def test_the_log_lies_where_the_system_keeps_logs(tmp_path, system, path):
    desk = Desk(tmp_path, system=system)
    desk.environment["HOME"] = path.split("/.local")[0].split("/Library")[0]
    assert str(log_file.log_file(desk.machine)) == str(desk.local(path))


def test_an_internal_error_is_in_the_log_with_its_traceback(desk, functions_log):
    log_file.attach(desk.machine)
    log_file.attach(desk.machine)
    try:
        raise RuntimeError("boom")  # noqa: TRY301  the log wants a traceback
    except RuntimeError:
        functions_log.exception("internal error in FACTOR_BETA")
    text = log_file.log_file(desk.machine).read_text("utf-8")
    assert text.count("internal error in FACTOR_BETA") == 1
    assert text.rstrip().endswith("RuntimeError: boom")


def test_a_full_log_moves_aside_and_one_that_cannot_move_grows_on(tmp_path):
    path = tmp_path / "a.log"
    handler = log_file.LogFile(path, maxBytes=200, backupCount=1, encoding="utf-8", delay=True)
    log = logging.getLogger("a log of its own")
    log.propagate = False
    log.addHandler(handler)
    for number in range(5):
        log.error("%d%s", number, "x" * 90)
    assert path.stat().st_size <= 200
    assert (tmp_path / "a.log.1").exists()
    handler.namer = lambda name: f"{name}/no/such/folder"
    for number in range(5, 10):
        log.error("%d%s", number, "x" * 90)
    log.removeHandler(handler)
    handler.close()
    assert [line[0] for line in path.read_text().splitlines()][-5:] == list("56789")


def test_a_log_without_a_folder_stops_nothing(desk, functions_log):
    desk.write(HOME + r"\AppData\Local\factor-udfs", b"a file where the folder would be")
    before = list(functions_log.handlers)
    log_file.attach(desk.machine)
    assert functions_log.handlers == before


def test_only_excels_server_writes_the_log(monkeypatch, tmp_path, functions_log):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path))
    before = list(functions_log.handlers)
    loop = asyncio.new_event_loop()
    monkeypatch.setitem(sys.modules, "xlwings.com_server", SimpleNamespace(loop=loop))
    log_file.attach_when_excel_calls()  # xlwings is imported, but serves nobody
    assert functions_log.handlers == before
    started = threading.Event()
    thread = threading.Thread(target=loop.run_forever)
    loop.call_soon(started.set)
    thread.start()
    try:
        assert started.wait(10)
        log_file.attach_when_excel_calls()
        assert len(functions_log.handlers) == len(before) + 1
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def test_the_server_elsewhere_is_one_sentence(tmp_path, capsys):
    assert com_server.run_com_server(machine=Desk(tmp_path, system="Linux").machine) == 1
    assert capsys.readouterr().out.count("\n") == 1


def test_the_server_says_when_excel_would_not_look_for_it(desk):
    desk.add_conf({"DEBUG UDFS": "False"})
    with pytest.raises(FactorError, match="run factor-udfs install --external-server first"):
        com_server.run_com_server(machine=desk.machine)


@pytest.mark.skipif(sys.platform == "win32", reason="pywin32 is there on Windows")
def test_a_missing_pywin32_is_a_sentence(desk):
    desk.add_conf({"DEBUG UDFS": "True"})
    with pytest.raises(FactorError, match="pip install --force-reinstall pywin32"):
        com_server.run_com_server(machine=desk.machine)


def test_the_record_says_what_was_before(desk, addin):
    install(desk, addin)
    record = json.loads(desk.read(STATE + r"\installation.json"))
    assert record["settings"] == CONF
    assert record["before"] is None
    assert state_folder(desk.machine) == STATE
