"""The runbook: each session runs in the environment that `make test` has set up.

nox -s tests lint types        what `make test` runs
nox -s docs template           rewrite what is generated
nox -s pictures                draw the template's sheets for the docs (LibreOffice, poppler)
nox -s package                 make dist/factor-udfs-VERSION.zip, for analysts on Windows
nox -s bench                   time it beside its peers, and write docs/performance.md
"""

from __future__ import annotations

import sys

import nox

PYTHON = sys.executable
nox.options.default_venv_backend = "none"
nox.options.sessions = ["lint", "types", "tests"]


@nox.session
def tests(session: nox.Session) -> None:
    session.run(PYTHON, "-m", "pytest", "-q", "-n", "2", "--dist", "loadfile", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    session.run(PYTHON, "-m", "ruff", "check", ".")
    session.run(PYTHON, "-m", "ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    session.run(PYTHON, "-m", "mypy")


@nox.session
def docs(session: nox.Session) -> None:
    session.run(PYTHON, "-m", "factor_core.docs")


@nox.session
def template(session: nox.Session) -> None:
    session.run(PYTHON, "-m", "factor_core", "template")


@nox.session
def pictures(session: nox.Session) -> None:
    session.run(PYTHON, "scripts/render_sheets.py", "workbook_template.xlsm", "docs/images")


@nox.session
def package(session: nox.Session) -> None:
    session.run(PYTHON, "scripts/package.py", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    peers = ("--constraint", "constraints.txt", "--group", "bench")
    # A peer that cannot be installed here is left out; the page says so.
    session.run(PYTHON, "-m", "pip", "install", "--quiet", *peers, success_codes=[0, 1])
    session.run(PYTHON, "benchmarks/run.py", *session.posargs)
