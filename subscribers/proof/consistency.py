"""Checks that the records of a bundle add up to the totals in its head."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from pydantic import TypeAdapter, ValidationError

from subscribers.ledger.delivery_rows import STRENGTH
from subscribers.ledger.event_meaning import OUTCOMES
from subscribers.proof import bundle_format
from subscribers.proof.bundle_format import Delivery, Head
from subscribers.proof.export_bundle import documents_of
from subscribers.proof.running_totals import RunningTotals
from subscribers.site.history_json import UnreadableSiteError, parse_history
from subscribers.site.news import digest, snapshot


class ContradictionError(Exception):
    """Two parts of a bundle are signed but contradict each other."""


def check_history(body: bytes, head: Head) -> None:
    """Refuse a history that differs from the one in the head."""
    try:
        history = parse_history(body, where=bundle_format.HISTORY)
    except UnreadableSiteError as error:
        raise ContradictionError(f"{bundle_format.HISTORY} {error.what}") from error
    if (
        hashlib.sha256(body).hexdigest() != head.history_sha256
        or (history.commit, history.site_url) != (head.commit, head.site_url)
        or digest(snapshot(history)) != head.publication
        or documents_of(history) != list(head.documents)
    ):
        raise ContradictionError(f"{bundle_format.HISTORY} is not the history that the head describes")


def check_totals(lines: Iterable[bytes], head: Head) -> None:
    """Refuse records that contradict each other or do not add up to the totals in the head."""
    source = iter(lines)
    running = RunningTotals()
    for attempt in _parsed(bundle_format.attempt_json, islice(source, head.attempts)):
        running.add_attempt(attempt)
    for _ in _parsed(bundle_format.post_json, islice(source, head.posts)):
        pass
    before = ""
    for place, delivery in enumerate(
        _parsed(bundle_format.delivery_json, source), head.attempts + head.posts
    ):
        problem = _broken_reference(delivery, head) or _problem(delivery, head, running)
        if delivery.person is not None:
            if delivery.person <= before:
                problem = "counts an account twice, or is in the wrong position"
            before = delivery.person
        if problem:
            raise ContradictionError(f"record {place} {problem}")
        running.add(delivery)
    totals = running.totals(audience=head.totals.audience)
    if totals != head.totals or totals.audience != head.deliveries or not totals.are_balanced:
        raise ContradictionError("the totals do not balance")
    if head.complete != (not totals.waiting and not totals.unknown):
        raise ContradictionError(
            "the head says that the announcement is complete, but some recipients are waiting or unknown"
        )


def _broken_reference(delivery: Delivery, head: Head) -> str | None:
    attempts = [report.attempt for report in delivery.reports]
    if delivery.attempt is not None:
        attempts.append(delivery.attempt)
    posts = [report.post - head.attempts for report in delivery.reports]
    if not all(0 <= place < head.attempts for place in attempts):
        return "refers to an attempt that is missing"
    if not all(0 <= place < head.posts for place in posts):
        return "refers to a post that is missing"
    return None


def _problem(delivery: Delivery, head: Head, running: RunningTotals) -> str | None:
    excluded = delivery.fate == "excluded"
    messages = {None} if excluded else {message.number for message in head.messages}
    reported = [OUTCOMES[report.kind] for report in delivery.reports if report.kind in OUTCOMES]
    outcome = max(reported, key=STRENGTH.index, default=None)
    wrongs = {
        "is excluded without a reason": excluded != (delivery.exclusion is not None),
        "refers to a message that is missing": delivery.message not in messages,
        "is accepted, but no attempt was": delivery.fate == "accepted"
        and running.accepted_by(delivery) is None,
        "has an outcome that its reports do not confirm": delivery.outcome != outcome,
    }
    return next((what for what, is_so in wrongs.items() if is_so), None)


def _parsed(kind: TypeAdapter[Any], lines: Iterable[bytes]) -> Iterator[Any]:
    for line in lines:
        try:
            yield kind.validate_json(line)
        except ValidationError as error:
            raise ContradictionError("a record does not have the form of format 1") from error
