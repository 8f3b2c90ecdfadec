"""A real Postfix as the provider of a kill campaign: its policy answers, and its log is the evidence.

Postfix has the machine's clock and the campaign has its own. So its log is copied line by line with the
campaign's time, as a syslog with a clock of its own would do, and only between two turns, when Postfix has
nothing left to do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from subscribers.smtp_logs.stamped_lines import read_stamp
from support.mail_log import MailLog
from support.postfix_server import PostfixServer, Question, running_postfix
from support.sendgrid_server import ACCEPTING, Behaviour
from support.smtp_server import SmtpMail

ANSWERS = {
    Behaviour.DROP: "421 4.3.0 never read",
    Behaviour.FAIL: "451 4.3.0 try later",
    Behaviour.THROTTLE: "421 4.7.0 closing",
    Behaviour.THROTTLE_IN_SILENCE: "452 4.3.1 no room",
}


class PostfixProvider:
    """Has the same parts as the other providers of a campaign."""

    def __init__(self, server: PostfixServer) -> None:
        self.behave: Callable[[SmtpMail], Behaviour] = lambda _: Behaviour.ACCEPT
        self.interrupt: Callable[[str], bool] = lambda _: False
        self.bad_addresses: set[str] = set()  # they have no mailbox in any case
        self.log: MailLog | None = None
        self._server = server
        self._copied = 0
        server.answer = self._answer

    @property
    def url(self) -> str:
        return self._server.url

    @property
    def received(self) -> Counter[str]:
        """How often each delivery is in a mailbox."""
        files = (self._server.folder / "mail").glob("*/new/*")
        return Counter(
            line.partition(":")[2].strip().strip("<").partition(".")[0]
            for file in files
            for line in file.read_text(errors="replace").splitlines()
            if line.startswith("Message-ID:")
        )

    def finish(self) -> None:
        """Wait until Postfix has delivered all that it accepted, and copy its log."""
        lines: Sequence[str] = ()

        def is_idle() -> bool:
            nonlocal lines
            lines = self._server.log.read_text(errors="replace").splitlines()
            connections = sum(": connect from " in line for line in lines)
            ended = sum(": disconnect from " in line for line in lines)
            queued = {line.split(": ")[1] for line in lines if line.endswith("(queue active)")}
            removed = {line.split(": ")[1] for line in lines if line.endswith(": removed")}
            return connections == ended and queued <= removed

        self._server.wait_until(is_idle)
        assert self.log
        for line in lines[self._copied :]:
            stamped = read_stamp(line, newest=datetime.now().astimezone())
            assert stamped
            self.log.write(stamped.text.partition(" ")[2])
        self._copied = len(lines)

    def _answer(self, question: Question) -> str:
        name = question["helo_name"]
        if question["protocol_state"] == "RCPT" and self.interrupt(name):
            return "451 4.3.0 never read"
        if question["protocol_state"] != "END-OF-MESSAGE":
            return "DUNNO"
        behaviour = self.behave(SmtpMail(name, ""))
        return "DUNNO" if behaviour in ACCEPTING else ANSWERS[behaviour]


@contextmanager
def postfix_provider(addresses: Sequence[str]) -> Iterator[PostfixProvider]:
    """A Postfix with a mailbox for each of these email addresses."""
    with running_postfix(mailboxes=(), bounces_to=addresses) as server:
        yield PostfixProvider(server)
