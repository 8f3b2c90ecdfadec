"""An old copy of the database sends nothing: it is recognised by the high-water mark, or by signed events."""

from __future__ import annotations

import sqlite3
import threading
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import func, select, update
from support import postgresql_cluster
from support.database_copies import copy_of
from support.published_site import PublishedSiteMaker
from support.sendgrid_server import EventSource
from support.world import SENDER, World, addresses

from subscribers.database import open_database, reading, writing
from subscribers.delivery.canary import send_canary
from subscribers.delivery.sending import deliver_batch
from subscribers.delivery.status_report import as_json, mark_line
from subscribers.delivery.trial_email import send_test
from subscribers.high_water_mark.chain import Position
from subscribers.high_water_mark.configured import configured_mark, demand_shared_mark
from subscribers.high_water_mark.high_water_mark import (
    HighWaterMark,
    MissingMarkError,
    OldDatabaseError,
)
from subscribers.high_water_mark.installation import read_installation, take_over
from subscribers.high_water_mark.mark_store import MarkStore, UnreadableMarkError
from subscribers.high_water_mark.other_evidence import LaterEventsError
from subscribers.high_water_mark.shown_mark import shown_mark
from subscribers.ledger.ledger import Ledger
from subscribers.ledger.signed_events import Verifier, receive, settle_unmatched, unmatched_since
from subscribers.ledger.totals import statuses
from subscribers.messages.message import Message
from subscribers.model import attempts, installation
from subscribers.settings import SettingsError, read_settings
from subscribers.transports import OutgoingBatch

NAMES = tuple(f"user{number}" for number in range(6))
NUMBERS = count()


@pytest.fixture
def announced(world: World) -> World:
    """Six users in batches of one, and an announcement that was not sent yet."""
    world.register(*NAMES)
    world.open_with_baseline()
    world.announce()
    world.transport.batch_limit = 1
    world.mark.check()
    return world


def send(world: World, number: int) -> None:
    """Send up to ``number`` batches."""
    world.ledger.fan_out(batch_limit=1)
    for batch_id in list(world.ledger.sendable(world.transport))[:number]:
        assert deliver_batch(world.ledger, world.transport, batch_id, sender=SENDER)


def test_a_copy_from_before_an_announcement_is_refused_and_says_what_is_missing(announced: World) -> None:
    copy = copy_of(announced.engine)
    announced.deliver()
    copy.restore()
    with pytest.raises(OldDatabaseError, match=r"6 requests that it does not know.*after it was made") as old:
        announced.mark.check()
    assert old.value.missing == 6
    assert "policy-notify recover" in str(old.value)
    with pytest.raises(OldDatabaseError):
        announced.deliver()
    assert announced.transport.received == addresses(NAMES)


def test_a_copy_from_the_middle_says_since_when_requests_are_missing(announced: World) -> None:
    send(announced, 2)
    copy = copy_of(announced.engine)
    announced.wait(hours=1)
    send(announced, 4)
    copy.restore()
    with pytest.raises(OldDatabaseError, match=r"4 requests .* after 2026-06-01 12:00:00 UTC"):
        announced.mark.check()
    with pytest.raises(OldDatabaseError):
        announced.deliver()
    assert announced.transport.received == addresses(NAMES)


def test_the_newest_copy_goes_on(announced: World) -> None:
    send(announced, 2)
    copy = copy_of(announced.engine)
    copy.restore()
    announced.mark.check()
    announced.deliver()
    assert announced.transport.received == addresses(NAMES)


def test_the_same_counter_with_another_head_is_refused(announced: World, tmp_path: Path) -> None:
    send(announced, 2)
    copy = copy_of(announced.engine)
    send(announced, 2)
    copy.restore()
    elsewhere = HighWaterMark(announced.engine, MarkStore(f"sqlite:///{tmp_path / 'elsewhere.sqlite'}"))
    announced.ledger.mark = elsewhere
    with writing(announced.engine) as connection:
        connection.execute(update(installation).values(marked_at=None))
    elsewhere.check()
    send(announced, 3)  # another branch, which passes the mark's number
    with pytest.raises(OldDatabaseError, match="other requests than it knows"):
        announced.mark.check()
    announced.ledger.mark = announced.mark
    with pytest.raises(OldDatabaseError):
        send(announced, 1)


