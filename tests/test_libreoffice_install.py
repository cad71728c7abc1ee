"""Install, uninstall and doctor with LibreOffice's own tool, and the extension as a file.

unopkg serves no root: then nobody is its user. Where there is no LibreOffice, a script stands for
its programs and shows what is asked of them.
"""

from __future__ import annotations

import ast
import dataclasses
import io
import json
import math
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from office import calc as office_of_tests
from windows_machine import ROOT, Desk

import factor_udfs  # noqa: F401  fills the catalogue
from factor_core import __version__
from factor_core.catalogue import CATALOGUE
from factor_core.errors import FactorError
from factor_core.hosts import doctor, installation
from factor_core.hosts.libreoffice import component, extension, office
from factor_core.hosts.machine import this_machine

NOT_ON_WINDOWS = pytest.mark.skipif(
    sys.platform == "win32", reason="shell scripts stand for LibreOffice's programs"
)
NOBODY = 65534
PROGRAM = "/usr/lib/libreoffice/program"
OOR = "{http://openoffice.org/2001/registry}"
SETTINGS = {
    "version": "1",
    "python": "/p",
    "python_version": [3, 11],
    "paths": [],
    "log_file": "l",
    "ranges_only": False,
}


def parts(extension_bytes):
    with zipfile.ZipFile(io.BytesIO(extension_bytes)) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


# The file ----------------------------------------------------------------------------------------


def test_the_same_catalogue_and_python_make_the_same_bytes():
    assert extension.build(CATALOGUE, SETTINGS) == extension.build(CATALOGUE, SETTINGS)


def test_every_function_is_in_interface_registry_and_settings():
    inside = parts(extension.build(CATALOGUE, SETTINGS))
    for function in CATALOGUE.values():
        arguments = ", ".join(f"[in] any argument{i + 1}" for i in range(len(function.arguments)))
        line = f"  sequence< sequence< any > > {function.name}({arguments});\n"
        assert line in inside["factor_udfs.idl"]
    registry = ET.fromstring(inside["CalcAddIns.xcu"])  # noqa: S314  our own text
    (functions,) = registry.iterfind(f".//node[@{OOR}name='AddInFunctions']")
    assert [node.get(f"{OOR}name") for node in functions] == list(CATALOGUE)
    assert json.loads(inside["extension.json"])["functions"] == list(CATALOGUE)


def test_with_ranges_only_series_are_cell_ranges_and_all_else_is_as_before():
    plain = parts(extension.build(CATALOGUE, SETTINGS))
    ranges = parts(extension.build(CATALOGUE, {**SETTINGS, "ranges_only": True}))
    changed = {name for name, text in ranges.items() if text != plain[name]}
    assert changed == {"factor_udfs.idl", "extension.json"}
    lines = ranges["factor_udfs.idl"].splitlines()
    (line,) = [line for line in lines if " EXCESS_RETURNS(" in line]
    assert f"([in] {extension.CELLS} argument1, [in] any argument2)" in line
    assert ranges["factor_udfs.idl"].replace(extension.CELLS, "any") == plain["factor_udfs.idl"]


def test_every_part_is_named_and_well_formed():
    inside = parts(extension.build(CATALOGUE, SETTINGS))
    manifest = ET.fromstring(inside["META-INF/manifest.xml"])  # noqa: S314  our own text
    named = {value for node in manifest for key, value in node.items() if "full-path" in key}
    assert named == {"factor_udfs.idl", "component.py", "CalcAddIns.xcu"}
    description = inside["description.xml"]
    ET.fromstring(description)  # noqa: S314  our own text
    assert f'<version value="{__version__}"/>' in description
    assert inside["component.py"] == Path(component.__file__).read_text(encoding="utf-8")


def test_the_component_loads_nothing_but_the_standard_library():
    program = "import runpy, sys; runpy.run_path(sys.argv[1]); print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program, component.__file__],
        capture_output=True,
        text=True,
        check=True,
    )
    assert not {"numpy", "factor_core", "uno"} & set(done.stdout.split())


def test_the_component_is_written_for_the_oldest_python_that_libreoffice_brings():
    ast.parse(Path(component.__file__).read_text(encoding="utf-8"), feature_version=(3, 8))


def test_the_folders_of_the_packages_are_found_and_no_other(tmp_path):
    (tmp_path / "a" / "numpy").mkdir(parents=True)
    (tmp_path / "b").mkdir()
    found = extension.package_folders([str(tmp_path / "b"), str(tmp_path / "a"), "", str(ROOT)])
    assert str(tmp_path / "a") in found
    assert str(tmp_path / "b") not in found
    assert str(ROOT) in found


