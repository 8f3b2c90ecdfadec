"""How fast messages go to a Postfix on this machine, beside Postfix's own load generator.

    python benchmarks/smtp.py [--messages 2000] [--rounds 3]

Both send one message after another over one connection, of the same size, to a Postfix that takes them into
its queue. ``smtp-source`` repeats the same bytes. The transport makes and digests a message for each
recipient, and ``deliver`` also records each one in a database file, with the high-water mark in another. It
needs root and the package ``postfix`` of Debian. The last column is the time in relation to ``smtp-source``.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

import send
from measuring import machine

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support.postfix_server import IS_USABLE, MISSING, PostfixServer, running_postfix

from subscribers.database import migrate, open_database
from subscribers.delivery.single_process import deliver
from subscribers.high_water_mark.high_water_mark import HighWaterMark
from subscribers.high_water_mark.mark_store import MarkStore
from subscribers.ledger.ledger import Ledger
from subscribers.ledger.totals import statuses
from subscribers.messages.message import Message
from subscribers.transports import OutgoingBatch, Recipient
from subscribers.transports.smtp import SmtpTransport
from subscribers.transports.smtp_server import read_server

DOMAIN = "shop.example"
SETTINGS = {"default_transport": "discard:", "smtpd_client_connection_rate_limit": "0"}
TEXT = "We changed this, and it means that for you. " * 100


class Unpipelined(SmtpTransport):
    """The transport with a server that offers no pipelining."""

    def session(self):  # type: ignore[no-untyped-def]
        session = super().session()
        session.esmtp_features.pop("pipelining", None)
        return session


def main() -> None:
    """Measure each way several times, in turn, and print the medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--messages", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    if not IS_USABLE:
        sys.exit(MISSING)
    print(machine())
    number = arguments.messages
    ways: dict[str, Callable[[PostfixServer], float]] = {
        "smtp-source": lambda server: _source(server, number),
        "transport": lambda server: _transport(SmtpTransport(read_server(server.url)), number),
        "transport, not pipelined": lambda server: _transport(Unpipelined(read_server(server.url)), number),
        "deliver": lambda server: _deliver(server, number),
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    with running_postfix(has_policy=False, settings=SETTINGS) as server:
        for _ in range(arguments.rounds):
            for name, way in ways.items():
                seconds[name].append(way(server))
                server.wait_until(lambda: not any((server.folder / "queue/active").iterdir()))
    base = statistics.median(seconds["smtp-source"])
    print(f"{'':26}{'messages/s':>12}{'time':>8}")
    for name, times in seconds.items():
        median = statistics.median(times)
        print(f"{name:26}{number / median:>12,.0f}{median / base:>8.2f}")


def _source(server: PostfixServer, number: int) -> float:
    size = len(_email_bytes())
    began = time.perf_counter()
    command = ["/usr/sbin/smtp-source", "-d", "-s", "1", "-m", str(number), "-l", str(size)]
    addresses = ["-f", "policy@example.com", "-t", f"user@{DOMAIN}", f"127.0.0.1:{server.port}"]
    subprocess.run([*command, *addresses], check=True)
    return time.perf_counter() - began


def _transport(transport: SmtpTransport, number: int) -> float:
    began = time.perf_counter()
    for one in range(number):
        transport.prepare(_outgoing(one)).send(may_write=lambda: True)
    return time.perf_counter() - began


def _deliver(server: PostfixServer, number: int) -> float:
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/notify.sqlite"
        engine = open_database(url)
        migrate(engine)
        engine.dispose()
        send.fill(url, number, message=TEXT)
        engine = open_database(url)
        ledger = Ledger(engine, mark=HighWaterMark(engine, MarkStore(f"sqlite:///{folder}/mark.sqlite")))
        transport = SmtpTransport(read_server(server.url))
        ledger.fan_out(batch_limit=1)
        began = time.perf_counter()
        deliver(ledger, transport, sender=send.SENDER, stop=Event())
        took = time.perf_counter() - began
        [status] = [status for status in statuses(engine) if status.announcement_id == 3]
        assert status.is_complete
        engine.dispose()
    return took


def _outgoing(number: int) -> OutgoingBatch:
    address = f"user{number}@{DOMAIN}"
    recipient = Recipient(delivery=f"3-{number}", address=address, message_id=f"<3-{number}@example.com>")
    return OutgoingBatch(
        token="0" * 32,
        written_at=datetime.now(UTC),
        sender=send.SENDER,
        message=Message(language="en", subject="Our privacy policy has changed", text=TEXT, html=TEXT),
        recipients=(recipient,),
    )


def _email_bytes() -> bytes:
    """A message as the transport makes it, for its size."""
    return SmtpTransport(read_server("smtp://127.0.0.1")).prepare(_outgoing(1))._email


if __name__ == "__main__":
    main()
