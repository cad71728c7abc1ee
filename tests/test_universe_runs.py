"""Runs of `factor-udfs table` that are interrupted, lose workers, or meet changed files.

Everything runs on this machine: processes of its own, and a Dask cluster on the loopback address.
"""

import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import psutil
import pytest
import universe_data as data
from test_universe import same

from factor_core import universe_workers
from factor_core.errors import FactorError, InputError
from factor_core.universe import Histories, Job, partitions
from factor_core.universe_run import Options, Workers, estimate_universe

ROOT = Path(__file__).parent.parent
SOON = 20  # seconds, far more than anything here takes
FORMS = ("wide.parquet", "wide.csv", "long.csv")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("universe")
    data.write_all(folder)
    return folder


@pytest.fixture(scope="module")
def expected(folder):
    out = folder / "expected.parquet"
    estimate_universe(folder / "wide.parquet", folder / "factors.csv", out, workers=Workers(1))
    return data.read(out)[1]


def run(folder, form, out, progress=lambda *_: None, options=None, **workers):
    workers = Workers(**({"count": 1, "assets": 2} | workers))
    return estimate_universe(folder / form, folder / "factors.csv", out, options, workers, progress)


def after(partitions_done, act, size=2):
    """Return a progress that acts once, when so many partitions are estimated."""
    acted = []

    def progress(done, _total, what):
        if what == "assets estimated" and done >= partitions_done * size and not acted:
            acted.append(done)
            act()

    return progress


def interrupt():
    raise KeyboardInterrupt


def parts(out):
    return sorted((out.parent / f"{out.name}.parts" / "parts").glob("*.parquet"))


def interrupted(folder, form, out):
    """Stop a run when three of its twelve partitions are kept."""
    with pytest.raises(KeyboardInterrupt):
        run(folder, form, out, after(3, interrupt))
    assert not out.exists()
    assert len(parts(out)) == 3


# ------------------------------------------------------------------ interrupted and resumed


@pytest.mark.parametrize("form", FORMS)
def test_an_interrupted_run_goes_on_and_ends_in_the_same_table(folder, tmp_path, expected, form):
    out = tmp_path / "t.parquet"
    interrupted(folder, form, out)
    before = {path: path.stat().st_mtime_ns for path in parts(out)}
    seen = []

    def look(*_):
        seen.append({path: path.stat().st_mtime_ns for path in before if path.exists()})

    report = run(folder, form, out, after(5, look))
    assert seen == [before]
    assert (report.kept, report.partitions) == (3, 12)
    same(data.read(out)[1], expected)
    assert list(tmp_path.iterdir()) == [out]


