"""``policy-notify worker``: sends beside any number of other workers on one PostgreSQL."""

from __future__ import annotations

import os

from subscribers.commands.shared import open_configured_database
from subscribers.database import require_postgresql
from subscribers.delivery.configured import (
    configured_domain_limits,
    configured_hourly_limit,
    configured_reconciliation,
)
from subscribers.high_water_mark.configured import configured_mark, demand_shared_mark
from subscribers.ledger.ledger import Ledger
from subscribers.settings import read_settings
from subscribers.transports.configured import configured_transport

EXAMPLE = "policy-notify worker"


def worker_command() -> None:
    """Send announcements until stopped, together with other workers on the same PostgreSQL."""
    settings = read_settings(os.environ)
    settings.demand_for_sending()
    engine = open_configured_database(settings)
    require_postgresql(engine)
    mark = configured_mark(settings, engine)
    demand_shared_mark(mark)
    mark.check()
    from subscribers.delivery.workers import work  # noqa: PLC0415 - its parts are in the extra postgresql

    work(
        Ledger(
            engine,
            mark=mark,
            hourly_limit=configured_hourly_limit(settings),
            domain_limits=configured_domain_limits(settings),
        ),
        configured_transport(settings),
        sender=settings.who_sends(),
        reconciliation=configured_reconciliation(settings),
    )