@pytest.mark.parametrize("code", component.CALC_NUMBERS)
def test_an_error_is_a_nan_with_its_number(code):
    value = component.error_value(code)
    assert math.isnan(value)
    assert struct.unpack("<HHHH", struct.pack("<d", value))[:2] == (component.CALC_NUMBERS[code], 0)


# The back ends, without LibreOffice --------------------------------------------------------------


def functions(tmp_path, monkeypatch, python=sys.executable, choice="worker"):
    monkeypatch.setenv(component.CHOICE, choice)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    settings = extension.settings_of_this_python(str(tmp_path / "log" / "own.log"))
    return component.Functions({**settings, "python": python}, "LibreOffice 25.2")


@pytest.fixture
def by_worker(tmp_path, monkeypatch):
    made = functions(tmp_path, monkeypatch)
    yield made
    if made.backend is not None:
        made.backend._end()


def test_the_worker_answers_as_the_catalogue_does(by_worker):
    assert by_worker.call("POSITION_SIZE", (1e6, 0.02)) == ((5e7,),)
    assert by_worker.call("SIMPLE_RETURNS", (((100.0,), (110.0,)),))[0][0] == pytest.approx(0.1)
    assert dict(by_worker.call("ADDIN_INFO", ()))["host"].startswith("LibreOffice 25.2 (worker")


def test_what_the_functions_print_and_read_leaves_the_pipe_alone(tmp_path, monkeypatch):
    noisy = tmp_path / "noisy"
    noisy.mkdir()
    (noisy / "sitecustomize.py").write_text(
        "import sys, threading, time\n"
        "def talk():\n"
        "    while 'factor_udfs' not in sys.modules:\n"  # the worker has its pipes before
        "        time.sleep(0.001)\n"
        "    while True:\n"
        "        print('noise', flush=True); time.sleep(0.001)\n"
        "threading.Thread(target=talk, daemon=True).start()\n"
    )
    made = functions(tmp_path, monkeypatch)
    made.settings["paths"].insert(0, str(noisy))
    try:
        for i in range(1, 200):
            assert made.call("POSITION_SIZE", (1e6, 1.0 / i))[0][0] == pytest.approx(1e6 * i)
            if i % 20 == 0:
                time.sleep(0.06)
        made.backend.said.seek(0)
        assert b"noise" in made.backend.said.read()
    finally:
        made.backend._end()


def test_calls_from_several_threads_get_their_own_answers(by_worker):
    def ask(i):
        return by_worker.call("POSITION_SIZE", (1e6, 1.0 / i))[0][0]

    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(ask, range(1, 60)))
    assert found == pytest.approx([1e6 * i for i in range(1, 60)])


def test_a_worker_that_died_is_replaced_once_and_leaves_no_zombie(by_worker):
    by_worker.call("POSITION_SIZE", (1e6, 0.02))
    first = by_worker.backend.process
    first.kill()
    assert by_worker.call("POSITION_SIZE", (1e6, 0.04)) == ((2.5e7,),)
    assert first.returncode is not None  # waited for
    assert by_worker.backend.process.pid != first.pid


def is_value_error(rows):
    ((cell,),) = rows
    return struct.pack("<d", cell) == struct.pack("<d", component.error_value("#VALUE!"))


@NOT_ON_WINDOWS
@pytest.mark.parametrize(
    ("script", "words"),
    [
        (None, "No such file or directory"),
        ("exit 3", "it ended or is another program"),
        ("echo 'no module named factor_core' >&2; exit 1", "no module named factor_core"),
        ("echo 'this is no worker, and it goes on'", "cannot run the functions"),
    ],
)
def test_a_python_that_cannot_run_them_is_said_in_log_and_info(
    tmp_path, monkeypatch, script, words
):
    python = tmp_path / "python"
    if script is not None:
        python.write_text(f"#!/bin/sh\n{script}\n")
        python.chmod(0o755)
    made = functions(tmp_path, monkeypatch, str(python))
    assert is_value_error(made.call("POSITION_SIZE", (1e6, 0.02)))
    info = dict(made.call("ADDIN_INFO", ()))
    assert words in info["fault"]
    assert str(python) in info["fault"]
    assert "run factor-udfs doctor" in info["fault"]
    assert words in Path(info["log file"]).read_text(encoding="utf-8")


