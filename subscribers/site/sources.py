"""Reads the files of a published site from a folder on this machine or from the live site.

Everything that the site sends is untrusted: sizes, URLs, redirects and times are limited here.
"""

from __future__ import annotations

import http.client
import ipaddress
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from queue import Empty, Queue
from threading import Thread
from typing import IO, Protocol
from urllib.parse import quote, unquote, urlsplit

from subscribers.errors import NotifyError

FILE_LIMIT_BYTES = (
    32 * 2**20
)  # the longest real history known (738 versions) has a history.json of under 1 MB
ANSWER_LIMIT_SECONDS = 60.0
SITE_LIMIT_SECONDS = 900.0  # for all files together; a site of 738 versions takes a few seconds
SILENCE_LIMIT_SECONDS = 15.0


class UnreachableSiteError(NotifyError):
    """The site or one of its files cannot be read now. The same call may succeed later."""


class UntrustedSiteError(NotifyError):
    """The site leads to something unsafe: plain HTTP, another host, or a file outside its folder."""


class MissingFileError(UnreachableSiteError):
    """The site has no such file."""

    def __init__(self, where: str) -> None:
        super().__init__(f"{where}: does not exist; build and publish the site, or correct --site")


class Source(Protocol):
    """A place to read the files of a site from."""

    def where(self, path: str) -> str:
        """The file or URL that ``path`` means, for a person to find it."""

    def read(self, path: str) -> bytes:
        """The bytes of a file. The path of a page ends with ``/``."""


class Folder:
    """A built site on this machine."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()

    def where(self, path: str) -> str:
        return str(self._file(path))

    def read(self, path: str) -> bytes:
        file = self._file(path)
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
                f"{file}: cannot be read ({error.strerror}); correct that, then repeat the command"
            ) from error

    def _file(self, path: str) -> Path:
        file = self.root / unquote(path, errors="surrogateescape")
        return file / "index.html" if path.endswith("/") or not path else file


class Web:
    """A live site. Redirects are followed only on its own host and port."""

    def __init__(self, root: str) -> None:
        self.root = root if root.endswith("/") else f"{root}/"
        parts = urlsplit(self.root)
        if not parts.hostname or parts.query or parts.fragment or parts.username:
            raise UntrustedSiteError(
                f"{root}: is not the URL of a site; write one such as https://policies.example/"
            )
        if parts.scheme != "https" and not is_loopback(self.root):
            raise UntrustedSiteError(
                f"{root}: anyone on the network can change plain HTTP; use the https: URL"
            )
        self._until = time.monotonic() + SITE_LIMIT_SECONDS
        proxies: dict[str, str] | None = {} if is_loopback(self.root) else None
        self._opener = urllib.request.build_opener(_OwnHostOnly, urllib.request.ProxyHandler(proxies))
        self._opener.addheaders = [("User-Agent", "policy-notify"), ("Cache-Control", "no-cache")]

    def where(self, path: str) -> str:
        return self.root + quote(path, safe="/%")

    def read(self, path: str) -> bytes:
        url = self.where(path)
        try:
            seconds = min(ANSWER_LIMIT_SECONDS, self._until - time.monotonic())
            return _within(seconds, lambda: self._read(url))
        except urllib.error.HTTPError as error:
            error.close()
            if error.code in (404, 410):
                raise MissingFileError(url) from error
            raise UnreachableSiteError(
                f"{url}: answered {error.code} {error.reason}; repeat the command when the site works"
            ) from error
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", error)
            raise UnreachableSiteError(
                f"{url}: no answer ({reason}); repeat the command when the site works"
            ) from error

    def _read(self, url: str) -> bytes:
        with self._opener.open(url, timeout=SILENCE_LIMIT_SECONDS) as answer:
            raw = bytearray()
            while chunk := answer.read1(2**16):
                raw += chunk
                if len(raw) > FILE_LIMIT_BYTES:
                    raise _too_large(url)
            if answer.length:
                raise http.client.IncompleteRead(bytes(raw), answer.length)
            return bytes(raw)


class _OwnHostOnly(urllib.request.HTTPRedirectHandler):
    """Follows a redirect only if scheme, host and port stay the same."""

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
                f"{req.full_url}: redirects to {newurl}; if that is the site, use its URL"
            )
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _within(seconds: float, call: Callable[[], bytes]) -> bytes:
    """Return what ``call`` returns, or raise TimeoutError after ``seconds``.

    A socket's own time-out is not enough: it starts again with every byte that arrives. A call that takes
    longer continues in its thread until the server ends it or this process ends.
    """
    answers: Queue[bytes | Exception] = Queue(1)

    def run() -> None:
        try:
            answers.put(call())
        except Exception as error:  # raised again below, in the calling thread
            answers.put(error)

    if seconds <= 0:
        raise TimeoutError(f"reading the whole site took more than {SITE_LIMIT_SECONDS:.0f} s")
    Thread(target=run, daemon=True).start()
    try:
        answer = answers.get(timeout=seconds)
    except Empty:
        raise TimeoutError(f"no complete answer in {seconds:.0f} s") from None
    if isinstance(answer, Exception):
        raise answer
    return answer


def is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _too_large(where: str) -> UntrustedSiteError:
    limit = FILE_LIMIT_BYTES // 2**20
    return UntrustedSiteError(
        f"{where}: is larger than {limit} MB, which no file of a policy site needs; correct --site"
    )
