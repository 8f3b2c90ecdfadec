"""One batch: claim it, send it, settle it. The same for the embedded loop and for workers."""

from __future__ import annotations

import time
from datetime import timedelta

from subscribers.errors import NotifyError
from subscribers.ledger.ledger import Claim, Ledger
from subscribers.settings import Sender
from subscribers.transports import (
    DeferredError,
    DoubtfulError,
    Mailing,
    MisconfiguredError,
    NotSentError,
    Recipient,
    RefusedError,
    ThrottledError,
    Transport,
    UnreachableError,
)

# How long nobody calls the provider after a first failure; each further one doubles it.
THROTTLED = timedelta(seconds=2)
UNREACHABLE = timedelta(seconds=5)
DOUBTFUL = timedelta(seconds=30)  # each call may leave a batch in doubt
LEASE_SHARE = 0.9  # of a lease in which a request may be begun; the rest is for clocks that differ


class ProviderRefusedError(NotifyError):
    """The provider takes nothing from us as things are; nothing was sent, nothing is lost."""


def deliver_batch(ledger: Ledger, transport: Transport, batch_id: int, *, sender: Sender) -> bool:
    """Try the batch once; whether it was accepted. What became of it is in the ledger."""
    claim = ledger.claim(batch_id, transport)
    if claim is None:
        return False
    request = transport.prepare(_mailing(claim, sender))
    before = time.monotonic() + ledger.lease.total_seconds() * LEASE_SHARE
    if not ledger.intend(claim, request_sha256=request.sha256):
        return False
    try:
        provider_id = request.send(before=before)
    except DoubtfulError as error:
        ledger.doubt(claim, str(error))
        ledger.close(transport, detail=str(error), first=DOUBTFUL)
    except RefusedError as error:
        ledger.refuse(claim, str(error))
    except DeferredError as error:
        ledger.defer(claim, str(error))
    except NotSentError as error:
        ledger.put_back(claim, str(error))
        _keep_off(ledger, transport, error)
    else:
        ledger.accept(claim.token, provider_id=provider_id)
        ledger.reopen(transport)
        return True
    return False


def _keep_off(ledger: Ledger, transport: Transport, error: NotSentError) -> None:
    """Spare a provider that took nothing; stop where only a person can help."""
    match error:
        case ThrottledError():
            ledger.close(transport, detail=str(error), first=THROTTLED, asked=error.retry_after)
        case UnreachableError():
            ledger.close(transport, detail=str(error), first=UNREACHABLE)
        case MisconfiguredError():
            raise ProviderRefusedError(
                f"{transport.name}: {error}; nothing is lost: mend it, then policy-notify deliver"
            ) from error


def _mailing(claim: Claim, sender: Sender) -> Mailing:
    domain = sender.address.domain
    return Mailing(
        token=claim.token,
        written_at=claim.claimed_at,
        sender=sender,
        message=claim.message,
        recipients=tuple(
            Recipient(
                delivery=delivery,
                address=address,
                message_id=f"<{delivery}.{claim.publication}@{domain}>",
            )
            for delivery, address in claim.recipients
        ),
    )
