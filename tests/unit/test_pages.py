"""Web pages against a real server on this machine, which must be allowed: what is stored, asked again, refused."""

from __future__ import annotations

import gzip
import socket
import sys
import threading
import time
import tracemalloc
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from typer.testing import CliRunner

from vstash import DocumentNotFound, Memory, SourceTooLarge, UnsupportedSource
from vstash.cli.app import build
from vstash.fetch.client import Answer, Bounds, Fetcher
from vstash.fetch.guard import is_public
from vstash.fetch.robots import Robots
from vstash.pages import canonical, file_name
from vstash.types import AddResult

HTML = {"Content-Type": "text/html; charset=utf-8"}
SHIPS = b"""<!doctype html><html><head><title>On ships</title><meta property="article:published_time"
content="2021-03-04T05:06:07Z"></head><body><h1>Ships</h1><p>Iron holds the anchor.</p></body></html>"""


@dataclass
class Site:
    """What each path answers: status, headers, body in parts, each sent after a pause in seconds."""

    address: str
    answers: dict[str, tuple[int, dict[str, str], list[bytes], float]] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def put(self, path: str, body: bytes = b"", status: int = 200, **headers: str) -> str:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answers[path] = (status, named or HTML, [body], 0.0)
        return self.address + path

    def paths(self) -> list[str]:
        return [path for path, _ in self.asked]


