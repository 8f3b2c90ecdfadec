"""Delivers on many machines: Procrastinate workers that share the PostgreSQL database of the ledger.

A job names a batch to be sent and carries no state: the ledger's claim decides, as it does for a single
process. So a job that is lost, repeated or left by a lost worker does no harm.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta

from procrastinate import App, PsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException
from psycopg import Error as PsycopgError
from sqlalchemy import URL

from subscribers.database import require_postgresql
from subscribers.delivery.reconciliation import Reconciliation
from subscribers.delivery.sending import ProviderRefusedError, deliver_batch
from subscribers.errors import NotifyError
from subscribers.high_water_mark.mark_store import MarkError, UnreadableMarkError
from subscribers.ledger.ledger import Ledger
from subscribers.settings import Sender
from subscribers.transports import Transport

EVERY_FIVE_SECONDS = "* * * * * */5"  # croniter's sixth field is the second
BETWEEN_CHECKS = timedelta(seconds=5)
AHEAD = 200  # batches; more than all workers send between two checks
FIXED_BY_A_PERSON = timedelta(minutes=1)  # how often a provider is asked that refuses us altogether
WITHOUT_MARK = timedelta(seconds=5)
DATABASE_RETRY_SECONDS = 2.0

CONNECTION_LOST = (ConnectorException, PsycopgError)

log = logging.getLogger(__name__)


def work(
    ledger: Ledger, transport: Transport, *, sender: Sender, reconciliation: Reconciliation | None
) -> None:
    """Send all waiting batches, beside any number of other workers, until SIGTERM or SIGINT.

    Then the present batch is finished. If the database cannot be reached, the worker tries again until it
    can. Raises MarkError if the database is old.
    """
    require_postgresql(ledger.engine)
    logging.basicConfig(level=logging.WARNING, format="policy-notify: %(message)s")
    for handler in logging.getLogger().handlers:
        handler.addFilter(_is_not_said_already)
    asyncio.run(_work(ledger, transport, sender=sender, reconciliation=reconciliation))


async def _work(
    ledger: Ledger, transport: Transport, *, sender: Sender, reconciliation: Reconciliation | None
) -> None:
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    old: list[MarkError] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)

    def look() -> Sequence[int]:
        try:
            return find_batches()
        except NotifyError as error:
            log.warning("%s", error)
            return []

    def find_batches() -> Sequence[int]:
        ledger.expire(repeatable=transport if transport.repeatable else None)
        if reconciliation is not None:
            reconciliation.reconcile(ledger, transport, sender=sender)
        ledger.fan_out(batch_limit=transport.batch_limit)
        return ledger.sendable(transport, limit=AHEAD)

    # A job that lost its connection to the queue goes on in its thread, and another begins beside it.
    one_at_a_time = threading.Lock()

    def deliver(batch_id: int) -> None:
        try:
            with one_at_a_time:
                _wait_for_hourly_limit(ledger, transport)
                deliver_batch(ledger, transport, batch_id, sender=sender)
        except ProviderRefusedError as error:
            log.warning("%s", error)
            ledger.pause_provider(transport, detail=str(error), first=FIXED_BY_A_PERSON)
        except UnreadableMarkError as error:
            log.warning("%s", error)
            ledger.pause_provider(transport, detail=str(error), first=WITHOUT_MARK)
        except MarkError as error:
            old.append(error)
            loop.call_soon_threadsafe(stop.set)
        except NotifyError as error:
            log.warning("%s", error)

    while not stop.is_set():
        app = make_app(ledger.engine.url, look=look, deliver=deliver)
        with suppress(*CONNECTION_LOST):
            async with app.open_async():
                await _run_until(stop, app)
        if not stop.is_set():
            log.warning("the database cannot be reached; trying again until it can")
            await asyncio.wait([asyncio.create_task(stop.wait())], timeout=DATABASE_RETRY_SECONDS)
    if old:
        raise old[0]


def _wait_for_hourly_limit(ledger: Ledger, transport: Transport) -> None:
    """Wait for a moment: the hourly limit may allow the next batch before the next check for work."""
    pause = ledger.provider_pause(transport)
    if pause is not None and pause.for_hourly_limit:
        time.sleep(min(max(pause.until - ledger.now(), timedelta()), BETWEEN_CHECKS).total_seconds())


def make_app(url: URL, *, look: Callable[[], Sequence[int]], deliver: Callable[[int], None]) -> App:
    """The Procrastinate application: it finds batches to send and has each of them delivered."""
    conninfo = url.set(drivername="postgresql").render_as_string(hide_password=False)
    app = App(connector=PsycopgConnector(conninfo=conninfo))

    @app.task(name="deliver", queue="batches")
    def deliver_job(batch_id: int) -> None:
        deliver(batch_id)

    @app.periodic(cron=EVERY_FIVE_SECONDS)
    @app.task(name="look", queue="looks", queueing_lock="look")
    async def look_job(timestamp: int) -> None:  # noqa: ARG001 - Procrastinate gives it
        for batch_id in await asyncio.to_thread(look):
            try:
                job = deliver_job.configure(queueing_lock=f"batch {batch_id}")
                await job.defer_async(batch_id=batch_id)
            except AlreadyEnqueued:
                pass  # since the last check it has been waiting for a worker

    return app


def _is_not_said_already(record: logging.LogRecord) -> bool:
    """Leave out what Procrastinate and psycopg log about a lost connection: one line of ours is enough."""
    error = record.exc_info[1] if record.exc_info else None
    return not record.name.startswith("psycopg") and not isinstance(error, CONNECTION_LOST)


async def _run_until(stop: asyncio.Event, app: App) -> None:
    """Run one worker that sends batches and one that finds them, so that neither waits for the other."""
    workers = [
        asyncio.create_task(
            app.run_worker_async(
                queues=[queue], concurrency=1, install_signal_handlers=False, delete_jobs="always"
            )
        )
        for queue in ("batches", "looks")
    ]
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait([*workers, stopping], return_when=asyncio.FIRST_COMPLETED)
    for task in (*workers, stopping):
        task.cancel()
    for outcome in await asyncio.gather(*workers, return_exceptions=True):
        if isinstance(outcome, Exception):
            raise outcome
