"""Sends one batch: claims it, writes the request, records the answer. Used by one process and by workers."""

from __future__ import annotations

from datetime import timedelta

from subscribers.clock import seconds_since_boot
from subscribers.database import UnreadableDatabaseError
from subscribers.delivery.lease import Lease
from subscribers.delivery.recording import record_answer
from subscribers.delivery_id import message_id
from subscribers.errors import NotifyError
from subscribers.high_water_mark.mark_store import MarkError
from subscribers.ledger.claim import Claim
from subscribers.ledger.ledger import Ledger
from subscribers.settings import Sender
from subscribers.transports import (
    DeferredError,
    MisconfiguredError,
    NotSentError,
    OutgoingBatch,
    Recipient,
    RefusedError,
    ThrottledError,
    TooLateError,
    Transport,
    UnclearRefusalError,
    UnconfirmedError,
    UnreachableError,
    UnsupportedAddressError,
)

# How long the provider is paused after a first failure; each further failure doubles it.
THROTTLED = timedelta(seconds=2)
UNREACHABLE = timedelta(seconds=5)
UNCONFIRMED = timedelta(seconds=30)  # each call may leave a batch unknown


class ProviderRefusedError(NotifyError):
    """The provider refuses everything from us; nothing was sent and nothing is lost."""


def deliver_batch(ledger: Ledger, transport: Transport, batch_id: int, *, sender: Sender) -> bool:
    """Try the batch once and record the result in the ledger; return whether it was accepted."""
    claim = ledger.claim(batch_id, transport)
    if claim is None:
        return False
    try:
        request = transport.prepare(_batch(claim, sender))
    except UnsupportedAddressError as error:
        ledger.exclude_unsupported(claim, str(error))
        return False
    except Exception as error:  # nothing was sent, and other messages can be made
        ledger.set_aside(claim, transport, UnclearRefusalError.not_made(error))
        return False
    began = seconds_since_boot()
    try:
        if not ledger.intend(claim, request_sha256=request.sha256):
            return False
    except UnreadableDatabaseError as error:  # the intent may be on record, but nothing was written
        _put_back(ledger, claim, str(error))
        return False
    except MarkError as error:
        _put_back(ledger, claim, str(error))
        raise
    answer: NotSentError | UnconfirmedError | None = None
    provider_id = None
    try:
        with Lease(ledger, claim, since=began) as lease:
            provider_id = request.send(may_write=lease.holds)
    except (NotSentError, UnconfirmedError) as error:
        answer = error
    record_answer(
        lambda: _record(ledger, transport, claim, answer, provider_id=provider_id),
        answer=f"batch {claim.batch_id}: {_known(answer, provider_id)}",
        remedy=_remedy(claim, answer),
    )
    if isinstance(answer, MisconfiguredError):
        raise ProviderRefusedError(
            f"{transport.name}: {answer}; nothing is lost. Fix this, then run policy-notify deliver"
        ) from answer
    return answer is None


def _put_back(ledger: Ledger, claim: Claim, words: str) -> None:
    """Record that nothing was written."""
    record_answer(
        lambda: ledger.put_back(claim, words),
        answer=f"batch {claim.batch_id}: nothing was written to the provider",
        remedy=_remedy(claim, TooLateError()),
    )


def _record(
    ledger: Ledger,
    transport: Transport,
    claim: Claim,
    answer: NotSentError | UnconfirmedError | None,
    *,
    provider_id: str | None,
) -> None:
    """Record the provider's answer; repeating it changes nothing."""
    match answer:
        case None:
            ledger.accept(claim.token, provider_id=provider_id)
            ledger.end_provider_pause(transport)
            ledger.end_domain_pause(claim, transport)
        case UnconfirmedError():
            ledger.mark_unknown(claim, str(answer))
            ledger.pause_provider(transport, detail=str(answer), first=UNCONFIRMED)
        case RefusedError():
            ledger.refuse(claim, transport, answer)
        case UnclearRefusalError():
            ledger.set_aside(claim, transport, answer)
        case UnsupportedAddressError():
            ledger.exclude_unsupported(claim, str(answer))
        case DeferredError():
            ledger.defer(claim, str(answer), reason=answer.reason)
            if answer.slower and not ledger.slow_domain_down(claim, transport, reason=answer.reason):
                ledger.slow_provider_down(transport, detail=str(answer), first=THROTTLED)
        case _:
            ledger.put_back(claim, str(answer))
            _pause_provider(ledger, transport, answer)


def _known(answer: NotSentError | UnconfirmedError | None, provider_id: str | None) -> str:
    if answer is None:
        return f"the provider has accepted it ({provider_id or 'without an id'})"
    if isinstance(answer, UnconfirmedError):
        return f"nobody knows whether the provider has accepted it ({answer})"
    return f"the provider has not accepted it ({answer})"


def _remedy(claim: Claim, answer: NotSentError | UnconfirmedError | None) -> str:
    """The command to run once the database is back."""
    if isinstance(answer, UnconfirmedError):
        return "see policy-notify resolve --help"
    word = "sent" if answer is None else "unsent"
    return f"once it is back: policy-notify resolve {claim.batch_id} --{word}"


def _pause_provider(ledger: Ledger, transport: Transport, error: NotSentError) -> None:
    """Pause a provider that accepted nothing."""
    match error:
        case ThrottledError():
            ledger.pause_provider(transport, detail=str(error), first=THROTTLED, asked=error.retry_after)
        case UnreachableError():
            ledger.pause_provider(transport, detail=str(error), first=UNREACHABLE)


def _batch(claim: Claim, sender: Sender) -> OutgoingBatch:
    domain = sender.address.domain
    return OutgoingBatch(
        token=claim.token,
        written_at=claim.claimed_at,
        sender=sender,
        database=claim.database,
        message=claim.message,
        recipients=tuple(
            Recipient(
                delivery=str(one.delivery),
                address=one.address,
                message_id=message_id(one.delivery, publication=claim.publication, domain=domain),
                return_path=sender.return_path.address_for(
                    one.delivery, publication=claim.publication, pseudonym_key=one.pseudonym_key
                )
                if sender.return_path
                else None,
            )
            for one in claim.recipients
        ),
    )
