"""Which machines a receiver may be: those of the internet, this machine where it is named, and others that are allowed.

A name can be pointed at a machine inside (a router, the metadata service of a cloud at 169.254.169.254), so what counts
is the address that a connection has in the end, before a byte of a message is sent over it.
"""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address
from typing import TYPE_CHECKING, Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from churn_assets.settings.receivers import is_loopback

if TYPE_CHECKING:
    from collections.abc import Collection
    from socket import socket


class OutOfReach(OSError):
    """A receiver's name leads to a machine inside that nobody has allowed."""


def refuse_inside(host: str, address: str, allowed: Collection[str]) -> None:
    """Raise OutOfReach if `address`, to which the name `host` led, is none of the internet's.

    `allowed`: names of hosts that may be inside.
    """
    ip = ip_address(address.split("%", maxsplit=1)[0])
    if isinstance(ip, IPv6Address) and ip.ipv4_mapped:
        ip = ip.ipv4_mapped
    if ip.is_global and not ip.is_multicast:
        return
    if host.lower() in allowed or (ip.is_loopback and is_loopback(host)):
        return
    raise OutOfReach(
        f"the receiver's name leads to an address inside ({ip}): if that is meant, name it in delivery.private_hosts"
    )


class ReachAdapter(HTTPAdapter):
    """HTTP to receivers within reach. Through a proxy of the environment the connection is the proxy's to check."""

    def __init__(self, allowed: Collection[str]) -> None:
        self._allowed = allowed
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        allowed = self._allowed

        class Plain(HTTPConnection):
            def _new_conn(self) -> socket:
                return _checked(super()._new_conn(), self.host, allowed)

        class Secure(HTTPSConnection):
            def _new_conn(self) -> socket:
                return _checked(super()._new_conn(), self.host, allowed)

        class PlainPool(HTTPConnectionPool):
            ConnectionCls = Plain

        class SecurePool(HTTPSConnectionPool):
            ConnectionCls = Secure

        self.poolmanager.pool_classes_by_scheme = {"http": PlainPool, "https": SecurePool}


def _checked(connected: socket, host: str, allowed: Collection[str]) -> socket:
    try:
        refuse_inside(host.strip("[]"), connected.getpeername()[0], allowed)
    except OutOfReach:
        connected.close()
        raise
    return connected
