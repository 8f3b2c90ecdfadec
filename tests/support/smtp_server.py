"""A real SMTP server on this machine that counts what it accepts and misbehaves on demand."""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from email import message_from_bytes
from typing import Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from support.mail_log import MailLog
from support.sendgrid_server import ACCEPTING, Behaviour

DROPPING = {Behaviour.ACCEPT_THEN_DROP, Behaviour.DROP}
ANSWERS = {
    Behaviour.ACCEPT: "250 taken",
    Behaviour.ACCEPT_THEN_DROP: "250 never read",
    Behaviour.ACCEPT_THEN_FAIL: "250 taken",  # a server that answers has decided, so nothing is unknown
    Behaviour.DROP: "451 never read",
    Behaviour.FAIL: "451 try later",
    Behaviour.THROTTLE: "421 closing",
    Behaviour.THROTTLE_IN_SILENCE: "452 no room",
}


@dataclass(frozen=True)
class SmtpMail:
    """One message after its data; ``client`` is the name that the sender gave."""

    client: str
    delivery: str


class SmtpServer:
    """``received`` counts the accepted messages by delivery, as their Message-ID says."""

    def __init__(self, *, international: bool = False) -> None:
        self.behave: Callable[[SmtpMail], Behaviour] = lambda _: Behaviour.ACCEPT
        self.interrupt: Callable[[str], bool] = lambda _: False  # in the middle of a client's message
        self.bad_addresses: set[str] = set()
        self.say: Callable[[str, str], str | None] = lambda *_: (
            None
        )  # an answer to RCPT or DATA, for an address
        self.received: Counter[str] = Counter()
        self.log: MailLog | None = None
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._port: int = free.getsockname()[1]
        self._controller = Controller(
            self, hostname="127.0.0.1", port=self._port, enable_SMTPUTF8=international
        )

    @property
    def port(self) -> int:
        return self._port

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self._port}"

    def __enter__(self) -> Self:
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if (said := self.say("RCPT", address)) is not None:
            return said
        if address in self.bad_addresses:
            return "550 no such user"
        if self.interrupt(session.host_name or ""):
            return "451 never read"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        assert isinstance(envelope.content, bytes)
        if (said := self.say("DATA", envelope.rcpt_tos[0])) is not None:
            return said
        message_id = str(message_from_bytes(envelope.content)["Message-ID"])
        mail = SmtpMail(session.host_name or "", message_id.strip("<").partition(".")[0])
        behaviour = self.behave(mail)
        if behaviour in ACCEPTING:
            self.received[mail.delivery] += 1
        if self.log and behaviour in ACCEPTING:
            assert envelope.mail_from is not None
            self.log.accepted(message_id, sender=envelope.mail_from, recipient=envelope.rcpt_tos[0])
        elif self.log:
            self.log.refused(message_id)
        if behaviour in DROPPING:
            assert server.transport
            server.transport.close()
        return ANSWERS[behaviour]
