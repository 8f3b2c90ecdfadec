"""A report counts if its return path carries our signature; everything else changes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from sqlalchemy import select
from support.published_site import PublishedSiteMaker
from support.reports import absence_note, feedback_report, status_report
from support.world import SENDER, World

from subscribers.bounces.intake import Taken, take_in
from subscribers.bounces.mailbox import MailboxError, take_in_all
from subscribers.bounces.maildir import Maildir
from subscribers.database import open_database, reading, writing
from subscribers.delivery.single_process import deliver
from subscribers.delivery.status_report import domain_lines
from subscribers.delivery_id import DeliveryId, publication_of
from subscribers.ledger import receiving_domains, recovered
from subscribers.ledger.erasure import erase
from subscribers.ledger.totals import statuses
from subscribers.model import announcements, deliveries, users
from subscribers.return_path import ReturnPath
from subscribers.transports import OutgoingBatch, RefusedError, UnconfirmedError
from subscribers.users.erasures import ErasureKeys

PATH = ReturnPath("bounces@market.example", ["k" * 32])


@dataclass
class Sent:
    """A world that sends by SMTP with a signed return path; each message is kept by the name of its user."""

    world: World
    paths: dict[str, str] = field(default_factory=dict)
    message_ids: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.world.transport.name, self.world.transport.batch_limit = "smtp", 1
        self.world.transport.rule = self._keep
        self.errors: dict[str, Exception] = {}
        self.world.register("anna", "boris", "clara")
        self.world.open_with_baseline()
        self.announcement = self.world.announce()

    def _keep(self, outgoing: OutgoingBatch) -> None:
        [recipient] = outgoing.recipients
        name = recipient.address.partition("@")[0]
        assert recipient.return_path is not None
        self.paths[name] = recipient.return_path
        self.message_ids[name] = recipient.message_id
        if name in self.errors:
            raise self.errors[name]

    def deliver(self) -> None:
        for _ in range(2):  # a request without an answer pauses the server
            deliver(
                self.world.ledger,
                self.world.transport,
                sender=replace(SENDER, return_path=PATH),
                stop=Event(),
                patience=timedelta(seconds=-1),
            )
            self.world.check()
            self.world.now += timedelta(hours=1)

    def take(self, raw: bytes, **values: Any) -> Taken:
        taken = take_in(self.world.engine, PATH, raw, now=self.world.now, **values)
        self.world.check()
        return taken

    def state(self, name: str) -> tuple[str | None, str | None]:
        """The outcome of the user's delivery, and why they are unreachable."""
        with reading(self.world.engine) as connection:
            row = connection.execute(
                select(deliveries.c.outcome, users.c.unreachable)
                .join(users, users.c.id == deliveries.c.recipient_id)
                .where(deliveries.c.announcement_id == self.announcement, users.c.external_id == name)
            ).one()
            return row.outcome, row.unreachable

    def everything(self) -> list[tuple[str | None, str | None]]:
        return [self.state(name) for name in ("anna", "boris", "clara")]


@pytest.fixture
def sent(sqlite_url: str, tmp_path: Path) -> Iterator[Sent]:
    engine = open_database(sqlite_url)
    sent = Sent(World(engine, PublishedSiteMaker(tmp_path / "site")))
    sent.deliver()
    yield sent
    engine.dispose()


UNTOUCHED = [(None, None)] * 3


def test_a_bounce_counts_once(world: World) -> None:
    sent = Sent(world)
    sent.deliver()
    raw = status_report(sent.paths["anna"])
    assert sent.take(raw) is Taken.BOUNCED
    assert sent.everything() == [("bounced", "bounced"), (None, None), (None, None)]
    assert sent.world.totals(sent.announcement).accepted == 3, "the server had accepted it"
    assert sent.take(raw) is Taken.REPEATED
    with reading(sent.world.engine) as connection:
        assert connection.scalars(
            select(deliveries.c.detail).where(deliveries.c.detail.is_not(None))
        ).all() == ["5.1.1 550 5.1.1 User unknown"]


