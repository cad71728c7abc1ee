"""Kenneth French's library over a network, on disk, and by hand.

A real server on 127.0.0.1 serves files in his exact format (french_server.py), and fails in every
way that servers do. Nothing here asks how long a thing took: where a limit must hold, the server
would need minutes for what the test waits for.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import json
import logging
import os
import re
import socket
import subprocess
import sys
import threading
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import conftest
import french_server as fs
import numpy as np
import pytest
from french_server import LibraryServer, archive, changed
from typer.testing import CliRunner

from factor_core import french, french_library, sample
from factor_core import french_store as store
from factor_core.__main__ import app
from factor_core.errors import ExcelError, InputError
from factor_core.french import MODELS, factors
from factor_core.french_files import FILES, LibraryError, tables_in
from factor_udfs import FF_FACTORS

ROOT = Path(__file__).parents[1]
THREE, FIVE = "F-F_Research_Data_Factors", "F-F_Research_Data_5_Factors_2x3"
MOMENTUM = "F-F_Momentum_Factor"
OFFERED = [(m, f) for m in MODELS for f in "DMA"] + [("CAPM", "W"), ("FF3", "W")]


@pytest.fixture
def empty(tmp_path, monkeypatch):
    """Use a folder without copies, and no waits of earlier tests."""
    monkeypatch.setenv("FACTOR_UDFS_DATA", str(tmp_path / "french"))
    monkeypatch.setattr(french_library, "_waits", french_library._Waits())
    french._warn_once.cache_clear()
    return tmp_path / "french"


@pytest.fixture
def server(empty, monkeypatch):
    with LibraryServer() as library:
        monkeypatch.setenv("FACTOR_UDFS_FRENCH_URL", library.address)
        yield library


def at_most(seconds, monkeypatch):
    monkeypatch.setenv("FACTOR_UDFS_TIME_LIMIT", str(seconds))


def keep(name, hours=0, data=None):
    """Keep a copy that was taken some hours ago."""
    copy = store.keep(name, archive(name) if data is None else data, "test")
    path = store.folder() / f"{name}.copy"
    line, _, content = path.read_bytes().partition(b"\n")
    then = (copy.kept - dt.timedelta(hours=hours)).isoformat()
    path.write_bytes(
        json.dumps(json.loads(line) | {"taken": then, "kept": then}).encode() + b"\n" + content
    )


def assert_sentence(result, *words):
    assert isinstance(result, ExcelError), result
    assert result == "#VALUE!"
    assert len(result.message) <= 250
    assert result.message.isascii()
    assert not result.message.endswith("...")
    for word in words:
        assert word in result.message


def assert_asks_for_another_source(result, *words):
    """What stands in a cell without data must say every way to get some."""
    assert_sentence(result, "give file", '"sample"', "factor-udfs data fetch", *words)


# Reading the library ----------------------------------------------------------------------------


@pytest.mark.parametrize(("model", "frequency"), OFFERED)
def test_every_model_at_every_frequency_that_french_offers(server, model, frequency):
    result = factors(model, frequency)
    assert result.names == MODELS[model]
    assert np.isfinite(result.values).all()
    assert np.abs(result.values[:, -1]).max() < (0.2 if frequency == "A" else 0.02)  # decimal RF
    assert (
        sorted(set(server.asked))
        == sorted(server.asked)
        == sorted(french.library_files(model, frequency))
    )


def test_months_of_the_library_are_those_of_the_sample(server):
    ours, theirs = factors("CARHART", file="sample"), factors("CARHART")
    assert ours.dates.tolist() == theirs.dates.tolist()
    assert ours.values.tolist() == theirs.values.tolist()


@pytest.mark.parametrize("name", sorted(set(FILES) - {"F-F_Momentum_Factor_daily"}))
def test_tables_agree_with_those_of_pandas_datareader(server, name):
    # Oracle: pandas-datareader 0.11.1 reads the same file from the same server.
    from pandas_datareader import famafrench  # noqa: PLC0415

    class There(famafrench.FamaFrenchReader):
        url = f"{server.address}ftp/{name}_CSV.zip"

    theirs = There(name, start="1900-01-01").read()
    ours = french_library.obtain(name).tables
    assert len(ours) == len(theirs) - 1  # DESCR is the prose
    for i, table in enumerate(ours):
        frame = theirs[i]
        assert [str(stamp) for stamp in frame.index] == [
            str(day)[: {"A": 4, "M": 7}.get(table.frequency, 10)] for day in table.days
        ]
        assert [column.strip() for column in frame.columns] == list(table.names)
        assert np.allclose(frame.to_numpy() / 100, table.values, rtol=1e-15, atol=0)


def test_spare_commas_of_the_daily_momentum_file_are_no_column(server):
    (table,) = french_library.obtain("F-F_Momentum_Factor_daily").tables
    assert table.names == ("Mom",)
    assert table.values[:, 0].tolist() == [
        round(value, 4) for value in fs.series("D")[1]["Mom"].tolist()
    ]


def test_years_compound_the_printed_months(server):
    months, years = factors("FF3"), factors("FF3", "A")
    first = 12 * (int(str(day_of(years, 0))[:4]) - 1949)
    grown = np.prod(1 + months.values[first : first + 12], axis=0) - 1
    assert np.abs(years.values[0] - grown).max() <= 0.5e-4 + 1e-12  # as he prints them


def day_of(result, row):
    return french.EXCEL_DAY_ZERO + dt.timedelta(days=int(result.dates[row]))


def test_missing_codes_of_the_library_are_missing(server):
    first, second = fs.text(MOMENTUM).split("\r\n")[7:9]
    server.answers[MOMENTUM] = changed(
        MOMENTUM, (first, f"{first[:7]} -99.99"), (second, f"{second[:7]}   -999")
    )
    result = factors("CARHART")
    column = result.values[:, result.names.index("Mom")]
    assert np.isnan(column[:2]).all()
    assert np.isfinite(column[2:]).all()
    assert FF_FACTORS("CARHART", "M")[1][4] == "#N/A"


def test_note_says_what_joining_momentum_dropped_and_where_all_came_from(server):
    notes = " | ".join(factors("FF6").notes)
    assert f"dropped 174 of 819 rows of {MOMENTUM}" in notes
    assert "1949-01-31" in notes
    assert f"{FIVE}: taken {dt.datetime.now().astimezone():%Y-%m-%d}" in notes
    assert re.search(r"\d minutes? old", notes)
    assert f"from {server.address}ftp/{MOMENTUM}_CSV.zip" in notes


def test_months_lost_between_the_files_are_warned_of_and_earlier_beginnings_are_not(server, caplog):
    assert factors("FF6").warnings == ()
    (line,) = [row for row in fs.text(MOMENTUM).split("\r\n") if row.startswith("200812")]
    server.answers[MOMENTUM] = changed(MOMENTUM, (f"{line}\r\n", ""))
    french_library.fetch(MOMENTUM)
    with caplog.at_level(logging.WARNING, "factor_udfs"):
        FF_FACTORS("FF6", "M")
        FF_FACTORS("FF6", "M")
    (warning,) = [record.getMessage() for record in caplog.records]
    assert warning.startswith(f"FF_FACTORS: dropped 1 of 645 rows of {FIVE}")
    assert warning.endswith("2008-12-31")


def test_dates_are_cut_out_of_the_library_as_out_of_a_file(server):
    rows = FF_FACTORS("FF3", "M", "1990-01", "1990-03")
    assert [row[0] for row in rows[1:]] == [32904.0, 32932.0, 32963.0]  # Excel: DATEVALUE


# Copies on disk ---------------------------------------------------------------------------------


def test_library_is_asked_once_a_day(server):
    first = FF_FACTORS("FF3", "M")
    assert FF_FACTORS("FF3", "M") == first
    assert FF_FACTORS("FF3", "A")[0] == first[0]
    assert FF_FACTORS("CAPM", "M")[0] == ["date", "Mkt-RF", "RF"]
    assert server.asked == [THREE]
    keep(THREE, hours=25)
    FF_FACTORS("FF3", "M")
    assert server.asked == [THREE, THREE]


def test_user_may_ask_again_at_any_time(server):
    factors()
    assert CliRunner().invoke(app, ["data", "fetch", "FF3", "--frequency", "M"]).exit_code == 0
    assert server.asked == [THREE, THREE]


def test_copy_is_the_file_as_it_came_with_its_history(server):
    factors()
    copy = store.read(THREE)
    assert copy.data == archive(THREE)
    assert copy.sha256 == hashlib.sha256(archive(THREE)).hexdigest()
    assert copy.source == f"{server.address}ftp/{THREE}_CSV.zip"
    assert dt.timedelta(0) <= store.now() - copy.taken < dt.timedelta(minutes=5)


def test_damaged_copy_is_never_read(server):
    factors()
    path = store.folder() / f"{THREE}.copy"
    whole = path.read_bytes()
    for damaged in (
        whole[:-1],
        whole[:50],
        b"",
        whole.replace(b'"format": 1', b'"format": 9'),
        whole.replace(b"+00:00", b""),
        whole[:-100] + bytes(100),
    ):
        path.write_bytes(damaged)
        assert store.read(THREE) is None
        assert store.is_damaged(THREE)
        assert factors().values.shape == (819, 4)  # from the library, again
        assert path.read_bytes() != damaged


def test_damaged_copy_without_a_network_is_said(empty):
    keep(THREE)
    path = store.folder() / f"{THREE}.copy"
    path.write_bytes(path.read_bytes()[:-1])
    assert_asks_for_another_source(FF_FACTORS(), f"{THREE} is damaged on disk")


def test_copy_dated_in_the_future_is_downloaded_again(server):
    keep(THREE, hours=-30)
    factors()
    assert server.asked == [THREE]


def test_folder_is_the_users_own_where_none_is_named(monkeypatch, tmp_path):
    monkeypatch.delenv("FACTOR_UDFS_DATA")
    for variable in ("XDG_DATA_HOME", "HOME", "LOCALAPPDATA", "WIN_PD_OVERRIDE_LOCAL_APPDATA"):
        monkeypatch.setenv(variable, str(tmp_path))
    assert store.folder().name == "french"
    assert tmp_path in store.folder().parents


def test_folder_that_cannot_be_made_is_said_and_not_asked_for_again(server, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("FACTOR_UDFS_DATA", str(tmp_path / "file" / "french"))
    assert_asks_for_another_source(FF_FACTORS(), "cannot be written")
    assert_asks_for_another_source(FF_FACTORS(), "cannot be written")
    assert server.asked == [THREE]


def test_using_a_copy_writes_nothing_so_that_a_folder_may_be_read_only(empty):
    keep(THREE)
    before = [(path, path.stat().st_mtime_ns) for path in [empty, *empty.iterdir()]]
    assert factors().values.shape == (819, 4)
    assert [(path, path.stat().st_mtime_ns) for path in [empty, *empty.iterdir()]] == before


# No network -------------------------------------------------------------------------------------


def test_old_copy_serves_without_a_network_and_its_age_is_said(empty, caplog):
    keep(THREE, hours=75)
    with caplog.at_level(logging.WARNING, "factor_udfs"):
        assert len(FF_FACTORS()) == 820
    (warning,) = [record.getMessage() for record in caplog.records]
    assert "127.0.0.1 cannot be reached" in warning
    assert re.search(rf"the copy of {THREE} taken \d{{4}}-.*, 3 days old, is used", warning)
    assert any("3 days old" in note for note in factors().notes)


def test_without_network_and_copy_the_sentence_names_the_ways_out(empty):
    assert_asks_for_another_source(FF_FACTORS(), f"{THREE} is not on disk", "cannot be reached")
    longest = max(FILES, key=len)
    assert_asks_for_another_source(FF_FACTORS("FF5", "D"), longest)


def test_offline_by_choice_asks_no_server(server, monkeypatch):
    monkeypatch.setenv("FACTOR_UDFS_OFFLINE", "1")
    assert_asks_for_another_source(FF_FACTORS(), "FACTOR_UDFS_OFFLINE is set")
    keep(THREE, hours=1000)
    assert len(FF_FACTORS()) == 820
    done = CliRunner().invoke(app, ["data", "fetch", "FF3"])
    assert done.exit_code == 1
    assert "FACTOR_UDFS_OFFLINE is set" in done.output
    assert server.asked == []


def test_server_that_cannot_be_reached_is_not_asked_again_at_once(server, monkeypatch):
    monkeypatch.setenv("FACTOR_UDFS_FRENCH_URL", conftest.NOWHERE)
    assert_asks_for_another_source(FF_FACTORS(), "cannot be reached")
    monkeypatch.setenv("FACTOR_UDFS_FRENCH_URL", server.address)
    assert_asks_for_another_source(FF_FACTORS("FF6", "D"), "cannot be reached at ")
    assert server.asked == []
    french_library.fetch(THREE)  # the user asks: that it answers is known for all files then
    assert len(FF_FACTORS("FF6", "D")) == 2013


def test_failure_is_forgotten_in_time(server, monkeypatch):
    server.answers["*"] = fs.status(503)
    assert_asks_for_another_source(FF_FACTORS(), "127.0.0.1 answers 503")
    del server.answers["*"]
    path = store.folder() / f"{THREE}.failed"
    told = json.loads(path.read_bytes())
    for minutes, asked in ((55, 1), (65, 2)):
        then = store.now() - dt.timedelta(minutes=minutes)
        path.write_text(json.dumps(told | {"when": then.isoformat()}))
        FF_FACTORS()
        assert len(server.asked) == asked
    assert not path.exists()


# Answers that are no file of the library --------------------------------------------------------

DUPLICATE = fs.text(THREE).split("\r\n")[10]
ANSWERS = {
    "404": (fs.status(404), "127.0.0.1 answers 404"),
    "500": (fs.status(500), "127.0.0.1 answers 500"),
    "a page": (fs.page, "holds no table of factors by date"),
    "nothing": (b"", "holds no table of factors by date; it begins: nothing"),
    "half, said to be all": (fs.cut_short, "not a whole zip file"),
    "half, then silence": (fs.breaking_off, "broke off in the middle of the file"),
    "a damaged zip": (
        archive(THREE)[:2000] + bytes(200) + archive(THREE)[2200:],
        "damaged or locked zip file",
    ),
    "a zip of two files": (
        lambda handler: fs.whole(handler, two_members()),
        "holds 2 CSV files",
    ),
    "another file": (archive(MOMENTUM), "no monthly column Mkt-RF, SMB"),
    "a column less": (changed(THREE, (",HML,", ",HmL2,")), "no monthly column HML"),
    "a date twice": (
        changed(THREE, (DUPLICATE, f"{DUPLICATE}\r\n{DUPLICATE}")),
        "twice in one table",
    ),
    "a name twice": (changed(THREE, (",SMB,HML,", ",SMB,SMB,")), "SMB twice"),
    "a row too short": (changed(THREE, (DUPLICATE, DUPLICATE[:20])), "columns"),
    "no rows": (
        fs.zipped("\r\n".join([*fs.PROSE["Factors"], ",Mkt-RF,SMB,HML,RF", fs.COPYRIGHT])),
        "holds no table of factors by date",
    ),
    "no years": (
        fs.zipped(fs.text(THREE).partition(" Annual")[0]),
        "has no annual table",
    ),
    "more than 64 MB": (fs.endless, "sends more than 64 MB"),
}


def two_members():
    room = io.BytesIO()
    with zipfile.ZipFile(room, "w") as made:
        made.writestr("a.csv", fs.text(THREE))
        made.writestr("b.csv", fs.text(THREE))
    return room.getvalue()


@pytest.mark.parametrize("case", ANSWERS)
def test_bad_answer_is_one_sentence_asked_for_once_and_never_kept(server, case):
    answer, words = ANSWERS[case]
    server.answers[THREE] = answer
    assert_asks_for_another_source(FF_FACTORS(), f"{THREE} is not on disk")
    with pytest.raises(LibraryError) as caught:
        french_library.fetch(THREE)
    assert words in str(caught.value)
    assert len(server.asked) == 2
    assert_asks_for_another_source(FF_FACTORS())
    assert len(server.asked) == 2
    assert store.read(THREE) is None


@pytest.mark.parametrize("case", ANSWERS)
def test_bad_answer_leaves_the_older_copy_in_use(server, case):
    keep(THREE, hours=30)
    before = store.read(THREE)
    server.answers[THREE] = ANSWERS[case][0]
    result = factors()
    assert result.values.shape == (819, 4)
    assert "30 hours old, is used" in result.warnings[0]
    assert store.read(THREE) == before


def test_new_columns_in_the_library_do_no_harm(server):
    names, first = fs.text(THREE).split("\r\n")[3:5]
    wide = [
        f"{line}, 0.01" if re.match(r"\s*\d{4,6},", line) else line.replace(",RF", ",RF,NEW")
        for line in fs.text(THREE).split("\r\n")
    ]
    server.answers[THREE] = fs.zipped("\r\n".join(wide))
    assert (names, first[:6]) == (",Mkt-RF,SMB,HML,RF", "194901")
    assert factors().values.tolist() == factors(file="sample").values[:, [0, 1, 2, 3]].tolist()


# The time limit ---------------------------------------------------------------------------------


@pytest.mark.parametrize("way", [fs.silent, fs.dripping])
def test_no_cell_waits_longer_than_the_limit(server, monkeypatch, way):
    at_most(0.4, monkeypatch)
    server.answers[THREE] = way
    # Silence lasts a minute, the drip takes ten: an answer here is the limit's work.
    assert_asks_for_another_source(FF_FACTORS(), "sent no whole file within 0.")
    assert server.pieces["sent"] < len(archive(THREE))
    assert_asks_for_another_source(FF_FACTORS(), "sent no whole file within 0.", " s at ")
    assert server.asked == [THREE]


def test_thread_of_a_dripping_download_ends_too(server, monkeypatch):
    at_most(0.3, monkeypatch)
    server.answers[THREE] = fs.dripping
    before = set(threading.enumerate())
    FF_FACTORS()
    for thread in set(threading.enumerate()) - before:
        if thread is not server.thread:
            thread.join(30)
            assert not thread.is_alive()


def test_older_copy_serves_where_the_server_drips(server, monkeypatch):
    at_most(0.3, monkeypatch)
    keep(THREE, hours=30)
    server.answers[THREE] = fs.dripping
    assert len(FF_FACTORS()) == 820


def test_all_downloads_of_a_recalculation_share_one_limit(server, monkeypatch):
    at_most(1, monkeypatch)
    waits = french_library._waits
    with waits.counted():
        assert waits.left(1) > 0
    waits._spans[:] = [[waits._spans[0][0] - 2, waits._spans[0][1]]]  # they took two seconds
    assert_asks_for_another_source(FF_FACTORS(), "the 1 s for downloads are used up")
    assert server.asked == []
    french_library.fetch(THREE)  # not the user's own wish
    assert server.asked == [THREE]


def test_threads_that_wait_at_once_spend_their_seconds_once():
    waits = french_library._Waits()
    with waits.counted(), waits.counted():
        pass
    begin = waits._spans[0][0]
    waits._spans[:] = [[begin - 3, begin - 1], [begin - 2, begin], [begin - 3, begin - 2.5]]
    assert waits.left(10) == pytest.approx(7)


@pytest.mark.parametrize("text", ["soon", "0", "-1", "nan", "1e9"])
def test_limit_that_is_none_is_refused(server, monkeypatch, text):
    monkeypatch.setenv("FACTOR_UDFS_TIME_LIMIT", text)
    assert_sentence(FF_FACTORS(), f'FACTOR_UDFS_TIME_LIMIT is "{text}"', "above 0 and up to 600")


# Several at once --------------------------------------------------------------------------------

ASK = """
import sys
sys.path[:0] = ["core", "."]
from factor_udfs import FF_FACTORS
rows = FF_FACTORS("FF6", "M")
print(len(rows), rows[-1])
"""


def test_programs_that_start_at_once_download_once(server, monkeypatch):
    at_most(60, monkeypatch)  # four programs on a busy machine
    running = [
        subprocess.Popen(
            [sys.executable, "-c", ASK], cwd=ROOT, stdout=subprocess.PIPE, env=os.environ, text=True
        )
        for _ in range(4)
    ]
    answers = {process.communicate(timeout=120)[0] for process in running}
    assert len(answers) == 1
    assert answers.pop().startswith("646 [42825.0, ")
    assert sorted(server.asked) == sorted([FIVE, MOMENTUM])


def test_threads_that_start_at_once_download_once(server):
    with ThreadPoolExecutor(8) as pool:
        results = [pool.submit(FF_FACTORS, "FF3", "M") for _ in range(16)]
        lengths = {len(result.result()) for result in results}
    assert lengths == {820}
    assert server.asked == [THREE]


WRITE = """
import sys
sys.path[:0] = ["core", ".", "tests"]
from french_server import archive
from factor_core import french_store
for i in range(60):
    french_store.keep(sys.argv[1], archive(("F-F_Momentum_Factor", sys.argv[1])[i % 2]), "writer")
