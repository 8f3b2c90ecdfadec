"""``policy-notify deliver``: sends what can be sent now, and says what is still open."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from threading import Event

from rich.progress import TaskID
from sqlalchemy import Engine

from subscribers.commands.shared import open_for_sending, progress_bar
from subscribers.delivery import status_report, unfinished
from subscribers.delivery.configured import (
    configured_domain_limits,
    configured_hourly_limit,
    configured_log,
    configured_reconciliation,
)
from subscribers.delivery.single_process import deliver
from subscribers.errors import NotifyError
from subscribers.high_water_mark.high_water_mark import HighWaterMark
from subscribers.ledger import totals
from subscribers.ledger.ledger import Ledger
from subscribers.ledger.totals import statuses
from subscribers.printable import say
from subscribers.settings import Settings, read_settings
from subscribers.transports.configured import configured_transport

EXAMPLE = "policy-notify deliver"


class UnfinishedError(NotifyError):
    """Some deliveries are unknown, or wait for another run."""


def deliver_command() -> None:
    """Send everything that is still open. Exits with 1 if some deliveries are unconfirmed or still wait."""
    settings = read_settings(os.environ)
    settings.demand_for_sending()
    engine, mark = open_for_sending(settings)
    deliver_and_report(engine, mark, settings)


def deliver_and_report(engine: Engine, mark: HighWaterMark, settings: Settings) -> None:
    """Send what can be sent now and print the totals; raises UnfinishedError while anything is open."""
    ledger = Ledger(
        engine,
        mark=mark,
        hourly_limit=configured_hourly_limit(settings),
        domain_limits=configured_domain_limits(settings),
    )
    transport = configured_transport(settings)
    before = {status.announcement_id: status.totals.accepted for status in statuses(engine)}
    began = ledger.now()
    with _stop_on_signals() as stop, _progress(engine) as on_batch:
        deliver(
            ledger,
            transport,
            sender=settings.who_sends(),
            stop=stop,
            reconciliation=configured_reconciliation(settings),
            on_batch=on_batch,
        )
    present = statuses(engine)
    newly = sum(s.totals.accepted - before.get(s.announcement_id, 0) for s in present)
    if settings.transport == "folder" and newly:
        say(f"warning: {status_report.only_written(newly, settings.mail_folder)}", err=True)
    for status in present:
        accepted = status.totals.accepted - before.get(status.announcement_id, 0)
        if accepted or not status.is_settled:
            say(status_report.line(status))
            for line in status_report.reasons(status):
                say(line)
    if waiting := unfinished.kept_waiting(present):
        say(waiting)
    not_before, pause = ledger.next_chance(transport), ledger.provider_pause(transport)
    if not_before is not None and not_before <= ledger.now():
        not_before = None
    if again := unfinished.tried_again(present, not_before=not_before):
        say(again)
        for line in status_report.pause_lines(transport.name, pause):
            say(line)
    for line in status_report.domain_lines(ledger.domain_pauses(transport)):
        say(line)
    waiting_since = totals.waiting_since(engine)
    ends = list(
        unfinished.open_ends(
            present,
            ledger.unknown_batches(),
            not_before=not_before,
            pause=pause,
            newly_set_aside=totals.set_aside_since(engine, began),
            put_off_for=ledger.now() - waiting_since if waiting_since else timedelta(),
            has_log=settings.transport == "smtp" and bool(configured_log(settings)),
        )
    )
    if ends:
        raise UnfinishedError("; ".join(ends))


@contextmanager
def _stop_on_signals() -> Iterator[Event]:
    """Set at the first SIGTERM or SIGINT, so that the batch under way is finished."""
    stop = Event()
    before = {
        number: signal.signal(number, lambda *_: stop.set()) for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _progress(engine: Engine) -> Iterator[Callable[[], None]]:
    """A function to be called after each batch, which moves a bar for each announcement."""
    with progress_bar() as progress:
        tasks: dict[int, TaskID] = {}

        def on_batch() -> None:
            if progress is None:
                return
            for status in statuses(engine):
                if status.is_complete or status.fanned_out_at is None:
                    continue
                number = status.announcement_id
                if number not in tasks:
                    tasks[number] = progress.add_task(f"announcement {number}", total=status.totals.audience)
                progress.update(tasks[number], completed=status.totals.audience - status.totals.waiting)

        yield on_batch
