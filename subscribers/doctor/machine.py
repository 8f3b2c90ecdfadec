"""Checks the database, the totals in it, and the folders that policy-notify writes to."""

from __future__ import annotations

import shlex
import shutil
import tempfile
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

from sqlalchemy import Engine

from subscribers.clock import utc_now
from subscribers.database import (
    UnreadableDatabaseError,
    check_schema,
    is_far,
    open_database,
    read_url,
    reading,
    shown,
    sslmode,
)
from subscribers.delivery.unfinished import counted
from subscribers.doctor.bulk_sender_rules import MOST_COMPLAINTS, Fact, Rule
from subscribers.doctor.finding import Finding, error, ok, warning
from subscribers.doctor.high_water_mark import check_high_water_mark
from subscribers.doctor.mail_log import check_mail_log
from subscribers.errors import NotifyError
from subscribers.ledger import complaints, provider_pause, totals
from subscribers.ledger.ledger import Ledger
from subscribers.ledger.signed_events import last_signs, unmatched_since
from subscribers.messages.compose import MESSAGE_LIMIT_BYTES
from subscribers.settings import Settings
from subscribers.users.erasures import ErasureKeys, LostErasureKeyError
from subscribers.users.reachability import count_registered

EVENTS_WITHIN = timedelta(hours=1)  # of ours: SendGrid posts within seconds as a rule
CONNECT_SECONDS = 10  # libpq has no limit of its own
LEAST_FREE_BYTES = (
    500 * 10**6
)  # measured: a person 155 bytes, a delivery 75 while the fan-out lasts; a million
SQLITE_ENDS = ("-wal", "-shm", "-journal")
DAMAGED = "stop sending, keep a copy of the database, and report this"


def check_machine(settings: Settings) -> Iterable[Finding]:
    """Yields findings for the database, the totals in it, and the folders."""
    registered = 0
    try:
        engine = open_database(_with_time_out(settings.database()))
        check_schema(engine)
        where = shown(engine.url)
        yield ok("database", where, "reachable, and its schema is up to date")
        yield from _encryption(engine, where)
        registered = count_registered(engine)
        yield from _users(where, registered)
        yield from _totals(engine, settings, where)
        yield from check_high_water_mark(engine, settings)
        yield from _events(engine, settings)
        yield from check_mail_log(engine, settings)
        yield from _erasure_keys(engine, settings)
        if engine.dialect.name == "sqlite" and engine.url.database:
            file = Path(engine.url.database).absolute()
            yield from _folder(file.parent, LEAST_FREE_BYTES)
            for each in (file, *(file.with_name(file.name + end) for end in SQLITE_ENDS)):
                yield from _secrecy("database", each, [each])
    except UnreadableDatabaseError as refused:
        where = shown(refused.url)
        seen, remedy = _halves(refused)
        yield error("database", where, seen.removeprefix(f"database {where}: "), remedy)
    except NotifyError as refused:
        yield error("database", "POLICY_NOTIFY_DATABASE_URL", *_halves(refused))
    if settings.transport == "folder":
        folder = settings.mail_folder.absolute()
        yield from _folder(folder, registered * MESSAGE_LIMIT_BYTES)
        yield from _secrecy("messages", folder, [folder, *folder.glob("*.eml"), *folder.glob("*.part")])


def complaint_facts(settings: Settings) -> Iterable[Fact]:
    """Yields a fact if so many complaints are known that a rule is broken. Others may not be known."""
    try:
        engine = open_database(_with_time_out(settings.database()))
        check_schema(engine)
        with reading(engine) as connection:
            newest = complaints.about_newest(connection)
    except NotifyError:
        return  # another finding says so
    if newest is None:
        return
    number, complained, messages = newest
    if complained >= max(complaints.FEWEST, messages * MOST_COMPLAINTS):
        seen = f"{complained:,} complaints about {messages:,} messages of announcement {number}"
        yield Fact(Rule.COMPLAINTS, is_met=False, seen=seen)


def _encryption(engine: Engine, where: str) -> Iterable[Finding]:
    if not is_far(engine.url):
        return
    mode = sslmode(engine.url)
    if mode == "verify-full":
        yield ok("TLS", where, "required, with a certificate for this server")
    else:
        seen = f"sslmode={mode} encrypts, but another server could pretend to be this one"
        yield warning("TLS", where, seen, "end POLICY_NOTIFY_DATABASE_URL with ?sslmode=verify-full")


def _users(where: str, registered: int) -> Iterable[Finding]:
    if registered:
        yield ok("users", where, f"{registered:,} registered")
    else:
        yield warning(
            "users",
            where,
            "nobody is registered, so nobody will be notified",
            "run policy-notify import FILE",
        )