"""


def test_reader_sees_the_old_copy_or_the_new_and_nothing_else(empty):
    keep(THREE)
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITE, THREE], cwd=ROOT, env=os.environ)
        for _ in range(2)
    ]
    seen = set()
    while any(process.poll() is None for process in writers):
        copy = store.read(THREE)
        assert copy is not None
        seen.add(copy.data)
    assert [process.wait() for process in writers] == [0, 0]
    assert seen <= {archive(THREE), archive(MOMENTUM)}
    assert not [path for path in store.folder().iterdir() if path.suffix == ".tmp"]


def test_program_that_finds_another_downloading_uses_its_older_copy(server, monkeypatch):
    at_most(0.3, monkeypatch)
    keep(THREE, hours=30)
    with store.one_at_a_time(THREE, 1):
        assert "another program has been downloading" in factors().warnings[0]
    assert server.asked == []
    monkeypatch.setattr(french_library, "_waits", french_library._Waits())  # a minute later
    assert factors().warnings == ()


def test_program_killed_while_downloading_leaves_no_lock(server):
    server.answers[THREE] = fs.silent
    process = subprocess.Popen([sys.executable, "-c", ASK.replace("FF6", "FF3")], cwd=ROOT)
    while not server.asked and process.poll() is None:
        server.ended.wait(0.05)
    process.kill()
    process.wait()
    del server.answers[THREE]
    assert len(FF_FACTORS()) == 820


# The commands -----------------------------------------------------------------------------------


def run(*words):
    return CliRunner().invoke(app, ["data", *map(str, words)], env={"COLUMNS": "80"})


def output(*words):
    done = run(*words)
    assert done.exit_code == 0, done.output
    return done.output


def test_list_shows_every_file_its_age_and_its_end(empty):
    keep(THREE, hours=75)
    keep(MOMENTUM)
    (store.folder() / f"{FIVE}.copy").write_bytes(b"damaged")
    text = output("list")
    rows = {line.split()[0]: line for line in text.splitlines() if line.startswith("F-F_")}
    assert list(rows) == list(FILES)
    assert "3 days" in rows[THREE]
    assert "2017-03-31" in rows[THREE]
    assert re.search(r" \d minutes?$", rows[MOMENTUM].rstrip())
    assert "damaged" in rows[FIVE]
    assert rows[f"{FIVE}_daily"].split()[1:] == ["-", "not", "on", "disk", "-"]
    assert f"fetched again when used: {THREE}\n" in text
    assert "Kenneth R. French" in text
    assert max(len(row.rstrip()) for row in rows.values()) <= 80


def test_list_says_what_failed_and_asks_no_server(server):
    server.answers["*"] = fs.status(404)
    FF_FACTORS()
    asked = list(server.asked)
    assert "127.0.0.1 answers 404 Not Found, last tried 20" in output("list")
    assert server.asked == asked


def test_fetch_without_a_model_gets_every_file(server):
    text = output("fetch")
    assert sorted(server.asked) == sorted(FILES)
    assert "7 of 7 files are fetched into" in text
    assert "819 monthly rows from 1949-01-31 to 2017-03-31" in text
    server.asked.clear()
    for model, frequency in OFFERED:
        factors(model, frequency)
    assert server.asked == []


@pytest.mark.parametrize(
    ("words", "files"),
    [
        (["FF3"], {THREE, f"{THREE}_daily", f"{THREE}_weekly"}),
        (["ff6", "--frequency", "d"], {f"{FIVE}_daily", f"{MOMENTUM}_daily"}),
        (["CAPM", "CARHART", "--frequency", "A"], {THREE, MOMENTUM}),
        (["--frequency", "W"], {f"{THREE}_weekly"}),
        (["FF5"], {FIVE, f"{FIVE}_daily"}),
    ],
)
def test_fetch_gets_the_files_of_its_models_and_no_other(server, words, files):
    output("fetch", *words)
    assert sorted(server.asked) == sorted(files)


def test_fetch_of_kept_files_gets_those_on_disk_only(server):
    keep(MOMENTUM, hours=3)
    output("fetch", "--kept")
    assert server.asked == [MOMENTUM]


def test_fetch_says_what_failed_and_how_to_go_on_by_hand(server):
    server.answers[MOMENTUM] = fs.page
    done = run("fetch", "FF6", "--frequency", "M")
    assert done.exit_code == 3
    assert f"{MOMENTUM}: what came is not the file" in done.output
    assert "1 of 2 files are fetched into" in done.output
    assert "factor-udfs data import FILE" in done.output
    assert run("fetch", "CARHART", "--frequency", "W").exit_code == 1


def test_show_says_what_ff_factors_gives_without_a_network(server):
    keep(FIVE, hours=75)
    keep(MOMENTUM)
    text = output("show", "FF6")
    assert "645 rows from 1963-07-31 to 2017-03-31" in text
    assert f"dropped 174 of 819 rows of {MOMENTUM}" in text
    assert f"sha256 of {FIVE}: {hashlib.sha256(archive(FIVE)).hexdigest()}" in text
    assert "3 days old" in text
    assert "0.170%" in text  # the last month's market: 0.0017 in the sample
    done = run("show", "FF3", "--frequency", "D")
    assert isinstance(done.exception, ValueError)
    assert f"{THREE}_daily is not on disk; run factor-udfs data fetch FF3" in str(done.exception)
    assert server.asked == []


@pytest.mark.parametrize("name", FILES)
def test_file_by_hand_serves_as_if_it_had_been_fetched(empty, tmp_path, name):
    path = tmp_path / "download (1).zip"
    path.write_bytes(archive(name))
    year = dt.datetime(2026, 1, 2, 12, tzinfo=dt.UTC).timestamp()
    os.utime(path, (year, year))
    assert f"{name}: taken 2026-01-0" in output("import", path)
    held = french_library.obtain(name)
    assert held.warning == ""  # put here today: no download follows
    assert held.copy.taken == dt.datetime(2026, 1, 2, 12, tzinfo=dt.UTC)
    assert held.copy.source == str(path.resolve())


def test_csv_by_hand_serves_as_its_zip_does(empty, tmp_path):
    path = tmp_path / "F-F_Research_Data_Factors.CSV"
    path.write_bytes(fs.text(THREE).encode())
    output("import", path)
    assert factors().values.tolist() == factors(file=path).values.tolist()


def test_import_of_one_bad_file_keeps_none(empty, tmp_path):
    good, bad = tmp_path / "good.zip", tmp_path / "bad.zip"
    good.write_bytes(archive(THREE))
    for content, words in (
        (b"<html>", "holds no table of factors"),
        (fs.zipped(fs.text(THREE).partition(" Annual")[0]), "no annual table"),
        (
            fs.zipped(",Agric,Soda\r\n192607, 1.00, 2.00\r\n192608, 1.00, 2.00\r\n"),
            "monthly AGRIC, SODA: none of the files",
        ),
    ):
        bad.write_bytes(content)
        done = run("import", good, bad)
        assert isinstance(done.exception, InputError)
        assert words in str(done.exception)
        assert store.read(THREE) is None


def test_import_of_an_older_file_must_be_meant(empty, tmp_path):
    keep(THREE)
    path = tmp_path / "old.zip"
    last = fs.text(THREE).split("\r\n")[822]
    assert last.startswith("201703")
    path.write_bytes(changed(THREE, (f"{last}\r\n", "")))
    done = run("import", path)
    assert "ends on 2017-02-28, the copy" in str(done.exception)
    assert "add --replace" in str(done.exception)
    assert store.read(THREE).data == archive(THREE)
    output("import", path, "--replace")
    assert str(day_of(factors(), -1)) == "2017-02-28"


def test_page_names_every_setting_and_commands_that_exist():
    page = (ROOT / "docs" / "data.md").read_text(encoding="utf-8")
    sources = "".join(path.read_text("utf-8") for path in (ROOT / "core").rglob("french*.py"))
    settings = set(re.findall(r"FACTOR_UDFS_[A-Z_]+", page))
    assert settings == set(re.findall(r"FACTOR_UDFS_[A-Z_]+", sources))
    commands = set(re.findall(r"factor-udfs data ([a-z]+)", page))
    assert commands == {"list", "fetch", "show", "import"}
    for command in commands:
        assert run(command, "--help").exit_code == 0
    assert set(FILES) <= set(re.findall(r"`(F-F_\w+)`", page))


# The suite itself -------------------------------------------------------------------------------


def test_wall_refuses_other_computers_and_tells_of_it():
    far = ("192.0.2.1", 80)  # an address for documentation: there is nothing
    with socket.socket() as plug:
        for way in (plug.connect, plug.connect_ex, lambda _: socket.getaddrinfo("a.invalid", 80)):
            with pytest.raises(OSError, match="stay on this computer"):
                way(far)
    assert conftest.outside == [str(far), str(far), "a.invalid"]
    conftest.outside.clear()


def test_download_that_meets_the_wall_is_told_of(empty, monkeypatch):
    monkeypatch.delenv("FACTOR_UDFS_FRENCH_URL")
    assert_asks_for_another_source(FF_FACTORS(), "mba.tuck.dartmouth.edu cannot be reached")
    assert set(conftest.outside) == {"mba.tuck.dartmouth.edu"}
    conftest.outside.clear()


def test_frenchs_own_address_is_asked_over_tls(monkeypatch):
    from factor_core import french_download  # noqa: PLC0415

    monkeypatch.delenv("FACTOR_UDFS_FRENCH_URL")
    assert french_download.address_of(MOMENTUM) == (
        "https://mba.tuck.dartmouth.edu/pages/faculty/ken.french/ftp/F-F_Momentum_Factor_CSV.zip"
    )


def test_address_follows_pandas_datareader(server, monkeypatch):
    monkeypatch.delenv("FACTOR_UDFS_FRENCH_URL")
    monkeypatch.setattr("pandas_datareader.famafrench._URL", server.address)
    assert len(FF_FACTORS()) == 820
    assert server.asked == [THREE]


def test_every_served_file_holds_what_the_library_must():
    for name, file in FILES.items():
        tables = tables_in(name, archive(name))
        assert [table.frequency for table in tables] == list(file.frequencies)
        assert all(table.names == file.columns for table in tables)
    assert len(sample.monthly().dates) == 819
