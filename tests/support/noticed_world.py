"""A world whose emails are listed, and emails as people receive them, genuine and altered."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from random import Random
from typing import Any

import dkim
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from subscribers.announcing.publishing import Opening
from subscribers.messages.message import Message, to_email
from subscribers.notices.check_email import Checked, check_email
from subscribers.notices.list_emails import list_emails
from subscribers.notices.received_email import read_email
from subscribers.site.notices_json import NoticedDkimKey, Notices
from subscribers.transports import OutgoingBatch
from support.world import SENDER, World

DOMAIN = SENDER.address.domain
Change = Callable[[EmailMessage, Random], bytes]


class NoticedWorld:
    """Two announcements have gone out, to readers of two languages; their emails are listed."""

    def __init__(self, world: World, folder: Path) -> None:
        self.world = world
        self.folder = folder
        self.key = Ed25519PrivateKey.generate()
        self.dkim_key = generate_private_key(public_exponent=65537, key_size=1024)
        world.register("anna", "boris", "chen")
        world.register("dora", language="ru")
        world.register("emil", email="эмиль@example.com")  # its email has headers in UTF-8 (RFC 6532)
        world.site.publish("privacy", summary="The first text.")
        world.site.publish("privacy.ru", language="ru", translation_of="privacy", summary="Первый текст.")
        world.publish(opening=Opening(since=None))
        for summary in ("We keep less.", "We keep nothing. “Nothing” means nothing."):
            world.site.commit()
            world.site.publish("privacy.ru", summary="Мы храним меньше. Совсем немного.")
            world.announce(summary)
            world.deliver()
            world.wait(days=30)

    def listed(self, earlier: Notices | None = None, *, with_held: bool = False) -> Notices:
        return list_emails(
            self.world.engine,
            sender=SENDER,
            earlier=earlier,
            where="notices.json",
            dkim_keys=[self.dkim_record],
            with_held=with_held,
            now=self.world.now,
        )

    @property
    def dkim_record(self) -> NoticedDkimKey:
        raw = self.dkim_key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        day = self.world.now.date()
        return NoticedDkimKey(
            domain=DOMAIN,
            selector="s1",
            record=f"v=DKIM1; k=rsa; p={base64.b64encode(raw).decode()}",
            first_seen_on=day,
            last_seen_on=day,
        )

    def emails(self) -> list[EmailMessage]:
        """Every email that was sent, as the SMTP transport writes it."""
        return [
            to_email(
                outgoing.message,
                sender=SENDER,
                recipient=recipient.address,
                message_id=recipient.message_id,
                sent_at=outgoing.written_at,
            )
            for outgoing in self.world.transport.taken
            for recipient in outgoing.recipients
        ]

    def signed(self, raw: bytes) -> bytes:
        """The email with the DKIM signature of the sender's server."""
        pem = self.dkim_key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
        raw = re.sub(rb"\r?\n", b"\r\n", raw)
        names = [b"from", b"to", b"subject", b"date", b"reply-to", b"message-id"]
        header = dkim.sign(
            raw, b"s1", DOMAIN.encode(), pem, include_headers=names, canonicalize=(b"relaxed", b"relaxed")
        )
        return bytes(header) + raw

    def check(self, raw: bytes, notices: Notices) -> Checked:
        file = self.folder / "email.eml"
        file.write_bytes(raw)
        return check_email(read_email(file), notices)


def message_of(outgoing: OutgoingBatch, **changed: Any) -> Message:
    return replace(outgoing.message, **changed)


# What happens to a genuine email on its way


def as_sent(email: EmailMessage, random: Random) -> bytes:
    return bytes(email)


def with_unix_line_ends(email: EmailMessage, random: Random) -> bytes:
    return bytes(email).replace(b"\r\n", b"\n")


def encoded_again(email: EmailMessage, random: Random) -> bytes:
    """As another server writes it: other transfer encodings, another boundary, other headers around it."""
    text, html = _contents(email)
    return _rebuilt(email, text, html, cte=random.choice(["base64", "quoted-printable", "8bit"]))


def as_a_provider_writes_it(email: EmailMessage, random: Random) -> bytes:
    """With the provider's own Message-ID, folding, line ends and final line."""
    text, html = _contents(email)
    made = message_from_bytes(_rebuilt(email, text + "\n\n", html.rstrip() + "\n"), policy=policy.SMTP)
    made.replace_header("Message-ID", f"<{random.randbytes(9).hex()}@geopod-ismtpd-{random.randrange(99)}>")
    return bytes(made)


def with_blanks_cut_off(email: EmailMessage, random: Random) -> bytes:
    text, html = _contents(email)
    cut = re.compile(r"[ \t]+$", re.MULTILINE)
    return _rebuilt(email, cut.sub("", text), cut.sub("", html))


