"""A published site is read from a real folder and from a real server on loopback, and never believed."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import jsonschema
import pytest
from support.published_site import PublishedSiteMaker

from subscribers.errors import NotifyError
from subscribers.site import sources
from subscribers.site.history_json import (
    PublishedDocument,
    PublishedVersion,
    UnreadableSiteError,
)
from subscribers.site.site_reader import PublishedSite, UnfaithfulSiteError, open_site
from subscribers.site.sources import MissingFileError, UnreachableSiteError, UntrustedSiteError

SCHEMA = Path(__file__).resolve().parents[2] / "generator" / "templates" / "history.schema.json"


class QuietFiles(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None: ...


Serve = Callable[[Callable[..., BaseHTTPRequestHandler]], str]


@pytest.fixture
def serve() -> Iterator[Serve]:
    servers: list[ThreadingHTTPServer] = []

    def start(handler: Callable[..., BaseHTTPRequestHandler]) -> str:
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}/"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def answering(code: int, body: bytes = b"", **headers: str) -> type[BaseHTTPRequestHandler]:
    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(code)
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    return Answer


@pytest.fixture
def maker(tmp_path: Path) -> PublishedSiteMaker:
    maker = PublishedSiteMaker(tmp_path / "site")
    maker.publish("privacy", title="Privacy policy")
    maker.publish("privacy.ru", title="Политика", language="ru", translation_of="privacy")
    maker.commit()
    maker.publish("privacy", summary="Cookies are kept for ten days.")
    maker.write()
    return maker


def newest(site: PublishedSite) -> list[tuple[PublishedDocument, PublishedVersion]]:
    return [(document, document.newest) for document in site.history.documents]


def edit_history(maker: PublishedSiteMaker, old: str, new: str) -> None:
    file = maker.folder / "history.json"
    text = file.read_text(encoding="utf8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf8")


def test_the_made_site_obeys_the_published_schema(maker: PublishedSiteMaker) -> None:
    schema = json.loads(SCHEMA.read_text(encoding="utf8"))
    jsonschema.validate(maker.history, schema)
    for redline in maker.redlines.values():
        jsonschema.validate(redline, {"$ref": "#/$defs/redline", "$defs": schema["$defs"]})


def test_a_folder_and_a_server_give_the_same_history(maker: PublishedSiteMaker, serve: Serve) -> None:
    folder = open_site(str(maker.folder))
    live = open_site(serve(partial(QuietFiles, directory=str(maker.folder))))
    assert folder.history == live.history
    for site in (folder, live):
        site.verify(newest(site))
        document = site.history.documents[0]
        redline = site.redline(document, document.newest)
        assert redline is not None
        assert redline.changes[0].where == "Cookies"
        assert site.redline(document, document.versions[0]) is None
        assert site.offers(document.since_path(document.versions[0]))
        assert not site.offers("privacy/since/2020-01-01/")


def test_new_history_with_old_pages_is_refused(maker: PublishedSiteMaker, serve: Serve) -> None:
    site = open_site(serve(partial(QuietFiles, directory=str(maker.folder))))
    page = maker.folder / site.history.documents[0].newest.path / "index.html"
    page.write_text("the page of yesterday", encoding="utf8")
    with pytest.raises(UnfaithfulSiteError, match="differs from"):
        site.verify(newest(site))


@pytest.mark.parametrize(
    "gone", ["privacy/index.html", "privacy/history/index.html", "privacy/changes/2026-02-09"]
)
def test_a_page_to_which_a_message_would_link_has_to_exist(maker: PublishedSiteMaker, gone: str) -> None:
    (maker.folder / gone).rename(maker.folder / "gone")
    site = open_site(str(maker.folder))
    with pytest.raises(UnfaithfulSiteError, match=r"is listed in history\.json but missing"):
        site.verify(newest(site))


def test_a_changed_redline_file_is_refused(maker: PublishedSiteMaker) -> None:
    site = open_site(str(maker.folder))
    document = site.history.documents[0]
    assert document.newest.redline is not None
    file = maker.folder / document.newest.redline.path
    file.write_text(file.read_text(encoding="utf8") + " ", encoding="utf8")
    with pytest.raises(UnfaithfulSiteError, match="differs from"):
        site.redline(document, document.newest)


def test_a_redline_of_another_version_is_refused(tmp_path: Path) -> None:
    maker = PublishedSiteMaker(tmp_path)
    maker.publish("privacy")
    maker.commit()
    maker.publish("privacy")
    next(iter(maker.redlines.values()))["to"] = 3
    site = open_site(str(maker.write()))
    document = site.history.documents[0]
    with pytest.raises(UnreadableSiteError, match="not the redline of privacy"):
        site.redline(document, document.newest)


def test_a_history_that_changes_meanwhile_is_refused(maker: PublishedSiteMaker) -> None:
    site = open_site(str(maker.folder))
    edit_history(maker, "Example Market", "Other Market")
    with pytest.raises(UnfaithfulSiteError, match="changed while"):
        site.verify(newest(site))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"format": 2', '"format": 3', "format 3.*reads only formats 1 and 2"),
        ('"format": 2', '"format": "2"', "format '2'"),
        ('"path": "privacy/"', '"path": "../privacy/"', "documents.0.path.*leads out of the site"),
        ('"path": "privacy/"', '"path": "%2e%2e/privacy/"', "leads out of the site"),
        ('"path": "privacy/"', '"path": "//elsewhere.example/"', "not a path below"),
        ('"path": "privacy/"', '"path": "https://elsewhere.example/"', "not a path below"),
        ('"site_url": "https:', '"site_url": "javascript:', "not the URL of a site"),
        ('"time_zone": "UTC"', '"time_zone": "Atlantis"', "time zone"),
        ('"number": 2', '"number": 3', "not numbered"),
        ('"announced": true', '"announced": "yes"', "documents.0.announced"),
        ('"title": "Privacy policy"', '"no_title": ""', "documents.0.title: Field required"),
        ('"documents"', '"papers"', "documents: Field required"),
        ("{", "", "Invalid JSON"),
    ],
)
def test_broken_history_says_where_what_and_what_to_do(
    maker: PublishedSiteMaker, old: str, new: str, said: str
) -> None:
    edit_history(maker, old, new)
    with pytest.raises(UnreadableSiteError, match=said) as refusal:
        open_site(str(maker.folder))
    assert str(refusal.value).startswith(str(maker.folder / "history.json"))
    assert "\n" not in str(refusal.value)


def test_a_history_of_format_1_says_the_same_as_one_of_format_2(maker: PublishedSiteMaker) -> None:
    file = maker.folder / "history.json"
    text = file.read_text(encoding="utf8")
    read = {}
    for number, path, former in ((1, "address", "former_addresses"), (2, "path", "former_paths")):
        written = re.sub('"format": [12]', f'"format": {number}', text)
        written = re.sub('"(address|path)":', f'"{path}":', written)
        file.write_text(re.sub('"former_[a-z]+":', f'"{former}":', written), encoding="utf8")
        read[number] = open_site(str(maker.folder)).history
    assert read[1] == replace(read[2], format=1)
    assert read[2].documents[0].path == "privacy/"


def test_keys_added_later_are_ignored(maker: PublishedSiteMaker) -> None:
    edit_history(maker, '"format": 2', '"format": 2, "added_later": []')
    assert open_site(str(maker.folder)).history.site_name == "Example Market"


def test_deeply_nested_json_is_refused(maker: PublishedSiteMaker) -> None:
    (maker.folder / "history.json").write_text("[" * 100_000, encoding="utf8")
    with pytest.raises(UnreadableSiteError, match="recursion"):
        open_site(str(maker.folder))


def test_a_missing_site_is_named() -> None:
    with pytest.raises(MissingFileError, match=r"nowhere/history.json: does not exist; build"):
        open_site("nowhere")


def test_a_link_out_of_the_folder_is_refused(maker: PublishedSiteMaker, tmp_path: Path) -> None:
    outside = tmp_path / "outside.json"
    (maker.folder / "history.json").rename(outside)
    (maker.folder / "history.json").symlink_to(outside)
    with pytest.raises(UntrustedSiteError, match="leads out"):
        open_site(str(maker.folder))


def test_a_file_over_the_limit_is_refused(
    maker: PublishedSiteMaker, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "FILE_LIMIT_BYTES", 1000)
    for location in (str(maker.folder), serve(partial(QuietFiles, directory=str(maker.folder)))):
        with pytest.raises(UntrustedSiteError, match="no file of a policy site needs"):
            open_site(location)


@pytest.mark.parametrize(
    "url", ["http://policies.example/", "https://user@policies.example/", "https://p.example/?a"]
)
def test_only_plain_https_addresses_are_read(url: str) -> None:
    with pytest.raises(UntrustedSiteError):
        open_site(url)


def test_a_redirect_to_another_host_is_refused(maker: PublishedSiteMaker, serve: Serve) -> None:
    other = serve(partial(QuietFiles, directory=str(maker.folder)))
    with pytest.raises(UntrustedSiteError, match="redirects to"):
        open_site(serve(answering(302, Location=f"{other}history.json")))


def test_a_live_site_has_to_be_at_its_site_url(
    maker: PublishedSiteMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources.Web, "read", lambda _, address: (maker.folder / address).read_bytes())
    with pytest.raises(UnfaithfulSiteError, match=r"says that the site is at https://policies\.example/"):
        open_site("https://staging.example/").verify([])
    open_site("https://policies.example").verify([])


@pytest.mark.parametrize(
    ("handler", "said"),
    [
        (answering(503), "answered 503"),
        (answering(200, b"{}", Content_Length="5000"), "no answer"),
        (answering(404), "does not exist"),
    ],
)
def test_a_server_in_trouble_is_an_error_that_may_pass(
    serve: Serve, handler: type[BaseHTTPRequestHandler], said: str
) -> None:
    with pytest.raises(UnreachableSiteError, match=said):
        open_site(serve(handler))


def test_a_server_that_is_too_slow_or_silent_is_given_up(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = threading.Event()

    class Dripping(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            while not release.wait(0.02):
                self.wfile.write(b" ")

        def log_message(self, *_: object) -> None: ...

    class Heading(Dripping):
        def do_GET(self) -> None:
            self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
            while not release.wait(0.02):
                self.wfile.write(b"a")

    class Continuing(Dripping):
        def do_GET(self) -> None:
            while not release.wait(0.02):
                self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    class Silent(Dripping):
        def do_GET(self) -> None:
            release.wait(5)

    monkeypatch.setattr(sources, "ANSWER_LIMIT_SECONDS", 0.2)
    monkeypatch.setattr(sources, "SILENCE_LIMIT_SECONDS", 0.2)
    try:
        for handler in (Dripping, Heading, Continuing, Silent):
            with pytest.raises(UnreachableSiteError, match="no answer"):
                open_site(serve(handler))
    finally:
        release.set()


def test_a_site_of_endless_pages_is_given_up(
    maker: PublishedSiteMaker, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = open_site(serve(partial(QuietFiles, directory=str(maker.write()))))
    monkeypatch.setattr(live.source, "_until", 0.0)
    with pytest.raises(UnreachableSiteError, match="reading the whole site took"):
        live.verify(newest(live))


@pytest.mark.parametrize("sign", ["\\n", " ", "\\u0007", "\\\\", "?q", "#f"])
def test_a_site_url_with_characters_that_no_url_has_is_refused(maker: PublishedSiteMaker, sign: str) -> None:
    edit_history(maker, "https://policies.example/", f"https://policies.example/{sign}/")
    with pytest.raises(UnreadableSiteError, match="site_url"):
        open_site(str(maker.folder))


def test_nobody_listening_is_an_error_that_may_pass() -> None:
    with pytest.raises(NotifyError, match="no answer"):
        open_site("http://127.0.0.1:1/")
