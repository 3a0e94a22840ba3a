"""A port is held before anything is started, and one that is taken is named."""

from __future__ import annotations

import errno
import os
import socket

import pytest

from churn_assets.ui.listener import PortTaken, listen


@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0"])  # noqa: S104 - what others may do
def test_a_taken_port_is_refused_with_its_number_and_the_option(address: str) -> None:
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind((address, 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(PortTaken, match=rf"Port {port} of 127\.0\.0\.1 is taken by another program.*--port"):
            listen(port)


def test_a_second_one_cannot_have_it_either() -> None:
    with listen(0) as first, pytest.raises(PortTaken):
        listen(first.getsockname()[1])


def test_only_this_machine_is_listened_to_and_children_do_not_inherit_it() -> None:
    with listen(0) as listener:
        assert listener.getsockname()[0] == "127.0.0.1"
        assert not os.get_inheritable(listener.fileno())


def test_a_port_whose_server_has_just_ended_is_free() -> None:
    """Its last connection waits for a minute in the kernel."""
    listener = listen(0)
    port = listener.getsockname()[1]
    with socket.create_connection(("127.0.0.1", port)) as client:
        served, _ = listener.accept()
        served.close()
        listener.close()
        assert client.recv(1) == b""
    listen(port).close()


def test_a_port_of_the_system_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    class Refusing(socket.socket):
        def bind(self, _address: object) -> None:
            raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(socket, "socket", Refusing)
    with pytest.raises(
        PortTaken, match=r"Port 80 of 127\.0\.0\.1 is kept for the system: choose one from 1024 up with --port"
    ):
        listen(80)
