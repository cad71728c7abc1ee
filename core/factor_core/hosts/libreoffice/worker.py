"""The process in which the functions run when LibreOffice's own Python cannot: calls over pipes.

A greeting says that the worker is ready. Then each question, name and cells, is answered with rows;
a message is its length in 8 bytes and a pickle. It ends when LibreOffice ends: the pipe does.
"""

from __future__ import annotations

import os
import pickle
import sys
from typing import BinaryIO

from factor_core.hosts.libreoffice import engine
from factor_core.hosts.libreoffice.component import GREETING, HEAD, RANGES_ONLY


def main() -> None:
    """Answer until the pipe ends."""
    questions, answers = _own_pipes()
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    host = f"{sys.argv[1]} (worker process, Python {version})"
    engine.start(host, ranges_only=RANGES_ONLY in sys.argv[2:])
    answers.write(GREETING)
    answers.flush()
    while len(head := questions.read(HEAD.size)) == HEAD.size:
        name, cells = pickle.loads(questions.read(HEAD.unpack(head)[0]))  # noqa: S301  our component
        _say(answers, engine.call(name, cells))


def _own_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Return the pipes under new numbers: what any code prints or reads must not touch them."""
    questions, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    return questions, answers


def _say(answers: BinaryIO, message: object) -> None:
    body = pickle.dumps(message, 4)  # the highest that Python 3.8 reads
    answers.write(HEAD.pack(len(body)) + body)
    answers.flush()


if __name__ == "__main__":
    main()
