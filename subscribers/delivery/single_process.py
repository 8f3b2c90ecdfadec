"""Delivers in a single process: sends everything that can be sent now."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from threading import Event

from subscribers.delivery.reconciliation import Reconciliation
from subscribers.delivery.sending import deliver_batch
from subscribers.ledger.ledger import Ledger
from subscribers.settings import Sender
from subscribers.transports import Transport

# Long enough for a lost worker's lease to end, and for a provider that asks for a short pause.
PATIENCE = timedelta(seconds=60)


def deliver(
    ledger: Ledger,
    transport: Transport,
    *,
    sender: Sender,
    stop: Event,
    reconciliation: Reconciliation | None = None,
    patience: timedelta = PATIENCE,
    on_batch: Callable[[], None] = lambda: None,
) -> None:
    """Send what can be sent, one announcement after another, until nothing is left or ``stop`` is set.

    It waits for the hourly limit, and for anything else that takes up to ``patience``. Batches that have to
    wait longer, and all unknown batches, are left to the next run. ``stop`` ends it after the present batch.
    """
    while not stop.is_set():
        ledger.expire(repeatable=transport if transport.repeatable else None)
        if reconciliation is not None:
            reconciliation.reconcile(ledger, transport, sender=sender)
        ledger.fan_out(batch_limit=transport.batch_limit)
        sendable = ledger.sendable(transport)
        for batch_id in sendable:
            if stop.is_set():
                return
            deliver_batch(ledger, transport, batch_id, sender=sender)
            on_batch()
        if not sendable:
            chance, pause = ledger.next_chance(transport), ledger.provider_pause(transport)
            if chance is None:
                return
            for_hourly_limit = pause is not None and pause.for_hourly_limit and chance <= pause.until
            if chance - ledger.now() > patience and not for_hourly_limit:
                return
            stop.wait(max((chance - ledger.now()).total_seconds(), 0.05))