def test_forged_reports_change_nothing(sent: Sent) -> None:
    anna, boris = sent.paths["anna"], sent.paths["boris"]
    forged = [
        status_report("bounces@market.example", message_id=sent.message_ids["anna"]),
        status_report("policy@market.example", message_id=sent.message_ids["anna"]),
        status_report(anna[: anna.index("@") - 1] + "@market.example"),
        status_report(anna.replace("+2-1-", "+2-2-")),
        status_report(anna.replace("+2-1-", "+3-1-")),
        status_report(anna.replace("+2-1-", "+999999999-999999999-")),
        status_report(anna.replace("@market.example", "@market.example.evil.example")),
        feedback_report("bounces@market.example", return_path=anna.replace("+2-1-", "+2-2-")),
        status_report("bounces@market.example", words=f"smtp; {anna} {boris}"),  # of whom?
    ]
    assert [sent.take(raw) for raw in forged] == [Taken.UNMATCHED] * len(forged)
    assert sent.everything() == UNTOUCHED


def test_a_user_can_forge_only_reports_about_their_own_message(sent: Sent) -> None:
    """Anna knows the return path of her message; a report to it that names Boris is about hers."""
    raw = status_report(sent.paths["anna"], address="boris@example.com", message_id=sent.message_ids["boris"])
    assert sent.take(raw) is Taken.BOUNCED
    assert sent.everything() == [("bounced", None), (None, None), (None, None)]


@pytest.mark.parametrize("action", ["delayed", "delivered"])
def test_a_message_that_is_still_under_way_or_arrived_has_not_bounced(sent: Sent, action: str) -> None:
    sent.take(status_report(sent.paths["anna"], action=action, status="4.4.1"))
    assert sent.everything() == UNTOUCHED


def test_an_absence_note_changes_nothing(sent: Sent) -> None:
    assert sent.take(absence_note(sent.paths["anna"])) is Taken.OTHER
    assert sent.everything() == UNTOUCHED


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("5.2.2", "smtp; 552 5.2.2 Mailbox full"),
        ("5.7.1", "smtp; 550 5.7.1 Not authorized"),
        ("4.4.7", "X-Postfix; delivery time expired"),
    ],
)
def test_only_an_address_that_does_not_exist_is_unreachable(sent: Sent, status: str, words: str) -> None:
    assert sent.take(status_report(sent.paths["anna"], status=status, words=words)) is Taken.BOUNCED
    assert sent.state("anna") == ("bounced", None)


def test_a_message_that_was_forwarded_can_bounce_elsewhere(sent: Sent) -> None:
    sent.take(status_report(sent.paths["anna"], address="anna@elsewhere.example"))
    assert sent.state("anna") == ("bounced", None)


def test_a_corrected_address_stays_reachable(sent: Sent) -> None:
    sent.world.change("anna", email="anna@new.example")
    assert sent.take(status_report(sent.paths["anna"])) is Taken.BOUNCED
    assert sent.state("anna") == ("bounced", None)


def test_a_report_about_an_erased_user_fits_nobody(sent: Sent) -> None:
    erase(sent.world.engine, "anna", keys=ErasureKeys(["k" * 32]), at=sent.world.now)
    assert sent.take(status_report(sent.paths["anna"])) is Taken.UNMATCHED


def test_a_number_that_was_given_to_another_user_fits_nobody(sent: Sent) -> None:
    """As after a restore of a copy that did not know Anna."""
    sent.world.change("anna", pseudonym_key=b"x" * 32)
    assert sent.take(status_report(sent.paths["anna"])) is Taken.UNMATCHED
    assert sent.everything() == UNTOUCHED


def test_the_return_path_is_found_in_the_envelope_the_report_or_the_returned_message(sent: Sent) -> None:
    anna, boris, clara = (sent.paths[name] for name in ("anna", "boris", "clara"))
    plain = "bounces@market.example"
    assert sent.take(status_report(plain), recipient=anna) is Taken.BOUNCED
    assert sent.take(feedback_report(plain, return_path=boris)) is Taken.COMPLAINED
    returned = status_report(plain).replace(b"Return-Path: <bounces@", f"Return-Path: <{clara}>, <@".encode())
    assert sent.take(returned) is Taken.BOUNCED


def test_a_complaint_is_stronger_than_a_bounce(sent: Sent) -> None:
    sent.take(status_report(sent.paths["anna"]))
    assert sent.take(feedback_report(sent.paths["anna"], return_path="")) is Taken.COMPLAINED
    assert sent.state("anna") == ("complained", "complained")
    assert sent.take(status_report(sent.paths["anna"])) is Taken.REPEATED
    assert sent.state("anna") == ("complained", "complained")


