"""The published history is read within limits, and a first publication has to be stated."""

from __future__ import annotations

import base64
import json
import subprocess
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from support.policy_site import DAY, PolicySite, text

from generator.published_site import earlier_site
from generator.published_site.build_site import build_site
from generator.published_site.earlier_site import (
    AlreadyPublishedError,
    NothingPublishedError,
    read_earlier_site,
)
from generator.published_site.signing import SigningKeyError
from generator.site.published_history import UnreadablePublishedError

EMPTY = json.dumps({"documents": []})
Serve = Callable[[type[BaseHTTPRequestHandler]], str]


@pytest.fixture
def serve() -> Iterator[Serve]:
    servers: list[ThreadingHTTPServer] = []

    def start(handler: type[BaseHTTPRequestHandler]) -> str:
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}/history.json"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def answering(code: int, body: bytes = b"") -> type[BaseHTTPRequestHandler]:
    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(code)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    return Answer


@pytest.mark.parametrize(("code", "body"), [(404, b""), (410, b""), (200, EMPTY.encode())])
def test_a_missing_or_empty_history_needs_first_publication(serve: Serve, code: int, body: bytes) -> None:
    url = serve(answering(code, body))
    with pytest.raises(NothingPublishedError, match="--first-publication"):
        read_earlier_site(url, first_publication=False)
    first = read_earlier_site(url, first_publication=True)
    assert first is None or not first.versions


def test_a_missing_history_file_needs_first_publication(tmp_path: Path) -> None:
    with pytest.raises(NothingPublishedError, match="--first-publication"):
        read_earlier_site(str(tmp_path / "history.json"), first_publication=False)
    assert read_earlier_site(str(tmp_path / "history.json"), first_publication=True) is None


def test_first_publication_is_refused_for_a_published_site(site: PolicySite, tmp_path: Path) -> None:
    site.publish("privacy.md", text("One."))
    site.build()
    published = tmp_path / "published.json"
    published.write_bytes((site.folder / "history.json").read_bytes())
    with pytest.raises(AlreadyPublishedError):
        read_earlier_site(str(published), first_publication=True)
    assert read_earlier_site(str(published), first_publication=False)


@pytest.mark.parametrize("code", [301, 403, 500, 503])
@pytest.mark.parametrize("first_publication", [False, True])
def test_any_other_http_status_stops_the_build(serve: Serve, code: int, first_publication: bool) -> None:
    with pytest.raises(UnreadablePublishedError):
        read_earlier_site(serve(answering(code)), first_publication=first_publication)


def test_a_history_over_the_size_limit_is_refused(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(earlier_site, "LIMIT_BYTES", 1000)
    with pytest.raises(UnreadablePublishedError, match="it is over"):
        read_earlier_site(serve(answering(200, b" " * 1001)), first_publication=False)
    (tmp_path / "history.json").write_bytes(b" " * 1001)
    with pytest.raises(UnreadablePublishedError, match="it is over"):
        read_earlier_site(str(tmp_path / "history.json"), first_publication=False)


def test_endless_headers_and_bodies_time_out(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()

    class Continuing(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            while not release.wait(0.02):
                self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")

        def log_message(self, *_: object) -> None: ...

    class Heading(Continuing):
        def do_GET(self) -> None:
            self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
            while not release.wait(0.02):
                self.wfile.write(b"a")

    class Dripping(Continuing):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            while not release.wait(0.02):
                self.wfile.write(b" ")

    monkeypatch.setattr(earlier_site, "ANSWER_SECONDS", 0.3)
    try:
        for handler in (Continuing, Heading, Dripping):
            with pytest.raises(UnreadablePublishedError, match="no complete answer"):
                read_earlier_site(serve(handler), first_publication=False)
    finally:
        release.set()


def test_a_signed_history_is_verified_by_openssl(site: PolicySite, tmp_path: Path) -> None:
    site.publish("privacy.md", text("One."))
    site.write_config()
    key, public = tmp_path / "site.pem", tmp_path / "site.pub"
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", key], check=True)
    subprocess.run(["openssl", "pkey", "-in", key, "-pubout", "-out", public], check=True)
    build_site(site.config_file, site_dir=None, day=DAY, published=None, signing_key=key)
    signature = tmp_path / "signature"
    signature.write_bytes(base64.b64decode((site.folder / "history.json.sig").read_text()))
    verify: list[str | Path] = ["openssl", "pkeyutl", "-verify", "-rawin", "-pubin", "-inkey", public]
    history = site.folder / "history.json"
    subprocess.run([*verify, "-in", history, "-sigfile", signature], check=True)
    history.write_text("{}")
    changed = subprocess.run([*verify, "-in", history, "-sigfile", signature], check=False)
    assert changed.returncode


@pytest.mark.parametrize(
    "content", [None, "", "-----BEGIN PRIVATE KEY-----\nMA==\n-----END PRIVATE KEY-----\n"]
)
def test_a_key_that_cannot_sign_is_refused_before_anything_is_built(
    site: PolicySite, tmp_path: Path, content: str | None
) -> None:
    site.publish("privacy.md", text("One."))
    site.write_config()
    key = tmp_path / "site.pem"
    if content is not None:
        key.write_text(content)
    with pytest.raises(SigningKeyError, match="openssl genpkey"):
        build_site(site.config_file, site_dir=None, day=DAY, published=None, signing_key=key)
    assert not site.folder.exists()
