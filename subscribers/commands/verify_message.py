"""``policy-notify verify-message``: whether an email is one that was sent, unchanged."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from subscribers.commands.shared import AsJson, SiteSource
from subscribers.default_folder import state_folder
from subscribers.notices.check_email import Checked, Verdict, check_email
from subscribers.notices.dkim_signature import Fit
from subscribers.notices.received_email import ReceivedEmail, read_email
from subscribers.notices.remembered_lists import DistrustedListError, accept
from subscribers.printable import say
from subscribers.signing import read_public_key
from subscribers.site.notices_json import NOTICES, SignedNotices, parse_notices
from subscribers.site.site_reader import PublishedSite, open_site
from subscribers.site.sources import MissingFileError

EXAMPLE = "policy-notify verify-message email.eml --site https://policies.example/"


def verify_message_command(
    file: Annotated[Path, typer.Argument(help="The email, saved with all its headers (.eml).")],
    *,
    site: SiteSource,
    public_key: Annotated[
        Path | None,
        typer.Option(
            help="The PEM file of the public key that signs the list.",
            show_default="the key of the first list that was seen here",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check whether the site's company has sent an email, word for word. Exits 1 unless it is genuine."""
    email = read_email(file)
    signed = _accepted_list(open_site(site), public_key)
    checked = check_email(email, signed.notices)
    if as_json:
        typer.echo(json.dumps(_as_json(checked), ensure_ascii=False, indent=1))
    else:
        for line in _lines(file, email, checked, signed):
            say(line)
    if checked.verdict is not Verdict.GENUINE:
        raise typer.Exit(1)


def _accepted_list(site: PublishedSite, public_key: Path | None) -> SignedNotices:
    """The list of the site; raises an error if it cannot be believed."""
    where = site.source.where(NOTICES)
    try:
        raw = site.source.read(NOTICES)
    except MissingFileError as error:
        raise DistrustedListError(
            f"{where}: does not exist: this site publishes no list of its emails; "
            "ask the company in another way"
        ) from error
    signed = parse_notices(raw, where=where)
    key = read_public_key(public_key) if public_key else signed.public_key
    if not signed.is_signed_by(key):
        raise DistrustedListError(
            f"{where}: is not signed with {public_key or 'the key that it names'}, so nothing in it can be "
            "believed; find out who changed it"
        )
    site.verify_root()
    if signed.notices.site_url != site.history.site_url:
        raise DistrustedListError(f"{where}: is the list of {signed.notices.site_url}, not of this site")
    folder = state_folder(os.environ) / "lists"
    accept(signed, where=where, folder=folder, any_key=public_key is not None)
    return signed


def _lines(file: Path, email: ReceivedEmail, checked: Checked, signed: SignedNotices) -> Iterator[str]:
    about = "the email attached to it" if email.is_attached else "it"
    match checked.verdict:
        case Verdict.GENUINE:
            yield f"{file}: genuine: {about} is one of our emails, with every word and link unchanged"
        case Verdict.NOT_GENUINE:
            yield f"{file}: not genuine: {about} is not one of our emails, or was changed"
        case Verdict.NOT_LISTED_YET:
            yield (
                f"{file}: not listed yet: {about} is dated later than the list of "
                f"{signed.notices.written_at:%Y-%m-%d %H:%M} UTC. Check again tomorrow, and follow no link "
                "in it until then"
            )
    if email.is_attached:
        yield "  the email around it was not checked"
    for fault in checked.faults:
        yield f"  {fault}"
    if (announcement := checked.announcement) is not None:
        said = "announcement" if checked.verdict is Verdict.GENUINE else "closest announcement"
        titles = ", ".join(f"{one.title} ({one.label})" for one in announcement.documents)
        yield f"  {said} {announcement.announcement} of {announcement.made_at:%Y-%m-%d}: {titles}"
    yield f"  {_about_signature(checked)}"


def _about_signature(checked: Checked) -> str:
    named = f" ({checked.signature.key})" if checked.signature.key else ""
    said = f"DKIM signature of the sender’s domain{named}: {checked.signature.fit.value}"
    if checked.signature.fit is Fit.FITS:
        return f"{said}: the sender’s mail server sent it to the recipient named in To"
    return f"{said}, so nothing is known about To, Date and the way that it took"


def _as_json(checked: Checked) -> dict[str, object]:
    announcement = checked.announcement
    return {
        "verdict": checked.verdict.value,
        "faults": checked.faults,
        "announcement": announcement and announcement.announcement,
        "publication": announcement and announcement.publication,
        "dkim": {"result": checked.signature.fit.value, "key": checked.signature.key},
    }