def test_many_complaints_pause_the_announcement(world: World) -> None:
    sent = Sent(world)
    sent.deliver()
    for name in ("anna", "boris"):
        sent.take(feedback_report("abuse@market.example", return_path=sent.paths[name]))
    [status] = [one for one in statuses(sent.world.engine) if one.announcement_id == sent.announcement]
    assert status.state == "paused"


def test_a_bounce_shows_that_an_unknown_message_was_accepted(world: World) -> None:
    sent = Sent(world)
    sent.errors["anna"] = UnconfirmedError("connection reset")
    sent.deliver()
    assert world.totals(sent.announcement).unknown == 1
    assert sent.take(status_report(sent.paths["anna"])) is Taken.BOUNCED
    totals = world.totals(sent.announcement)
    assert (totals.unknown, totals.accepted) == (0, 3)
    assert sent.state("anna") == ("bounced", "bounced")


def test_a_report_about_a_message_that_was_refused_changes_nothing(world: World) -> None:
    sent = Sent(world)
    sent.errors["anna"] = RefusedError("550 5.2.3 too long", reason="5.2.3 message too long for the mailbox")
    sent.deliver()
    assert sent.take(status_report(sent.paths["anna"])) is Taken.REPEATED
    assert sent.state("anna") == (None, None)


def test_a_bounce_shows_that_a_message_was_accepted_that_an_old_copy_does_not_know(world: World) -> None:
    """After recover, the recipients of an announcement are unknown together."""
    sent = Sent(world)
    with writing(world.engine) as connection:
        recovered.freeze_waiting_audiences(connection, now=world.now)
        [versions] = connection.scalars(
            select(announcements.c.versions_sha256).where(announcements.c.id == sent.announcement)
        )
    assert world.totals(sent.announcement).unknown == 3
    anna = PATH.address_for(
        DeliveryId(sent.announcement, 1), publication=publication_of(versions), pseudonym_key=b"k" * 32
    )
    assert sent.take(status_report(anna)) is Taken.BOUNCED
    totals = world.totals(sent.announcement)
    assert (totals.unknown, totals.accepted) == (2, 1)
    assert sent.everything() == [("bounced", "bounced"), (None, None), (None, None)]


@pytest.mark.parametrize(
    "date", ["Mon, 01 Jan 1990 00:00:00 +0000", "Fri, 31 Dec 9999 23:59:59 -1200", "soon"]
)
def test_a_report_that_gives_an_impossible_time_counts_now(sent: Sent, date: str) -> None:
    assert sent.take(status_report(sent.paths["anna"], date=date)) is Taken.BOUNCED
    with reading(sent.world.engine) as connection:
        [at] = connection.scalars(select(deliveries.c.outcome_at).where(deliveries.c.outcome_at.is_not(None)))
    assert at == sent.world.now


def test_a_domain_that_refuses_us_by_bounces_is_paused(world: World) -> None:
    sent = Sent(world)
    names = [f"user{number}" for number in range(14)]
    for name in names:
        world.register(name, email=f"{name}@refusing.example")
    sent.deliver()
    late = world.now - timedelta(hours=2)  # Sent waits an hour after each run

    def bounce(name: str, status: str = "5.7.1") -> None:
        raw = status_report(
            sent.paths[name],
            address=f"{name}@refusing.example",
            status=status,
            words=f"smtp; 550 {status} no",
        )
        assert take_in(world.engine, PATH, raw, now=late) is Taken.BOUNCED

    def pauses(now: datetime) -> list[tuple[str, datetime, str]]:
        with reading(world.engine) as connection:
            found = receiving_domains.current_pauses(connection, "smtp", now=now)
        return [(one.domain, one.until, one.reason) for one in found]

    for name in names[:9]:
        bounce(name)
    bounce(names[9], "5.1.1")
    assert pauses(late) == [], "a dead address is no fault of ours"
    bounce(names[10])
    assert pauses(late) == [("refusing.example", late + timedelta(minutes=15), "bounces: 5.7.1")]
    with reading(world.engine) as connection:
        [line] = domain_lines(receiving_domains.current_pauses(connection, "smtp", now=late))
    assert "most of its messages bounce because of us (5.7.1)" in line

    with writing(world.engine) as connection:  # the server in between accepts another message
        receiving_domains.note_acceptance(connection, "x@refusing.example", "smtp")
    assert pauses(late), "its acceptance says nothing about the domain"
    late += timedelta(minutes=16)
    assert pauses(late) == []
    bounce(names[11])
    assert pauses(late) == [("refusing.example", late + timedelta(minutes=30), "bounces: 5.7.1")]


