"""Adds up the records of a bundle one by one, both when it is written and when it is verified."""

from __future__ import annotations

import sys
from collections import Counter

from subscribers.model import AttemptState
from subscribers.proof.bundle_format import Attempt, Delivery, ProofTotals


class RunningTotals:
    """The totals of the records added so far. Add attempts before the deliveries that refer to them."""

    def __init__(self) -> None:
        self._accepted_by: list[str | None] = []  # the transport of each attempt, None if it was not accepted
        self._fates: Counter[str] = Counter()
        self._exclusions: Counter[str] = Counter()
        self._transports: Counter[str] = Counter()
        self._outcomes: Counter[str] = Counter()

    def add_attempt(self, attempt: Attempt) -> None:
        """Add the next attempt."""
        was_accepted = attempt.state == AttemptState.ACCEPTED
        self._accepted_by.append(sys.intern(attempt.transport) if was_accepted else None)

    def add(self, delivery: Delivery) -> None:
        """Add one more delivery."""
        self._fates[delivery.fate] += 1
        if delivery.exclusion is not None:
            self._exclusions[delivery.exclusion] += 1
        if delivery.fate == "accepted" and delivery.outcome is not None:
            self._outcomes[delivery.outcome] += 1
        if (transport := self.accepted_by(delivery)) is not None:
            self._transports[transport] += 1

    def accepted_by(self, delivery: Delivery) -> str | None:
        """The transport that accepted the delivery, or None."""
        if delivery.fate != "accepted" or delivery.attempt is None:
            return None
        return self._accepted_by[delivery.attempt]

    def totals(self, *, audience: int) -> ProofTotals:
        """The totals for an audience of this size."""
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
