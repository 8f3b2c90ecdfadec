"""Sends the canary: one email to an address of ours, whose event shows that events still come.

It is sent only if an unknown batch waits for that, and no request since then could show it.
"""

from __future__ import annotations

import secrets

from subscribers.clock import seconds_since_boot
from subscribers.delivery.recording import record_answer
from subscribers.delivery_id import special_message_id
from subscribers.high_water_mark.mark_store import MarkError
from subscribers.ledger import canary
from subscribers.ledger.ledger import Ledger
from subscribers.messages.message import Message
from subscribers.model import AttemptState
from subscribers.settings import Sender
from subscribers.transports import NotSentError, OutgoingBatch, Recipient, Transport, UnconfirmedError

WORDS = "This email tests whether the provider reports what becomes of emails. You need not do anything."


def send_canary(ledger: Ledger, transport: Transport, *, sender: Sender, address: str) -> None:
    """Send the canary to ``address`` and record the answer; it belongs to no batch."""
    token, now = secrets.token_hex(16), ledger.now()
    outgoing = OutgoingBatch(
        token=token,
        written_at=now,
        sender=sender,
        database=ledger.identity(),
        message=Message(
            language="en", subject="Test of delivery reports", text=f"{WORDS}\n", html=f"<p>{WORDS}</p>\n"
        ),
        recipients=(
            Recipient(
                delivery="canary",
                address=address,
                message_id=special_message_id("canary", token, domain=sender.address.domain),
            ),
        ),
    )
    request = transport.prepare(outgoing)
    try:
        ledger.begin_canary(transport, token, request_sha256=request.sha256, now=now)
    except MarkError as error:
        ledger.end_canary(token, was=AttemptState.UNSENT, detail=str(error))
        raise
    began = seconds_since_boot()
    answer: canary.Answer = AttemptState.ACCEPTED
    detail = None
    try:
        request.send(may_write=lambda: seconds_since_boot() - began < ledger.lease.total_seconds())
    except NotSentError as error:
        answer, detail = AttemptState.UNSENT, str(error)
    except UnconfirmedError as error:
        answer, detail = AttemptState.UNKNOWN, str(error)
    record_answer(
        lambda: ledger.end_canary(token, was=answer, detail=detail),
        answer=f"the test of delivery reports is {answer}",
        remedy="you need not do anything",
    )
