"""One announcement from the import of its users to the verified proof, with workers on PostgreSQL.

    python benchmarks/whole_announcement.py --postgresql URL [--users 1000000 10000000]
        [--workers 3] [--plot FILE.svg]

Every step runs in a process of its own: the commands of policy-notify where there is one. The workers send to
a server on this machine that accepts each request. Signed events are recorded for every hundredth message.
The others are written into the database, so that the proof has two events for each message. ``--postgresql``
is the URL of a role that may create databases. The table shows the seconds for each million users: while they
stay the same, the step is linear.
"""

from __future__ import annotations

import argparse
import base64
import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from accepting_provider import accepting_provider
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from databases import new_databases
from example_announcement import NOW, announce
from measuring import Figures, in_own_process, machine, print_figures
from plot import plot_growth
from proof import KEY
from sqlalchemy import Connection, Engine, func, select, text

from subscribers.database import open_database, reading, writing
from subscribers.delivery_id import DeliveryId
from subscribers.ledger.ledger import Ledger
from subscribers.ledger.signed_events import SignedPost, Verifier, receive
from subscribers.ledger.totals import audit, statuses
from subscribers.model import batches, deliveries, event_posts
from subscribers.transports import ATTEMPT_ARGUMENT

MEGABYTES_ALLOWED = 250  # for each process
ANNOUNCEMENT = 2
EVENTS_A_POST = 1_000
ONE_IN = 100  # messages whose events come as signed posts
POLL_SECONDS = 0.5
DRAWN = ("import", "send", "proof export")
COMMAND = Path(sys.executable).with_name("policy-notify")
POSTS = """
    INSERT INTO event_posts (id, sha256, signature, signed_timestamp, received_at)
    SELECT :first + number, lpad(to_hex(number), 64, '0'), 'MEUCIQ' || repeat('a', 90), number, now()
    FROM generate_series(1, :posts) AS number"""
REPORTS = """
    INSERT INTO events (event_id, post_id, token, recipient_id, kind, occurred_at)
    SELECT '{kind}-0-18396-' || recipient_id || '-abcdefghijklmnop', :first + batch_id, token, recipient_id,
           '{kind}', :now
    FROM deliveries JOIN batches ON batches.id = batch_id
    WHERE deliveries.announcement_id = :announcement AND batches.id > :last"""


