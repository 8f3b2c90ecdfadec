"""Opens the question whether events still come: one mail to an address of ours, of which one has to.

Only asked when a doubt waits for the answer and no request since has given it.
"""

from __future__ import annotations

import secrets
from datetime import timedelta

from sqlalchemy import exists, insert, select, update

from subscribers.clock import seconds_since_boot
from subscribers.database import reading, writing
from subscribers.delivery.recording import settle
from subscribers.ledger.ledger import Ledger
from subscribers.messages.message import Message
from subscribers.model import AttemptState, BatchState, attempts, batches
from subscribers.settings import Sender
from subscribers.transports import Mailing, NotSentError, Recipient, Transport, UnconfirmedError

WORDS = "This mail tests that the provider reports what becomes of mails. Nobody has to do anything."


def canary_is_due(ledger: Ledger, transport: Transport, *, window: timedelta) -> bool:
    """Whether a doubt has outlasted ``window``, and no request since could show that events come."""
    later = attempts.alias("later")
    open_request = exists().where(
        later.c.transport == attempts.c.transport,
        later.c.claimed_at > attempts.c.claimed_at,
        later.c.claimed_at > ledger.now() - window,
        later.c.state.not_in([AttemptState.UNSENT.value, AttemptState.REFUSED.value]),
    )
    stale = (
        select(batches.c.id)
        .join(attempts, attempts.c.token == batches.c.token)
        .where(
            batches.c.state == BatchState.UNKNOWN.value,
            attempts.c.transport == transport.name,
            attempts.c.claimed_at <= ledger.now() - window,
            ~open_request,
        )
        .limit(1)
    )
    with reading(ledger.engine) as connection:
        return connection.scalars(stale).one_or_none() is not None


def send_canary(ledger: Ledger, transport: Transport, *, sender: Sender, address: str) -> None:
    """Send the mail whose event will show that the channel works; it is an attempt at no batch."""
    token, now = secrets.token_hex(16), ledger.now()
    mailing = Mailing(
        token=token,
        written_at=now,
        sender=sender,
        message=Message(
            language="en", subject="Test of delivery reports", text=f"{WORDS}\n", html=f"<p>{WORDS}</p>\n"
        ),
        recipients=(
            Recipient(
                delivery="canary", address=address, message_id=f"<canary-{token}@{sender.address.domain}>"
            ),
        ),
    )
    request = transport.prepare(mailing)
    with writing(ledger.engine) as connection:
        connection.execute(
            insert(attempts).values(
                token=token,
                transport=transport.name,
                state=AttemptState.INTENDED.value,
                claimed_at=now,
                request_sha256=request.sha256,
            )
        )
    began = seconds_since_boot()
    state, detail = AttemptState.ACCEPTED, None
    try:
        request.send(may_write=lambda: seconds_since_boot() - began < ledger.lease.total_seconds())
    except NotSentError as error:
        state, detail = AttemptState.UNSENT, str(error)
    except UnconfirmedError as error:
        state, detail = AttemptState.UNKNOWN, str(error)

    def note() -> None:
        with writing(ledger.engine) as connection:
            connection.execute(
                update(attempts)
                .where(attempts.c.token == token, attempts.c.state == AttemptState.INTENDED.value)
                .values(state=state.value, ended_at=ledger.now(), detail=detail)
            )

    settle(note, answer=f"the test of delivery reports is {state}", remedy="nothing has to be done")
