"""How long it takes to notify ten thousand to a million users, with how much memory and how many calls.

    python benchmarks/send.py [--people 10000 100000 1000000] [--postgresql URL] [--without-mark]
        [--plot FILE.svg]

Each number of users is notified in a process of its own. The SendGrid transport talks to a server on this
machine that reads each request and accepts it. Users have two languages, and half of them missed the
announcement before, so there are four kinds of message. ``--postgresql`` is the URL of a role that
may create databases. ``--without-mark`` moves no high-water mark, so that its share can be seen.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.headerregistry import Address
from pathlib import Path
from threading import Event

from accepting_provider import accepting_provider
from databases import NoMark, new_databases
from measuring import Figures, in_own_process, machine, peak_megabytes
from plot import plot_growth
from sqlalchemy import case, func, insert, literal, null, select, text

from subscribers.database import open_database, writing
from subscribers.delivery.single_process import deliver
from subscribers.high_water_mark.high_water_mark import HighWaterMark
from subscribers.high_water_mark.mark_store import MarkStore
from subscribers.ledger.ledger import Ledger
from subscribers.ledger.totals import audit, statuses
from subscribers.model import announcements, batches, contents, deliveries, users
from subscribers.settings import Sender
from subscribers.transports.sendgrid import SendGridTransport

MILLION = 1_000_000
# The limits for a million users.
SECONDS_ALLOWED = {"fan-out": 10.0, "send": 90.0, "status": 0.5, "audit": 5.0}
MEGABYTES_ALLOWED, CALLS_ALLOWED = 250, 4 * 1001
SENDER = Sender(address=Address("Example", "policy", "example.com"), legal_name="Example", contact="Example")
MESSAGE = "<p>" + "We changed this, and it means that for you. " * 450 + "</p>"  # 20 kB, as a usual one has


def main() -> None:
    """Measure every size on every database and print the table; exit 1 when a million takes too much."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--people", type=int, nargs="+", default=[10_000, 100_000, MILLION])
    parser.add_argument("--postgresql", metavar="URL")
    parser.add_argument("--plot", type=Path, metavar="FILE.svg")
    parser.add_argument("--without-mark", action="store_true")
    parser.add_argument("--notify", nargs=3, metavar=("URL", "PROVIDER", "MARK"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.notify:
        print(json.dumps(_notify(*arguments.notify)))
        return
    print(machine())
    names = (*SECONDS_ALLOWED, "MB", "calls", "bytes sent")
    print(f"{'':12}{'people':>10}" + "".join(f"{name:>14}" for name in names))
    passed = False
    series: dict[str, list[tuple[int, float]]] = {}
    with tempfile.TemporaryDirectory() as folder, accepting_provider() as (url, count):
        for kind, new_database in new_databases(Path(folder), arguments.postgresql, prefix="send"):
            for size in sorted(arguments.people):
                mark = "" if arguments.without_mark else new_database()
                figures = _measure(new_database(), url, mark, size)
                figures["calls"], figures["bytes sent"] = count()
                print(
                    f"{kind:12}{size:>10,}" + "".join(f"{figures[name]:>14,.1f}" for name in names),
                    flush=True,
                )
                series.setdefault(kind, []).append((size, figures["fan-out"] + figures["send"]))
                passed |= size >= MILLION and not _is_allowed(figures)
    if arguments.plot:
        drawing = plot_growth(series, of="people", what="fan-out and sending")
        arguments.plot.write_text(drawing, encoding="utf-8")
    sys.exit(1 if passed else 0)


def _is_allowed(figures: Figures) -> bool:
    in_time = all(figures[name] <= seconds for name, seconds in SECONDS_ALLOWED.items())
    return in_time and figures["MB"] <= MEGABYTES_ALLOWED and figures["calls"] <= CALLS_ALLOWED


def _measure(url: str, provider: str, mark: str, size: int) -> Figures:
    fill(url, size)
    return in_own_process(__file__, "--notify", url, provider, mark)


def _notify(url: str, provider: str, mark_url: str) -> Figures:
    engine = open_database(url)
    mark = HighWaterMark(engine, MarkStore(mark_url)) if mark_url else NoMark()
    ledger = Ledger(engine, mark=mark)
    transport = SendGridTransport(api_key="SG.benchmark", host=provider, subuser=None)
    figures: Figures = {}

    @contextmanager
    def timed(name: str) -> Iterator[None]:
        began = time.perf_counter()
        yield
        figures[name] = time.perf_counter() - began

    with timed("fan-out"):
        ledger.fan_out(batch_limit=transport.batch_limit)
    with timed("send"):
        deliver(ledger, transport, sender=SENDER, stop=Event())
    figures["MB"] = peak_megabytes()
    with timed("status"):
        [status] = [status for status in statuses(engine) if status.announcement_id == 3]
    with timed("audit"):
        problems = audit(engine)
    assert not problems
    assert status.is_complete
    assert status.totals.accepted == status.totals.audience
    return figures


def fill(url: str, size: int, *, message: str = MESSAGE) -> None:
    """Users, a baseline, an announcement that half of them missed, and one that is to be sent."""
    engine = open_database(url)
    now = datetime.now(UTC)
    with writing(engine) as connection:
        for start in range(0, size, 20_000):
            rows = [
                {
                    "external_id": str(number),
                    "email": f"user{number}@shop{number % 997}.example.com",
                    "language": "ru" if number % 2 else "en",
                    "registered_at": now,
                    "pseudonym_key": b"k" * 32,
                }
                for number in range(start, min(size, start + 20_000))
            ]
            connection.execute(insert(users), rows)
        for number, state in enumerate(("baseline", "cancelled", "open"), 1):
            is_sent = number < 3
            connection.execute(
                insert(announcements).values(
                    id=number,
                    state=state,
                    site_url="https://policies.example/",
                    site_language="en",
                    commit="c" * 40,
                    history_sha256="0" * 64,
                    versions_sha256=f"{number:064}",
                    made_at=now,
                    fanned_out_at=now if is_sent else None,
                    audience=(0, size)[number - 1] if is_sent else None,
                )
            )
        missed = users.c.id % 4 < 2
        connection.execute(
            insert(deliveries).from_select(
                ["announcement_id", "recipient_id", "language", "last_notified_id", "batch_id", "exclusion"],
                select(
                    literal(2),
                    users.c.id,
                    literal("en"),
                    literal(1),
                    case((missed, null()), else_=1),
                    case((missed, "cancelled"), else_=null()),
                ),
            )
        )
        notified_before = select(func.count()).where(deliveries.c.batch_id == 1)
        connection.execute(
            insert(batches).values(
                id=1,
                announcement_id=2,
                language="en",
                last_notified_id=1,
                size=notified_before.scalar_subquery(),
                state="accepted",
                token="0" * 32,
            )
        )
        for language in ("en", "ru"):
            for last_notified_id in (1, 2):
                connection.execute(
                    insert(contents).values(
                        announcement_id=3,
                        language=language,
                        last_notified_id=last_notified_id,
                        message_language=language,
                        subject="Our privacy policy has changed",
                        text=message,
                        html=message,
                        sha256="0" * 64,
                    )
                )
    if engine.dialect.name == "postgresql":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("ANALYZE"))
    engine.dispose()


if __name__ == "__main__":
    main()