@pytest.fixture
def site() -> Iterator[Site]:
    """A server on this machine; paths unknown to it are not found."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            site.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
            status, headers, parts, pause = site.answers.get(self.path, (404, {}, [b"gone"], 0.0))
            if "ETag" in headers and self.headers.get("If-None-Match") == headers["ETag"]:
                status, parts = 304, []
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            try:
                for part in parts:
                    self.wfile.write(part)
                    time.sleep(pause)
            except OSError:  # the other side has had enough
                return

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        site = Site(f"http://127.0.0.1:{server.server_address[1]}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield site
        server.shutdown()
        thread.join()


def add(memory: Memory, address: str) -> AddResult:
    [result] = memory.add(address, allow_private=True)
    return result


def test_a_page_is_a_document_with_its_title_and_date(memory: Memory, site: Site):
    address = site.put("/ships", SHIPS)
    assert add(memory, address).status == "added"
    found = memory.get(address)
    assert (found.title, found.kind, str(found.dated_at)) == ("On ships", "html", "2021-03-04 05:06:07+00:00")
    assert memory.search("anchor iron")[0].uri == address


def test_its_own_address_names_it(memory: Memory, site: Site):
    site.put("/old?session=1", status=301, Location="/new?session=1")
    site.put("/new?session=1", SHIPS.replace(b"<head>", b'<head><link rel="canonical" href="/ships#top">'))
    assert add(memory, f"{site.address}/old?session=1#part").uri == f"{site.address}/ships"
    assert add(memory, f"{site.address}/old?session=1").status == "unchanged"
    assert [document.uri for document in memory.list()] == [f"{site.address}/ships"]


def test_its_own_address_starts_from_its_base(memory: Memory, site: Site):
    own = b'<head><base href="/guide/"><link rel="canonical" href="ships">'
    address = site.put("/guide/old/ships", SHIPS.replace(b"<head>", own))
    assert add(memory, address).uri == f"{site.address}/guide/ships"


def test_an_address_that_led_elsewhere_still_finds_what_it_gave(memory: Memory, site: Site):
    old = site.put("/old", status=301, Location="/new")
    for text in (b"Iron", b"Steel"):
        site.put("/new", SHIPS.replace(b"Iron", text))
        add(memory, old)
        found = memory.get(f"{old}#part")
        assert (found.uri, text.decode() in (found.text or "")) == (f"{site.address}/new", True)
    site.put("/old", status=301, Location="/newer")
    site.put("/newer", SHIPS)
    add(memory, old)
    assert memory.get(old).uri == f"{site.address}/newer"
    with pytest.raises(DocumentNotFound, match="/older"):
        memory.get(f"{site.address}/older")


@pytest.mark.parametrize(
    ("named", "expected"),
    [
        ("/b", "https://a.example/b"),
        ("https://www.a.example/b", "https://www.a.example/b"),
        ("https://a.example", "https://a.example/"),
        ("https://other.example/b", "https://a.example/x"),
        ("https://a.example:8443/b", "https://a.example/x"),
        ("https://a.example@other.example/", "https://a.example/x"),
        ("javascript:alert(1)", "https://a.example/x"),
        ("https://[bad", "https://a.example/x"),
        (None, "https://a.example/x"),
    ],
)
def test_a_page_can_only_name_its_own_site(named: str | None, expected: str):
    assert canonical("https://a.example/x", named) == expected


def test_asked_again_with_what_the_server_gave(memory: Memory, site: Site):
    address = site.put(
        "/a", SHIPS, ETag='"one"', Last_Modified="Thu, 04 Mar 2021 05:06:07 GMT", Content_Type="text/html"
    )
    assert add(memory, address).status == "added"
    assert add(memory, address).status == "unchanged"
    asked = [headers for path, headers in site.asked if path == "/a"]
    assert "if-none-match" not in asked[0]
    assert (asked[1]["if-none-match"], asked[1]["if-modified-since"]) == ('"one"', "Thu, 04 Mar 2021 05:06:07 GMT")
    assert len(asked) == 2
    site.put("/a", SHIPS.replace(b"Iron", b"Steel"), ETag='"two"', Content_Type="text/html")
    assert add(memory, address).status == "replaced"
    assert "Steel" in (memory.get(address).text or "")


def test_a_tag_that_is_not_ascii_is_no_condition(memory: Memory, site: Site):
    address = site.put("/ships", SHIPS, ETag='"\xe9t\xe9"', Last_Modified="Fri, 05 Mar 2021 00:00:00 GMT")
    assert [add(memory, address).status for _ in range(2)] == ["added", "unchanged"]
    asked = [headers for path, headers in site.asked if path == "/ships"]
    assert ("if-none-match" in asked[1], asked[1]["if-modified-since"]) == (False, "Fri, 05 Mar 2021 00:00:00 GMT")


def test_another_tag_needs_the_page_again(memory: Memory, site: Site):
    address = site.put("/a", SHIPS, ETag='"one"', Content_Type="text/html")
    add(memory, address)
    assert [one.status for one in memory.add(address, tags=["x"], allow_private=True)] == ["replaced"]
    assert memory.get(address).tags == ("x",)


@pytest.mark.parametrize(
    ("path", "kind", "expected"),
    [
        ("/a.py", "text/html; charset=utf-8", "a.html"),
        ("/a.py", "text/plain", "a.py"),
        ("/a", "text/plain", "a.txt"),
        ("/", "text/html", "page.html"),
        ("/paper", "application/pdf", "paper.pdf"),
        ("/x", "application/ld+json", "x.json"),
        ("/x", "application/rss+xml", "x.xml"),
        ("/b.epub", "application/octet-stream", "b.epub"),
        ("/logo", "image/png", "logo.png"),
    ],
)
def test_the_content_type_decides_the_format(path: str, kind: str, expected: str):
    assert file_name(Answer(f"https://a.example{path}", 200, {"content-type": kind}, b"")) == expected


def test_other_formats_and_encodings(memory: Memory, site: Site):
    data = site.put("/data", b'{"anchor": "hemp"}', Content_Type="application/json")
    greek = site.put("/greek", "<p>Άγκυρα σιδερένια".encode("iso8859-7"), Content_Type="text/html; charset=iso-8859-7")
    packed = site.put("/packed", gzip.compress(SHIPS), Content_Type="text/html", Content_Encoding="gzip")
    assert [add(memory, one).status for one in (data, greek, packed)] == ["added"] * 3
    assert memory.get(data).kind == "json"
    assert "Άγκυρα" in (memory.get(greek).text or "")
    assert "Iron holds" in (memory.get(packed).text or "")


@pytest.mark.parametrize("named", ["undefined", "idna", "base64", "no-such"])
def test_a_server_that_names_no_encoding_is_understood(memory: Memory, site: Site, named: str):
    address = site.put("/menu", b"caf\xe9 \xe0 la carte", Content_Type=f"text/plain; charset={named}")
    assert add(memory, address).status == "added"
    assert memory.get(address).text == "café à la carte"


def test_robots_are_honoured_and_asked_once(memory: Memory, site: Site):
    site.put("/robots.txt", b"User-agent: vstash\nDisallow: /closed\n", Content_Type="text/plain")
    site.put("/moved", status=302, Location="/closed/b")
    pages = [site.put("/open", SHIPS), site.put("/closed/a", SHIPS), f"{site.address}/moved"]
    results = memory.add(pages, allow_private=True)
    assert [one.status for one in results].count("added") == 1
    assert sorted(one.error or "" for one in results)[1:] == [
        f"{site.address}/closed/{name} is closed to programs by its site's robots.txt: save the page and add the file"
        for name in ("a", "b")
    ]
    assert site.paths().count("/robots.txt") == 1
    assert "/closed/a" not in site.paths()


def test_a_site_that_cannot_say_what_is_open_is_closed(memory: Memory, site: Site):
    site.put("/robots.txt", status=503)
    assert "robots.txt" in (add(memory, site.put("/a", SHIPS)).error or "")


@pytest.mark.parametrize(
    ("rules", "path", "allowed"),
    [
        ("User-agent: *\nDisallow: /*.pdf$", "/a/b.pdf", False),
        ("User-agent: *\nDisallow: /*.pdf$", "/a/b.pdf?page=1", True),
        ("User-agent: *\nDisallow: /*/drafts", "/2024/drafts/x", False),
        ("User-agent: *\nDisallow: /a\nAllow: /a/open", "/a/open/x", True),  # the longer one, in any order
        ("User-agent: *\nAllow: /a\nDisallow: /a/closed", "/a/closed/x", False),
        ("User-agent: *\nDisallow: /a\nAllow: /a", "/a", True),
        ("\ufeffUser-agent: *\nDisallow: /", "/a", False),
        ("User-agent: *\nDisallow: /\n\nUser-agent: VStash # us\nDisallow: /b", "/a", True),
        ("User-agent: one\nUser-agent: vstash\nUser-agent: two\nDisallow: /b", "/b", False),
        ("User-agent: vstasher\nDisallow: /", "/a", True),
        ("User-agent: one\nDisallow: /\n\nUser-agent: *\nDisallow:", "/a", True),
    ],
)
def test_the_longest_rule_of_robots_wins(memory: Memory, site: Site, rules: str, path: str, allowed: bool):
    site.put("/robots.txt", rules.encode(), Content_Type="text/plain")
    assert (add(memory, site.put(path, SHIPS)).status == "added") is allowed


@pytest.mark.parametrize("named", ["User-agent: {}", "user agent {}", "USERAGENT : vstash{}", "User-Agent:*{}"])
def test_many_names_and_many_rules_take_no_more_than_both(named: str):
    names = [named.format(number) for number in range(1000)]
    rules = [f"Disallow: /{number}" for number in range(1000)]
    tracemalloc.start()
    try:
        read = Robots("\n".join([*names, *rules, "", "User-agent: *", "Disallow: /shut"]))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 20 << 20
    assert [read.allow(f"http://a.example/{path}") for path in ("7", "shut")] == [True, False]


@pytest.mark.parametrize(
    ("status", "said"),
    [(404, "404 Not Found: check the address"), (403, "403 Forbidden: save"), (401, "401 Unauthorized: sign in"),
     (500, "500 Internal Server Error: try again later"), (599, "599 an unknown status: try again later")],
)  # fmt: skip
def test_a_refusal_is_one_line(memory: Memory, site: Site, status: int, said: str):
    error = add(memory, site.put("/a", status=status)).error or ""
    assert error.startswith(f"{site.address}/a answered {said}")
    assert "\n" not in error


def test_what_is_no_page(memory: Memory, site: Site):
    closed = socket.create_server(("127.0.0.1", 0))
    port = closed.getsockname()[1]
    closed.close()
    wrong = {
        f"http://127.0.0.1:{port}/": "cannot be reached",
        "http://name.invalid/": "name.invalid has no address",
        "ftp://127.0.0.1/": "is no web page",
        "http://me:secret@127.0.0.1/": "holds a name or password",
        "https" + site.address.removeprefix("http"): "makes no secure connection",
        site.put("/empty"): "is empty",
        site.put("/brotli", b"x", Content_Encoding="br"): "came packed as br",
        site.put("/torn", b"\x1f\x8bxxxxxxxxxxxxxxx", Content_Encoding="gzip"): "came packed and damaged",
        site.put("/file", status=302, Location="file:///etc/passwd"): "which is no web page",
        site.put("/short", gzip.compress(SHIPS)[:-20], Content_Encoding="gzip"): "came packed and damaged",
        site.put("/nowhere", status=302, Location=""): "redirects to nowhere",
    }
    for address, said in wrong.items():
        result = add(memory, address)
        assert (result.status, said in (result.error or "")) == ("failed", True), result
        assert "secret" not in (result.error or "")


def test_redirects_end(memory: Memory, site: Site):
    site.put("/round", status=302, Location="/round")
    assert "redirected more than 5 times" in (add(memory, f"{site.address}/round").error or "")


def test_this_machine_is_refused_unless_allowed(memory: Memory, site: Site):
    address = site.put("/a", SHIPS)
    for one in (address, address.replace("127.0.0.1", "localhost"), address.replace("127.0.0.1", "2130706433")):
        [result] = memory.add(one)
        assert result.error == f"{one} leads into a private network (127.0.0.1): if you trust it: --allow-private"
    assert site.asked == []


@pytest.mark.parametrize(
    "number",
    ["10.1.2.3", "172.16.0.1", "192.168.1.1", "127.0.0.1", "0.0.0.0", "169.254.169.254", "100.64.0.1", "224.0.0.1",
     "239.255.255.250", "240.0.0.1", "255.255.255.255", "198.18.0.1", "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1",
     "fec0::1", "ff02::1", "::ffff:10.0.0.1", "::ffff:127.0.0.1", "::127.0.0.1", "64:ff9b::a00:1", "2002:a00:1::",
     "2001:db8::1", "no number"],
)  # fmt: skip
def test_what_is_not_of_the_open_internet(number: str):
    assert not is_public(number)


@pytest.mark.parametrize("number", ["93.184.216.34", "2606:2800:220:1::1", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_what_is(number: str):
    assert is_public(number)


def test_size_is_bounded_packed_or_not(site: Site):
    fetcher = Fetcher(allow_private=True, bounds=Bounds(size=1 << 20))
    long = site.put("/long", b"x" * (2 << 20))
    bomb = site.put("/bomb", gzip.compress(bytes(200 << 20)), Content_Encoding="gzip")
    assert len(site.answers["/bomb"][2][0]) < 1 << 20
    for address in (long, bomb):
        with pytest.raises(SourceTooLarge, match="more than 1 MiB"):
            fetcher.get(address)
    assert len(fetcher.get(site.put("/just", b"x" * (1 << 20))).body) == 1 << 20


def test_time_is_bounded_in_all(site: Site):
    address = site.put("/slow")
    site.answers["/slow"] = (200, HTML, [b"x"] * 40, 0.1)
    started = time.monotonic()
    with pytest.raises(SourceTooLarge, match=r"was not there after 0\.5 s"):
        Fetcher(allow_private=True, bounds=Bounds(seconds=0.5)).get(address)
    assert time.monotonic() - started < 3


def test_a_name_that_changes_its_mind_gains_nothing(site: Site):
    """The connection goes to the number that was checked: a second look-up would be answered otherwise."""
    port = int(site.address.rpartition(":")[2])
    answers = iter(["127.0.0.1", "127.0.0.1", "192.0.2.1"])
    site.put("/a", SHIPS)

    def look_up(host: str, *_: object, **__: object) -> list[tuple[object, ...]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), port))]

    address = f"http://fickle.example:{port}/a"
    assert Fetcher(allow_private=True, look_up=look_up).get(address).address == address
    assert [headers["host"] for _, headers in site.asked] == [f"fickle.example:{port}"] * 2
    assert list(answers) == ["192.0.2.1"]  # one look-up for robots.txt, one for the page


def test_one_private_number_among_public_ones_is_enough(site: Site):
    def look_up(*_: object, **__: object) -> list[tuple[object, ...]]:
        return [(0, 0, 0, "", ("93.184.216.34", 80)), (0, 0, 0, "", ("127.0.0.1", 80))]

    with pytest.raises(UnsupportedSource, match="private network"):
        Fetcher(look_up=look_up).get("http://fickle.example/a")


def test_without_the_extra_there_is_one_line(memory: Memory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "httpx2", None)
    (tmp_path / "a.txt").write_text("Iron holds the anchor.")
    page, file = memory.add(["https://a.example/", tmp_path / "a.txt"])
    assert page.error == "httpx2 is not installed: install it with: pip install 'vstash[web]'"
    assert file.status == "added"


def test_from_the_command_line(database: Path, site: Site):
    address = site.put("/a", SHIPS)
    options = ["--db", str(database), "--encoder", "hash"]
    assert CliRunner().invoke(build(), [*options, "add", address]).exit_code == 1
    assert CliRunner().invoke(build(), [*options, "add", address, "--allow-private"]).exit_code == 0
    shown = CliRunner().invoke(build(), [*options, "get", address])
    assert shown.stdout == "Ships\n\nIron holds the anchor.\n"