@NOT_ON_WINDOWS
def test_a_worker_that_dies_at_a_call_is_tried_twice_and_said(tmp_path, monkeypatch):
    count = tmp_path / "count"
    python = tmp_path / "python"
    answer = f"import sys; o = sys.stdout.buffer; o.write({component.GREETING!r}); "
    answer += "o.flush(); sys.stdin.buffer.read(8)"
    python.write_text(f'#!/bin/sh\necho x >> {count}\nexec "{sys.executable}" -c "{answer}"\n')
    python.chmod(0o755)
    made = functions(tmp_path, monkeypatch, str(python))
    assert is_value_error(made.call("POSITION_SIZE", (1e6, 0.02)))
    assert count.read_text().split() == ["x", "x"]
    assert "ended twice at this call" in dict(made.call("ADDIN_INFO", ()))["fault"]


def test_another_version_of_python_means_the_worker(tmp_path, monkeypatch):
    made = functions(tmp_path, monkeypatch, choice="")
    made.settings["python_version"] = [3, 99]
    try:
        assert made.call("POSITION_SIZE", (1e6, 0.02)) == ((5e7,),)
        assert isinstance(made.backend, component.Worker)
    finally:
        made.backend._end()


def test_a_wish_that_is_none_is_said(tmp_path, monkeypatch):
    made = functions(tmp_path, monkeypatch, choice="thread")
    assert is_value_error(made.call("POSITION_SIZE", (1e6, 0.02)))
    fault = dict(made.call("ADDIN_INFO", ()))["fault"]
    assert fault == f"{component.CHOICE} is thread; use in-process or worker, or unset it"


# Install, uninstall, doctor ----------------------------------------------------------------------


def linux(tmp_path, version="25.2.3.2", unopkg="exit 0"):
    """Return a Linux computer with scripts in place of LibreOffice's programs."""
    desk = Desk(tmp_path / "disk", system="Linux", python="/opt/factor/bin/python")
    desk.environment["HOME"] = "/home/me"
    calls = tmp_path / "calls"
    for name, script in {
        "soffice": f"echo LibreOffice {version} 520",
        "unopkg": f'echo "$@" >> {calls}\n{unopkg}',
    }.items():
        desk.write(f"{PROGRAM}/{name}", f"#!/bin/sh\n{script}\n".encode())
        desk.local(f"{PROGRAM}/{name}").chmod(0o755)
    return desk, calls


def look(desk, title):
    (check,) = [check for check in doctor.CHECKS if check.title == title]
    return check.run(doctor.Examination(desk.machine))


@NOT_ON_WINDOWS
def test_install_gives_the_extension_to_unopkg_and_says_so(tmp_path, capsys):
    desk, calls = linux(tmp_path)
    assert installation.run_install(machine=desk.machine) == 0
    assert calls.read_text().startswith("add --force ")
    said = capsys.readouterr().out
    assert "factor_udfs.oxt is in LibreOffice 25.2, for /opt/factor/bin/python" in said
    assert "=ADDIN_INFO()" in said


@NOT_ON_WINDOWS
def test_the_choice_of_ranges_only_is_said_and_kept_by_doctors_remedies(tmp_path, capsys):
    desk, _ = linux(tmp_path)
    assert installation.run_install(ranges_only=True, machine=desk.machine) == 0
    assert "Series are ranges of cells only" in capsys.readouterr().out
    desk = has_extension(tmp_path / "sound", ranges_only=True)
    found = look(desk, "extension")
    assert found.text == f"version {__version__}, for this Python; series are ranges of cells only"
    for name, wrong in {"version": "0.0.1", "python": "/gone/python"}.items():
        desk = has_extension(tmp_path / name, **{name: wrong}, ranges_only=True)
        assert look(desk, "extension").remedy == "run factor-udfs install --ranges-only"


@NOT_ON_WINDOWS
def test_an_older_libreoffice_is_refused(tmp_path, capsys):
    desk, calls = linux(tmp_path, version="7.4.7.2")
    assert installation.run_install(machine=desk.machine) == 1
    assert "LibreOffice 7.4 is too old" in capsys.readouterr().out
    assert not calls.exists()
    assert look(desk, "LibreOffice").state == "problem"


@NOT_ON_WINDOWS
@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("ERROR: Cannot run unopkg as root without --shared.", "takes no extension from root"),
        ("ERROR: the lock file exists", "could not add the extension: ERROR: the lock file"),
    ],
)
def test_what_unopkg_refuses_is_one_sentence(tmp_path, said, words):
    desk, _ = linux(tmp_path, unopkg=f"echo '{said}' >&2; exit 1")
    with pytest.raises(FactorError, match=words):
        installation.run_install(machine=desk.machine)


