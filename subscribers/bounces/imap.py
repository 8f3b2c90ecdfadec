"""A mailbox on an IMAP server (RFC 9051, RFC 3501). Every connection to another machine is encrypted."""

from __future__ import annotations

import imaplib
import re
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self, TypeVar
from urllib.parse import unquote, urlsplit

from subscribers.bounces.intake import LONGEST_MESSAGE
from subscribers.bounces.mailbox import MailboxError

SECONDS = 60.0  # for each answer
LOOPBACK = {"localhost", "127.0.0.1", "::1"}
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
EXAMPLE = "imaps://bounces%40example.com@imap.example.com/INBOX"

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class ImapPlace:
    """Where a mailbox is. ``encrypted`` from the first byte; else STARTTLS, except on this machine."""

    host: str
    port: int
    user: str
    folder: str
    encrypted: bool

    def __str__(self) -> str:
        return f"{self.folder} of {self.user} at {self.host}"


def read_place(url: str) -> ImapPlace:
    """The place that a URL such as ``imaps://USER@HOST/FOLDER`` names; raises MailboxError."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise MailboxError(f"the IMAP URL is wrong ({error}); write it as {EXAMPLE}") from error
    if parts.password is not None:
        raise MailboxError(
            "the IMAP URL has a password in it, which others can see; set POLICY_NOTIFY_IMAP_PASSWORD instead"
        )
    if parts.scheme not in {"imap", "imaps"} or not parts.hostname or not parts.username:
        raise MailboxError(f"the IMAP URL needs a user and a host; write it as {EXAMPLE}")
    folder = unquote(parts.path.lstrip("/")) or "INBOX"
    if not folder.isascii() or not folder.isprintable():
        raise MailboxError("the IMAP folder has letters outside ASCII; name it with ASCII letters")
    encrypted = parts.scheme == "imaps"
    return ImapPlace(
        host=parts.hostname,
        port=port or (993 if encrypted else 143),  # RFC 8314, section 7.2; RFC 9051, section 2.1
        user=unquote(parts.username),
        folder=folder,
        encrypted=encrypted,
    )


class ImapMailbox:
    """One folder on a server, open until the ``with`` block ends."""

    def __init__(self, place: ImapPlace, password: str, *, context: ssl.SSLContext | None = None) -> None:
        self._place = place
        self._password = password
        self._context = context or ssl.create_default_context()

    def __enter__(self) -> Self:
        place = self._place
        opened = self._session = self._ask(self._open)
        try:
            if not place.encrypted and "STARTTLS" in opened.capabilities:
                self._ask(lambda: opened.starttls(self._context))
            elif not place.encrypted and place.host not in LOOPBACK:
                raise MailboxError(
                    f"{place}: the server offers no encryption; use imaps:// or another server"
                )
            self._ask(lambda: opened.login(_quoted(place.user, always=False), self._password))
            self._command("SELECT", lambda: opened.select(_quoted(place.folder)))
            self._can_remove_one = "UIDPLUS" in self._capabilities()
        except MailboxError:
            self._close()
            raise
        return self

    def _open(self) -> imaplib.IMAP4:
        host, port = self._place.host, self._place.port
        if self._place.encrypted:
            return imaplib.IMAP4_SSL(host, port, ssl_context=self._context, timeout=SECONDS)
        return imaplib.IMAP4(host, port, timeout=SECONDS)

    def __exit__(self, *_: object) -> None:
        self._close()

    def unread(self) -> Iterator[tuple[str, bytes]]:
        """The messages without the flag \\Seen, by their UIDs. One that cannot be fetched is left out."""
        for uid in self._search("UNSEEN"):
            raw = self._fetch(uid, f"BODY.PEEK[]<0.{LONGEST_MESSAGE}>")
            if raw is not None:
                yield uid, raw

    def remove(self, key: str) -> None:
        """Remove the message; nothing else, if the server can do that (UIDPLUS, RFC 4315)."""
        self._command("STORE", lambda: self._session.uid("STORE", key, "+FLAGS.SILENT", r"(\Seen \Deleted)"))
        if self._can_remove_one:
            self._command("EXPUNGE", lambda: self._session.uid("EXPUNGE", key))
        else:
            self._command("EXPUNGE", self._session.expunge)

    def mark_as_read(self, key: str) -> None:
        """Give the message the flag \\Seen."""
        self._command("STORE", lambda: self._session.uid("STORE", key, "+FLAGS.SILENT", r"(\Seen)"))

    def remove_old(self, *, before: datetime, is_ours: Callable[[bytes], bool]) -> int:
        """Remove read messages that came before that day."""
        removed = 0
        day = f"{before.day}-{MONTHS[before.month - 1]}-{before.year}"
        for uid in self._search("SEEN", "UNDELETED", "BEFORE", day):
            header = self._fetch(uid, "BODY.PEEK[HEADER]")
            if header is not None and is_ours(header):
                self.remove(uid)
                removed += 1
        return removed

    def _capabilities(self) -> str:
        [words] = self._command("CAPABILITY", self._session.capability)
        return words.decode("ascii", "replace").upper() if isinstance(words, bytes) else ""

    def _search(self, *criteria: str) -> Sequence[str]:
        [found] = self._command("SEARCH", lambda: self._session.uid("SEARCH", *criteria))
        return re.findall(r"\d+", found.decode("ascii", "replace")) if isinstance(found, bytes) else ()

    def _fetch(self, uid: str, what: str) -> bytes | None:
        kind, found = self._ask(lambda: self._session.uid("FETCH", uid, f"({what})"))
        pieces = [piece[1] for piece in found if isinstance(piece, tuple)]
        return pieces[0] if kind == "OK" and pieces else None

    def _command(self, name: str, ask: Callable[[], tuple[str, list[Any]]]) -> list[Any]:
        kind, found = self._ask(ask)
        if kind != "OK":
            words = found[0].decode("utf-8", "replace") if found and isinstance(found[0], bytes) else kind
            raise MailboxError(f"{self._place}: the server refuses {name} ({words}); check the URL's folder")
        return found or [None]

    def _ask(self, what: Callable[[], _T]) -> _T:
        try:
            return what()
        except imaplib.IMAP4.abort as error:
            raise MailboxError(f"{self._place}: the connection ended ({error}); run this again") from error
        except imaplib.IMAP4.error as error:
            first = error.args[0] if error.args else error
            words = first.decode("utf-8", "replace") if isinstance(first, bytes) else str(first)
            raise MailboxError(
                f"{self._place}: {words}; check the user and POLICY_NOTIFY_IMAP_PASSWORD"
            ) from error
        except UnicodeError as error:
            raise MailboxError(
                f"{self._place}: the password has letters outside ASCII and cannot be sent; set another one"
            ) from error
        except ssl.SSLError as error:
            raise MailboxError(
                f"{self._place}: no encrypted connection ({error.reason or error}); name the host as its "
                "certificate does, with imaps:// for a port that begins with TLS, else with imap://"
            ) from error
        except OSError as error:
            words = error.strerror or str(error) or type(error).__name__
            raise MailboxError(
                f"{self._place}: no connection ({words}); check host and port, then run this again"
            ) from error

    def _close(self) -> None:
        with suppress(OSError, imaplib.IMAP4.error):
            self._session.logout()


def _quoted(text: str, *, always: bool = True) -> str:
    """``text`` as a quoted string (RFC 3501, section 4.3)."""
    if not always and re.fullmatch(r"[\w.@+-]+", text, re.ASCII):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