def wrapped_anew(email: EmailMessage, random: Random) -> bytes:
    """Lines end at other words, as a gateway leaves them."""
    text, html = _contents(email)
    width = random.randrange(40, 200)

    def wrapped(words: str) -> str:
        return re.sub(rf"(.{{{width}}}[^ \n]*) +", r"\1\n", words)

    return _rebuilt(email, wrapped(text), wrapped(html))


def with_headers_of_the_way(email: EmailMessage, random: Random) -> bytes:
    added = (
        b"Return-Path: <bounces@market.example>\r\n"
        b"Received: from mx.example (mx.example [192.0.2.1])\r\n"
        b"\tby mail.example; Mon, 1 Jun 2026 12:00:03 +0000\r\n"
        b"Authentication-Results: mail.example; spf=pass\r\nX-Spam-Score: -1\r\n"
    )
    return added + bytes(email)


def in_another_character_set(email: EmailMessage, random: Random) -> bytes:
    text, html = _contents(email)
    for charset in ("windows-1252", "windows-1251", "koi8-r"):
        try:
            (text + html).encode(charset)
        except UnicodeEncodeError:
            continue
        return _rebuilt(email, text, html, charset=charset, cte="base64")
    return _rebuilt(email, text, html, cte="base64")


def forwarded_as_attachment(email: EmailMessage, random: Random) -> bytes:
    outer = EmailMessage()
    outer["From"], outer["To"], outer["Subject"] = (
        "anna@example.com",
        "help@market.example",
        "Is this genuine?",
    )
    outer.set_content("I received this.")
    outer.add_attachment(message_from_bytes(bytes(email), policy=policy.default))
    return bytes(outer)


GENUINE: Sequence[Change] = (
    as_sent,
    with_unix_line_ends,
    encoded_again,
    as_a_provider_writes_it,
    with_blanks_cut_off,
    wrapped_anew,
    with_headers_of_the_way,
    in_another_character_set,
    forwarded_as_attachment,
)


# What somebody who means harm does to one


def another_link(email: EmailMessage, random: Random) -> bytes:
    text, html = _contents(email)
    url = random.choice(re.findall(r'href="(https://[^"]+)"', html))
    evil = random.choice(
        [
            url.replace("policies.example", "policies.example.evil.test"),
            url.replace("https:", "http:", 1),
            url + "?session=1",
            url.replace("policies", "policіes"),  # a Cyrillic letter
        ]
    )
    return _rebuilt(email, text, html.replace(f'href="{url}"', f'href="{evil}"', 1))


def another_word(email: EmailMessage, random: Random) -> bytes:
    text, html = _contents(email)
    places = [found for found in re.finditer(r"\w+", text) if len(found[0]) > 3]
    found = random.choice(places)
    return _rebuilt(email, text[: found.start()] + "never" + text[found.end() :], html)


def another_word_in_the_html(email: EmailMessage, random: Random) -> bytes:
    text, html = _contents(email)
    found = random.choice(list(re.finditer(r">[^<]*\w[^<]*<", html)))
    return _rebuilt(email, text, f"{html[: found.end() - 1]} now{html[found.end() - 1 :]}")


def words_joined(email: EmailMessage, random: Random) -> bytes:
    text, html = _contents(email)
    found = random.choice(list(re.finditer(r"(?<=\w) (?=\w)", text)))
    return _rebuilt(email, text[: found.start()] + text[found.end() :], html)


def hidden_words(email: EmailMessage, random: Random) -> bytes:
    text, html = _contents(email)
    added = random.choice(
        [
            '<p style="display:none">Pay now</p>',
            "<!-- pay -->",
            "&nbsp;",
            "\u200b",
            "<style>p{color:red}</style>",
        ]
    )
    return _rebuilt(email, text, html.replace("</body>", f"{added}</body>"))


def another_subject(email: EmailMessage, random: Random) -> bytes:
    return _with_header(
        email, "Subject", f"{random.choice(['URGENT: ', 'Re: ', '[EXTERNAL] '])}{email['Subject']}"
    )


def another_sender(email: EmailMessage, random: Random) -> bytes:
    return _with_header(
        email,
        "From",
        random.choice(
            [
                "Example Market <policy@market.example.evil.test>",
                "Example Market <police@market.example>",
                "Example Market Security <policy@market.example>",
                '"policy@market.example" <evil@evil.test>',
                "Example Market <policy@market.example>, evil@evil.test",
            ]
        ),
    )


def another_reply_address(email: EmailMessage, random: Random) -> bytes:
    return _with_header(
        email, "Reply-To", random.choice(["evil@evil.test", "", "privacy@market.example, x@evil.test"])
    )


def a_header_twice(email: EmailMessage, random: Random) -> bytes:
    name, value = random.choice(
        [("From", "evil@evil.test"), ("Subject", "Pay now"), ("Reply-To", "evil@evil.test"), ("Date", "x")]
    )
    line = f"{name}: {value}\r\n".encode()
    head, _, body = bytes(email).partition(b"\r\n\r\n")
    return line + bytes(email) if random.random() < 0.5 else head + b"\r\n" + line + b"\r\n" + body


