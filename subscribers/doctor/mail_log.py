"""Checks that the log of the mail server can be read, and that it names the messages the server accepted."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

from sqlalchemy import Engine

from subscribers.clock import clock_of
from subscribers.database import reading
from subscribers.delivery.configured import configured_log
from subscribers.doctor.finding import Finding, error, ok, unchecked, warning
from subscribers.ledger.logged_messages import accepted_message_ids
from subscribers.settings import Settings, ascii_address
from subscribers.smtp_logs.following import LogFollower
from subscribers.smtp_logs.log_files import LogUnreadableError
from subscribers.smtp_logs.reading import Outcomes

LATELY = timedelta(days=1)
TOPIC = "mail server's log"
REMEDY = "name the log of Postfix or Exim; without it, a person has to resolve each unknown message"


def check_mail_log(engine: Engine, settings: Settings) -> Iterable[Finding]:
    """A finding for each log, and one on whether they name our last messages; none without SMTP."""
    if settings.transport != "smtp" or not settings.smtp_url or not settings.sender:
        return
    paths = configured_log(settings)
    if not paths:
        yield unchecked(TOPIC, "POLICY_NOTIFY_SMTP_LOG", "not set", REMEDY)
        return
    now = clock_of(engine)()
    domain = ascii_address(settings.sender).rpartition("@")[2]
    with reading(engine) as connection:
        wanted, _ = accepted_message_ids(
            connection, settings.transport, domain=domain, since=now - LATELY, before=now, after=now
        )
    outcomes = Outcomes()
    for path in paths:
        try:
            for record in LogFollower(path, since=now - LATELY, wanted=set(wanted).__contains__).read_on():
                outcomes.add(record)
        except LogUnreadableError as refused:
            seen, _, remedy = str(refused).partition(": ")[2].partition(". ")
            yield error(TOPIC, str(path), seen, remedy[:1].lower() + remedy[1:])
            return
    yield _known(paths, wanted, outcomes)


def _known(paths: Iterable[Path], wanted: Iterable[str], outcomes: Outcomes) -> Finding:
    where = " ".join(map(str, paths))
    names = list(wanted)
    missing = [name for name in names if not any(o.fate.is_accepted for o in outcomes.of(name))]
    if not names:
        seen = "can be read; no message was accepted in the last day that it could name"
        return unchecked(TOPIC, where, seen, "run doctor again after an announcement")
    if missing:
        return warning(
            TOPIC,
            where,
            f"does not name {len(missing)} of the last {len(names)} messages that the server accepted, "
            f"such as {missing[0]}",
            "name the log of every machine behind the server's name, and the log of the server that "
            "POLICY_NOTIFY_SMTP_URL names and not of another one",
        )
    return ok(TOPIC, where, f"names the last {len(names)} messages that the server accepted")
