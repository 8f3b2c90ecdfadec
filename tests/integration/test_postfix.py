"""The SMTP transport and the reader of logs against a real Postfix with mailboxes behind it."""

from __future__ import annotations

import smtplib
import time
from collections.abc import Callable
from contextlib import closing, suppress
from datetime import UTC, datetime

import pytest
from support import postfix_server
from support.postfix_server import PostfixServer, Question, running_postfix
from support.smtp_server import SmtpServer
from support.world import SENDER

from subscribers.messages.message import Message
from subscribers.smtp_logs.reading import Outcome, outcomes, read_records, strongest
from subscribers.smtp_logs.record import Fate
from subscribers.transports import (
    DeferredError,
    NotSentError,
    OutgoingBatch,
    Recipient,
    RefusedError,
    ThrottledError,
    UnclearRefusalError,
)
from subscribers.transports.smtp import SmtpTransport
from subscribers.transports.smtp_server import read_server

MESSAGE_ID = "<2-{number}.0123456789abcdef@market.example>"


def outgoing(address: str, *, number: int = 1, text: str = "We keep less.\n") -> OutgoingBatch:
    recipient = Recipient(
        delivery=f"2-{number}", address=address, message_id=MESSAGE_ID.format(number=number)
    )
    return OutgoingBatch(
        token="0" * 32,
        written_at=datetime.now(UTC),
        sender=SENDER,
        message=Message(language="en", subject="New privacy policy", text=text, html=f"<p>{text}</p>\n"),
        recipients=(recipient,),
    )


def send(server: PostfixServer, address: str, *, number: int = 1, text: str = "We keep less.\n") -> str:
    transport = SmtpTransport(read_server(server.url))
    return transport.prepare(outgoing(address, number=number, text=text)).send(may_write=lambda: True)


def at(state: str, action: str) -> Callable[[Question], str]:
    """A policy that takes this action at one command."""
    return lambda question: action if question["protocol_state"] == state else "DUNNO"


def logged(server: PostfixServer, number: int = 1) -> Outcome | None:
    """The outcome of a message in the server's log."""
    name = MESSAGE_ID.format(number=number)
    found = outcomes(read_records([server.log], wanted=lambda message_id: message_id == name))
    return strongest(found.get(name, ()))


def test_a_message_arrives_and_the_log_says_so(postfix: PostfixServer) -> None:
    send(postfix, "anna@inbox.example")
    [message] = postfix.wait_for_messages("anna")
    assert message["Message-ID"] == MESSAGE_ID.format(number=1)
    postfix.wait_for_log("status=sent (delivered to maildir)")
    outcome = logged(postfix)
    assert outcome is not None
    assert outcome.fate is Fate.DELIVERED
    assert outcome.fits("anna@inbox.example", sender=SENDER.address.addr_spec)


@pytest.mark.parametrize(
    ("address", "answer", "error", "reason"),
    [
        ("nobody@inbox.example", at("", ""), RefusedError, "5.1.1 unknown mailbox"),
        ("anna@nowhere.example", at("", ""), RefusedError, "5.1.2 unknown domain"),
        ("anna@inbox.example", at("RCPT", "552 5.2.2 Mailbox full"), DeferredError, "5.2.2 mailbox full"),
        ("anna@inbox.example", at("RCPT", "450 4.2.0 Greylisted"), DeferredError, "4.2.0 mailbox problem"),
        ("anna@inbox.example", at("RCPT", "554 5.7.1 no"), UnclearRefusalError, "5.7.1 not authorized"),
        (
            "anna@inbox.example",
            at("END-OF-MESSAGE", "554 5.7.1 no"),
            UnclearRefusalError,
            "5.7.1 not authorized",
        ),
        ("anna@inbox.example", at("RCPT", "421 4.7.0 too many connections"), ThrottledError, None),
    ],
)
def test_each_refusal_of_postfix_has_its_meaning(
    postfix: PostfixServer,
    address: str,
    answer: Callable[[Question], str],
    error: type[NotSentError],
    reason: str | None,
) -> None:
    postfix.answer = answer
    with pytest.raises(error) as raised:
        send(postfix, address, number=40)
    assert getattr(raised.value, "reason", None) == reason
    if isinstance(raised.value, RefusedError):
        assert raised.value.unreachable
    outcome = logged(postfix, 40)
    assert outcome is None or not outcome.fate.is_accepted


def test_a_session_that_the_server_ends_after_some_messages_is_opened_again(postfix: PostfixServer) -> None:
    transport = SmtpTransport(read_server(postfix.url))

    def answer(question: Question) -> str:
        begun = [other for other in postfix.questions if other["protocol_state"] == "MAIL"]
        return "421 4.7.0 too many messages" if len(begun) == 2 else "DUNNO"

    postfix.answer = answer
    for number in (1, 2, 3):
        transport.prepare(outgoing("anna@inbox.example", number=number)).send(may_write=lambda: True)
    assert len(postfix.wait_for_messages("anna", 3)) == 3
    assert postfix.log.read_text().count("too many messages") == 1


def test_a_refused_recipient_leaves_the_session_for_the_next_one(postfix: PostfixServer) -> None:
    transport = SmtpTransport(read_server(postfix.url))
    for number, name in enumerate(("anna", "nobody", "boris"), 1):
        with suppress(RefusedError):
            message = outgoing(f"{name}@inbox.example", number=number)
            transport.prepare(message).send(may_write=lambda: True)
    postfix.wait_for_messages("anna")
    postfix.wait_for_messages("boris")
    assert transport._session
    transport._session.close()
    postfix.wait_for_log("ehlo=1 mail=3 rcpt=2/3 data=2/3 rset=2 commands=10/12")


def test_a_message_that_was_cut_off_is_refused_in_the_log(postfix: PostfixServer) -> None:
    with closing(smtplib.SMTP("127.0.0.1", postfix.port)) as session:
        session.ehlo()
        session.mail("policy@market.example")
        session.rcpt("anna@inbox.example")
        session.docmd("DATA")
        session.send(f"Message-ID: {MESSAGE_ID.format(number=50)}\r\n\r\n{'x' * 70}\r\n".encode())
        time.sleep(0.1)
    postfix.wait_for_log("lost connection after DATA")
    postfix.wait_until(lambda: (outcome := logged(postfix, 50)) is not None and outcome.fate is Fate.REFUSED)


def test_what_the_next_server_says_later_is_in_the_log_and_bounces() -> None:
    if not postfix_server.IS_USABLE:
        pytest.skip(postfix_server.MISSING)
    with SmtpServer() as later, running_postfix(next_servers={"later.example": later.port}) as postfix:
        busy = True
        later.say = lambda stage, address: "450 4.2.0 not yet" if busy else "550 5.1.1 no such user"
        assert send(postfix, "anna@later.example").startswith("250 ")
        postfix.wait_for_log("status=deferred")
        outcome = logged(postfix)
        assert outcome is not None
        assert outcome.fate is Fate.DEFERRED
        busy = False
        postfix.retry()
        postfix.wait_for_log("status=bounced")
        outcome = logged(postfix)
        assert outcome is not None
        assert (outcome.fate, outcome.status) == (Fate.BOUNCED, "5.1.1")
        [bounce] = postfix.wait_for_messages("policy")
        assert bounce.get_content_type() == "multipart/report"
