"""Logs of Postfix and Exim tell the fate of our messages, with hostile lines and rotated files."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subscribers.smtp_logs.following import LogFollower
from subscribers.smtp_logs.log_files import LogUnreadableError, with_rotated
from subscribers.smtp_logs.reading import LogReader, Outcome, outcomes, read_records, strongest
from subscribers.smtp_logs.record import Fate
from subscribers.smtp_logs.stamped_lines import read_stamp

OURS = "2-17.0123456789abcdef@example.com"
NEWEST = datetime(2026, 11, 28, 12, tzinfo=UTC)

# As Postfix 3.7 wrote them.
POSTFIX = """\
Nov 28 05:11:09 mx postfix/smtpd[14469]: connect from localhost[127.0.0.1]
Nov 28 05:11:09 mx postfix/smtpd[14469]: B779A22218B: client=localhost[127.0.0.1]
Nov 28 05:11:09 mx postfix/cleanup[14471]: B779A22218B: message-id=<2-17.0123456789abcdef@example.com>
Nov 28 05:11:09 mx postfix/qmgr[14465]: B779A22218B: from=<notices@example.com>, size=371, nrcpt=1 \
(queue active)
"""
SENT = (
    "Nov 28 05:11:10 mx postfix/smtp[14472]: B779A22218B: to=<anna@inbox.example>, "
    "relay=mx.inbox.example[192.0.2.1]:25, delay=0.04, delays=0.01/0.01/0/0.02, "
    "dsn=2.0.0, status=sent (250 ok)\n"
)
REMOVED = "Nov 28 05:11:10 mx postfix/qmgr[14465]: B779A22218B: removed\n"

# As Exim writes them with its log selectors for time zones and milliseconds, and without.
EXIM = """\
2026-11-28 05:11:09 1tGabc-0001Ab-Cd <= notices@example.com H=(client) [127.0.0.1] P=esmtp S=371 \
id=2-17.0123456789abcdef@example.com
2026-11-28 05:11:10 1tGabc-0001Ab-Cd => anna@inbox.example R=dnslookup T=remote_smtp \
H=mx.inbox.example [192.0.2.1] C="250 2.0.0 ok"
2026-11-28 05:11:10 1tGabc-0001Ab-Cd Completed
"""


def read(text: str, *, wanted: Callable[[str], bool] = lambda name: name == f"<{OURS}>") -> Outcome | None:
    """The outcome of our message."""
    reader = LogReader(wanted, zone=UTC)
    records = (reader.read(line, newest=NEWEST) for line in text.splitlines())
    return strongest(outcomes(record for record in records if record).get(f"<{OURS}>", ()))


def fate(text: str) -> Fate | None:
    outcome = read(text)
    return outcome.fate if outcome else None


def test_a_message_is_accepted_once_postfix_has_it_in_its_queue() -> None:
    lines = POSTFIX.splitlines(keepends=True)
    assert fate("".join(lines[:3])) is Fate.SEEN  # the header came; the end of the data perhaps never did
    assert fate(POSTFIX) is Fate.ACCEPTED


def test_what_postfix_says_of_a_delivery_names_recipient_sender_and_time() -> None:
    outcome = read(POSTFIX + SENT)
    assert outcome is not None
    assert outcome.fate is Fate.DELIVERED
    assert outcome.at == datetime(2026, 11, 28, 5, 11, 10, tzinfo=UTC)
    assert outcome.queue_id == "B779A22218B"
    assert outcome.status == "2.0.0"
    assert outcome.fits("Anna@inbox.example", sender="notices@example.com")
    assert not outcome.fits("anna@inbox.example", sender="mallory@example.com")
    assert not outcome.fits("boris@inbox.example")


@pytest.mark.parametrize(
    ("end", "expected"),
    [
        (SENT.replace("dsn=2.0.0, status=sent", "dsn=4.2.0, status=deferred"), Fate.DEFERRED),
        (SENT.replace("dsn=2.0.0, status=sent", "dsn=5.1.1, status=bounced"), Fate.BOUNCED),
        (
            SENT.replace("<anna@", "<anna.x@").replace(", relay", ", orig_to=<anna@inbox.example>, relay"),
            Fate.DELIVERED,
        ),
        (SENT.replace(", delay=0", ", conn_use=3, delay=0"), Fate.DELIVERED),
        (SENT.replace("postfix/smtp[", "postfix-out/relay/smtp["), Fate.ACCEPTED),  # another instance
        (SENT + REMOVED, Fate.DELIVERED),
        (
            "Nov 28 05:11:10 mx postfix/qmgr[1]: B779A22218B: from=<notices@example.com>, status=expired, "
            "returned to sender\n",
            Fate.BOUNCED,
        ),
    ],
)
def test_each_end_of_a_message_in_postfix_is_read(end: str, expected: Fate) -> None:
    assert fate(POSTFIX + end) is expected


@pytest.mark.parametrize(
    "end",
    [
        "postfix/cleanup[14471]: B779A22218B: reject: header Subject: x from localhost[127.0.0.1]; "
        "from=<notices@example.com> to=<anna@inbox.example> proto=ESMTP helo=<x>: 5.7.1 content rejected",
        "postfix/cleanup[14471]: B779A22218B: milter-reject: END-OF-MESSAGE from localhost[127.0.0.1]: "
        "5.7.1 spam; from=<notices@example.com> to=<anna@inbox.example> proto=ESMTP helo=<x>",
        "postfix/smtpd[14469]: lost connection after DATA (120 bytes) from localhost[127.0.0.1]",
        "postfix/smtpd[14469]: timeout after DATA (120 bytes) from localhost[127.0.0.1]",
    ],
)
def test_a_message_that_postfix_never_took_over_is_refused(end: str) -> None:
    *before, header, _ = POSTFIX.splitlines(keepends=True)
    assert fate("".join([*before, header, f"Nov 28 05:11:10 mx {end}\n"])) is Fate.REFUSED
    # As Postfix's processes really write: that it was refused, and only then the header.
    assert fate("".join([*before, f"Nov 28 05:11:10 mx {end}\n", header])) is Fate.REFUSED


def test_a_connection_that_ends_after_the_message_was_queued_changes_nothing() -> None:
    end = "Nov 28 05:11:10 mx postfix/smtpd[14469]: lost connection after DATA from localhost[127.0.0.1]\n"
    assert fate(POSTFIX + end) is Fate.ACCEPTED
    seen = "".join(POSTFIX.splitlines(keepends=True)[:3])
    assert fate(seen + end.replace("after DATA", "after END-OF-MESSAGE")) is Fate.SEEN
    assert fate(seen + end.replace("[14469]:", "[14470]:")) is Fate.SEEN  # somebody else's connection


def test_a_queue_id_that_is_used_again_names_the_new_message() -> None:
    other = POSTFIX.replace(OURS, "other@elsewhere.example")
    bounced = SENT.replace("dsn=2.0.0, status=sent", "dsn=5.1.1, status=bounced")
    assert fate(POSTFIX + SENT + REMOVED + other + bounced) is Fate.DELIVERED
    assert fate(POSTFIX + SENT + other + bounced) is Fate.DELIVERED


@pytest.mark.parametrize(
    "line",
    [
        # The words of a stranger's message or server.
        f"Nov 28 05:11:10 mx postfix/cleanup[1]: AAAAAAAAAA1: message-id=<x@y> message-id=<{OURS}>",
        f"Nov 28 05:11:10 mx postfix/cleanup[1]: AAAAAAAAAA1: resent-message-id=<{OURS}>",
        f"Nov 28 05:11:10 mx postfix/cleanup[1]: AAAAAAAAAA1: warning: header Subject: message-id=<{OURS}>",
        f"Nov 28 05:11:10 mx postfix/smtpd[1]: AAAAAAAAAA1: message-id=<{OURS}>",
        f"Nov 28 05:11:10 mx dovecot[1]: postfix/cleanup[1]: AAAAAAAAAA1: message-id=<{OURS}>",
        f"postfix/cleanup[1]: AAAAAAAAAA1: message-id=<{OURS}>",
        f"Nov 31 05:11:10 mx postfix/cleanup[1]: AAAAAAAAAA1: message-id=<{OURS}>",
        f"Foo 28 05:11:10 mx postfix/cleanup[1]: AAAAAAAAAA1: message-id=<{OURS}>",
        f"2026-13-28T05:11:10Z mx postfix/cleanup[1]: AAAAAAAAAA1: message-id=<{OURS}>",
        f'2026-11-28 05:11:09 1tGabc-0001Ab-Cd <= "a S=1 id={OURS} "@b.example H=x [::1] P=esmtp S=9 id=o@x',
        f"2026-11-28 05:11:09 1tGabc-0001Ab-Cd <= a@b.example H=(x S=1 id={OURS} ) [::1] P=esmtp S=9 id=o@x",
        f'2026-11-28 05:11:09 1tGabc-0001Ab-Cd <= a@b.example H=x [::1] P=esmtp S=9 T="id={OURS} "',
        f'2026-11-28 05:11:09 1tGabc-0001Ab-Cd <= a@b.example X=y DN=" S=1 id={OURS} " P=esmtp S=9 id=o@x',
        f"2026-11-28 05:11:09 H=(x) [::1] rejected EHLO: 1tGabc-0001Ab-Cd <= a@b.example S=1 id={OURS}",
    ],
)
def test_a_line_that_only_quotes_a_message_id_says_nothing(line: str) -> None:
    assert fate(line) is None


@pytest.mark.parametrize(
    "answer",
    [
        "host mx[192.0.2.1] said: 550 no (in reply), dsn=2.0.0, status=sent (250 ok)",
        "x) to=<anna@inbox.example>, relay=x, delay=1, delays=1, dsn=2.0.0, status=sent (",
    ],
)
def test_the_words_of_the_next_server_do_not_change_the_outcome(answer: str) -> None:
    assert fate(
        POSTFIX + SENT.replace("dsn=2.0.0, status=sent (250 ok)", f"dsn=5.1.1, status=bounced ({answer})")
    ) is (Fate.BOUNCED)


def test_a_strange_recipient_cannot_pretend_another_outcome() -> None:
    strange = '"x>, relay=none, delay=0, delays=0, dsn=2.0.0, status=sent (ok)"@inbox.example'
    line = SENT.replace("anna@inbox.example", strange).replace(
        "dsn=2.0.0, status=sent (250", "dsn=5.1.1, status=bounced (550"
    )
    outcome = read(POSTFIX + line)
    assert outcome is not None
    assert outcome.fate is Fate.BOUNCED
    assert outcome.recipients == {strange}


def test_a_stranger_who_uses_our_message_id_is_kept_apart() -> None:
    theirs = (POSTFIX + SENT).replace("B779A22218B", "C779A22218B").replace("notices@", "mallory@")
    reader = LogReader(lambda _: True, zone=UTC)
    lines = (POSTFIX + SENT + theirs).splitlines()
    records = [record for line in lines if (record := reader.read(line, newest=NEWEST))]
    [both] = outcomes(records).values()
    assert [outcome.fits("anna@inbox.example", sender="notices@example.com") for outcome in both] == [
        True,
        False,
    ]


def test_an_arrival_in_exim_is_an_acceptance() -> None:
    first, *_ = EXIM.splitlines()
    assert fate(first) is Fate.ACCEPTED
    outcome = read(EXIM)
    assert outcome is not None
    assert outcome.fate is Fate.DELIVERED
    assert outcome.fits("anna@inbox.example", sender="notices@example.com")
    assert outcome.status == "2.0.0"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            "** anna@inbox.example R=dnslookup T=remote_smtp H=mx [192.0.2.1]: SMTP error from remote server "
            "after RCPT TO:<anna@inbox.example>: 550 5.1.1 unknown",
            Fate.BOUNCED,
        ),
        ("== anna@inbox.example R=dnslookup T=remote_smtp defer (-44): 451 4.7.1 later", Fate.DEFERRED),
        ("-> anna@inbox.example R=local T=local_delivery", Fate.DELIVERED),
        ("=> anna.x <anna@inbox.example> R=local T=local_delivery", Fate.DELIVERED),
        (">> anna@inbox.example R=dnslookup T=remote_smtp", Fate.DELIVERED),
        ("=> blackhole (DATA ACL discarded recipients)", Fate.ACCEPTED),
        ("Completed QT=3s", Fate.ACCEPTED),
    ],
)
def test_each_end_of_a_message_in_exim_is_read(line: str, expected: Fate) -> None:
    first, *_ = EXIM.splitlines(keepends=True)
    assert fate(f"{first}2026-11-28 05:11:10 1tGabc-0001Ab-Cd {line}\n") is expected


@pytest.mark.parametrize(
    "change",
    [
        lambda line: line.replace("1tGabc-0001Ab-Cd", "1tGabc-00000001AbC-dEfG"),  # since Exim 4.97
        lambda line: line.replace(":09 ", ":09.123 +0000 [4711] ").replace(":10 ", ":10.456 +0000 [4711] "),
        lambda line: f"Nov 28 05:11:10 mx exim[4711]: {line}",
        lambda line: (
            f"2026-11-28T05:11:10.1+00:00 mx exim4[4711]: {line.partition(' ')[2].partition(' ')[2]}"
        ),
        lambda line: line.replace("S=371 ", "S=371 M8S=8 DKIM=example.com "),
        lambda line: line.replace("P=esmtp", 'P=esmtps X=TLS1.3:256 CV=no DN="CN=\\"x" A=plain:shop'),
    ],
)
def test_exims_forms_of_a_line_are_read(change: Callable[[str], str]) -> None:
    assert fate("\n".join(change(line) for line in EXIM.splitlines())) is Fate.DELIVERED


@pytest.mark.parametrize(
    ("stamp", "at"),
    [
        ("Nov 28 05:11:09", datetime(2026, 11, 28, 3, 11, 9, tzinfo=UTC)),
        ("Nov  8 05:11:09", datetime(2026, 11, 8, 3, 11, 9, tzinfo=UTC)),
        ("Dec 31 23:59:59", datetime(2025, 12, 31, 21, 59, 59, tzinfo=UTC)),  # no line is a month ahead
        ("Feb 29 05:11:09", datetime(2024, 2, 29, 3, 11, 9, tzinfo=UTC)),
        ("2026-11-28T05:11:09.25+01:00", datetime(2026, 11, 28, 4, 11, 9, 250000, tzinfo=UTC)),
        ("2026-11-28T05:11:09Z", datetime(2026, 11, 28, 5, 11, 9, tzinfo=UTC)),
        ("2026-11-28T05:11:09+0100", datetime(2026, 11, 28, 4, 11, 9, tzinfo=UTC)),
        ("2026-11-28 05:11:09", datetime(2026, 11, 28, 3, 11, 9, tzinfo=UTC)),
    ],
)
def test_each_form_of_a_time_is_read_with_its_year_and_zone(stamp: str, at: datetime) -> None:
    line = read_stamp(f"{stamp} mx rest", newest=NEWEST, zone=timezone(timedelta(hours=2)))
    assert line is not None
    assert line.at == at
    assert line.text == "mx rest"


@given(st.text(max_size=300))
def test_no_line_breaks_the_reader(text: str) -> None:
    for line in (
        text,
        f"Nov 28 05:11:09 mx postfix/qmgr[1]: {text}",
        f"2026-11-28 05:11:09 1tGabc-0001Ab-Cd {text}",
    ):
        LogReader(lambda _: True).read(line, newest=NEWEST)


@pytest.mark.parametrize(
    "text", ["<= " + '"' * 8000, "<= a@b " + "(" * 8000, "** " + "<" * 8000, "S=1 " * 4000]
)
def test_a_long_line_costs_little_time(text: str) -> None:
    began = datetime.now(UTC)
    reader = LogReader(lambda _: True)
    reader.read(EXIM.splitlines()[0], newest=NEWEST)
    for head in ("2026-11-28 05:11:09 1tGabc-0001Ab-Cd", "Nov 28 05:11:09 mx postfix/smtp[1]: B779A22218B:"):
        reader.read(f"{head} {text}", newest=NEWEST)
    assert datetime.now(UTC) - began < timedelta(seconds=1)


def written(folder: Path, **files: bytes) -> Path:
    for age, (name, content) in enumerate(reversed(files.items())):
        path = folder / name.replace("_", ".").replace("..", "-")
        path.write_bytes(content)
        os.utime(path, (NEWEST.timestamp() - 3600 * age,) * 2)
    return folder / "mail.log"


@pytest.mark.parametrize(
    ("suffix", "pack"), [("", bytes), ("_gz", gzip.compress), ("_bz2", bz2.compress), ("_xz", lzma.compress)]
)
def test_a_message_is_followed_through_rotated_and_compressed_files(
    tmp_path: Path, suffix: str, pack: Callable[[bytes], bytes]
) -> None:
    log = written(
        tmp_path,
        **{f"mail_log_2{suffix}": pack(POSTFIX.encode()), "mail_log_1": SENT.encode(), "mail_log": b""},
    )
    (tmp_path / "mail.log.old-notes").write_text("no log")
    assert len(with_rotated(log)) == 3
    [[outcome]] = outcomes(read_records([log], wanted=lambda _: True, zone=UTC)).values()
    assert outcome.fate is Fate.DELIVERED


def test_a_line_that_is_still_being_written_is_left(tmp_path: Path) -> None:
    log = written(tmp_path, mail_log=(POSTFIX + SENT).encode().removesuffix(b" (250 ok)\n"))
    [[outcome]] = outcomes(read_records([log], wanted=lambda _: True, zone=UTC)).values()
    assert outcome.fate is Fate.ACCEPTED


def test_bytes_that_are_no_text_and_endless_lines_hide_no_other_line(tmp_path: Path) -> None:
    log = written(tmp_path, mail_log=b"\xff\x00\xfe\n" + b"x" * 100_000 + b"\n" + POSTFIX.encode())
    assert list(outcomes(read_records([log], wanted=lambda _: True, zone=UTC))) == [f"<{OURS}>"]


def test_a_log_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        LogUnreadableError, match=r"mail\.log: the mail server's log cannot be read \(No such file"
    ):
        list(read_records([tmp_path / "mail.log"], wanted=lambda _: True))
    damaged = written(tmp_path, mail_log_1_gz=gzip.compress(os.urandom(5000))[:2000], mail_log=b"")
    with pytest.raises(LogUnreadableError, match=r"mail\.log\.1\.gz: .*Compressed file ended"):
        list(read_records([damaged], wanted=lambda _: True))


@pytest.mark.parametrize(
    "line",
    [
        "Nov 28 05:11:09 mx rsyslogd: imuxsock[pid 14469]: begin to drop messages due to rate-limiting",
        "Nov 28 05:11:09 mx rsyslogd: imuxsock[pid 14469]: 300 messages lost due to rate-limiting",
        "Nov 28 05:11:09 mx systemd-journald[210]: Suppressed 1234 messages from postfix@-.service",
    ],
)
def test_lines_that_the_system_has_dropped_are_noted(line: str) -> None:
    reader = LogReader(lambda _: True, zone=UTC)
    reader.read(line, newest=NEWEST)
    assert reader.span.dropped_at == [datetime(2026, 11, 28, 5, 11, 9, tzinfo=UTC)]


def followed(log: Path, *, since: datetime = NEWEST) -> LogFollower:
    return LogFollower(log, since=since, wanted=lambda _: True, zone=UTC)


def arrival(number: int, *, at: datetime = NEWEST) -> str:
    """The line of Exim for a message."""
    name = f"2-{number}.0123456789abcdef@example.com"
    stamp = f"{at:%Y-%m-%d %H:%M:%S}"
    return f"{stamp} 1tGabc-00{number:04}-Cd <= a@example.com H=x [::1] P=esmtp S=1 id={name}\n"


def numbers(follower: LogFollower) -> list[int]:
    return [int(record.message_id.partition("-")[2].partition(".")[0]) for record in follower.read_on()]


def test_a_log_is_followed_from_where_it_was_left(tmp_path: Path) -> None:
    log = tmp_path / "main.log"
    log.write_text(arrival(1) + arrival(2)[:-1])
    follower = followed(log)
    assert numbers(follower) == [1]
    with log.open("a") as file:
        file.write("\n" + arrival(3))
    assert numbers(follower) == [2, 3]
    assert numbers(follower) == []


def test_a_log_that_is_rotated_is_followed_into_the_next_file(tmp_path: Path) -> None:
    log = tmp_path / "main.log"
    log.write_text(arrival(1))
    follower = followed(log)
    assert numbers(follower) == [1]
    log.rename(tmp_path / "main.log.1")
    assert numbers(follower) == []  # for a moment there is no log
    log.write_text(arrival(3))
    with (tmp_path / "main.log.1").open("a") as file:  # the server has not noticed yet
        file.write(arrival(2))
    assert numbers(follower) == [2, 3]
    with (tmp_path / "main.log.1").open("a") as file:
        file.write(arrival(4))
    assert numbers(follower) == [4]


def test_a_log_that_is_copied_and_emptied_is_followed(tmp_path: Path) -> None:
    log = tmp_path / "main.log"
    log.write_text(arrival(1) + arrival(2))
    follower = followed(log)
    assert numbers(follower) == [1, 2]
    log.write_text(arrival(3))
    assert numbers(follower) == [3]


def test_a_long_log_is_read_from_the_moment_on(tmp_path: Path) -> None:
    log = tmp_path / "main.log"
    times = [NEWEST - timedelta(minutes=5000 - number) for number in range(5000)]
    log.write_text("".join(arrival(number, at=at) for number, at in enumerate(times)))
    seen = numbers(followed(log, since=NEWEST - timedelta(minutes=60)))
    assert seen[-1] == 4999
    assert 70 <= len(seen) < 250  # ten minutes more, and what cannot be halved any further
    follower = followed(log, since=NEWEST - timedelta(minutes=60))
    list(follower.read_on())
    begins_at = follower.span.begins_at
    assert begins_at is not None
    assert begins_at <= NEWEST - timedelta(minutes=70)
