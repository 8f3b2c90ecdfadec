"""Keeps the totals of a bundle while its records stream by: when it is made, and when it is verified."""

from __future__ import annotations

import sys
from collections import Counter

from subscribers.model import AttemptState
from subscribers.proof.bundle_format import Attempt, Delivery, ProofTotals


class RunningTotals:
    """What the records seen so far add up to; attempts come before the deliveries that name them."""

    def __init__(self) -> None:
        self._accepted_by: list[str | None] = []  # of each attempt its transport, where it was accepted
        self._fates: Counter[str] = Counter()
        self._exclusions: Counter[str] = Counter()
        self._transports: Counter[str] = Counter()
        self._outcomes: Counter[str] = Counter()

    def add_attempt(self, attempt: Attempt) -> None:
        """Remember the next attempt."""
        was_accepted = attempt.state == AttemptState.ACCEPTED
        self._accepted_by.append(sys.intern(attempt.transport) if was_accepted else None)

    def add(self, delivery: Delivery) -> None:
        """Enter one more delivery."""
        self._fates[delivery.fate] += 1
        if delivery.exclusion is not None:
            self._exclusions[delivery.exclusion] += 1
        if delivery.fate == "accepted" and delivery.outcome is not None:
            self._outcomes[delivery.outcome] += 1
        if (transport := self.accepted_by(delivery)) is not None:
            self._transports[transport] += 1

    def accepted_by(self, delivery: Delivery) -> str | None:
        """The transport that took the delivery; None where none did."""
        if delivery.fate != "accepted" or delivery.attempt is None:
            return None
        return self._accepted_by[delivery.attempt]

    def totals(self, *, audience: int) -> ProofTotals:
        """The totals, for an audience counted before."""
        return ProofTotals(
            audience=audience,
            accepted=self._fates["accepted"],
            excluded=dict(sorted(self._exclusions.items())),
            rejected=self._fates["rejected"],
            unknown=self._fates["unknown"],
            waiting=self._fates["waiting"],
            handed_to=dict(sorted(self._transports.items())),
            outcomes=dict(sorted(self._outcomes.items())),
        )
