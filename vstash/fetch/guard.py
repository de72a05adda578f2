"""May this address be asked, and at which numbers? Names are looked up here, once: the connection goes to the very
number that was checked, so a name that changes its mind in between gains nothing."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any

from vstash.errors import UnsupportedSource

SCHEMES = ("http", "https")
PORTS = {"http": 80, "https": 443}
_TRANSLATED = IPv6Network("64:ff9b::/96")  # RFC 6052: the last four bytes are an IPv4 address

Number = IPv4Address | IPv6Address
LookUp = Callable[..., Sequence[tuple[Any, ...]]]  # as socket.getaddrinfo


def is_public(number: str) -> bool:
    """Whether a numeric address is one of the open internet, also once unwrapped from IPv6."""
    try:
        found = ip_address(number.partition("%")[0])
    except ValueError:
        return False
    inner = _unwrapped(found)
    if isinstance(inner, IPv6Address) and inner.is_site_local:  # deprecated, and global to Python
        return False
    return inner.is_global and not (inner.is_multicast or inner.is_reserved)


def numbers_of(look_up: LookUp, host: str, port: int, address: str, *, allow_private: bool) -> list[str]:
    """The numeric addresses of a host, in the resolver's order. Waits for the resolver.

    Raises: UnsupportedSource when there are none, or one of them is not public and that is not allowed.
    """
    try:
        found = look_up(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise UnsupportedSource(
            f"{address} cannot be reached, {host} has no address ({said})", hint="check the spelling and the network"
        ) from error
    numbers = list(dict.fromkeys(str(one[4][0]) for one in found))
    refused = [] if allow_private else [number for number in numbers if not is_public(number)]
    if refused:
        raise UnsupportedSource(
            f"{address} leads into a private network ({refused[0]})", hint="if you trust it: --allow-private"
        )
    return numbers


def _unwrapped(found: Number) -> Number:
    """The IPv4 address that an IPv6 address stands for, if it does."""
    if isinstance(found, IPv6Address):
        if found in _TRANSLATED:
            return IPv4Address(int(found) & 0xFFFFFFFF)
        return found.ipv4_mapped or found.sixtofour or found
    return found