def test_a_run_that_was_stopped_while_writing_the_table_only_writes_it(folder, tmp_path, expected):
    out = tmp_path / "t.parquet"

    def stop(done, _total, what):
        if (done, what) == (6, "writing the table"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(folder, "wide.parquet", out, stop)
    assert not out.exists()
    nowhere = "tcp://127.0.0.1:1"  # and needs no cluster for it
    report = run(folder, "wide.parquet", out, count=None, scheduler=nowhere)
    assert (report.kept, report.partitions) == (12, 12)
    same(data.read(out)[1], expected)
    assert list(tmp_path.iterdir()) == [out]


def test_a_spool_that_is_whole_is_not_made_again(folder, tmp_path):
    said = []
    interrupted(folder, "long.csv", tmp_path / "t.parquet")
    run(folder, "long.csv", tmp_path / "t.parquet", lambda *what: said.append(what[-1]))
    assert "assets estimated" in said
    assert "rows laid down by asset" not in said


def test_a_spool_that_is_damaged_is_made_again(folder, tmp_path, expected):
    out = tmp_path / "t.parquet"
    interrupted(folder, "wide.csv", out)
    spooled = max((tmp_path / "t.parquet.parts" / "spool").glob("*.returns"))
    spooled.write_bytes(spooled.read_bytes()[:-8])
    assert run(folder, "wide.csv", out).kept == 3
    same(data.read(out)[1], expected)


def changed_returns(folder, _options):
    names, y, _ = data.panel()
    y[70, 2] += 1e-9
    data.write(folder / "wide.parquet", names, y)


def changed_factors(folder, _options):
    _, _, x = data.panel()
    x[70, 2] += 1e-9
    data.write(folder / "factors.csv", data.FACTORS, x)


@pytest.mark.parametrize(
    ("change", "options", "size"),
    [
        (changed_returns, Options(), 2),
        (changed_factors, Options(), 2),
        (None, Options(se="ols"), 2),
        (None, Options(periods=12), 2),
        (None, Options(), 3),
    ],
)
def test_parts_of_other_inputs_or_options_never_enter_the_table(tmp_path, change, options, size):
    data.write_all(tmp_path)
    out, fresh = tmp_path / "t.parquet", tmp_path / "fresh.parquet"
    interrupted(tmp_path, "wide.parquet", out)
    if change:
        change(tmp_path, options)
    report = run(tmp_path, "wide.parquet", out, options=options, assets=size)
    run(tmp_path, "wide.parquet", fresh, options=options, assets=size)
    assert report.kept == 0
    assert report.notes == [
        "The parts of an earlier run were discarded: its files or options differ."
    ]
    assert data.read(out) == data.read(fresh)


def test_without_resume_everything_is_done_again(folder, tmp_path, expected):
    out = tmp_path / "t.parquet"
    interrupted(folder, "wide.parquet", out)
    assert run(folder, "wide.parquet", out, resume=False).kept == 0
    same(data.read(out)[1], expected)


def test_a_damaged_part_and_one_of_another_run_are_done_again(folder, tmp_path, expected):
    out, other = tmp_path / "t.parquet", tmp_path / "other.parquet"
    interrupted(folder, "wide.parquet", out)
    with pytest.raises(KeyboardInterrupt):
        run(folder, "wide.parquet", other, after(3, interrupt), Options(periods=12))
    damaged, foreign, _ = parts(out)
    damaged.write_bytes(damaged.read_bytes()[:-20])
    foreign.write_bytes(parts(other)[1].read_bytes())
    assert run(folder, "wide.parquet", out).kept == 1
    same(data.read(out)[1], expected)


def test_two_runs_to_one_output_never_mix(folder, tmp_path):
    out, other = tmp_path / "t.parquet", tmp_path / "other.parquet"
    with pytest.raises(KeyboardInterrupt):
        run(folder, "wide.parquet", other, after(3, interrupt), Options(periods=12))

    def intrude():
        parts(out)[1].write_bytes(parts(other)[1].read_bytes())

    with pytest.raises(FactorError, match="was changed by another run to the same --out"):
        run(folder, "wide.parquet", out, after(5, intrude))
    assert not out.exists()


def test_returns_that_change_during_the_run_stop_it(tmp_path):
    data.write_all(tmp_path)
    change = after(3, lambda: changed_returns(tmp_path, None))
    with pytest.raises(FactorError, match=r"wide\.parquet has changed since the run began"):
        run(tmp_path, "wide.parquet", tmp_path / "t.parquet", change)
    assert not (tmp_path / "t.parquet").exists()


def start(folder, out):
    """Start the command line in a process of its own, with two workers, a partition an asset."""
    command = ["table", folder / "slow.parquet", "--factors", folder / "factors.csv", "--out", out]
    command += ["--partition-size", "1", "--workers", "2"]
    # A background job of a shell hands down that Ctrl-C is ignored; at a keyboard it is not.
    inherited = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return subprocess.Popen(
            [sys.executable, "-m", "factor_core", *map(str, command)],
            env={**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "core")))},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
    finally:
        signal.signal(signal.SIGINT, inherited)


def wait_until(true):
    end = time.monotonic() + SOON
    while not true():
        assert time.monotonic() < end, "nothing happens"
        time.sleep(0.002)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_command_that_is_killed_goes_on_where_it_was(folder, tmp_path, how):
    many = 250
    y = np.random.default_rng(7).normal(0, 0.01, (data.ROWS, many))
    names = [f"A{j}" for j in range(many)]
    data.write(folder / "slow.parquet", names, y)
    out = tmp_path / "t.parquet"
    killed = start(folder, out)
    wait_until(lambda: len(parts(out)) >= 5 or killed.poll() is not None)
    workers = psutil.Process(killed.pid).children(recursive=True)
    os.kill(killed.pid, how)
    said, _ = killed.communicate(timeout=SOON)
    assert killed.returncode == (130 if how == signal.SIGINT else -how)
    assert ("the same command goes on from there" in said) == (how == signal.SIGINT)
    assert "Traceback" not in said
    assert not out.exists()
    assert len(workers) >= 2
    assert psutil.wait_procs(workers, timeout=SOON)[1] == []  # no orphan is left
    kept = len(parts(out))
    assert 5 <= kept < many
    report = run(folder, "slow.parquet", out, assets=1)
    assert (report.kept, report.exit_code) == (kept, 0)
    assert list(data.read(out)[1]) == names