def test_a_database_that_is_swapped_under_a_running_sender_sends_no_further_request(announced: World) -> None:
    copy = copy_of(announced.engine)

    def swap(_: OutgoingBatch) -> None:
        if len(announced.transport.taken) == 3:
            copy.restore()

    announced.transport.rule = swap
    with pytest.raises(OldDatabaseError):
        announced.deliver()
    assert len(announced.transport.taken) == 4
    assert max(announced.transport.received.values()) == 1


def test_a_refused_request_is_put_back_as_unsent(announced: World) -> None:
    copy = copy_of(announced.engine)
    announced.deliver()
    copy.restore()
    announced.ledger.fan_out(batch_limit=1)
    with pytest.raises(OldDatabaseError):
        deliver_batch(announced.ledger, announced.transport, 1, sender=SENDER)
    assert announced.states() == {"planned": 6}
    assert announced.attempts() == ["unsent"]


def test_a_mark_that_is_missing_though_recorded_is_refused_and_says_where_it_is_expected(
    announced: World, tmp_path: Path
) -> None:
    announced.deliver()
    moved = HighWaterMark(announced.engine, MarkStore(f"sqlite:///{tmp_path / 'none' / 'mark.sqlite'}"))
    with pytest.raises(MissingMarkError, match=r"expected at sqlite:///.*none/mark\.sqlite"):
        moved.check()
    assert not (tmp_path / "none").exists()


def test_a_sender_that_dies_between_intent_and_mark_leaves_no_refusal(announced: World) -> None:
    send(announced, 1)
    claim = announced.ledger.claim(2, announced.transport)
    assert claim is not None
    announced.ledger.mark = _Dead()
    with pytest.raises(KeyboardInterrupt):
        announced.ledger.intend(claim, request_sha256="0" * 64)
    announced.ledger.mark = announced.mark
    announced.mark.check()
    announced.wait(minutes=2)
    announced.deliver()
    assert announced.states() == {"accepted": 5, "unknown": 1}


class _Dead:
    def advance(self, link: object) -> None:
        raise KeyboardInterrupt


def test_the_mark_never_goes_back_when_senders_overtake_each_other(announced: World) -> None:
    announced.ledger.fan_out(batch_limit=1)
    held = _Held()
    announced.ledger.mark = held
    for batch_id in (1, 2, 3):
        claim = announced.ledger.claim(batch_id, announced.transport)
        assert claim is not None
        assert announced.ledger.intend(claim, request_sha256="0" * 64)
    first, second, third = held.links
    announced.mark.advance(second)
    announced.mark.advance(first)
    assert announced.mark.check().position == second.after
    announced.mark.advance(third)
    assert announced.mark.check().position == third.after


class _Held:
    def __init__(self) -> None:
        self.links: list = []  # type: ignore[type-arg]

    def advance(self, link: object) -> None:
        self.links.append(link)


def test_every_attempt_has_the_next_number_and_its_own_head(announced: World) -> None:
    announced.deliver()
    send_canary(announced.ledger, announced.transport, sender=SENDER, address="canary@example.com")
    with reading(announced.engine) as connection:
        rows = connection.execute(select(attempts.c.number, attempts.c.head)).all()
        own = read_installation(connection)
    assert sorted(row.number for row in rows) == [1, 2, 3, 4, 5, 6, 7]
    assert len({row.head for row in rows}) == 7
    assert Position(7, next(row.head for row in rows if row.number == 7)) == own.position
    assert announced.mark.check().position == own.position


def test_a_mark_that_cannot_be_read_stops_sending_and_loses_nothing(announced: World) -> None:
    send(announced, 1)
    file = announced.mark.store.file
    assert file is not None
    whole = sqlite3.connect(":memory:")
    with sqlite3.connect(file) as connection:
        connection.backup(whole)
        connection.execute("ALTER TABLE marks RENAME TO lost")
    with pytest.raises(UnreadableMarkError, match=r"POLICY_NOTIFY_MARK_URL"):
        announced.deliver()
    assert len(announced.transport.taken) == 1
    with sqlite3.connect(file) as connection:
        whole.backup(connection)
    announced.deliver()
    assert announced.transport.received == addresses(NAMES)


def test_taking_the_mark_over_lets_the_database_send_again(announced: World) -> None:
    send(announced, 2)
    copy = copy_of(announced.engine)
    send(announced, 2)
    copy.restore()
    mark = announced.mark.store.read(_identity(announced))
    assert mark is not None
    with writing(announced.engine) as connection:
        take_over(connection, mark.position)
    announced.mark.check()
    announced.ledger.mark = _Held()
    claim = announced.ledger.claim(5, announced.transport)
    assert claim is not None
    announced.ledger.intend(claim, request_sha256="0" * 64)  # and the sender dies before the mark moves
    announced.ledger.mark = announced.mark
    announced.mark.check()
    send(announced, 1)
    with reading(announced.engine) as connection:
        assert connection.scalar(select(func.max(attempts.c.number))) == 6


