"""Sends email through an SMTP server, one recipient at a time.

A message is accepted if the server answers 250 to its data. It cannot have been accepted if the server
answers anything else, or if the connection ends before the last line of the data. If the connection ends
between that line and the answer, nobody knows whether the message was accepted: it stays unknown and is never
sent again automatically. SMTP has no signed events to settle this, so ``policy-notify resolve`` does. If an
accepted message bounces later, the bounce goes to the signed return path, or else to the From address.
"""

from __future__ import annotations

import hashlib
import re
import smtplib
import ssl
from collections.abc import Callable, Set
from contextlib import suppress

from subscribers.messages.message import to_email
from subscribers.settings import Sender
from subscribers.transports import (
    DeferredError,
    MisconfiguredError,
    NotSentError,
    OutgoingBatch,
    RefusedError,
    ThrottledError,
    TooLateError,
    UnclearRefusalError,
    UnconfirmedError,
    UnreachableError,
    UnsupportedAddressError,
)
from subscribers.transports.smtp_envelope import READY, Answer, StaleSessionError, announce
from subscribers.transports.smtp_server import SmtpServer
from subscribers.transports.status_codes import Fault, Stage, meaning

# How long to wait for each answer: RFC 5321, section 4.5.3.2. The lease is renewed meanwhile.
OPENING_SECONDS = 60.0  # less than the RFC's five minutes: before the data, a failure costs only a retry
ENVELOPE_SECONDS = 300.0  # `MAIL`, `RCPT`, `DATA`: 4.5.3.2.2 to 4.5.3.2.4
DATA_SECONDS = 180.0  # to write the data: 4.5.3.2.5
ANSWER_SECONDS = 600.0  # to the data: 4.5.3.2.6, "a receiver-SMTP that is slow leads to duplicate messages"
LOOPBACK = {"localhost", "127.0.0.1", "::1"}
# RFC 5321, section 4.2.1: the first digit decides. Anything else, such as an answer that was cut off, says
# nothing.
ACCEPTED = frozenset(range(200, 300))
DECIDED = ACCEPTED | frozenset(range(400, 600))
SERVICE_CLOSING = 421  # RFC 5321, section 3.8: in answer to any command, and about all messages


