"""Reads the lines that Postfix writes about a message, from its header to its end.

``cleanup`` names the Message-ID as soon as it reads the header: the message can still be rejected, or the
connection break. ``qmgr`` takes the message over once it is in the queue, and only that shows acceptance. A
queue id is used again for other messages, unless Postfix is set to long ones.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace

from subscribers.smtp_logs.record import Fate, Record
from subscribers.smtp_logs.stamped_lines import StampedLine

# HOST NAME/SERVICE[PID]: of every line; the name is "postfix" or, with several instances, another one.
_LINE = re.compile(
    r"\S+ (?P<name>[\w.-]+(?:/[\w.-]+)*)/(?P<service>[a-z]+)\[(?P<pid>\d+)\]: (?P<text>.*)", re.DOTALL
)
_QUEUE_ID = re.compile(r"(?P<id>[0-9A-F]{6,20}|[0-9A-Za-z]{10,30}): (?P<text>.*)", re.DOTALL)
_PATH = r'<((?:"(?:[^"\\]|\\.)*"|[^"<>])*)>'  # a quoted local part may contain < and >
_MESSAGE_ID = re.compile(r"message-id=(<[^<>\s]+>)")
_QUEUED = re.compile(rf"from={_PATH}, size=\d+, nrcpt=\d+ \(queue active\)")
_DELIVERY = re.compile(
    rf"to={_PATH}, (?:orig_to={_PATH}, )?relay=[^,]+(?:, conn_use=\d+)?, delay=[\d.]+, delays=[\d./]+, "
    r"dsn=(\d\.\d{1,3}\.\d{1,3}), status=([a-z]+) \((.*)\)",
    re.DOTALL,
)
_EXPIRED = re.compile(rf"from={_PATH}, status=(?:force-)?expired, returned to sender")
_REJECTED = re.compile(r"(?:[a-z]+-)?reject: ")  # reject, milter-reject, proxy-reject
_CLIENT = re.compile(r"client=\S")
_CUT_OFF = re.compile(r"(?:lost connection|timeout) after DATA\b")

FATES = {"sent": Fate.DELIVERED, "deferred": Fate.DEFERRED, "bounced": Fate.BOUNCED}
MOST_OPEN = 200_000  # messages without an end, of which some kilobytes are kept each


@dataclass(slots=True)
class _Open:
    """A message in Postfix's hands."""

    message_id: str
    fate: Fate = Fate.SEEN
    sender: str | None = None


class PostfixLog:
    """Reads a log line by line, in its order. Remembers the messages that are under way."""

    def __init__(self, wanted: Callable[[str], bool]) -> None:
        self._wanted = wanted
        self._open: OrderedDict[tuple[str, str], _Open] = OrderedDict()  # by instance and queue id
        self._receiving: dict[tuple[str, str], str] = {}  # the queue id, by instance and process

    def read(self, line: StampedLine) -> Record | None:
        """The line's record of a wanted message; None if it has none."""
        parts = _LINE.fullmatch(line.text)
        if parts is None:
            return None
        instance, _, _ = parts["name"].partition("/")
        process = (instance, parts["pid"])
        named = _QUEUE_ID.fullmatch(parts["text"])
        if named is None:
            return self._of_connection(line, instance, process, parts["text"])
        key, text = (instance, named["id"]), named["text"]
        if parts["service"] == "cleanup" and (found := _MESSAGE_ID.fullmatch(text)):
            return self._header(line, key, found[1])
        if _CLIENT.match(text):
            self._receiving[process] = key[1]
        if _CLIENT.match(text) or text == "removed":
            self._open.pop(key, None)  # the queue id is used again from here on
        message = self._open.get(key)
        return self._progress(line, key[1], message, parts["service"], text) if message else None

    def _header(self, line: StampedLine, key: tuple[str, str], message_id: str) -> Record | None:
        self._open.pop(key, None)
        if not self._wanted(message_id):
            return None
        self._open[key] = message = _Open(message_id)
        if len(self._open) > MOST_OPEN:
            self._open.popitem(last=False)
        return _record(line, key[1], message)

    def _progress(
        self, line: StampedLine, queue_id: str, message: _Open, service: str, text: str
    ) -> Record | None:
        if service == "qmgr" and (queued := _QUEUED.fullmatch(text)):
            message.sender = queued[1]
            if message.fate is Fate.ACCEPTED:
                return None  # it is in the queue again, after a delay
            message.fate = Fate.ACCEPTED
            return _record(line, queue_id, message)
        if service == "qmgr" and _EXPIRED.fullmatch(text):
            return replace(_record(line, queue_id, message, words="expired"), fate=Fate.BOUNCED)
        if _REJECTED.match(text) and message.fate is Fate.SEEN:
            message.fate = Fate.REFUSED
            return _record(line, queue_id, message, words=text)
        if (delivery := _DELIVERY.fullmatch(text)) and delivery[4] in FATES:
            message.fate = Fate.ACCEPTED
            to, original, status, word, words = delivery.groups()
            return replace(
                _record(line, queue_id, message, words=words),
                fate=FATES[word],
                recipient=to,
                original_recipient=original,
                status=status,
            )
        return None

    def _of_connection(
        self, line: StampedLine, instance: str, process: tuple[str, str], text: str
    ) -> Record | None:
        """The record of the message that was being received when the connection ended."""
        if text.startswith("disconnect from "):
            self._receiving.pop(process, None)
        if not _CUT_OFF.match(text):
            return None
        queue_id = self._receiving.pop(process, None)
        message = self._open.get((instance, queue_id)) if queue_id else None
        if queue_id is None or message is None or message.fate is not Fate.SEEN:
            return None
        message.fate = Fate.REFUSED
        return _record(line, queue_id, message, words=text)


def _record(line: StampedLine, queue_id: str, message: _Open, *, words: str = "") -> Record:
    return Record(
        fate=message.fate,
        message_id=message.message_id,
        queue_id=queue_id,
        at=line.at,
        sender=message.sender,
        words=words,
    )