def main() -> None:
    """Run every step for every number of users and print the table; exit 1 if a process grows too large."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--users", type=int, nargs="+", default=[1_000_000, 10_000_000])
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--postgresql", metavar="URL")
    parser.add_argument("--plot", type=Path, metavar="FILE.svg")
    parser.add_argument("--step", nargs=2, metavar=("STEP", "URL"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.step:
        step, url = arguments.step
        print_figures(lambda: STEPS[step](url))
        return
    if arguments.postgresql is None:
        parser.error("--postgresql is missing")
    print(f"{arguments.workers} workers; {machine()}")
    print(f"{'users':>12}  {'step':14}{'seconds':>9}{'per million':>13}{'MB':>6}", flush=True)
    passed = False
    series: dict[str, list[tuple[int, float]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for kind, new_database in new_databases(Path(folder), arguments.postgresql, prefix="whole"):
            if kind == "SQLite":
                continue
            for users in sorted(arguments.users):
                place = Path(folder) / str(users)
                place.mkdir()
                url, mark = new_database(), new_database()
                for step, figures in _steps(place, url, mark=mark, users=users, workers=arguments.workers):
                    _print(users, step, figures)
                    series.setdefault(step, []).append((users, figures["seconds"]))
                    passed |= figures["megabytes"] > MEGABYTES_ALLOWED
    if arguments.plot:
        drawn = {step: series[step] for step in DRAWN}
        arguments.plot.write_text(plot_growth(drawn, of="users", what="proof export"), encoding="utf-8")
    sys.exit(1 if passed else 0)


def _print(users: int, step: str, figures: Figures) -> None:
    per_million = figures["seconds"] * 1e6 / users
    print(
        f"{users:12,}  {step:14}{figures['seconds']:9.1f}{per_million:13.1f}{figures['megabytes']:6.0f}",
        flush=True,
    )


def _steps(folder: Path, url: str, *, mark: str, users: int, workers: int) -> Iterator[tuple[str, Figures]]:
    """Each step and its figures, in their order."""
    file, bundle = folder / "users.csv", folder / "bundle"
    _write_users(file, users)
    engine = open_database(url)
    with accepting_provider() as (provider, _):
        environment = _environment(folder, url, provider) | {"POLICY_NOTIFY_MARK_URL": mark}
        yield "import", _command(environment, "import", file)
        file.unlink()
        announce(engine)
        _analyse(engine)
        yield "fan-out", in_own_process(__file__, "--step", "fan-out", url)
        yield "send", _send(environment, engine, workers)
        yield "events, 1 %", in_own_process(__file__, "--step", "events", url)
        _report_the_others(engine)
        _analyse(engine)
        yield "status", _command(environment, "status")
        yield "audit", in_own_process(__file__, "--step", "audit", url)
        yield "proof export", _command(environment, "proof", "export", str(ANNOUNCEMENT), "--into", bundle)
        public = ("--public-key", folder / "proof.pub")
        yield "proof verify", _command(environment, "proof", "verify", bundle, *public)
    with reading(engine) as connection:
        size = connection.scalar(text("SELECT pg_database_size(current_database())"))
    print(f"{users:12,}  database of {size / 1e9:.1f} GB, bundle of {_size(bundle) / 1e9:.1f} GB", flush=True)
    engine.dispose()
    shutil.rmtree(folder)


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.iterdir())


def _write_users(file: Path, users: int) -> None:
    with file.open("w", encoding="utf-8", newline="") as output:
        writer = csv.writer(output)
        writer.writerow(("external_id", "email", "language", "registered_at"))
        for number in range(users):
            address = f"user{number}@shop{number % 997}.example.com"
            writer.writerow((number, address, "en", f"2024-03-{number % 28 + 1:02}T09:30:00Z"))


def _environment(folder: Path, url: str, provider: str) -> Mapping[str, str]:
    """The settings of the commands; the key of the proof is in the folder."""
    private = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (folder / "proof.pub").write_bytes(public)
    settings = {
        "DATABASE_URL": url,
        "TRANSPORT": "sendgrid",
        "SENDGRID_API_KEY": "SG.benchmark",
        "SENDGRID_HOST": provider,
        "FROM": "Market <policy@market.example>",
        "LEGAL_NAME": "Market",
        "CONTACT": "a@market.example",
        "PROOF_KEY": private.decode(),
    }
    return os.environ | {f"POLICY_NOTIFY_{name}": value for name, value in settings.items()}


def _command(environment: Mapping[str, str], *words: str | Path) -> Figures:
    """The figures of one command of policy-notify."""
    began = time.perf_counter()
    process = subprocess.Popen([COMMAND, *words], env=environment, stdout=subprocess.DEVNULL)
    megabytes = _ended(process)
    return {"seconds": time.perf_counter() - began, "megabytes": megabytes}


def _send(environment: Mapping[str, str], engine: Engine, workers: int) -> Figures:
    """The figures of workers that run until nothing is left to send; the memory is that of the largest."""
    began = time.perf_counter()
    started = [subprocess.Popen([COMMAND, "worker"], env=environment) for _ in range(workers)]
    try:
        while _are_planned(engine):
            time.sleep(POLL_SECONDS)
            if any(process.poll() is not None for process in started):
                raise RuntimeError("a worker has ended before everything was sent")
        seconds = time.perf_counter() - began
    finally:
        for process in started:
            process.send_signal(signal.SIGTERM)
        megabytes = [_ended(process) for process in started]
    [status] = [status for status in statuses(engine) if status.announcement_id == ANNOUNCEMENT]
    assert status.is_complete
    assert status.totals.accepted == status.totals.audience
    return {"seconds": seconds, "megabytes": max(megabytes)}


def _are_planned(engine: Engine) -> bool:
    with reading(engine) as connection:
        open_ones = select(batches.c.id).where(batches.c.state.in_(("planned", "claimed")))
        return connection.scalar(open_ones.limit(1)) is not None


def _ended(process: subprocess.Popen[bytes]) -> float:
    """The most megabytes that the process has used, once it has ended; raises RuntimeError if it failed."""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{process.args!r} has failed")
    return usage.ru_maxrss / 1024


def _fan_out(url: str) -> None:
    engine = open_database(url)
    assert Ledger(engine).fan_out(batch_limit=1_000) == ANNOUNCEMENT
    with reading(engine) as connection:
        assert connection.scalar(select(func.count()).select_from(deliveries))


def _audit(url: str) -> None:
    assert not audit(open_database(url))


def _receive_events(url: str) -> None:
    """Record signed posts about the first batches: each message was processed and then delivered."""
    engine, key = open_database(url), ec.generate_private_key(ec.SECP256R1())
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    verifier = Verifier(base64.b64encode(public).decode())
    with reading(engine) as connection:
        rows = connection.execute(
            select(deliveries.c.recipient_id, batches.c.token)
            .join(batches, batches.c.id == deliveries.c.batch_id)
            .where(batches.c.id <= _last_in_posts(connection), batches.c.announcement_id == ANNOUNCEMENT)
        ).all()
    for kind in ("processed", "delivered"):
        for part in (rows[first : first + EVENTS_A_POST] for first in range(0, len(rows), EVENTS_A_POST)):
            body = json.dumps([_event(kind, row.recipient_id, row.token) for row in part]).encode()
            signature = base64.b64encode(key.sign(b"1" + body, ec.ECDSA(hashes.SHA256()))).decode()
            post = SignedPost(body=body, signature=signature, timestamp="1")
            receive(engine, verifier, post, now=NOW, keep_body=False)


def _event(kind: str, recipient_id: int, token: str) -> dict[str, object]:
    """An event as SendGrid posts it."""
    return {
        "email": f"user{recipient_id}@shop.example.com",
        "timestamp": int(NOW.timestamp()),
        "event": kind,
        "sg_event_id": f"{kind}-0-18396-{recipient_id}-abcdefghijklmnop",
        "sg_message_id": f"message.filter-{token}",
        ATTEMPT_ARGUMENT: token,
        "delivery": str(DeliveryId(ANNOUNCEMENT, recipient_id)),
    }


def _last_in_posts(connection: Connection) -> int:
    """The last of the batches whose events come as signed posts."""
    most: int = connection.scalars(select(func.max(batches.c.id))).one()
    return max(1, most // ONE_IN)


def _report_the_others(engine: Engine) -> None:
    """Write the same events of all other messages into the database, in posts of the same size."""
    with writing(engine) as connection:
        last = _last_in_posts(connection)
        first_post: int = connection.scalars(select(func.max(event_posts.c.id))).one()
        posts = connection.scalars(select(func.count()).select_from(batches)).one()
        connection.execute(text(POSTS), {"first": first_post, "posts": posts})
        for kind in ("processed", "delivered"):
            values = {"now": NOW, "announcement": ANNOUNCEMENT, "last": last, "first": first_post}
            connection.execute(text(REPORTS.format(kind=kind)), values)
        connection.execute(
            text("UPDATE deliveries SET outcome = 'delivered', outcome_at = :now"), {"now": NOW}
        )


def _analyse(engine: Engine) -> None:
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))


STEPS: Mapping[str, Callable[[str], None]] = {
    "fan-out": _fan_out,
    "events": _receive_events,
    "audit": _audit,
}


if __name__ == "__main__":
    main()
