"""Checks that the SMTP server accepts this sender, in a session of the transport that sends nothing."""

from __future__ import annotations

import smtplib
import ssl
import time
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime

from subscribers.doctor.finding import Finding, error, ok, warning
from subscribers.messages.compose import MESSAGE_LIMIT_BYTES
from subscribers.settings import Settings, ascii_address
from subscribers.transports import NotSentError
from subscribers.transports.configured import configured_server
from subscribers.transports.smtp import SmtpTransport
from subscribers.transports.smtp_server import SmtpUrlError

BASE64_LINES = 78 / 57  # 57 bytes become a line of 76 characters and its end (RFC 2045, section 6.8)
SOON_DAYS = 14  # a certificate that ends within them was not renewed by itself
REMEDIES: tuple[tuple[type[Exception], str], ...] = (
    (smtplib.SMTPAuthenticationError, "correct POLICY_NOTIFY_SMTP_USER and POLICY_NOTIFY_SMTP_PASSWORD"),
    (ssl.SSLCertVerificationError, "use the host name that the certificate is for, or have it corrected"),
    (
        ssl.SSLError,
        "correct POLICY_NOTIFY_SMTP_URL: smtps:// is for port 465, smtp:// (STARTTLS) for port 587",
    ),
    (
        smtplib.SMTPNotSupportedError,
        "the server offers no STARTTLS or no AUTH on this port: ask its operator which port does",
    ),
    (OSError, "correct the host and port in POLICY_NOTIFY_SMTP_URL, or open the firewall"),
)


def check_mail_server(settings: Settings) -> Iterable[Finding]:
    """Checks connection, encryption, certificate, credentials and sender, and stops at the first failure."""
    try:
        server = configured_server(settings)
    except SmtpUrlError as refused:
        seen, _, remedy = str(refused).partition(": ")[2].partition("; ")
        yield error("SMTP server", "POLICY_NOTIFY_SMTP_URL", seen, remedy)
        return
    where = server.shown
    try:
        session = SmtpTransport(server).session()
    except NotSentError as refused:
        yield error("SMTP server", where, str(refused), _remedy(refused.__cause__))
        return
    try:
        yield from _encryption(session, where)
        yield ok("SMTP server", where, "answers" + (", and accepts the password" if server.user else ""))
        if attach := settings.what_to_attach():
            yield _size(session, where, attach.limit_bytes)
        if settings.sender:
            yield _sender(session, where, settings)
    finally:
        with suppress(OSError, smtplib.SMTPException):
            session.quit()


def _size(session: smtplib.SMTP, where: str, attached_bytes: int) -> Finding:
    """Whether the server takes messages with as many attached bytes as the settings allow (RFC 1870)."""
    limit = session.esmtp_features.get("size", "")
    largest = attached_bytes * BASE64_LINES + MESSAGE_LIMIT_BYTES
    if not limit.isdecimal() or int(limit) == 0:
        return ok("message size", where, "the server names no limit")
    seen = f"the server takes messages of up to {int(limit):,} bytes"
    if int(limit) >= largest:
        return ok("message size", where, seen)
    seen += f", and with attached files they may have {largest:,.0f}"
    return warning(
        "message size", where, seen, "lower POLICY_NOTIFY_ATTACH_LIMIT_KB, or raise the server's limit"
    )


def _encryption(session: smtplib.SMTP, where: str) -> Iterable[Finding]:
    if not isinstance(session.sock, ssl.SSLSocket):
        yield ok("TLS", where, "none, which is allowed for a server on this machine")
        return
    certificate = session.sock.getpeercert() or {}
    ends = ssl.cert_time_to_seconds(str(certificate["notAfter"]))
    ends_on = datetime.fromtimestamp(ends, UTC).date()
    seen = f"{session.sock.version()}, certificate valid until {ends_on}"
    if ends - time.time() < SOON_DAYS * 86400:
        yield warning("TLS", where, seen, "have it renewed: no email can be sent after that day")
    else:
        yield ok("TLS", where, seen)


def _sender(session: smtplib.SMTP, where: str, settings: Settings) -> Finding:
    """The server's answer to an envelope sender like ours, taken back by RSET so that nothing is sent."""
    if settings.return_path is not None:
        setting, address = "POLICY_NOTIFY_RETURN_PATH", settings.return_path.replace("@", "+doctor@")
    else:
        setting, address = "POLICY_NOTIFY_FROM", ascii_address(settings.sender or "")
    try:
        code, words = session.mail(address)
        session.rset()
    except (OSError, smtplib.SMTPException) as broken:
        return error("SMTP server", where, f"MAIL FROM:<{address}>: {broken}", "ask the server's operator")
    seen = f"MAIL FROM:<{address}>: {code} {words.decode('utf-8', 'replace')}"
    if code == 250:
        return ok("SMTP server", where, seen)
    if code < 500:  # RFC 5321, section 4.2.1: not now
        return error("SMTP server", where, seen, "try again later; if it stays, ask the server's operator")
    if code == 530:  # RFC 4954, section 6: authentication is required
        remedy = "set POLICY_NOTIFY_SMTP_USER and POLICY_NOTIFY_SMTP_PASSWORD"
        return error("SMTP server", where, seen, remedy)
    remedy = f"set {setting} to an email address that this user may send from"
    return error("SMTP server", where, seen, remedy)


def _remedy(cause: BaseException | None) -> str:
    fitting = (remedy for kind, remedy in REMEDIES if isinstance(cause, kind))
    return next(fitting, "do what the server's answer asks for, then try again")
