"""The SMTP server and the user to log in as, read from the settings and checked."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import unquote

from subscribers.errors import NotifyError

# Everything before the last @ is user and password, with any characters: no host name contains an @.
_URL = re.compile(
    r"(?P<scheme>smtps?)://(?:(?P<who>.*)@)?"
    r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^\s/?#@\[\]:]+)(?::(?P<port>[0-9]{1,5}))?/?",
    re.DOTALL,
)
_FORM = "write smtp://HOST:587 or smtps://HOST:465"


class SmtpUrlError(NotifyError):
    """The setting does not name a server. The error does not quote it, because it may contain a password."""

    def __init__(self, problem: str) -> None:
        super().__init__(
            f"POLICY_NOTIFY_SMTP_URL: {problem}; {_FORM}, and user and password in POLICY_NOTIFY_SMTP_USER "
            "and POLICY_NOTIFY_SMTP_PASSWORD"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpServer:
    """A server, and the user to log in as, or None if no login is needed."""

    encrypted: bool  # from the first byte on
    host: str
    port: int
    user: str | None
    password: str = field(repr=False)

    @property
    def shown(self) -> str:
        """The server in a readable form, without user and password."""
        return f"{'smtps' if self.encrypted else 'smtp'}://{self.host}:{self.port}"


def read_server(url: str, *, user: str | None = None, password: str | None = None) -> SmtpServer:
    """The server of ``smtp://USER:PASSWORD@HOST:587`` or ``smtps://…:465``. User and password are optional.

    In the URL, ``%`` begins an escape: ``%25`` is the character itself, ``%3A`` a colon in a user's name.
    """
    parts = _URL.fullmatch(url.strip())
    if parts is None or not 0 < int(parts["port"] or 1) < 65536:
        raise SmtpUrlError("is not the URL of a mail server")
    try:
        user_in_url, password_in_url = (
            unquote(part, errors="strict") for part in (parts["who"] or "").partition(":")[::2]
        )
    except UnicodeDecodeError as error:
        raise SmtpUrlError("a % in the user or password is not a valid escape") from error
    if (user and user_in_url) or (password and password_in_url):
        raise SmtpUrlError("user or password is set twice, in the URL and by itself; remove one of them")
    user, password = user or user_in_url or None, password or password_in_url
    if password and user is None:
        raise SmtpUrlError("a password is set, but no user")
    encrypted = parts["scheme"] == "smtps"
    return SmtpServer(
        encrypted=encrypted,
        host=parts["host"].strip("[]"),
        port=int(parts["port"] or (465 if encrypted else 587)),
        user=user,
        password=password,
    )