# ------------------------------------------------------------------ workers of this machine


def kill_a_worker():
    worker = next(child for child in multiprocessing.active_children() if "Spawn" in child.name)
    os.kill(worker.pid, signal.SIGKILL)


def test_a_partition_whose_worker_dies_is_done_by_another(folder, tmp_path, expected):
    out = tmp_path / "t.parquet"
    killing = after(3, kill_a_worker, size=1)
    report = run(folder, "wide.parquet", out, killing, count=2, assets=1)
    same(data.read(out)[1], expected)
    assert report.notes == ["Workers were lost 1 time(s); their partitions were redone."]


@dataclass(frozen=True)
class Deadly:
    """A source whose third partition kills whoever reads it, as too large a partition does."""

    def read(self, partition):
        if partition.number == 2:
            os._exit(9)
        rng = np.random.default_rng(partition.number)
        return Histories(rng.normal(0, 0.01, (50, len(partition.names))), {})


def job(source):
    x = np.random.default_rng(0).normal(0, 0.01, (50, 1))
    return Job(source, data.days(50), x, ("MKT",), None, 252, "ols", "")


def test_a_partition_that_kills_every_worker_ends_the_run_with_a_sentence():
    lost = []
    done = universe_workers.in_processes(
        job(Deadly()), partitions(list("ABCD"), 1), 2, lambda: lost.append(1)
    )
    with pytest.raises(FactorError, match=r"workers die at the partitions .*2.*--partition-size"):
        list(done)
    assert len(lost) >= universe_workers.MOST_LOSSES - 1  # more where others were done between


# ------------------------------------------------------------------ a Dask cluster


@pytest.fixture(scope="module")
def cluster():
    from distributed import LocalCluster  # noqa: PLC0415  a second that only these tests need

    with LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        host="127.0.0.1",
        dashboard_address=None,
        memory_limit=0,
        silence_logs="CRITICAL",
    ) as running:
        yield running


@pytest.mark.parametrize("form", FORMS)
def test_a_cluster_gives_the_same_table(cluster, folder, tmp_path, expected, form):
    out = tmp_path / "t.csv"
    address = cluster.scheduler_address
    report = run(folder, form, out, count=None, scheduler=address, assets=5)
    rows = {name: (*row[:-1], row[-1] or None) for name, row in data.read(out)[1].items()}
    same(rows, expected)
    assert (report.partitions, report.exit_code) == (5, 3)


def test_a_partition_whose_worker_the_cluster_loses_is_done_by_another(
    cluster, folder, tmp_path, expected
):
    out, pids = tmp_path / "t.parquet", []

    def kill():
        pids.append(next(iter(cluster.workers.values())).pid)
        os.kill(pids[0], signal.SIGKILL)

    address = cluster.scheduler_address
    run(folder, "wide.parquet", out, after(3, kill, 1), count=None, scheduler=address, assets=1)
    assert len(pids) == 1
    same(data.read(out)[1], expected)


def test_what_goes_wrong_on_a_worker_is_a_sentence_here(cluster, folder, tmp_path):
    def fail(bad, expected):
        with pytest.raises(FactorError, match=expected):
            list(universe_workers.on_cluster(bad, partitions(["A"], 1), cluster.scheduler_address))

    fail(replace(job(Deadly()), version="0.0.1"), "install the same version on both")
    out, moved = tmp_path / "t.parquet", tmp_path / "elsewhere"

    def move():
        (tmp_path / "t.parquet.parts" / "spool").rename(moved)

    progress = after(0, move)
    with pytest.raises(
        FactorError, match=r"sees no file .* put RETURNS and --out where every worker"
    ):
        run(folder, "long.csv", out, progress, count=None, scheduler=cluster.scheduler_address)


def test_a_scheduler_that_does_not_answer_is_a_sentence(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(universe_workers, "PATIENCE", 0.5)
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{closed.getsockname()[1]}"
    with pytest.raises(InputError, match=f"no Dask scheduler answers at {address}"):
        run(folder, "wide.parquet", tmp_path / "t.parquet", count=None, scheduler=address)
