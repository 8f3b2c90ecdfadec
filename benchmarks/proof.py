"""How long a proof takes, and how much memory, as the audience grows.

    python benchmarks/proof.py [--users 10000 100000 1000000] [--postgresql URL]

Everyone was sent a message, and the provider has reported on each twice. Each step runs in a process of its
own, on SQLite and, with ``--postgresql`` (the URL of an empty database), on PostgreSQL for the last number.
Memory has to stay where it is while the audience grows.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from email.headerregistry import Address
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from databases import NoMark
from example_announcement import HEX, NOW, announce
from measuring import in_own_process, machine, print_figures
from sqlalchemy import Engine, insert, text

from subscribers.database import migrate, open_database, writing
from subscribers.ledger.ledger import Ledger
from subscribers.model import event_posts, users
from subscribers.proof.bundle_format import user_proof_json
from subscribers.proof.export_bundle import export
from subscribers.proof.export_user_proof import export_user_proof
from subscribers.proof.verify_bundle import verify_bundle
from subscribers.proof.verify_user_proof import verify_user_proof
from subscribers.settings import Sender
from subscribers.transports.sendgrid import SendGridTransport
from subscribers.users.accounts import new_pseudonym_key

MEGABYTES_ALLOWED = 250
EVENTS_A_POST = 100
KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
SENDER = Sender(
    address=Address("M", "policy", "market.example"), legal_name="Market", contact="a@market.example"
)
REPORTS = """
    INSERT INTO events (event_id, post_id, token, recipient_id, kind, occurred_at)
    SELECT '{kind}-0-18396-' || recipient_id || '-abcdefghijklmnop', recipient_id / :a_post + 1, token,
           recipient_id, '{kind}', :now
    FROM deliveries JOIN batches ON batches.id = batch_id"""


def main() -> None:
    """Run every step for every number of users and print the table; exit 1 when memory grows too far."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--users", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--postgresql", metavar="URL")
    parser.add_argument("--step", nargs=3, metavar=("STEP", "URL", "FOLDER"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.step:
        print_figures(lambda: _run(*arguments.step))
        return
    print(machine())
    print(f"{'':12}{'users':>10}  {'step':8}{'seconds':>9}{'MB':>6}")
    passed = False
    with tempfile.TemporaryDirectory() as part:
        runs = [("SQLite", users, f"sqlite:///{part}/{users}.db") for users in arguments.users]
        if arguments.postgresql:
            runs.append(("PostgreSQL", arguments.users[-1], arguments.postgresql))
        for kind, users, url in runs:
            engine = open_database(url)
            migrate(engine)
            _fill(engine, users)
            engine.dispose()
            folder = Path(part) / f"{kind}-{users}"
            for step in ("export", "verify", "person"):
                figures = in_own_process(__file__, "--step", step, url, str(folder))
                passed |= figures["megabytes"] > MEGABYTES_ALLOWED
                print(
                    f"{kind:12}{users:10,}  {step:8}{figures['seconds']:9.1f}{figures['megabytes']:6.0f}",
                    flush=True,
                )
            size = sum(file.stat().st_size for file in folder.iterdir())
            print(f"{kind:12}{users:10,}  bundle of {size / 1e6:,.0f} MB", flush=True)
    sys.exit(1 if passed else 0)


def _run(step: str, url: str, folder: str) -> None:
    bundle, engine, person = Path(folder), open_database(url), Path(f"{folder}.json")
    match step:
        case "export":
            export(engine, 2, bundle, key=KEY, sender=SENDER)
        case "verify":
            verify_bundle(bundle, KEY.public_key())
        case "person":
            person.write_bytes(user_proof_json.dump_json(export_user_proof(engine, "user7", bundle)))
            verify_user_proof(person, KEY.public_key())


def _fill(engine: Engine, recipients: int) -> None:
    """An announcement that was sent to everyone, with each message reported as processed and as delivered."""
    with writing(engine) as connection:
        for first in range(0, recipients, 10_000):
            numbers = range(first, min(first + 10_000, recipients))
            connection.execute(insert(users), [_person(number) for number in numbers])
    announce(engine)
    ledger = Ledger(engine, mark=NoMark(), now=lambda: NOW)
    transport = SendGridTransport(api_key="", host="http://localhost", subuser=None)
    ledger.fan_out(batch_limit=1000)
    while batch_ids := ledger.sendable(transport):
        for batch_id in batch_ids:
            claim = ledger.claim(batch_id, transport)
            assert claim is not None
            ledger.intend(claim, request_sha256=HEX)
            ledger.accept(claim.token, provider_id=f"provider-{batch_id}")
    with writing(engine) as connection:
        posts = [_post(number) for number in range(1, recipients // EVENTS_A_POST + 2)]
        connection.execute(insert(event_posts), posts)
        for kind in ("processed", "delivered"):
            statement = text(REPORTS.format(kind=kind))
            connection.execute(statement, {"a_post": EVENTS_A_POST, "now": NOW.replace(tzinfo=None)})
        outcome = text("UPDATE deliveries SET outcome = 'delivered', outcome_at = :now")
        connection.execute(outcome, {"now": NOW.replace(tzinfo=None)})


def _person(number: int) -> dict[str, object]:
    return {
        "external_id": f"user{number}",
        "email": f"user{number}@shop{number % 997}.example.com",
        "registered_at": NOW,
        "pseudonym_key": new_pseudonym_key(),
    }


def _post(number: int) -> dict[str, object]:
    return {
        "id": number,
        "sha256": f"{number:064x}",
        "signature": "MEUCIQ" + "a" * 90,
        "signed_timestamp": str(number),
        "received_at": NOW,
    }


if __name__ == "__main__":
    main()