def test_a_few_refusals_among_many_messages_pause_no_domain(world: World) -> None:
    sent = Sent(world)
    names = [f"user{number}" for number in range(25)]
    for name in names:
        world.register(name, email=f"{name}@large.example")
    sent.deliver()
    late = world.now - timedelta(hours=2)
    for name in names[:12]:
        raw = status_report(
            sent.paths[name], address=f"{name}@large.example", status="5.7.1", words="smtp; 550 5.7.1 no"
        )
        take_in(world.engine, PATH, raw, now=late)
    with reading(world.engine) as connection:
        assert receiving_domains.current_pauses(connection, "smtp", now=late) == []


def test_two_intakes_at_once_count_each_report_once(world: World) -> None:
    sent = Sent(world)
    sent.deliver()
    raws = [status_report(sent.paths["anna"])] * 4 + [
        feedback_report(sent.paths[name], return_path="") for name in ("boris", "clara")
    ] * 4
    now = world.now
    with ThreadPoolExecutor(4) as pool:
        taken = Counter(pool.map(lambda raw: take_in(world.engine, PATH, raw, now=now), raws))
    world.check()
    assert taken == {Taken.BOUNCED: 1, Taken.COMPLAINED: 2, Taken.REPEATED: 9}


# The mailbox.


@pytest.fixture
def maildir(tmp_path: Path) -> Path:
    for name in ("new", "cur", "tmp"):
        (tmp_path / "Maildir" / name).mkdir(parents=True)
    return tmp_path / "Maildir"


def test_a_report_is_removed_and_everything_else_is_marked_as_read(sent: Sent, maildir: Path) -> None:
    for name, raw in {
        "1": status_report(sent.paths["anna"]),
        "2": b"\xff\0 broken \r\n--",
        "3": b"From: x\nContent-Type: multipart/report; boundary=\n\n----\n",
        "4": absence_note(sent.paths["boris"]),
        "5": status_report(sent.paths["boris"].replace("+2-2-", "+2-3-")),
        "6": status_report(sent.paths["clara"]),
    }.items():
        (maildir / "new" / name).write_bytes(raw)
    (maildir / "cur" / "7:2,R").write_bytes(status_report(sent.paths["anna"]))
    counts = take_in_all(Maildir(maildir), sent.take)
    assert counts == {Taken.BOUNCED: 2, Taken.OTHER: 3, Taken.UNMATCHED: 1, Taken.REPEATED: 1}
    assert list((maildir / "new").iterdir()) == []
    assert sorted(file.name for file in (maildir / "cur").iterdir()) == ["2:2,S", "3:2,S", "4:2,S", "5:2,S"]
    assert take_in_all(Maildir(maildir), sent.take).total() == 0, "read messages are left alone"


def test_a_message_stays_until_the_database_has_kept_its_report(sent: Sent, maildir: Path) -> None:
    (maildir / "new" / "1").write_bytes(status_report(sent.paths["anna"]))

    def fails(raw: bytes) -> Taken:
        sent.take(raw)
        raise KeyboardInterrupt  # killed after the commit

    with pytest.raises(KeyboardInterrupt):
        take_in_all(Maildir(maildir), fails)
    assert (maildir / "new" / "1").exists()
    assert take_in_all(Maildir(maildir), sent.take) == {Taken.REPEATED: 1}
    assert not (maildir / "new" / "1").exists()


def test_old_messages_to_the_return_path_are_removed(sent: Sent, maildir: Path) -> None:
    (maildir / "cur" / "1:2,S").write_bytes(absence_note(sent.paths["anna"]))
    (maildir / "cur" / "2:2,S").write_bytes(absence_note("policy@market.example"))
    (maildir / "cur" / "3:2,").write_bytes(absence_note(sent.paths["anna"]))
    box = Maildir(maildir)
    removed = box.remove_old(
        before=sent.world.now + timedelta(days=9999), is_ours=lambda raw: PATH.is_mailbox(raw.decode())
    )
    assert removed == 1
    assert sorted(file.name for file in (maildir / "cur").iterdir()) == ["2:2,S", "3:2,"]


def test_a_folder_that_is_no_maildir_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MailboxError, match="is no Maildir, since it has no folder new"):
        Maildir(tmp_path)
