"""Writes down a known answer, whatever the database does: a forgotten one would be unknown for ever."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import timedelta

from subscribers.clock import seconds_since_boot
from subscribers.database import UnreadableDatabaseError
from subscribers.errors import NotifyError
from subscribers.printable import one_line

PATIENCE = timedelta(minutes=10)  # a restart or a failover takes less
BETWEEN_TRIES_SECONDS = 1.0

log = logging.getLogger(__name__)


class UnrecordedAnswerError(NotifyError):
    """The provider's answer is known, and the database could not be written."""


def record_answer(
    write: Callable[[], None], *, answer: str, remedy: str, patience: timedelta = PATIENCE
) -> None:
    """Repeat ``write`` until the database takes it; it must be harmless to repeat.

    ``answer`` is what would be forgotten, ``remedy`` what a person can do once ``patience`` has ended.
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
