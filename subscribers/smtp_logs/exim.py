"""Reads the lines that Exim writes about a message into its main log.

Source: the Exim specification, chapter "Log files". Exim names the Message-ID on arrival (``<=``), once the
message is accepted, and afterwards only its own id for the message. A message that is rejected after its data
has no line with its Message-ID in the main log.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable

from subscribers.smtp_logs.record import Fate, Record
from subscribers.smtp_logs.stamped_lines import StampedLine, read_stamp

_SYSLOG = re.compile(r"\S+ exim4?(?:\[\d+\])?: (?:\[\d+[\\/]\d+\] )?(?P<rest>.*)", re.DOTALL)
# Exim's own id, 16 characters until version 4.96 and 23 since 4.97; before it the process, if that is logged.
_LINE = re.compile(
    r"(?:\[\d+\] )?(?P<id>[0-9A-Za-z]{6}-(?:[0-9A-Za-z]{6}-[0-9A-Za-z]{2}|[0-9A-Za-z]{11}-[0-9A-Za-z]{4}))"
    r" (?P<text>.*)",
    re.DOTALL,
)
_ADDRESS = r'((?:"(?:[^"\\]|\\.)*"|[^\s"<>])+)'
_QUOTED = r'"(?:[^"\\]|\\.)*"'
# A client chooses its envelope sender and the name in H=(…); X= and DN= are in quotes.
_SENDER = re.compile(rf"<= (?:{_ADDRESS}|<>) ")
_OF_CLIENT = re.compile(rf"{_QUOTED}|\([^()]*\)")
_ID = re.compile(r" S=\d+ (?:[A-Z0-9]+=\S+ )*?id=([^<>\s]+)")
_DELIVERY = re.compile(rf"(=>|->|>>|\*\*|==) {_ADDRESS}(?: <{_ADDRESS}>)?(?: [^\s(].*|:.*)?", re.DOTALL)
_STATUS = re.compile(r"\b[245]\d\d[ -]([245]\.\d{1,3}\.\d{1,3})\b")
_WORDS = re.compile(r'(?: C="(?P<answer>(?:[^"\\]|\\.)*)"|: (?P<error>.*))', re.DOTALL)

FATES = {
    "=>": Fate.DELIVERED,
    "->": Fate.DELIVERED,  # in the same delivery as the recipient before
    ">>": Fate.DELIVERED,  # while the message was still arriving
    "**": Fate.BOUNCED,
    "==": Fate.DEFERRED,
}
MOST_OPEN = 200_000


class EximLog:
    """Reads a main log line by line, in its order. Remembers the messages that are under way."""

    def __init__(self, wanted: Callable[[str], bool]) -> None:
        self._wanted = wanted
        self._open: OrderedDict[str, tuple[str, str]] = OrderedDict()  # Message-ID and sender, by Exim's id

    def read(self, line: StampedLine) -> Record | None:
        """The line's record of a wanted message; None if it has none."""
        line = _without_syslog(line)
        parts = _LINE.fullmatch(line.text)
        if parts is None:
            return None
        queue_id, text = parts["id"], parts["text"]
        if text.startswith("<= "):
            return self._arrival(line, queue_id, text)
        if queue_id not in self._open:
            return None
        if text == "Completed" or text.startswith("Completed "):
            del self._open[queue_id]
            return None
        delivery = _DELIVERY.fullmatch(text)
        if delivery is None:
            return None
        message_id, sender = self._open[queue_id]
        said = _WORDS.search(text)
        words = (said["answer"] or said["error"] or "") if said else ""
        status = _STATUS.search(words)
        return Record(
            fate=FATES[delivery[1]],
            message_id=message_id,
            queue_id=queue_id,
            at=line.at,
            sender=sender,
            recipient=delivery[2],
            original_recipient=delivery[3],
            status=status[1] if status else None,
            words=words,
        )

    def _arrival(self, line: StampedLine, queue_id: str, text: str) -> Record | None:
        self._open.pop(queue_id, None)
        envelope = _SENDER.match(text)
        arrival = _ID.search(_OF_CLIENT.sub("", text[envelope.end() - 1 :])) if envelope else None
        if envelope is None or arrival is None or not self._wanted(f"<{arrival[1]}>"):
            return None
        message_id, sender = f"<{arrival[1]}>", envelope[1] or ""
        self._open[queue_id] = message_id, sender
        if len(self._open) > MOST_OPEN:
            self._open.popitem(last=False)
        return Record(fate=Fate.ACCEPTED, message_id=message_id, queue_id=queue_id, at=line.at, sender=sender)


def _without_syslog(line: StampedLine) -> StampedLine:
    """The line without what syslog put before it; Exim may repeat the time then."""
    inside = _SYSLOG.fullmatch(line.text)
    if inside is None:
        return line
    return read_stamp(inside["rest"], newest=line.at) or StampedLine(line.at, inside["rest"])
