"""What does an address hold now? One GET at a time through httpx2, the client that Pydantic maintains.

Redirects are followed here, each checked like the address that was asked for; time and size are bounded.
"""

from __future__ import annotations

import socket
import ssl
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from vstash import __version__
from vstash.errors import InputError, SourceTooLarge, UnsupportedSource
from vstash.extras import require
from vstash.fetch.guard import PORTS, SCHEMES, LookUp, numbers_of
from vstash.fetch.robots import AGENT, ALL_FORBIDDEN, Robots

if TYPE_CHECKING:
    from types import ModuleType

MOVED = (301, 302, 303, 307, 308)
ROBOTS_BYTES = 512 << 10  # RFC 9309 asks for 500 KiB at least


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one address may take: `seconds` from the first look-up to the last byte, `size` in bytes, unpacked."""

    seconds: float = 60.0
    size: int = 64 << 20
    redirects: int = 5


@dataclass(frozen=True, slots=True)
class Answer:
    """What an address gave: `address` is where the redirects ended, `headers` have lower-case names.

    `status` is 200, or 304 when it has not changed since the headers that were sent along.
    """

    address: str
    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class _Request:
    """One GET: `said` is the address that errors name, `cut` keeps what fits of a body larger than `size`."""

    address: str
    said: str
    conditions: Mapping[str, str]
    size: int
    cut: bool = False


class Fetcher:
    """Asks addresses, and remembers what each site's robots.txt forbids for as long as it lives. `look_up` is
    the resolver, asked once for each request.

    Raises: MissingExtra without what the extra brings.
    """

    def __init__(
        self, *, allow_private: bool = False, bounds: Bounds | None = None, look_up: LookUp = socket.getaddrinfo
    ) -> None:
        self._httpx: ModuleType = require("httpx2", "web")
        self._anyio: ModuleType = require("anyio", "web")
        self._threads: ModuleType = require("anyio.from_thread", "web")
        self._allow_private = allow_private
        self._bounds = bounds or Bounds()
        self._look_up = look_up
        self._robots: dict[str, Robots] = {}
        self._tls: ssl.SSLContext = self._httpx.create_ssl_context(trust_env=False)

    def normal(self, address: str) -> str:
        """The address in its normal form, without the fragment. Raises: UnsupportedSource."""
        try:
            url = self._httpx.URL(address.strip()).copy_with(fragment=None)
        except (self._httpx.InvalidURL, ValueError) as error:
            raise UnsupportedSource(f"{address} is no address: {error}", hint="copy it from the browser") from error
        if url.scheme not in SCHEMES or not url.host:
            raise UnsupportedSource(f"{address} is no web page", hint="give an address with http:// or https://")
        if url.userinfo:
            raise UnsupportedSource(
                f"the address of {url.host} holds a name or password, which would be stored", hint="leave it out"
            )
        return str(url.copy_with(path="/") if not url.path else url)

    def get(self, address: str, conditions: Callable[[str], Mapping[str, str]] = lambda address: {}) -> Answer:
        """What the address holds; `conditions` are headers to send along to each address on the way.

        Raises: UnsupportedSource where there is nothing to be had, SourceTooLarge past the bounds.
        """
        with self._threads.start_blocking_portal() as portal:
            answer: Answer = portal.call(self._within_time, address, conditions)
        return answer

    async def _within_time(self, address: str, conditions: Callable[[str], Mapping[str, str]]) -> Answer:
        try:
            with self._anyio.fail_after(self._bounds.seconds):
                return await self._follow(self.normal(address), conditions)
        except TimeoutError as error:
            raise SourceTooLarge(
                f"{address} was not there after {self._bounds.seconds:g} s", hint="try again later"
            ) from error

    async def _follow(self, address: str, conditions: Callable[[str], Mapping[str, str]]) -> Answer:
        asked = address
        for _ in range(self._bounds.redirects + 1):
            await self._require_welcome(address)
            answer = await self._ask(_Request(address, address, conditions(address), self._bounds.size))
            if answer.status not in MOVED:
                return _require_good(answer, conditional=bool(conditions(address)))
            address = self._target(answer)
        raise UnsupportedSource(
            f"{asked} was redirected more than {self._bounds.redirects} times", hint="open it in the browser"
        )

    def _target(self, answer: Answer) -> str:
        target = answer.headers.get("location", "")
        try:
            return self.normal(str(self._httpx.URL(answer.address).join(target)) if target else "")
        except (self._httpx.InvalidURL, InputError, ValueError) as error:
            raise UnsupportedSource(
                f"{answer.address} redirects to {target or 'nowhere'}, which is no web page",
                hint="open it in the browser",
            ) from error

    async def _require_welcome(self, address: str) -> None:
        """Raises UnsupportedSource where robots.txt asks to stay away (RFC 9309)."""
        site = str(self._httpx.URL(address).copy_with(raw_path=b"/robots.txt"))
        if site not in self._robots:
            self._robots[site] = Robots(await self._rules(site, address))
        if not self._robots[site].allow(address):
            raise UnsupportedSource(
                f"{address} is closed to programs by its site's robots.txt", hint="save the page and add the file"
            )

    async def _rules(self, site: str, said: str) -> str:
        """What robots.txt says: nothing where there is none, a ban where the site cannot say (RFC 9309, 2.3.1)."""
        for _ in range(self._bounds.redirects + 1):
            answer = await self._ask(_Request(site, said, {}, ROBOTS_BYTES, cut=True))
            if answer.status in MOVED:
                site = self._target(answer)
            elif answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                return ALL_FORBIDDEN
            else:
                return answer.body.decode("utf-8-sig", "replace") if answer.status == HTTPStatus.OK else ""
        return ""

    async def _ask(self, wanted: _Request) -> Answer:
        """One GET of one address, from the first of its checked numbers that answers."""
        url = self._httpx.URL(wanted.address)
        port = url.port or PORTS[url.scheme]
        numbers = await self._anyio.to_thread.run_sync(
            lambda: numbers_of(self._look_up, url.host, port, wanted.said, allow_private=self._allow_private),
            abandon_on_cancel=True,
        )
        try:
            for number in numbers[:-1]:
                try:
                    return await self._ask_at(number, url, wanted)
                except (self._httpx.ConnectError, self._httpx.ConnectTimeout):
                    continue
            return await self._ask_at(numbers[-1], url, wanted)
        except self._httpx.HTTPError as error:
            raise _unreachable(wanted.said, error) from error
        except zlib.error as error:
            raise UnsupportedSource(f"{wanted.said} came packed and damaged", hint="try again later") from error

    async def _ask_at(self, number: str, url: Any, wanted: _Request) -> Answer:
        """Ask one number for the address; the certificate must be the host's all the same."""
        headers = {
            "Host": url.netloc.decode("ascii"),
            "User-Agent": f"{AGENT}/{__version__}",
            "Accept": "text/html, application/xhtml+xml, */*;q=0.8",
            "Accept-Encoding": "gzip",
            **wanted.conditions,
        }
        async with self._httpx.AsyncClient(
            verify=self._tls, trust_env=False, timeout=self._bounds.seconds
        ) as client:  # one for each request, so that no cookie goes from one host to the next
            request = client.build_request(
                "GET", url.copy_with(host=number), headers=headers, extensions={"sni_hostname": url.host}
            )
            response = await client.send(request, stream=True)
            try:
                body = await _read(response, wanted) if response.status_code == HTTPStatus.OK else b""
            finally:
                await response.aclose()
            lowered = {name.lower(): value for name, value in response.headers.items()}
            return Answer(wanted.address, response.status_code, lowered, body)


