"""Reads a published site, from its folder or over the network, and verifies that it serves what it claims.

Everything that comes from the site is input: sizes, addresses, redirects and times are limited here.
"""

from __future__ import annotations

import hashlib
import http.client
import ipaddress
import time
import urllib.error
import urllib.request
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, Protocol
from urllib.parse import quote, unquote, urlsplit

from subscribers.errors import NotifyError
from subscribers.site.published import (
    PublishedDocument,
    PublishedHistory,
    PublishedRedline,
    PublishedVersion,
    UnreadableSiteError,
    parse_history,
    parse_redline,
)

HISTORY = "history.json"
FILE_LIMIT_BYTES = (
    32 * 2**20
)  # the longest real history known (738 versions) has a history.json of under 1 MB
ANSWER_LIMIT_SECONDS = 60.0
SILENCE_LIMIT_SECONDS = 15.0
CONNECTIONS = 8


class UnreachableSiteError(NotifyError):
    """The site, or a file of it, cannot be read now; the same call may succeed later."""


class UntrustedSiteError(NotifyError):
    """The site asks for something that is not done: plain HTTP, another host, a file outside its folder."""


class UnfaithfulSiteError(NotifyError):
    """The site serves other bytes than its ``history.json`` says."""

    def __init__(self, where: str, what: str) -> None:
        super().__init__(
            f"{where}: {what}; nothing is announced: publish the whole site again, then repeat this"
        )
        self.where = where


class MissingFileError(UnreachableSiteError):
    """There is no such file."""

    def __init__(self, where: str) -> None:
        super().__init__(f"{where}: is not there; build and publish the site, or correct --site")


class Source(Protocol):
    """Where the files of a site come from."""

    def where(self, address: str) -> str:
        """``address`` as a person would look it up."""

    def read(self, address: str) -> bytes:
        """The file's bytes; a page's address ends in ``/``."""


class PublishedSite:
    """A site as it is published; ``history`` was read once, when this was made."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.raw_history = source.read(HISTORY)  # its bytes
        self.history: PublishedHistory = parse_history(self.raw_history, where=source.where(HISTORY))

    def redline(self, document: PublishedDocument, version: PublishedVersion) -> PublishedRedline | None:
        """The redline that brought ``version``; None for the first version of a document."""
        reference = version.redline
        if reference is None:
            return None
        raw = self._verified(reference.address, reference.sha256)
        where = self.source.where(reference.address)
        redline = parse_redline(raw, where=where)
        told = (redline.document, redline.from_number, redline.to_number)
        if told != (document.id, reference.from_number, version.number):
            raise UnreadableSiteError(where, f"is not the redline of {document.slug} {version.label}")
        return redline

    def offers(self, address: str) -> bool:
        """Whether there is a page at ``address``."""
        try:
            self.source.read(address)
        except MissingFileError:
            return False
        return True

    def verify(self, announced: Iterable[tuple[PublishedDocument, PublishedVersion]]) -> None:
        """Refuse unless the site serves exactly what ``history.json`` says of these versions.

        Checked are the digests of their pages and redline files, that the other pages a mail names are there,
        that ``site_url`` is where the site was read from, and that ``history.json`` is the same at the end.
        """
        digests: dict[str, str | None] = {}
        for document, version in announced:
            digests |= {
                document.address: None,
                document.history_address: None,
                version.address: version.page_sha256,
            }
            if version.redline is not None:
                digests |= {version.redline.page: None, version.redline.address: version.redline.sha256}
        self._verify_root()
        with ThreadPoolExecutor(CONNECTIONS) as pool:
            list(pool.map(self._verified, digests.keys(), digests.values()))
        if self.source.read(HISTORY) != self.raw_history:
            raise UnfaithfulSiteError(self.source.where(HISTORY), "changed while the site was read")

    def _verify_root(self) -> None:
        site_url = self.history.site_url
        live = isinstance(self.source, Web) and not _is_loopback(self.source.root)
        if live and self.source.where("") != site_url:
            raise UnfaithfulSiteError(self.source.where(HISTORY), f"says that its site is {site_url}")

    def _verified(self, address: str, sha256: str | None) -> bytes:
        try:
            raw = self.source.read(address)
        except MissingFileError as error:
            raise UnfaithfulSiteError(
                self.source.where(address), "is named by history.json but not there"
            ) from error
        if sha256 is not None and hashlib.sha256(raw).hexdigest() != sha256:
            raise UnfaithfulSiteError(self.source.where(address), "has other bytes than history.json says")
        return raw


def open_site(location: str) -> PublishedSite:
    """The site in a folder, or at an ``https:`` address (plain ``http:`` only on this machine itself)."""
    if urlsplit(location).scheme in ("http", "https"):
        return PublishedSite(Web(location))
    return PublishedSite(Folder(Path(location)))


class Folder:
    """A built site on this machine."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()

    def where(self, address: str) -> str:
        return str(self._file(address))

    def read(self, address: str) -> bytes:
        file = self._file(address)
        if not file.resolve().is_relative_to(self.root):
            raise UntrustedSiteError(f"{file}: leads out of the site's folder; build the site without links")
        try:
            if file.stat().st_size > FILE_LIMIT_BYTES:
                raise _too_large(str(file))
            return file.read_bytes()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
            raise MissingFileError(str(file)) from error
        except OSError as error:
            raise UnreachableSiteError(
                f"{file}: cannot be read ({error.strerror}); correct that, then repeat"
            ) from error

    def _file(self, address: str) -> Path:
        file = self.root / unquote(address, errors="surrogateescape")
        return file / "index.html" if address.endswith("/") or not address else file


