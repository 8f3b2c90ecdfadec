"""Where the files of a published site come from: a folder on this machine, or the live site.

Everything that comes from the site is input: sizes, URLs, redirects and times are limited here.
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
    """The site, or a file of it, cannot be read now; the same call may succeed later."""


class UntrustedSiteError(NotifyError):
    """The site asks for something that is not done: plain HTTP, another host, a file outside its folder."""


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
        if parts.scheme != "https" and not is_loopback(self.root):
            raise UntrustedSiteError(f"{root}: could be changed on its way; give its https: address")
        self._until = time.monotonic() + SITE_LIMIT_SECONDS
        proxies: dict[str, str] | None = {} if is_loopback(self.root) else None
        self._opener = urllib.request.build_opener(_OwnHostOnly, urllib.request.ProxyHandler(proxies))
        self._opener.addheaders = [("User-Agent", "policy-notify"), ("Cache-Control", "no-cache")]

    def where(self, address: str) -> str:
        return self.root + quote(address, safe="/%")

    def read(self, address: str) -> bytes:
        url = self.where(address)
        try:
            seconds = min(ANSWER_LIMIT_SECONDS, self._until - time.monotonic())
            return _within(seconds, lambda: self._read(url))
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


def _within(seconds: float, call: Callable[[], bytes]) -> bytes:
    """What ``call`` answers in time; a socket's own time-out begins anew with every byte that comes.

    A call that takes longer goes on in a thread of its own until the server or this process ends.
    """
    answers: Queue[bytes | Exception] = Queue(1)

    def run() -> None:
        try:
            answers.put(call())
        except Exception as error:  # raised again below, in the thread that asked
            answers.put(error)

    if seconds <= 0:
        raise TimeoutError(f"the site as a whole took more than {SITE_LIMIT_SECONDS:.0f} s")
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
        f"{where}: is over {limit} MB, which no file of a policy site needs; correct --site"
    )