async def _read(response: Any, wanted: _Request) -> bytes:
    """The body, unpacked no further than its bound. Raises: zlib.error for one that breaks off."""
    gunzip = _unpacker(response.headers.get("content-encoding", "").strip().lower(), wanted.said)
    body = bytearray()
    async for part in response.aiter_raw():
        room = wanted.size + 1 - len(body)
        body += gunzip.decompress(part, room) if gunzip else part[:room]
        if len(body) > wanted.size:
            if wanted.cut:
                break
            raise SourceTooLarge(
                f"{wanted.said} has more than {wanted.size / 2**20:,.0f} MiB",
                hint="save the part you need and add that",
            )
    if gunzip and body and not gunzip.eof and len(body) <= wanted.size:
        raise zlib.error
    return bytes(body[: wanted.size])


def _unpacker(packing: str, address: str) -> zlib._Decompress | None:
    """What unpacks the next part to at most so many bytes: httpx would unpack a part whole."""
    if packing in ("", "identity"):
        return None
    if packing in ("gzip", "x-gzip"):
        return zlib.decompressobj(zlib.MAX_WBITS | 16)
    raise UnsupportedSource(f"{address} came packed as {packing:.40}", hint="save the page and add the file")


def _require_good(answer: Answer, *, conditional: bool) -> Answer:
    if answer.status == HTTPStatus.OK or (conditional and answer.status == HTTPStatus.NOT_MODIFIED):
        return answer
    phrase = HTTPStatus(answer.status).phrase if answer.status in list(HTTPStatus) else "an unknown status"
    hints = {401: "sign in, save the page and add the file", 403: "save the page and add the file",
             404: "check the address", 410: "it is gone for good: vstash forget", 429: "try again later"}  # fmt: skip
    fallback = "try again later" if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR else "open it in the browser"
    raise UnsupportedSource(
        f"{answer.address} answered {answer.status} {phrase}", hint=hints.get(answer.status, fallback)
    )


def _unreachable(address: str, error: Exception) -> UnsupportedSource:
    """The error for a server that did not answer as it should, with the deepest reason that is known."""
    reason: BaseException = error
    while deeper := reason.__cause__ or reason.__context__:
        reason = deeper
        if isinstance(reason, ssl.SSLCertVerificationError):
            return UnsupportedSource(
                f"{address} cannot prove who it is ({reason.verify_message})",
                hint="check the address and this machine's clock",
            )
        if isinstance(reason, ssl.SSLError):
            return UnsupportedSource(
                f"{address} makes no secure connection ({reason.reason or 'TLS failed'})", hint="check the address"
            )
    said = " ".join(str(error).split()) or type(error).__name__
    return UnsupportedSource(f"{address} cannot be reached ({said:.160})", hint="check the address and the network")
