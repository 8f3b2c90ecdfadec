"""Keeps a batch claimed while its request is running: renews the lease, and says whether it still holds."""

from __future__ import annotations

from threading import Event, Thread
from typing import Self

from subscribers.clock import seconds_since_boot
from subscribers.errors import NotifyError
from subscribers.ledger.claim import Claim
from subscribers.ledger.ledger import Ledger

SHARE_FOR_WRITING = 0.9  # of a lease; the rest is for clocks that differ
RENEWALS_IN_A_LEASE = 3
LONGEST_SECONDS = 1200.0  # more than the transports wait for all answers to one request


class Lease:
    """A context manager that renews the claim, in a thread of its own.

    If the database cannot be reached for a moment, it tries again. It renews nothing once other processes
    count the batch as unknown.
    """

    def __init__(self, ledger: Ledger, claim: Claim, *, since: float) -> None:
        self._ledger = ledger
        self._claim = claim
        self._began = since
        self._renewed = since
        self._seconds = ledger.lease.total_seconds()
        self._over = Event()
        self._thread = Thread(target=self._renew, name="lease", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()

    def holds(self) -> bool:
        """Whether a request may be written now: False once other processes may count the batch as unknown."""
        return seconds_since_boot() - self._renewed <= self._seconds * SHARE_FOR_WRITING

    def _renew(self) -> None:
        while not self._over.wait(self._seconds / RENEWALS_IN_A_LEASE):
            now = seconds_since_boot()
            if now - self._began > LONGEST_SECONDS:
                return
            try:
                if not self._ledger.renew(self._claim):
                    return
            except NotifyError:
                continue  # the database cannot be reached
            self._renewed = now
