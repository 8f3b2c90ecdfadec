"""``policy-notify status``: the totals of every announcement, and every unknown batch."""

from __future__ import annotations

import json
import os

import typer

from subscribers.clock import utc_now
from subscribers.commands.shared import AsJson, open_configured_database
from subscribers.database import reading
from subscribers.delivery import status_report
from subscribers.delivery.configured import configured_hourly_limit
from subscribers.delivery.forecast import forecast
from subscribers.high_water_mark.configured import configured_mark
from subscribers.high_water_mark.shown_mark import shown_mark
from subscribers.ledger import provider_pause, receiving_domains
from subscribers.ledger.ledger import Ledger
from subscribers.ledger.totals import outcomes, statuses
from subscribers.printable import say
from subscribers.settings import read_settings

EXAMPLE = "policy-notify status --json"


def status_command(*, as_json: AsJson = False) -> None:
    """Show each announcement's totals, refusals and later reports, and each unknown batch."""
    settings = read_settings(os.environ)
    engine = open_configured_database(settings)
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
        domains = receiving_domains.current_pauses(connection, settings.transport, now=utc_now())
    reported = outcomes(engine)
    mark = shown_mark(configured_mark(settings, engine))
    if as_json:
        shown = status_report.as_json(
            present, unknown, ends, reported, pause=pause, domains=domains, mark=mark
        )
        typer.echo(json.dumps(shown, indent=2))
        return
    for line in status_report.described(present, unknown, ends, reported):
        say(line)
    for line in (
        *status_report.pause_lines(settings.transport, pause),
        *status_report.domain_lines(domains),
    ):
        say(line)
    say(status_report.mark_line(mark))