def has_extension(tmp_path, **changed):
    place = "uno_packages/lu1.tmp_/factor_udfs.oxt"
    told = f"echo '  URL: vnd.sun.star.expand:$UNO_USER_PACKAGES_CACHE/{place}'"
    desk, _ = linux(tmp_path, unopkg=told)
    settings = {"version": __version__, "python": desk.machine.interpreter} | changed
    home = "/home/me/.config/libreoffice/4/user/uno_packages/cache"
    desk.write(f"{home}/{place}/extension.json", json.dumps(settings).encode())
    desk.write(desk.machine.interpreter, b"")
    return desk


@NOT_ON_WINDOWS
def test_doctor_finds_a_sound_extension_well(tmp_path):
    desk = has_extension(tmp_path)
    assert look(desk, "LibreOffice").text == f"LibreOffice 25.2: {PROGRAM}"
    found = look(desk, "extension")
    assert (found.state, found.text) == ("OK", f"version {__version__}, for this Python")


@NOT_ON_WINDOWS
@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"version": "0.0.1"}, f"is version 0.0.1, not {__version__}"),
        ({"python": "/gone/python"}, "needs /gone/python, which is gone"),
        ({"python": f"{PROGRAM}/soffice"}, "uses another Python"),
    ],
)
def test_doctor_names_what_is_wrong_with_the_extension(tmp_path, changed, words):
    found = look(has_extension(tmp_path, **changed), "extension")
    assert found.state == "problem"
    assert words in found.text
    assert "run factor-udfs install" in found.remedy


@NOT_ON_WINDOWS
def test_an_extension_that_is_not_installed_is_no_problem_but_said(tmp_path):
    desk, _ = linux(tmp_path, unopkg=f"echo '{office.NOT_THERE}' >&2; exit 1")
    found = look(desk, "extension")
    assert found.state == "-"
    assert "run factor-udfs install" in found.text


@NOT_ON_WINDOWS
def test_a_damaged_extension_is_said(tmp_path):
    desk = has_extension(tmp_path)
    place = desk.local("/home/me/.config/libreoffice/4/user/uno_packages/cache")
    (found,) = place.rglob("extension.json")
    found.write_text("{")
    assert "cannot be read; run factor-udfs install" in look(desk, "extension").text


# With the real unopkg ----------------------------------------------------------------------------


@pytest.fixture
def home():
    """Return a new home that any user may reach."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture
def machine(home, monkeypatch):
    """Return this computer for a user whose home is new and whom LibreOffice serves."""
    program, _python = office_of_tests.installation()
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(home))
    if os.geteuid() == 0:
        program = as_nobody(program, home)
    which = {"soffice": str(program / "soffice")}.get
    return dataclasses.replace(this_machine(), which=which)


def as_nobody(program, home):
    """Return a folder of programs that run LibreOffice's own as another user than root."""
    shutil.chown(home, NOBODY, NOBODY)
    copy, folder = home / extension.NAME, home / "program"
    folder.mkdir()
    drop = f"exec setpriv --reuid={NOBODY} --regid={NOBODY} --clear-groups"
    keep = f'if [ "$1" = add ]; then cp "$3" {copy}; chmod 644 {copy}; set -- add "$2" {copy}; fi'
    (folder / "soffice").write_text(f'#!/bin/sh\n{drop} {program}/soffice "$@"\n')
    (folder / "unopkg").write_text(f'#!/bin/sh\n{keep}\n{drop} {program}/unopkg "$@"\n')
    for script in folder.iterdir():
        script.chmod(0o755)
    return folder


@NOT_ON_WINDOWS
def test_install_doctor_and_uninstall_with_the_real_unopkg(machine, capsys):
    def extension_row():
        (check,) = [check for check in doctor.CHECKS if check.title == "extension"]
        return check.run(doctor.Examination(machine))

    assert extension_row().text.startswith("not in LibreOffice of this user")
    for ranges_only in (False, True):  # again: in place of the first
        assert installation.run_install(ranges_only=ranges_only, machine=machine) == 0
        assert "factor_udfs.oxt is in LibreOffice" in capsys.readouterr().out
        mode = "; series are ranges of cells only" * ranges_only
        text = f"version {__version__}, for this Python{mode}"
        assert extension_row() == doctor.Finding("OK", text)
    installation.run_uninstall(machine=machine)
    assert "factor_udfs.oxt is removed from LibreOffice" in capsys.readouterr().out
    installation.run_uninstall(machine=machine)
    assert capsys.readouterr().out == f"{installation.NOTHING}\n"
    assert extension_row().text.startswith("not in LibreOffice of this user")
