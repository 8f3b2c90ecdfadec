"""Reads the ``history.json`` of the site as it is published now, from a file or a URL.

The file may come from elsewhere, so its size and the time to fetch it are limited.
"""

from __future__ import annotations

import urllib.request
from collections.abc import Callable
from pathlib import Path
from queue import Empty, Queue
from threading import Thread
from urllib.error import HTTPError, URLError

from generator.errors import PolicyError
from generator.site.published_history import PublishedHistory, UnreadablePublishedError, read_published

SILENCE_SECONDS = 30
ANSWER_SECONDS = 120
LIMIT_BYTES = 32 * 2**20  # the longest real history known (738 versions) is under 1 MB


class NothingPublishedError(PolicyError):
    """There is no published history to compare the build with, and ``--first-publication`` is not given."""

    def __init__(self, where: str, what: str) -> None:
        super().__init__(
            f"{where}: {what}, so policy-site cannot check that no published version gets lost; "
            "if this site has never been published, use --first-publication"
        )
        self.where = where


class AlreadyPublishedError(PolicyError):
    """``--first-publication`` is given, but the site is published already."""

    def __init__(self, where: str) -> None:
        super().__init__(f"{where}: this site is already published; remove --first-publication")
        self.where = where


def read_earlier_site(where: str, *, first_publication: bool) -> PublishedHistory | None:
    """The published data, or None before the first publication.

    Without ``first_publication`` a missing or empty history is refused, because a build that trusted it
    could lose every version without anyone noticing.
    """
    try:
        published = read_published(read_limited(where), where=where)
    except FileNotFoundError as error:
        if first_publication:
            return None
        raise NothingPublishedError(where, "there is no such file") from error
    if first_publication and published.versions:
        raise AlreadyPublishedError(where)
    if not published.versions and not first_publication:
        raise NothingPublishedError(where, "it lists no versions")
    return published


def read_limited(where: str) -> bytes:
    """The bytes of the file; raises FileNotFoundError if there is none (a server answers 404 or 410)."""
    try:
        if where.startswith(("https://", "http://")):
            return _within(ANSWER_SECONDS, lambda: _fetch(where))
        with Path(where).open("rb") as file:
            return _limited(file.read(LIMIT_BYTES + 1), where)
    except FileNotFoundError:
        raise
    except HTTPError as error:
        if error.code in (404, 410):
            raise FileNotFoundError(where) from error
        raise UnreadablePublishedError(where, reason=f"the server answers {error.code}") from error
    except OSError as error:
        raise UnreadablePublishedError(where, reason=_reason(error)) from error


def _reason(error: OSError) -> str:
    """The words of the system, such as ``Connection refused``."""
    cause = error.reason if isinstance(error, URLError) else error
    return (isinstance(cause, OSError) and cause.strerror) or str(cause)


def _fetch(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=SILENCE_SECONDS) as answer:  # noqa: S310 - only http and https
        return _limited(answer.read(LIMIT_BYTES + 1), url)


def _limited(raw: bytes, where: str) -> bytes:
    if len(raw) > LIMIT_BYTES:
        raise UnreadablePublishedError(where, reason=f"it is over {LIMIT_BYTES // 2**20} MB")
    return raw


def _within(seconds: float, call: Callable[[], bytes]) -> bytes:
    """The result of ``call``, or TimeoutError. The time-out of a socket would start again with each byte."""
    answers: Queue[bytes | Exception] = Queue(1)

    def run() -> None:
        try:
            answers.put(call())
        except Exception as error:  # raised again below, in the thread that asked
            answers.put(error)

    Thread(target=run, daemon=True).start()
    try:
        answer = answers.get(timeout=seconds)
    except Empty:
        raise TimeoutError(f"no complete answer in {seconds:.0f} s") from None
    if isinstance(answer, Exception):
        raise answer
    return answer