class SmtpTransport:
    """Sends through one server, with STARTTLS or TLS.

    Every server except one on this machine must encrypt and have a valid certificate.
    """

    name = "smtp"
    batch_limit = 1
    repeatable = False

    def __init__(self, server: SmtpServer) -> None:
        self._server = server
        self._session: smtplib.SMTP | None = None

    def prepare(self, batch: OutgoingBatch) -> _SmtpRequest:
        return _SmtpRequest(self, batch)

    def announced(
        self, sender: str, recipient: str, *, size_bytes: int
    ) -> tuple[smtplib.SMTP, Stage, Answer]:
        """A session in which a message was announced, and the answer that decides: see ``announce``.

        The session of the previous message is used if the server still keeps it open. Servers end sessions
        after a while or after some messages, and nothing of the next one is accepted then.
        """
        if self._session is not None and self._session.sock is not None:
            with suppress(StaleSessionError):
                return self._announce(self._session, sender, recipient, size_bytes=size_bytes, is_used=True)
            self._session.close()
        return self._announce(self.session(), sender, recipient, size_bytes=size_bytes, is_used=False)

    def session(self) -> smtplib.SMTP:
        """A new session."""
        self._session = self._open()
        return self._session

    def _announce(
        self, session: smtplib.SMTP, sender: str, recipient: str, *, size_bytes: int, is_used: bool
    ) -> tuple[smtplib.SMTP, Stage, Answer]:
        if not recipient.isascii() and not session.has_extn("smtputf8"):
            raise UnsupportedAddressError
        _expect_room(session, size_bytes)
        _wait(session, ENVELOPE_SECONDS)
        try:
            stage, answer = announce(session, sender=sender, recipient=recipient, is_used=is_used)
        except (OSError, smtplib.SMTPException) as error:
            session.close()
            raise UnreachableError(_words(error)) from error
        if is_used and stage == "MAIL" and answer[0] == SERVICE_CLOSING:
            raise StaleSessionError
        return session, stage, answer

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
    def __init__(self, transport: SmtpTransport, batch: OutgoingBatch) -> None:
        [recipient] = batch.recipients
        self._transport = transport
        self._from = recipient.return_path or batch.sender.address.addr_spec
        self._to = recipient.address
        email = to_email(
            batch.message,
            sender=batch.sender,
            recipient=recipient.address,
            message_id=recipient.message_id,
            sent_at=batch.written_at,
        )
        if recipient.return_path and _takes_complaints(recipient.return_path, batch.sender):
            email["CFBL-Address"] = f"{recipient.return_path}; report=arf"
        self._email = email.as_bytes()
        self.sha256 = hashlib.sha256(self._email).hexdigest()

    def send(self, *, may_write: Callable[[], bool]) -> str:
        session, stage, answer = self._transport.announced(self._from, self._to, size_bytes=len(self._email))
        self._expect(answer, READY[stage], stage=stage)
        if not may_write():
            session.close()  # without data, the server discards the message (RFC 5321, section 4.1.1.4)
            raise TooLateError
        try:
            _wait(session, DATA_SECONDS)
            # RFC 5321, section 4.5.2: a line that begins with a dot gets another.
            session.send(re.sub(rb"(?m)^\.", b"..", self._email) + b".\r\n")
        except (OSError, smtplib.SMTPException) as error:
            session.close()  # without the last line, the server discards the message
            raise UnreachableError(_words(error)) from error
        try:
            _wait(session, ANSWER_SECONDS)
            answer = session.getreply()
            _wait(session, OPENING_SECONDS)
        except (OSError, smtplib.SMTPException) as error:
            session.close()
            raise UnconfirmedError(_words(error)) from error
        if answer[0] not in DECIDED:
            session.close()
            raise UnconfirmedError(f"the answer to the data is no answer: {answer[0]}")
        return self._expect(answer, ACCEPTED, stage="DATA")

    def _expect(self, answer: tuple[int, bytes], codes: Set[int], *, stage: Stage) -> str:
        """The server's answer, if it has one of ``codes``. Otherwise raises the error that it means."""
        code, text = answer[0], answer[1].decode("utf-8", "replace")
        words = f"{code} {' '.join(text.split())}"
        if code in codes:
            return words
        if code == SERVICE_CLOSING:
            raise ThrottledError(words)
        raise _refusal(code, text, words, stage=stage, is_ascii=self._to.isascii())


def _takes_complaints(return_path: str, sender: Sender) -> bool:
    """Whether mailbox providers may send complaints there (RFC 9477, section 3.1).

    The domain must be that of the From address, so that the DKIM signature of that domain vouches for it.
    """
    return return_path.rpartition("@")[2].lower() == sender.address.domain.lower()


def _expect_room(session: smtplib.SMTP, size_bytes: int) -> None:
    """Refuse to begin if the message is larger than the server's limit (RFC 1870)."""
    limit = session.esmtp_features.get("size", "")
    if limit.isdecimal() and 0 < int(limit) < size_bytes:
        raise MisconfiguredError(
            f"the message has {size_bytes:,} bytes, and the server takes at most {int(limit):,}; raise its "
            "limit (Postfix: message_size_limit), and lower POLICY_NOTIFY_ATTACH_LIMIT_KB for later "
            "announcements"
        )


def _wait(session: smtplib.SMTP, seconds: float) -> None:
    """Wait this long for each step from now on."""
    if session.sock is not None:
        session.sock.settimeout(seconds)


def _refusal(code: int, text: str, words: str, *, stage: Stage, is_ascii: bool) -> NotSentError:
    """The error for a message that was not accepted."""
    refusal = meaning(code, text, stage=stage)
    reason = refusal.reason
    if stage == "MAIL" and code < 500:
        return ThrottledError(words)
    if stage == "MAIL" and is_ascii:  # otherwise the server may just lack SMTPUTF8
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
