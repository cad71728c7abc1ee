"""What several test modules share, and the wall between the suite and the network."""

from __future__ import annotations

import os
import socket

import pytest

NOWHERE = "http://127.0.0.1:9/"  # no server: what asks for the library is refused at once
LOCAL = {"127.0.0.1", "::1", "localhost", "", None}
outside: list[str] = []  # who tried to leave this computer during a test


@pytest.fixture(scope="session")
def template_bytes():
    """Return the template on the built-in sample, built and calculated once a session."""
    # Imported here, so that tests of the maths alone start without the workbook's libraries.
    from factor_core.workbook.build import build, sample_data  # noqa: PLC0415

    return build(sample_data()).workbook


@pytest.fixture(scope="session", autouse=True)
def _library_on_disk(tmp_path_factory):
    """Give every test, and every program that it starts, copies of the library made from ours."""
    from french_server import archive  # noqa: PLC0415

    from factor_core import french_store  # noqa: PLC0415
    from factor_core.french_files import FILES  # noqa: PLC0415

    os.environ["FACTOR_UDFS_DATA"] = str(tmp_path_factory.mktemp("french"))
    os.environ["FACTOR_UDFS_FRENCH_URL"] = NOWHERE
    for name in FILES:
        french_store.keep(name, archive(name), "the shipped data")


def _local(address):
    return not isinstance(address, tuple) or address[0] in LOCAL


@pytest.fixture(scope="session", autouse=True)
def _no_way_out():
    """Refuse every connection to another computer, and keep who tried."""
    patch = pytest.MonkeyPatch()
    connect, connect_ex, lookup = (
        socket.socket.connect,
        socket.socket.connect_ex,
        socket.getaddrinfo,
    )

    def guarded(way):
        def refuse_others(self, address):
            if not _local(address):
                outside.append(str(address))
                raise OSError("the tests stay on this computer")
            return way(self, address)

        return refuse_others

    def guarded_lookup(host, *arguments, **named):
        if (host.decode() if isinstance(host, bytes) else host) not in LOCAL:
            outside.append(str(host))
            raise socket.gaierror("the tests stay on this computer")
        return lookup(host, *arguments, **named)

    patch.setattr(socket.socket, "connect", guarded(connect))
    patch.setattr(socket.socket, "connect_ex", guarded(connect_ex))
    patch.setattr(socket, "getaddrinfo", guarded_lookup)
    yield
    patch.undo()


@pytest.fixture(autouse=True)
def _stayed_at_home():
    """Fail the test that tried to reach another computer, though the code took it for bad luck."""
    outside.clear()
    yield
    assert outside == []
