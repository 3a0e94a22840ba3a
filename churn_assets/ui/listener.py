"""The port that the UI is served on, bound before anything is started, so that a taken port is reported at once."""

from __future__ import annotations

import errno
import socket

from churn_assets.failures import Failure

ADDRESS = "127.0.0.1"
WAITING = 128  # connections of a browser that is quicker than the server; they are answered once it runs
STEPS = {
    errno.EADDRINUSE: "is taken by another program, perhaps by the UI of another home: stop it, or choose another port",
    errno.EACCES: "is kept for the system: choose one from 1024 up",
}


class PortTaken(Failure, code="server"):
    """Nothing can be served on a port."""


def listen(port: int) -> socket.socket:
    """A listening socket on this machine's own address; port 0: any that is free. Raises PortTaken."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        # A port whose last server has just ended may be used again; one that somebody listens on still may not.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((ADDRESS, port))
        listener.listen(WAITING)
    except OSError as error:
        listener.close()
        if error.errno not in STEPS:
            raise
        raise PortTaken(f"Port {port} of {ADDRESS} {STEPS[error.errno]} with --port (0: any that is free).") from error
    return listener
