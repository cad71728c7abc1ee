"""The file on disk: clear sentences for what is wrong, and never half a workbook."""

from __future__ import annotations

import io
import os
import random
import signal
import stat
import subprocess
import sys
import textwrap
import time
import zipfile
from pathlib import Path

import pytest
from msoffcrypto.format.ooxml import OOXMLFile
from refresh_books import Seen, book, fakes, parts, patched

from factor_core.errors import LONGEST_SENTENCE, FactorError
from factor_core.refresh import files, refresh_workbook

ROOT = Path(__file__).parents[1]
FORMULAS = {"A1": ("=TOTAL(Yn)", "dynamic"), "B1": ("=SCALED(Yn)", "dynamic")}


@pytest.fixture
def path(tmp_path):
    return book(tmp_path / "book.xlsx", FORMULAS)


def refused(path, match, **options):
    """Check that the refresh is refused in one sentence and touches nothing in the folder."""
    before = {p: p.read_bytes() for p in path.parent.iterdir() if p.is_file()}
    with pytest.raises(FactorError, match=match) as caught:
        refresh_workbook(path, functions=fakes(), **options)
    text = str(caught.value)
    assert text.isascii()
    assert "\n" not in text
    assert len(text.replace(str(path.parent), "")) <= LONGEST_SENTENCE
    assert {p: p.read_bytes() for p in path.parent.iterdir() if p.is_file()} == before


def encrypted(content: bytes) -> bytes:
    result = io.BytesIO()
    OOXMLFile(io.BytesIO(content)).encrypt("secret", result)
    return result.getvalue()


def without_part(content: bytes, name: str) -> bytes:
    result = io.BytesIO()
    with zipfile.ZipFile(result, "w") as archive:
        for part, data in parts(content).items():
            if part != name:
                archive.writestr(part, data)
    return result.getvalue()


def zipped(**members: str) -> bytes:
    result = io.BytesIO()
    with zipfile.ZipFile(result, "w") as archive:
        for name, data in members.items():
            archive.writestr(name.replace("__", "/"), data)
    return result.getvalue()


