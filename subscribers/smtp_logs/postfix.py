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
# reject, milter-reject, proxy-reject; in answer to RCPT it is about one of several recipients.
_REJECTED = re.compile(r"(?:[a-z]+-)?reject: (?!RCPT )")
_CLIENT = re.compile(r"client=\S")
_CUT_OFF = re.compile(r"(?:lost connection|timeout) after DATA\b")

FATES = {"sent": Fate.DELIVERED, "deferred": Fate.DEFERRED, "bounced": Fate.BOUNCED}
MOST_OPEN = 200_000  # messages without an end, of which some kilobytes are kept each


@dataclass(slots=True)
class _Open:
    """A message in Postfix's hands."""

    message_id: str | None = None  # None until its header is read
    fate: Fate = Fate.SEEN
    sender: str | None = None
    words: str = ""  # of its refusal


class PostfixLog:
    """Reads a log line by line, in its order. Remembers the messages that are under way.

    The lines of one process are in order, but not those of two: a refusal may come before the header of the
    message.
    """

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
            self._begin(key)
        elif text == "removed":
            self._open.pop(key, None)
        elif (message := self._open.get(key)) is not None:
            return self._progress(line, key[1], message, parts["service"], text)
        return None

    def _begin(self, key: tuple[str, str]) -> _Open:
        """A new message with this queue id, which an earlier one may have had."""
        self._open.pop(key, None)
        self._open[key] = message = _Open()
        if len(self._open) > MOST_OPEN:
            self._open.popitem(last=False)
        return message

    def _header(self, line: StampedLine, key: tuple[str, str], message_id: str) -> Record | None:
        message = self._open.get(key)
        if message is None or message.message_id is not None:
            message = self._begin(key)  # a program on the same machine has no client
        if not self._wanted(message_id):
            del self._open[key]
            return None
        message.message_id = message_id
        return _record(line, key[1], message, words=message.words)

    def _progress(
        self, line: StampedLine, queue_id: str, message: _Open, service: str, text: str
    ) -> Record | None:
        if service == "qmgr" and (queued := _QUEUED.fullmatch(text)):
            message.sender = queued[1]
            if message.fate is Fate.ACCEPTED:
                return None  # it is in the queue again, after a delay
            message.fate = Fate.ACCEPTED
            return _record(line, queue_id, message)
        if _REJECTED.match(text):
            return _refused(line, queue_id, message, words=text)
        if service == "qmgr" and _EXPIRED.fullmatch(text):
            record = _record(line, queue_id, message, words="expired")
            return replace(record, fate=Fate.BOUNCED) if record else None
        if (delivery := _DELIVERY.fullmatch(text)) and delivery[4] in FATES:
            message.fate = Fate.ACCEPTED
            to, original, status, word, words = delivery.groups()
            record = _record(line, queue_id, message, words=words)
            return record and replace(
                record, fate=FATES[word], recipient=to, original_recipient=original, status=status
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
        queue_id = self._receiving.pop(process, "")
        message = self._open.get((instance, queue_id))
        return _refused(line, queue_id, message, words=text) if message else None


def _refused(line: StampedLine, queue_id: str, message: _Open, *, words: str) -> Record | None:
    if message.fate is not Fate.SEEN:
        return None
    message.fate, message.words = Fate.REFUSED, words
    return _record(line, queue_id, message, words=words)


def _record(line: StampedLine, queue_id: str, message: _Open, *, words: str = "") -> Record | None:
    """The record of what is known of the message now; None until its Message-ID is known."""
    if message.message_id is None:
        return None
    return Record(
        fate=message.fate,
        message_id=message.message_id,
        queue_id=queue_id,
        at=line.at,
        sender=message.sender,
        words=words,
    )
