"""A sender in a process of its own, to be killed.

python worker_process.py DATABASE_URL PROVIDER_URL ENGINE LEASE

ENGINE is ``local`` (the embedded loop, until nothing is left) or ``workers`` (until stopped). LEASE is in
seconds, since no test wants to sit out the real one.
"""

from __future__ import annotations

import sys
from datetime import timedelta
from threading import Event

from sendgrid_double import API_KEY
from told_world import SENDER

from subscribers.database import open_database
from subscribers.ledger import Ledger
from subscribers.local import deliver
from subscribers.reconciliation import Reconciliation
from subscribers.transports.sendgrid import SendGridTransport
from subscribers.workers import work


def main(database_url: str, provider_url: str, engine: str, lease: str) -> None:
    ledger = Ledger(open_database(database_url), lease=timedelta(seconds=float(lease)))
    transport = SendGridTransport(api_key=API_KEY, host=provider_url, subuser=None)
    transport.batch_limit = 10
    reconciliation = Reconciliation(window=timedelta(seconds=2), canary="canary@market.example")
    if engine == "workers":
        work(ledger, transport, sender=SENDER, reconciliation=reconciliation)
    else:
        deliver(ledger, transport, sender=SENDER, stop=Event(), reconciliation=reconciliation)


if __name__ == "__main__":
    main(*sys.argv[1:])
