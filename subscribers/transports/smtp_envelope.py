"""Announces one message to an SMTP server: its sender, its recipient, and that the data follow.

If the server offers PIPELINING (RFC 2920), all commands are written at once, which saves three round trips.
No data are written here, so the server cannot accept anything.
"""

from __future__ import annotations

import smtplib
from collections.abc import Iterator

from subscribers.transports.status_codes import Stage

Answer = tuple[int, bytes]
READY = {"MAIL": {250}, "RCPT": {250, 251}, "DATA": {354}}
START_MAIL_INPUT = 354


class StaleSessionError(Exception):
    """The server has ended a session that was used before, and nothing of this message was taken."""


def announce(session: smtplib.SMTP, *, sender: str, recipient: str, is_used: bool) -> tuple[Stage, Answer]:
    """The first answer that is a refusal, with the command that it answers; else the answer to DATA.

    ``is_used``: the session has had another message, of which nothing must be left. Raises StaleSessionError
    if such a session is over, and what ``smtplib`` raises if the connection breaks.
    """
    commands = [*_commands(sender, recipient)]
    try:
        if session.has_extn("pipelining"):
            return _all_at_once(session, commands, is_used=is_used)
        return _one_by_one(session, commands, is_used=is_used)
    except (OSError, smtplib.SMTPException) as error:
        if is_used and not isinstance(error, TimeoutError):
            raise StaleSessionError from error
        raise


def _commands(sender: str, recipient: str) -> Iterator[tuple[Stage, str]]:
    for address in (sender, recipient):
        if "\r" in address or "\n" in address:
            raise smtplib.SMTPException("an email address with a line break cannot be sent")
    options = "" if recipient.isascii() else " SMTPUTF8"
    yield "MAIL", f"MAIL FROM:{smtplib.quoteaddr(sender)}{options}"
    yield "RCPT", f"RCPT TO:{smtplib.quoteaddr(recipient)}"
    yield "DATA", "DATA"


def _one_by_one(
    session: smtplib.SMTP, commands: list[tuple[Stage, str]], *, is_used: bool
) -> tuple[Stage, Answer]:
    if is_used and session.docmd("RSET")[0] != 250:
        raise StaleSessionError
    for stage, command in commands:
        session.send(f"{command}\r\n".encode())
        answer = session.getreply()
        if answer[0] not in READY[stage]:
            break
    return stage, answer


def _all_at_once(
    session: smtplib.SMTP, commands: list[tuple[Stage, str]], *, is_used: bool
) -> tuple[Stage, Answer]:
    first = ["RSET"] if is_used else []
    written = "".join(f"{command}\r\n" for command in (*first, *(text for _, text in commands)))
    session.send(written.encode())
    if is_used and session.getreply()[0] != 250:
        raise StaleSessionError
    refused: tuple[Stage, Answer] | None = None
    for stage, _ in commands:
        try:
            answer = session.getreply()
        except (OSError, smtplib.SMTPException):
            if refused is None:
                raise
            session.close()  # it has ended the connection after the refusal
            return refused
        if refused is None and answer[0] not in READY[stage]:
            refused = stage, answer
    if refused is not None and answer[0] == START_MAIL_INPUT:
        session.close()  # it waits for data although it refused the recipient: without any, it discards all
    return refused or (stage, answer)
