"""Settles doubts by evidence, as far as there is any: what every engine does between its batches."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from subscribers.delivery.canary import send_canary
from subscribers.ledger.ledger import Ledger
from subscribers.ledger.signed_events import forget_bodies, release_unsent
from subscribers.settings import Sender, Settings
from subscribers.transports import Transport


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciliation:
    """The rules of evidence: how long a doubt waits for events, and where the canary is sent."""

    window: timedelta
    canary: str
    retention: timedelta = timedelta()  # of raw posts

    def settle(self, ledger: Ledger, transport: Transport, *, sender: Sender) -> None:
        """Release what was surely not sent; where nothing could show it, ask. Forget what may not be kept."""
        forget_bodies(ledger.engine, before=ledger.now() - self.retention)
        release_unsent(ledger.engine, window=self.window, now=ledger.now())
        if ledger.canary_is_due(transport, window=self.window):
            send_canary(ledger, transport, sender=sender, address=self.canary)


def configured_reconciliation(settings: Settings) -> Reconciliation | None:
    """The rules that the settings give; None without an event channel, where doubts wait for a person."""
    if settings.transport != "sendgrid" or settings.sendgrid_event_public_key is None:
        return None
    return Reconciliation(
        window=timedelta(seconds=settings.evidence_window),
        canary=settings.canary or settings.who_sends().address.addr_spec,
        retention=timedelta(days=settings.event_retention_days),
    )