BINARY = (
    "<Types><Override "
    "ContentType='application/vnd.ms-excel.sheet.binary.macroEnabled.main'/></Types>"
)
WRONG = {
    "nothing": (lambda _: b"", "not an Excel workbook"),
    "text": (lambda _: b"date,price\n", "not an Excel workbook"),
    "an .xls file": (lambda _: files_magic() + bytes(600), r"an \.xls file .* save it as \.xlsx"),
    "an encrypted file": (encrypted, "encrypted; remove the password"),
    "an .xlsb file": (lambda _: zipped(**{"[Content_Types].xml": BINARY}), r"an \.xlsb file"),
    "another zip": (lambda _: zipped(mimetype="application/epub"), "not an Excel workbook"),
    "half a file": (lambda content: content[: len(content) // 2], "damaged"),
    "an end cut off": (lambda content: content[:-30], "damaged"),
    "flipped bytes": (lambda content: content[:2000] + bytes(500) + content[2500:], "damaged"),
    "a missing sheet": (
        lambda c: without_part(c, "xl/worksheets/sheet1.xml"),
        "damaged|cannot be read",
    ),
    "a missing workbook": (lambda c: without_part(c, "xl/workbook.xml"), "damaged"),
}


def files_magic() -> bytes:
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


@pytest.mark.parametrize("kind", WRONG)
def test_no_workbook_is_a_sentence(path, kind):
    make, match = WRONG[kind]
    path.write_bytes(make(path.read_bytes()))
    refused(path, match)


def test_broken_xml_names_the_part(path):
    patched(path, lambda name, xml: xml[:-20] if name.endswith("sheet1.xml") else xml)
    refused(path, r"damaged: xl/worksheets/sheet1\.xml")


def test_missing_file_and_folder(tmp_path, path):
    refused(tmp_path / "other.xlsx", "is not there")
    refused(tmp_path, "is not a file")
    refused(path, "folder .* is not there", out=tmp_path / "none" / "out.xlsx")
    (tmp_path / "folder.xlsx").mkdir()
    refused(path, "is not a file", out=tmp_path / "folder.xlsx")


def test_another_ending_is_refused(path):
    refused(path, r"must end in \.xlsx", out=path.with_suffix(".xlsm"))


@pytest.mark.parametrize(("lock", "program"), [("~${}", "Excel"), (".~lock.{}#", "LibreOffice")])
def test_file_open_elsewhere(path, lock, program):
    lock_file = path.parent / lock.format(path.name)
    lock_file.touch()
    refused(path, f"open in {program}")
    out = path.with_name("out.xlsx")
    assert refresh_workbook(path, out, functions=fakes()).written
    lock_file.unlink()
    assert refresh_workbook(path, functions=fakes()).written


def test_read_only_file(path):
    path.chmod(0o444)
    refused(path, "is read-only; make it writable or use --out")
    assert refresh_workbook(path, path.with_name("out.xlsx"), functions=fakes()).written


def test_read_only_folder(path):
    path.parent.chmod(0o555)
    try:
        refused(path, "folder .* is read-only")
    finally:
        path.parent.chmod(0o755)


def test_mode_and_link_are_kept(path):
    path.chmod(0o640)
    link = path.with_name("link.xlsx")
    link.symlink_to(path.name)
    assert refresh_workbook(link, functions=fakes()).written
    assert link.is_symlink()
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert Seen(path)["A1"] is not None


def test_out_is_a_new_file_and_the_source_stays(path):
    before, out = path.read_bytes(), path.with_name("out.xlsx")
    first = refresh_workbook(path, out, functions=fakes())
    again = refresh_workbook(path, out, functions=fakes())
    assert (first.written, again.written) == (True, False)
    assert path.read_bytes() == before
    unchanged = refresh_workbook(out, path.with_name("copy.xlsx"), functions=fakes())
    assert unchanged.written
    assert path.with_name("copy.xlsx").read_bytes() == out.read_bytes()
    assert [p.name for p in path.parent.iterdir() if p.name.endswith(".tmp")] == []


def test_file_saved_by_someone_during_the_run_is_not_overwritten(path):
    other = path.read_bytes() + b" "

    def save(done, total, text):
        if text.startswith("writing"):
            path.write_bytes(other)

    with pytest.raises(FactorError, match="changed while it was being calculated; run again"):
        refresh_workbook(path, functions=fakes(), progress=save)
    assert path.read_bytes() == other
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_full_disk_leaves_the_old_file(path, tmp_path):
    """A file size limit stops the write as a full disk does."""
    before = path.read_bytes()
    script = f"""
        import resource, signal
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
        try:
            refresh_workbook({str(path)!r}, functions=fakes())
        except FactorError as error:
            print(error)
    """
    done = subprocess.run(
        [sys.executable, "-c", child(script)], capture_output=True, text=True, check=True
    )
    assert "cannot be written: File too large" in done.stdout
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


# ---------------------------------------------------------------------- killed at any moment


def child(script: str) -> str:
    """Return a program that finds the package and the stand-ins, then runs the script."""
    head = f"import sys; sys.path[:0] = {[str(ROOT / 'core'), str(ROOT / 'tests')]!r}\n"
    imports = (
        "import os, pathlib, tempfile, time\n"
        "from refresh_books import fakes\n"
        "from factor_core.errors import FactorError\n"
        "from factor_core.refresh import files, refresh_workbook\n"
    )
    return head + imports + textwrap.dedent(script)


# Each stops the run at one moment: it says so and then waits to be killed.
STOP = """
    def stop(*_):
        print("here", flush=True)
        time.sleep(60)

    def before(function):
        return lambda *a, **k: (stop(), function(*a, **k))[1]

    def after(function):
        return lambda *a, **k: (function(*a, **k), stop())[0]
"""
MOMENTS = {
    "reading": "at = 'reading the workbook'",
    "calling": "at = 'TOTAL in My Calc!A1'",
    "writing values": "at = 'writing the values'",
    "temporary file made": "tempfile.mkstemp = after(tempfile.mkstemp)",
    "half written": (
        "open_ = os.fdopen\n"
        "class Half:\n"
        "    def __init__(self, *a): self.file = open_(*a)\n"
        "    def __enter__(self): return self\n"
        "    def __exit__(self, *a): self.file.close()\n"
        "    def write(self, data):\n"
        "        self.file.write(data[:len(data) // 2]); self.file.flush(); stop()\n"
        "os.fdopen = Half"
    ),
    "written": "os.fsync = before(os.fsync)",
    "on the disk": "os.fsync = after(os.fsync)",
    "before the exchange": "pathlib.Path.replace = before(pathlib.Path.replace)",
    "after the exchange": "pathlib.Path.replace = after(pathlib.Path.replace)",
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_killed_at_this_moment_the_file_is_whole_and_the_next_run_works(path, moment):
    old = path.read_bytes()
    run = f"""
at = None
{MOMENTS[moment]}
def progress(done, total, text):
    if text == at: stop()
refresh_workbook({str(path)!r}, functions=fakes(), progress=progress)
"""
    program = child(textwrap.dedent(STOP) + run)
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"here\n"
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
    if moment == "after the exchange":
        assert Seen(path)["A1"] is not None
    else:
        assert path.read_bytes() == old
    refresh_workbook(path, functions=fakes())
    assert Seen(path)["A1"] == pytest.approx(sum(Seen(path, "Data").column("A", 2, 21)))
    assert not refresh_workbook(path, functions=fakes()).written


def test_killed_at_random_times_the_file_is_old_or_new(tmp_path):
    path = book(tmp_path / "book.xlsx", FORMULAS, rows=3000)
    old = path.read_bytes()
    refresh_workbook(path, tmp_path / "new.xlsx", functions=fakes())
    new = (tmp_path / "new.xlsx").read_bytes()
    program = child(f"print(flush=True)\nrefresh_workbook({str(path)!r}, functions=fakes())")
    random.seed(7)
    for _ in range(8):
        path.write_bytes(old)
        with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as process:
            process.stdout.readline()
            time.sleep(random.uniform(0, 0.25))
            process.kill()
        assert path.read_bytes() in (old, new)


def test_leftovers_of_killed_runs_do_no_harm_and_go_after_a_day(path):
    young = path.parent / f".{path.name}.refresh-young.tmp"
    stale = path.parent / f".{path.name}.refresh-stale.tmp"
    other = path.parent / ".other.xlsx.refresh-stale.tmp"
    for leftover in (young, stale, other):
        leftover.write_bytes(b"half")
    for leftover in (stale, other):
        os.utime(leftover, (time.time() - files.STALE_SECONDS - 60,) * 2)
    assert refresh_workbook(path, functions=fakes()).written
    assert (young.exists(), stale.exists(), other.exists()) == (True, False, True)


def test_names_with_pattern_letters_are_no_patterns(tmp_path):
    path = book(tmp_path / "a[1]*?.xlsx", FORMULAS)
    assert refresh_workbook(path, functions=fakes()).written
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