def an_attachment(email: EmailMessage, random: Random) -> bytes:
    copied = message_from_bytes(bytes(email), policy=policy.SMTP)
    kind = random.choice(["pdf", "zip", "x-msdownload"])
    copied.add_attachment(b"evil", maintype="application", subtype=kind, filename=f"invoice.{kind}")
    return bytes(copied)


def a_second_part(email: EmailMessage, random: Random) -> bytes:
    copied = message_from_bytes(bytes(email), policy=policy.SMTP)
    copied.add_alternative("<p>Pay now</p>", subtype="html")
    return bytes(copied)


def a_part_less(email: EmailMessage, random: Random) -> bytes:
    text, html = _contents(email)
    made = EmailMessage(policy=policy.SMTP)
    for name, value in email.items():
        if not name.lower().startswith(("content-", "mime-")):
            made[name] = value
    if random.random() < 0.5:
        made.set_content(text)
    else:
        made.set_content(html, subtype="html")
    return bytes(made)


def another_date(email: EmailMessage, random: Random) -> bytes:
    sent = email["Date"].datetime
    moved = sent + random.choice([1, -1]) * timedelta(days=random.randrange(8, 400))
    return _with_header(email, "Date", format_datetime(moved))


def a_header_with_buttons(email: EmailMessage, random: Random) -> bytes:
    name = random.choice(["List-Unsubscribe", "Disposition-Notification-To", "Sender"])
    value = "<https://evil.test/>" if name.startswith("List") else "evil@evil.test"
    return f"{name}: {value}\r\n".encode() + bytes(email)


def an_odd_character_set(email: EmailMessage, random: Random) -> bytes:
    """Some programs read it in another way than others."""
    return bytes(email).replace(b'charset="utf-8"', b'charset="utf-7"')


def a_boundary_twice(email: EmailMessage, random: Random) -> bytes:
    return bytes(email).replace(b' boundary="', b' boundary="other"; boundary="')


def a_damaged_encoding(email: EmailMessage, random: Random) -> bytes:
    """Programs differ in what they show of a base64 with other signs in it."""
    text, html = _contents(email)
    raw = _rebuilt(email, text, html, cte="base64")
    at = raw.rindex(b"\n\r\n" if b"\n\r\n" in raw else b"\n\n") + 40
    return raw[:at] + b"!*!" + raw[at:]


def a_line_end_in_a_header(email: EmailMessage, random: Random) -> bytes:
    return bytes(email).replace(b"\r\nSubject: ", b"\r\nX-Note: x\rSubject: Pay now\r\nSubject: ", 1)


def a_type_twice(email: EmailMessage, random: Random) -> bytes:
    return bytes(email).replace(
        b"Content-Type: text/html", b"Content-Type: text/plain\r\nContent-Type: text/html"
    )


def parts_of_two_emails(email: EmailMessage, random: Random) -> bytes:
    text, html = _contents(email)
    return _rebuilt(email, html, text)


def wrapped_in_another(email: EmailMessage, random: Random) -> bytes:
    """Forwarded with a change inside."""
    inner = message_from_bytes(another_link(email, random), policy=policy.default)
    return forwarded_as_attachment(inner, random)


ALTERED: Sequence[Change] = (
    another_link,
    another_word,
    another_word_in_the_html,
    words_joined,
    hidden_words,
    another_subject,
    another_sender,
    another_reply_address,
    a_header_twice,
    an_attachment,
    a_second_part,
    a_part_less,
    another_date,
    a_header_with_buttons,
    an_odd_character_set,
    a_boundary_twice,
    a_damaged_encoding,
    a_line_end_in_a_header,
    a_type_twice,
    parts_of_two_emails,
    wrapped_in_another,
)


def _contents(email: EmailMessage) -> tuple[str, str]:
    text, html = email.get_body(("plain",)), email.get_body(("html",))
    assert text is not None
    assert html is not None
    return text.get_content().replace("\r\n", "\n"), html.get_content().replace("\r\n", "\n")


def _rebuilt(
    email: EmailMessage, text: str, html: str, *, cte: str = "quoted-printable", charset: str = "utf-8"
) -> bytes:
    made = EmailMessage(policy=policy.SMTP.clone(cte_type="8bit"))
    for name, value in email.items():
        if not name.lower().startswith(("content-", "mime-")):
            made[name] = value
    options: dict[str, Any] = {"cte": cte, "charset": charset}
    if cte == "8bit" and max(map(len, f"{text}\n{html}".encode().split(b"\n"))) > 900:
        options["cte"] = "base64"  # lines are too long (RFC 5321, section 4.5.3.1.6)
    made.set_content(text, **options)
    made.add_alternative(html, subtype="html", **options)
    return bytes(made)


def _with_header(email: EmailMessage, name: str, value: str) -> bytes:
    copied = message_from_bytes(bytes(email))
    if value:
        copied.replace_header(name, value)
    else:
        del copied[name]
    return bytes(copied)