class Web:
    """A live site; redirects are followed on its own host and port only."""

    def __init__(self, root: str) -> None:
        self.root = root if root.endswith("/") else f"{root}/"
        parts = urlsplit(self.root)
        if not parts.hostname or parts.query or parts.fragment or parts.username:
            raise UntrustedSiteError(
                f"{root}: is no plain web address; give one like https://policies.example/"
            )
        if parts.scheme != "https" and not _is_loopback(self.root):
            raise UntrustedSiteError(f"{root}: could be changed on its way; give its https: address")
        proxies: dict[str, str] | None = {} if _is_loopback(self.root) else None
        self._opener = urllib.request.build_opener(_OwnHostOnly, urllib.request.ProxyHandler(proxies))
        self._opener.addheaders = [("User-Agent", "policy-notify"), ("Cache-Control", "no-cache")]

    def where(self, address: str) -> str:
        return self.root + quote(address, safe="/%")

    def read(self, address: str) -> bytes:
        url = self.where(address)
        deadline = time.monotonic() + ANSWER_LIMIT_SECONDS
        try:
            with self._opener.open(url, timeout=SILENCE_LIMIT_SECONDS) as answer:
                raw = bytearray()
                while chunk := answer.read1(2**16):
                    raw += chunk
                    if len(raw) > FILE_LIMIT_BYTES:
                        raise _too_large(url)
                    if time.monotonic() > deadline:
                        raise TimeoutError(f"no complete answer in {ANSWER_LIMIT_SECONDS:.0f} s")
                if answer.length:
                    raise http.client.IncompleteRead(bytes(raw), answer.length)
                return bytes(raw)
        except urllib.error.HTTPError as error:
            error.close()
            if error.code in (404, 410):
                raise MissingFileError(url) from error
            raise UnreachableSiteError(
                f"{url}: answered {error.code} {error.reason}; repeat when it answers"
            ) from error
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", error)
            raise UnreachableSiteError(f"{url}: no answer ({reason}); repeat when it answers") from error


class _OwnHostOnly(urllib.request.HTTPRedirectHandler):
    """Follows a redirect only where scheme, host and port stay the same."""

    def redirect_request(  # noqa: PLR0917 - urllib's own signature
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        here, there = urlsplit(req.full_url), urlsplit(newurl)
        if (here.scheme, here.netloc) != (there.scheme, there.netloc):
            raise UntrustedSiteError(
                f"{req.full_url}: redirects to {newurl}; give the address that the site really has"
            )
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _too_large(where: str) -> UntrustedSiteError:
    limit = FILE_LIMIT_BYTES // 2**20
    return UntrustedSiteError(
        f"{where}: is over {limit} MB, which no file of a policy site needs; correct --site"
    )
