"""The commands that tell people: migrate, publish, release, pause, cancel, deliver, resolve, status."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from threading import Event
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from sqlalchemy import Engine

from subscribers.announcing import announcements
from subscribers.announcing.dry_run import count_audience, described
from subscribers.announcing.published_past import Trust
from subscribers.announcing.publishing import Opening, plan, publish
from subscribers.clock import utc_now
from subscribers.database import migrate, open_database, open_migrated, reading, require_postgresql
from subscribers.delivery import status_report, unfinished
from subscribers.delivery.forecast import forecast
from subscribers.delivery.pacing import configured_hourly_limit
from subscribers.delivery.reconciliation import configured_reconciliation
from subscribers.delivery.single_process import deliver
from subscribers.errors import NotifyError
from subscribers.ledger import provider_pause, totals
from subscribers.ledger.ledger import Ledger
from subscribers.ledger.totals import outcomes, statuses
from subscribers.printable import say
from subscribers.settings import Settings, read_settings
from subscribers.signing import parse_public_key
from subscribers.site.site_reader import PublishedSite, open_site
from subscribers.transports.configured import configured_transport

commands = typer.Typer()

AnnouncementId = Annotated[int, typer.Argument(metavar="ANNOUNCEMENT", help="Its number, as in status.")]


class HeldByLimitError(NotifyError):
    """More announcements in a day than may go out without a person."""

    def __init__(self, announcement_id: int | None, *, limit: int) -> None:
        super().__init__(
            f"announcement {announcement_id} is held: {limit} others were made in the last 24 hours "
            "(POLICY_NOTIFY_DAILY_ANNOUNCEMENTS). If they were all meant, run policy-notify release "
            f"{announcement_id} && policy-notify deliver; else cancel it and find out who changed the site"
        )


class HeldForReviewError(NotifyError):
    """A check of the site found errors in what would be announced."""

    def __init__(self, announcement_id: int | None, *, findings: Sequence[str]) -> None:
        super().__init__(
            f"announcement {announcement_id} is held, since policy-site check found: {'; '.join(findings)}. "
            f"If it may go out as it is, run policy-notify release {announcement_id} && policy-notify "
            "deliver; else cancel it, and publish a change whose summary says what this one did"
        )


class UnfinishedError(NotifyError):
    """Something is in doubt, or waits for another run."""


@commands.command(name="migrate")
def migrate_command() -> None:
    """Make the database, or bring it to the schema of this version.

    Example: POLICY_NOTIFY_DATABASE_URL=sqlite:///people.sqlite policy-notify migrate
    """
    engine = open_database(read_settings(os.environ).database())
    before, after = migrate(engine)
    say(f"schema {after}" + (" as before" if before == after else f", before: {before or 'none'}"))


@commands.command(name="publish")
def publish_command(
    *,
    site: Annotated[str, typer.Option(help="A built site's folder, or a live site's address.")],
    baseline: Annotated[
        bool, typer.Option("--baseline", help="First time: count all that is there as known.")
    ] = False,
    announce_since: Annotated[
        str | None,
        typer.Option(
            metavar="DATE", help="First time: announce what was published since that day, or moment."
        ),
    ] = None,
    hold: Annotated[bool, typer.Option("--hold", help="Make it ready and wait for release.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what it would do.")] = False,
    accept_renderer: Annotated[
        bool,
        typer.Option(
            "--accept-renderer", help="Announced versions may look different: policy-site was upgraded."
        ),
    ] = False,
    accept_dates: Annotated[
        bool, typer.Option("--accept-dates", help="New versions may say that they are older than known ones.")
    ] = False,
    history_sha256: Annotated[
        str | None,
        typer.Option(metavar="SHA256", help="Refuse any history.json but this one, which was built."),
    ] = None,
) -> None:
    """Announce what the site has that was not announced, and send it.

    Example: policy-notify publish --site https://policies.example/
    """
    if baseline and announce_since:
        raise typer.BadParameter("give --baseline or --announce-since, not both")
    opening = _opening(baseline=baseline, since=announce_since)
    settings = read_settings(os.environ)
    settings.demand_for_sending()
    engine = _open(settings)
    published = open_site(site)
    if history_sha256:
        published.verify_digest(history_sha256)
    if settings.site_key:
        published.verify_signature(parse_public_key(settings.site_key, setting="POLICY_NOTIFY_SITE_KEY"))
    trust = Trust(renderer=accept_renderer or bool(settings.site_key), dates=accept_dates)
    if dry_run:
        _rehearse(engine, published, settings, opening, trust)
        return
    publication = publish(
        engine,
        published,
        sender=settings.who_sends(),
        changes=settings.changes,
        opening=opening,
        hold=hold,
        now=utc_now(),
        trust=trust,
        daily_limit=settings.daily_announcements,
    )
    for line in status_report.told(publication):
        say(line)
    _deliver(engine, settings)
    if publication.held_by_limit:
        raise HeldByLimitError(publication.announcement_id, limit=settings.daily_announcements)
    if publication.held_for:
        raise HeldForReviewError(publication.announcement_id, findings=publication.held_for)


@commands.command(name="release")
def release_command(announcement: AnnouncementId) -> None:
    """Let a held or paused announcement go out: the next deliver or publish sends it.

    Example: policy-notify release 2 && policy-notify deliver
    """
    announcements.release(_open(read_settings(os.environ)), announcement)
    say(f"announcement {announcement} is open: policy-notify deliver sends it")


@commands.command(name="pause")
def pause_command(announcement: AnnouncementId) -> None:
    """Stop an announcement after the batch under way, until it is released.

    Example: policy-notify pause 2
    """
    announcements.pause(_open(read_settings(os.environ)), announcement)
    say(f"announcement {announcement} is paused: policy-notify release {announcement} goes on")


@commands.command(name="cancel")
def cancel_command(announcement: AnnouncementId) -> None:
    """Send no more of an announcement; whoever missed it is told with the next one.

    Example: policy-notify cancel 2
    """
    announcements.cancel(_open(read_settings(os.environ)), announcement)
    say(f"announcement {announcement} is cancelled")


@commands.command(name="deliver")
def deliver_command() -> None:
    """Finish whatever is open, from wherever it stopped; exit 1 when something stays in doubt or waits.

    Example: policy-notify deliver
    """
    settings = read_settings(os.environ)
    settings.demand_for_sending()
    _deliver(_open(settings), settings)


@commands.command(name="worker")
def worker_command() -> None:
    """Send whatever is to be sent, beside any number of other workers on a PostgreSQL, until stopped.

    Example: policy-notify worker
    """
    settings = read_settings(os.environ)
    settings.demand_for_sending()
    engine = _open(settings)
    require_postgresql(engine)
    from subscribers.delivery.workers import work  # noqa: PLC0415 - its parts are in the extra postgresql

    work(
        Ledger(engine, hourly_limit=configured_hourly_limit(settings)),
        configured_transport(settings),
        sender=settings.who_sends(),
        reconciliation=configured_reconciliation(settings),
    )


@commands.command(name="resolve")
def resolve_command(
    batch: Annotated[int, typer.Argument(metavar="BATCH", help="Its number, as in status.")],
    *,
    sent: Annotated[bool, typer.Option("--sent/--unsent", help="Whether the provider has sent it.")],
) -> None:
    """Settle a doubt that no evidence will: look the batch up at the provider, then say what it was.

    Example: policy-notify resolve 17 --unsent && policy-notify deliver
    """
    ledger = Ledger(_open(read_settings(os.environ)))
    unknown = [each for each in ledger.unknown_batches() if each.batch_id == batch]
    ledger.resolve(batch, sent=sent)
    for each in unknown:
        say(status_report.unknown_line(each))
    say(f"batch {batch} counts as {'sent' if sent else 'not sent: policy-notify deliver sends it'}")


@commands.command(name="retry")
def retry_command(
    announcement: AnnouncementId,
    *,
    reason: Annotated[
        list[str] | None,
        typer.Option(metavar="CODE", help="Only those refused so, as in status: 5.1.1. May be repeated."),
    ] = None,
) -> None:
    """Let recipients wait again who were refused, set aside or put off; deliver then sends to them.

    Without --reason this leaves out those whom no email reaches (policy-notify unreachable). Nobody whose
    message was accepted, or may have been, gets a second one.

    Example: policy-notify retry 2 && policy-notify deliver
    """
    engine = _open(read_settings(os.environ))
    number = announcements.retry(engine, announcement, reasons=reason or ())
    if not number:
        say(f"announcement {announcement}: nobody to try again")
        return
    [status] = [status for status in statuses(engine) if status.announcement_id == announcement]
    first = f"policy-notify release {announcement}, then " if status.state == "paused" else ""
    verb = "waits" if number == 1 else "wait"
    say(
        f"announcement {announcement}: {unfinished.counted(number)} {verb} again: "
        f"{first}policy-notify deliver sends to them"
    )


@commands.command(name="status")
def status_command(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="For a program to read.")] = False,
) -> None:
    """Show every announcement's books, refusals and later reports, and each batch in doubt.

    Example: policy-notify status --json
    """
    settings = read_settings(os.environ)
    engine = _open(settings)
    present, unknown = statuses(engine), Ledger(engine).unknown_batches()
    ends = {
        status.announcement_id: forecast(
            engine,
            status.announcement_id,
            settings.transport,
            now=utc_now(),
            hourly_limit=configured_hourly_limit(settings),
        )
        for status in present
        if status.state == "open" and not status.is_complete
    }
    with reading(engine) as connection:
        pause = provider_pause.current_pause(connection, settings.transport, now=utc_now())
    reported = outcomes(engine)
    if as_json:
        shown = status_report.as_json(present, unknown, ends, reported, pause=pause)
        typer.echo(json.dumps(shown, indent=2))
        return
    for line in status_report.described(present, unknown, ends, reported):
        say(line)
    for line in status_report.left_alone(settings.transport, pause):
        say(line)


def _open(settings: Settings) -> Engine:
    return open_migrated(settings.database())


def _rehearse(
    engine: Engine, site: PublishedSite, settings: Settings, opening: Opening | None, trust: Trust
) -> None:
    planned = plan(
        engine,
        site,
        sender=settings.who_sends(),
        changes=settings.changes,
        opening=opening,
        now=utc_now(),
        trust=trust,
    )
    for line in described(planned, count_audience(engine, site.history, planned)):
        say(line)


def _opening(*, baseline: bool, since: str | None) -> Opening | None:
    if since is None:
        return Opening(since=None) if baseline else None
    try:
        if len(since) == len("2026-01-31"):
            return Opening(since=date.fromisoformat(since))
        moment = datetime.fromisoformat(since)
    except ValueError as error:
        raise typer.BadParameter(f"--announce-since {since}: write 2026-01-31") from error
    if moment.tzinfo is None:
        raise typer.BadParameter(f"--announce-since {since}: a moment needs its zone, 2026-01-31T09:30Z")
    return Opening(since=moment)


def _deliver(engine: Engine, settings: Settings) -> None:
    """Send what can be sent; say where it stands; refuse to call it done while something is open."""
    ledger, transport = (
        Ledger(engine, hourly_limit=configured_hourly_limit(settings)),
        configured_transport(settings),
    )
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
        for line in status_report.left_alone(transport.name, pause):
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
def _progress(engine: Engine) -> Iterator[Any]:
    """A bar on a terminal, nothing in a pipe."""
    if not sys.stderr.isatty():
        yield lambda: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        tasks: dict[int, Any] = {}

        def on_batch() -> None:
            for status in statuses(engine):
                if status.is_complete or status.fanned_out_at is None:
                    continue
                number = status.announcement_id
                if number not in tasks:
                    tasks[number] = progress.add_task(f"announcement {number}", total=status.totals.audience)
                progress.update(tasks[number], completed=status.totals.audience - status.totals.waiting)

        yield on_batch