def test_taking_a_mark_over_never_sets_the_counter_back(announced: World) -> None:
    send(announced, 3)
    with writing(announced.engine) as connection:
        take_over(connection, Position(2, "f" * 64))
        assert read_installation(connection).position.number == 3
    send(announced, 3)


def test_attempts_of_earlier_versions_have_no_number_and_stop_nothing(announced: World) -> None:
    announced.deliver()
    with writing(announced.engine) as connection:
        connection.execute(update(attempts).values(number=None, head=None))
        connection.execute(update(installation).values(counter=0, marked_at=None))
    fresh = HighWaterMark(
        announced.engine, MarkStore(f"sqlite:///{announced.site.folder.parent / 'fresh.sqlite'}")
    )
    assert fresh.check().position.number == 0


def test_senders_may_make_the_first_mark_at_the_same_time(
    postgresql_url: str, cluster: postgresql_cluster.Cluster
) -> None:
    place = cluster.create(f"marks_{next(NUMBERS)}")
    engine = open_database(postgresql_url)
    failed: list[Exception] = []

    def begin() -> None:
        try:
            HighWaterMark(engine, MarkStore(place)).check()
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=begin) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []


def test_senders_on_several_machines_share_one_mark_in_postgresql(
    postgresql_url: str, cluster: postgresql_cluster.Cluster, tmp_path: Path
) -> None:
    world = World(open_database(postgresql_url), PublishedSiteMaker(tmp_path / "site"))
    world.register(*(f"user{number}" for number in range(40)))
    world.open_with_baseline()
    world.announce()
    world.transport.batch_limit = 1
    world.ledger.fan_out(batch_limit=1)
    copy = copy_of(world.engine)
    place = cluster.create(f"marks_{next(NUMBERS)}")
    ledgers = [
        Ledger(world.engine, mark=HighWaterMark(world.engine, MarkStore(place)), now=lambda: world.now)
        for _ in range(4)
    ]

    def work(ledger: Ledger) -> None:
        for batch_id in range(1, 41):
            deliver_batch(ledger, world.transport, batch_id, sender=SENDER)

    threads = [threading.Thread(target=work, args=(ledger,)) for ledger in ledgers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert world.states() == {"accepted": 40}
    mark = HighWaterMark(world.engine, MarkStore(place))
    assert mark.check().position.number == 40
    copy.restore()
    with pytest.raises(OldDatabaseError):
        mark.check()


# Where it is.


def test_the_mark_is_in_the_state_folder_unless_a_setting_names_it(
    announced: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    identity = _identity(announced)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    mark = configured_mark(read_settings({}), announced.engine)
    assert mark.store.file == tmp_path / "state" / "policy-notify" / "marks" / f"{identity}.sqlite"
    monkeypatch.setenv("POLICY_NOTIFY_MARK_URL", "sqlite:////srv/mark.sqlite")
    assert configured_mark(read_settings({}), announced.engine).store.file == Path("/srv/mark.sqlite")


def test_a_user_without_a_home_folder_is_told_which_setting_to_use(
    announced: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> Path:
        raise RuntimeError

    monkeypatch.setattr(Path, "home", fail)
    with pytest.raises(SettingsError, match="set POLICY_NOTIFY_MARK_URL: the user has no home folder"):
        configured_mark(read_settings({}), announced.engine, {})


def test_the_file_of_the_mark_is_readable_for_its_owner_alone(announced: World) -> None:
    assert announced.mark.store.file is not None
    assert announced.mark.store.file.stat().st_mode & 0o077 == 0


def test_a_mark_in_the_database_itself_is_refused(
    announced: World, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POLICY_NOTIFY_MARK_URL", database_url)
    with pytest.raises(SettingsError, match="POLICY_NOTIFY_MARK_URL: names the database itself"):
        configured_mark(read_settings({}), announced.engine)


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("mysql://localhost/marks", "names neither SQLite nor PostgreSQL"),
        ("postgresql://notify:S3cret@db.example/marks", "end POLICY_NOTIFY_MARK_URL with"),
    ],
)
def test_a_wrong_url_of_the_mark_names_its_own_setting(
    announced: World, url: str, problem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POLICY_NOTIFY_MARK_URL", url)
    with pytest.raises(Exception, match=problem) as caught:
        configured_mark(read_settings({}), announced.engine)
    assert "POLICY_NOTIFY_MARK_URL" in str(caught.value)
    assert "S3cret" not in str(caught.value)


def test_workers_refuse_a_mark_that_each_machine_has_for_itself(announced: World) -> None:
    with pytest.raises(SettingsError, match="set POLICY_NOTIFY_MARK_URL"):
        demand_shared_mark(announced.mark)


def test_a_folder_that_cannot_be_made_is_named(announced: World, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    mark = HighWaterMark(announced.engine, MarkStore(f"sqlite:///{tmp_path / 'file' / 'mark.sqlite'}"))
    with writing(announced.engine) as connection:
        connection.execute(update(installation).values(marked_at=None))
    with pytest.raises(UnreadableMarkError, match=r"file/mark\.sqlite"):
        mark.check()


def test_the_report_shows_the_mark_or_why_nothing_may_be_sent(announced: World) -> None:
    copy = copy_of(announced.engine)
    announced.deliver()
    mark = shown_mark(announced.mark)
    assert mark_line(mark).startswith("high-water mark: 6 requests, at ")
    assert as_json([], [], {}, {}, mark=mark)["high_water_mark"]["requests"] == 6
    copy.restore()
    assert "it is an old copy: 6 requests" in mark_line(shown_mark(announced.mark))


# Signed events about requests that the database does not know.


class Copied:
    """A database that went back to before the announcement, without its mark: events are all that is left."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.source = EventSource()
        self.verifier = Verifier(self.source.public_key)
        copy = copy_of(world.engine)
        world.deliver()
        copy.restore()
        assert world.mark.store.file is not None
        world.mark.store.engine.dispose()
        for file in world.mark.store.file.parent.glob("mark.sqlite*"):
            file.unlink()
        with writing(world.engine) as connection:
            connection.execute(update(installation).values(marked_at=None))

    def report(self, outgoing: OutgoingBatch, **more: object) -> None:
        [recipient] = outgoing.recipients
        event = self.source.event(
            "delivered", token=outgoing.token, delivery=recipient.delivery, address=recipient.address, **more
        )
        receive(
            self.world.engine, self.verifier, self.source.post([event]), now=self.world.now, keep_body=False
        )


@pytest.fixture
def copied(announced: World) -> Copied:
    """An old copy that no mark gives away."""
    return Copied(announced)


def test_an_event_that_names_this_database_and_an_unknown_request_stops_announcements(copied: Copied) -> None:
    world = copied.world
    world.mark = HighWaterMark(world.engine, MarkStore(world.mark.store.place))
    world.mark.check()
    copied.report(world.transport.taken[0], notify_database=_identity(world))
    assert [status.state for status in statuses(world.engine)] == ["paused", "baseline"]
    with pytest.raises(LaterEventsError, match="1 request of this database that it does not know"):
        world.mark.check()
    before = len(world.transport.taken)
    world.deliver()
    assert len(world.transport.taken) == before
    with writing(world.engine) as connection:
        settle_unmatched(connection, at=world.now)
    world.mark.check()


@pytest.mark.parametrize("named", [None, "f" * 32, "no identity", 7])
def test_an_event_that_names_another_database_stops_nothing(copied: Copied, named: object) -> None:
    world = copied.world
    copied.report(world.transport.taken[0], notify_database=named)
    assert [status.state for status in statuses(world.engine)] == ["open", "baseline"]
    assert unmatched_since(world.engine)[0] == 1
    HighWaterMark(world.engine, MarkStore(world.mark.store.place)).check()


def test_a_canary_that_the_database_does_not_know_is_evidence_too(copied: Copied) -> None:
    world = copied.world
    event = copied.source.event(
        "delivered",
        token="a" * 32,
        delivery="canary",
        address="c@example.com",
        notify_database=_identity(world),
    )
    receive(world.engine, copied.verifier, copied.source.post([event]), now=world.now, keep_body=False)
    with pytest.raises(LaterEventsError):
        world.mark.verify()


def test_requests_carry_the_identity_and_test_emails_do_not(announced: World) -> None:
    announced.deliver()
    assert {outgoing.database for outgoing in announced.transport.taken} == {_identity(announced)}
    message = Message(language="en", subject="Test", text="Test", html="<p>Test</p>")
    send_test(announced.transport, message, sender=SENDER, address="a@example.com", now=announced.now)
    assert announced.transport.taken[-1].database is None


def _identity(world: World) -> str:
    with reading(world.engine) as connection:
        return read_installation(connection).identity
