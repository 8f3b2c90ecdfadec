"""Mails through an SMTP server, one message for each recipient and each intent.

What can be promised: a mail is accepted when the server answers 250 to its data, and is surely not when it
answers anything else, or when the connection ends before the last line of the data. Between that line and
the answer a mail may be accepted without our learning of it: it stays unknown, is never repeated by itself,
and is settled by ``policy-notify resolve``, because SMTP sends no signed events that could.
What becomes of an accepted mail is between the servers: a bounce goes to the From address.
"""

from __future__ import annotations

import hashlib
import re
import smtplib
import ssl
from collections.abc import Callable
from contextlib import suppress

from subscribers.messages.message import to_email
from subscribers.transports import (
    DeferredError,
    Mailing,
    MisconfiguredError,
    NotSentError,
    RefusedError,
    ThrottledError,
    TooLateError,
    UnclearRefusalError,
    UnconfirmedError,
    UnreachableError,
    UnsupportedAddressError,
)
from subscribers.transports.smtp_server import SmtpServer
from subscribers.transports.status_codes import Fault, Stage, meaning

# How long each answer is waited for, meanwhile the lease is renewed: RFC 5321, section 4.5.3.2.
OPENING_SECONDS = 60.0  # less than its five minutes: until the data a broken connection costs a retry only
ENVELOPE_SECONDS = 300.0  # MAIL, RCPT, DATA: 4.5.3.2.2 to 4.5.3.2.4
DATA_SECONDS = 180.0  # to write the data: 4.5.3.2.5
ANSWER_SECONDS = 600.0  # to the data: 4.5.3.2.6, "a receiver-SMTP that is slow leads to duplicate messages"
LOOPBACK = {"localhost", "127.0.0.1", "::1"}
SERVICE_CLOSING = 421  # RFC 5321, section 3.8: to any command, and for all mail


class SmtpTransport:
    """Sends through one server, with STARTTLS or TLS.

    Encryption with a valid certificate is demanded of every server but one on this machine.
    """

    name = "smtp"
    batch_limit = 1
    repeatable = False

    def __init__(self, server: SmtpServer) -> None:
        self._server = server
        self._session: smtplib.SMTP | None = None

    def prepare(self, mailing: Mailing) -> _SmtpRequest:
        return _SmtpRequest(self, mailing)

    def session(self) -> smtplib.SMTP:
        """A session with no mail under way: the one before where it still lives."""
        if self._session is not None:
            with suppress(OSError, smtplib.SMTPException):
                if self._session.rset()[0] == 250:
                    return self._session
            self._session.close()
        self._session = self._open()
        return self._session

    def _open(self) -> smtplib.SMTP:
        context, server = ssl.create_default_context(), self._server
        try:
            if server.encrypted:
                session: smtplib.SMTP = smtplib.SMTP_SSL(
                    server.host, server.port, timeout=OPENING_SECONDS, context=context
                )
            else:
                session = smtplib.SMTP(server.host, server.port, timeout=OPENING_SECONDS)
                session.ehlo()
                if session.has_extn("starttls") or server.host not in LOOPBACK:
                    session.starttls(context=context)
            if server.user is not None:
                session.login(server.user, server.password)
            else:
                session.ehlo_or_helo_if_needed()
        except UnicodeError as error:
            words = "the user or the password has letters outside ASCII, which cannot be sent"
            raise MisconfiguredError(f"{server.host}: {words}") from error
        except (smtplib.SMTPNotSupportedError, smtplib.SMTPAuthenticationError, ssl.SSLError) as error:
            raise MisconfiguredError(f"{server.host}: {_words(error)}") from error
        except (OSError, smtplib.SMTPException) as error:
            raise UnreachableError(f"{server.host}: {_words(error)}") from error
        return session


class _SmtpRequest:
    def __init__(self, transport: SmtpTransport, mailing: Mailing) -> None:
        [recipient] = mailing.recipients
        self._transport = transport
        self._from = mailing.sender.address.addr_spec
        self._to = recipient.address
        self._mail = to_email(
            mailing.message,
            sender=mailing.sender,
            recipient=recipient.address,
            message_id=recipient.message_id,
            sent_at=mailing.written_at,
        ).as_bytes()
        self.sha256 = hashlib.sha256(self._mail).hexdigest()

    def send(self, *, may_write: Callable[[], bool]) -> str:
        session = self._transport.session()
        try:
            _wait(session, ENVELOPE_SECONDS)
            if not self._to.isascii() and not session.has_extn("smtputf8"):
                raise UnsupportedAddressError
            options = () if self._to.isascii() else ("SMTPUTF8",)
            self._expect(session.mail(self._from, options), {250}, stage="MAIL")
            self._expect(session.rcpt(self._to), {250, 251}, stage="RCPT")
            self._expect(session.docmd("DATA"), {354}, stage="DATA")
        except (OSError, smtplib.SMTPException) as error:
            raise UnreachableError(_words(error)) from error
        if not may_write():
            session.close()  # the server has no data: it discards the mail (RFC 5321, section 4.1.1.4)
            raise TooLateError
        try:
            _wait(session, DATA_SECONDS)
            # RFC 5321, section 4.5.2: a line that begins with a dot gets another.
            session.send(re.sub(rb"(?m)^\.", b"..", self._mail) + b".\r\n")
        except (OSError, smtplib.SMTPException) as error:
            session.close()  # without the last line the server discards the mail
            raise UnreachableError(_words(error)) from error
        try:
            _wait(session, ANSWER_SECONDS)
            answer = session.getreply()
            _wait(session, OPENING_SECONDS)
        except (OSError, smtplib.SMTPException) as error:
            session.close()
            raise UnconfirmedError(_words(error)) from error
        return self._expect(answer, {250}, stage="DATA")

    def _expect(self, answer: tuple[int, bytes], codes: set[int], *, stage: Stage) -> str:
        """The server's words, if it answered one of ``codes``; else what the answer means."""
        code, text = answer[0], answer[1].decode("utf-8", "replace")
        words = f"{code} {' '.join(text.split())}"
        if code in codes:
            return words
        if code == SERVICE_CLOSING:
            raise ThrottledError(words)
        raise _refusal(code, text, words, stage=stage, is_ascii=self._to.isascii())


def _wait(session: smtplib.SMTP, seconds: float) -> None:
    """From now on wait so long for each step."""
    if session.sock is not None:
        session.sock.settimeout(seconds)


def _refusal(code: int, text: str, words: str, *, stage: Stage, is_ascii: bool) -> NotSentError:
    """What becomes of a message that was not taken."""
    refusal = meaning(code, text, stage=stage)
    reason = refusal.reason
    if stage == "MAIL" and code < 500:
        return ThrottledError(words)
    if stage == "MAIL" and is_ascii:  # else it may be that SMTPUTF8 is not taken, which others do not need
        return MisconfiguredError(words)
    match refusal.fault:
        case Fault.CHARACTERS if not is_ascii:
            return UnsupportedAddressError()
        case Fault.ADDRESS | Fault.RECIPIENT:
            return RefusedError(words, reason=reason, unreachable=refusal.fault is Fault.ADDRESS)
        case Fault.FULL | Fault.LATER | Fault.BUSY:
            return DeferredError(words, reason=reason, slower=refusal.fault is Fault.BUSY)
        case fault:
            return UnclearRefusalError(words, reason=reason, ours=fault is Fault.SENDER and is_ascii)


def _words(error: Exception) -> str:
    return str(error) or type(error).__name__
