"""Records a provider's answer even if the database fails at first: a lost answer would stay unknown."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import timedelta

from subscribers.clock import seconds_since_boot
from subscribers.database import UnreadableDatabaseError
from subscribers.errors import NotifyError
from subscribers.printable import one_line

PATIENCE = timedelta(minutes=10)  # longer than a restart or a failover
BETWEEN_TRIES_SECONDS = 1.0

log = logging.getLogger(__name__)


class UnrecordedAnswerError(NotifyError):
    """The provider's answer is known, but could not be written to the database."""


def record_answer(
    write: Callable[[], None], *, answer: str, remedy: str, patience: timedelta = PATIENCE
) -> None:
    """Repeat ``write``, which must be harmless to repeat, until the database accepts it.

    ``answer`` is what would be lost, ``remedy`` what a person can do after ``patience`` has run out.
    """
    began, said = seconds_since_boot(), False
    while True:
        try:
            return write()
        except UnreadableDatabaseError as error:
            if seconds_since_boot() - began > patience.total_seconds():
                words = f"{answer}, and this could not be recorded: {error}; {remedy}"
                raise UnrecordedAnswerError(words) from error
            if not said:
                said = True
                log.warning("%s", one_line(f"{answer}; waiting for the database to record this: {error}"))
            time.sleep(BETWEEN_TRIES_SECONDS)