def _totals(engine: Engine, settings: Settings, where: str) -> Iterable[Finding]:
    problems = totals.audit(engine)
    for problem in problems:
        yield error("totals", where, f"do not add up: {problem}", DAMAGED)
    if not problems:
        yield ok("totals", where, "they add up")
    ledger = Ledger(engine)
    for unknown in ledger.unknown_batches():
        yield warning(
            "totals",
            f"batch {unknown.batch_id}",
            f"unconfirmed for {counted(unknown.size)}: {unknown.detail}",
            "wait for the provider's events, or look it up at the provider and run policy-notify resolve",
        )
    for status in totals.statuses(engine):
        if status.state == "paused":
            yield warning(
                "totals",
                f"announcement {status.announcement_id}",
                f"paused: {status.pause_reason or 'by an operator'}",
                f"run policy-notify release {status.announcement_id} once the reason is gone",
            )
    with reading(engine) as connection:
        pause = provider_pause.current_pause(connection, settings.transport, now=ledger.now())
    if pause is not None and not pause.for_hourly_limit:
        seen = f"nothing is sent until {pause.until:%Y-%m-%d %H:%M} UTC: {pause.detail}"
        yield warning("provider", settings.transport, seen, "run policy-notify deliver after that")


def _events(engine: Engine, settings: Settings) -> Iterable[Finding]:
    """A finding on whether events arrive; none before anything was sent."""
    if settings.transport != "sendgrid" or not settings.sendgrid_event_public_key:
        return
    unmatched, newest = unmatched_since(engine)
    if newest is not None:
        yield warning(
            "events",
            "/events/sendgrid",
            f"{unmatched:,} signed events are about messages that this database never sent, the newest of "
            f"{newest:%Y-%m-%d %H:%M} UTC",
            "find out whether another installation uses the same webhook, or whether this is an old copy of "
            "the database (events of emails sent by earlier versions do not say)",
        )
    sent_at, received_at = last_signs(engine, settings.transport)
    if sent_at is None:
        return
    seen = f"emails were accepted at {sent_at:%Y-%m-%d %H:%M} UTC; "
    seen += (
        f"the last signed event arrived at {received_at:%Y-%m-%d %H:%M} UTC"
        if received_at
        else "no signed event arrived"
    )
    where = "/events/sendgrid"
    if received_at is not None and received_at >= sent_at:
        yield ok("events", where, seen)
    elif utc_now() - sent_at > EVENTS_WITHIN:
        remedy = "check that policy-notify serve is running and that SendGrid's webhook reaches it"
        yield warning("events", where, seen, remedy)


def _erasure_keys(engine: Engine, settings: Settings) -> Iterable[Finding]:
    try:
        with reading(engine) as connection:
            ErasureKeys(settings.keys()).check(connection)
    except LostErasureKeyError as lost:
        yield error("secret keys", "POLICY_NOTIFY_SECRET_KEYS", *_halves(lost))


def _folder(folder: Path, needed_bytes: int) -> Iterable[Finding]:
    present = next(path for path in (folder, *folder.parents) if path.exists())
    try:
        with tempfile.TemporaryFile(dir=present):
            free_bytes = shutil.disk_usage(present).free
    except OSError as refused:
        yield error(
            "disk",
            str(folder),
            f"cannot be written to ({refused.strerror})",
            "make it writable, or set another",
        )
        return
    seen = f"writable, {free_bytes // 10**6:,} MB free"
    if free_bytes < needed_bytes:
        yield warning(
            "disk", str(folder), f"{seen}, {needed_bytes // 10**6:,} MB may be needed", "free some space"
        )
    else:
        yield ok("disk", str(folder), seen)


def _secrecy(topic: str, place: Path, files: Iterable[Path]) -> Iterable[Finding]:
    """A warning if other users can read the files; files of earlier versions keep their mode."""
    open_to_others = sum(file.exists() and file.stat().st_mode & 0o077 != 0 for file in files)
    if open_to_others:
        seen = "other users of this machine can read the email addresses in it"
        yield warning(topic, str(place), seen, f"chmod -R go= {shlex.quote(str(place))}")


def _with_time_out(url: str) -> str:
    """The same database, with a limit on how long to wait for it."""
    patient = read_url(url)
    if patient.get_backend_name() == "postgresql" and "connect_timeout" not in patient.query:
        patient = patient.update_query_dict({"connect_timeout": str(CONNECT_SECONDS)})
    return patient.render_as_string(hide_password=False)


def _halves(refused: NotifyError) -> tuple[str, str]:
    """Splits a refusal into its two halves: what is wrong, and what to do."""
    seen, _, remedy = str(refused).rpartition("; ")
    return (seen, remedy) if seen else (remedy, "fix it and try again")
