"""A worker in its own process, which tests kill.

python worker_process.py DATABASE_URL PROVIDER_URL NAME LEASE FOLDER

The provider sees NAME as the subuser. LEASE is in seconds, since no test wants to sit out the real one. The
high-water mark is beside FOLDER, which the test's world has too.
"""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path

from subscribers.database import open_database
from subscribers.delivery.reconciliation import Reconciliation
from subscribers.delivery.workers import work
from subscribers.ledger.ledger import Ledger
from subscribers.transports.sendgrid import SendGridTransport
from support.marks import mark_beside
from support.sendgrid_server import API_KEY
from support.world import SENDER


def main(database_url: str, provider_url: str, name: str, lease: str, folder: str) -> None:
    engine = open_database(database_url)
    mark = mark_beside(engine, Path(folder))
    ledger = Ledger(engine, mark=mark, lease=timedelta(seconds=float(lease)))
    transport = SendGridTransport(api_key=API_KEY, host=provider_url, subuser=name)
    transport.batch_limit = 10
    reconciliation = Reconciliation(window=timedelta(hours=24), canary="canary@market.example")
    work(ledger, transport, sender=SENDER, reconciliation=reconciliation)


if __name__ == "__main__":
    main(*sys.argv[1:])
