"""``policy-notify recover``: finds out who was notified since an old copy of the database was made."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator
from itertools import chain
from pathlib import Path
from typing import Annotated

import typer

from subscribers.clock import utc_now
from subscribers.commands.publish import opening_since
from subscribers.commands.restore import counted_requests
from subscribers.commands.shared import open_configured_database
from subscribers.errors import NotifyError
from subscribers.high_water_mark.configured import configured_mark
from subscribers.high_water_mark.high_water_mark import HighWaterMark, MissingMarkError
from subscribers.ledger.signed_events import Verifier
from subscribers.notices.old_database import own_list_of
from subscribers.printable import say
from subscribers.recovery import report
from subscribers.recovery.evidence import Evidence, of_event_file, of_folder, of_smtp_logs
from subscribers.recovery.proven_accounts import ProofBundle, open_bundle
from subscribers.recovery.recover import make_own, recover, start_mark
from subscribers.settings import Settings, SettingsError, read_settings
from subscribers.signing import parse_public_key, read_private_key
from subscribers.site.notices_json import Notices
from subscribers.site.site_reader import PublishedSite, open_site
from subscribers.users.erasures import ErasureKeys

EXAMPLE = "policy-notify recover --site https://policies.example/ --smtp-log /var/log/mail.log"


class NothingMissingError(NotifyError):
    """The database has its mark, so it needs no new one."""


def recover_command(
    *,
    site: Annotated[
        str | None, typer.Option("--site", help="The published site: a built site's folder, or its URL.")
    ] = None,
    proofs: Annotated[
        list[Path] | None,
        typer.Option("--proof", metavar="BUNDLE", help="A proof bundle, made since the copy. Repeatable."),
    ] = None,
    events: Annotated[
        list[Path] | None,
        typer.Option(
            "--events",
            metavar="FILE",
            help="Signed posts of SendGrid, each a line of JSON: body, signature, timestamp. Repeatable.",
        ),
    ] = None,
    messages: Annotated[
        list[Path] | None,
        typer.Option("--messages", metavar="FOLDER", help="A folder with .eml files. Repeatable."),
    ] = None,
    smtp_logs: Annotated[
        list[Path] | None,
        typer.Option("--smtp-log", metavar="FILE", help="A log of Postfix or Exim. Repeatable."),
    ] = None,
    unknown: Annotated[
        Path | None,
        typer.Option("--list", metavar="FILE", help="Write everybody who stays unknown into a CSV file."),
    ] = None,
    announce_since: Annotated[
        str | None,
        typer.Option(
            metavar="DATE", help="Only for a copy from before the first publish: its --announce-since."
        ),
    ] = None,
    newest: Annotated[
        bool,
        typer.Option(
            "--newest", help="Only the mark was lost: you know that this database is the newest one."
        ),
    ] = False,
    as_copy: Annotated[
        bool,
        typer.Option("--as-copy", help="This is meant to be a copy: give it an identity of its own."),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be recovered; record nothing.")
    ] = False,
) -> None:
    """Find out who was notified since an old copy of the database was made, and let it send again.

    Give the site and all evidence there is: proof bundles, signed events, message files, logs of the mail
    server. Recipients whom it does not settle stay unknown and get no email, until you run this again with
    more evidence, or decide with policy-notify resolve.
    """
    if newest or as_copy:
        others = (site, proofs, events, messages, smtp_logs, unknown, announce_since, dry_run)
        if any(others) or (newest and as_copy):
            raise typer.BadParameter("goes without other options", param_hint="--newest or --as-copy")
    settings = read_settings(os.environ)
    engine = open_configured_database(settings)
    if as_copy:
        identity = make_own(engine, now=utc_now())
        say(f"this database has an identity of its own from now on: {identity}")
        say("what waited here is unknown, since the original sends it; see policy-notify status")
        return
    mark = configured_mark(settings, engine)
    if newest:
        _trust(mark)
        return
    bundles = _bundles(settings, proofs or [])
    opening = opening_since(announce_since) if announce_since else None
    published = _open(settings, site) if site else None
    recovery = recover(
        engine,
        mark,
        published,
        _evidence(settings, events or [], messages or [], smtp_logs or []),
        bundles,
        sender=settings.who_sends(),
        changes=settings.changes,
        opening=opening,
        now=utc_now(),
        dry_run=dry_run,
        listed=_own_list(settings, published),
        keys=lambda: ErasureKeys(settings.demand_keys()),
    )
    if recovery.journalled:
        say(f"applied from the journal: {counted_requests(recovery.journalled)}")
    for line in report.lines(recovery, dry_run=dry_run):
        say(line)
    if unknown is not None and not dry_run:
        number = report.write_list(engine, recovery, unknown)
        say(f"{unknown}: {number:,} {'entry' if number == 1 else 'entries'}")


def _trust(mark: HighWaterMark) -> None:
    """Make a new mark on a person's word. An existing mark that says otherwise is believed instead."""
    try:
        mark.verify()
    except MissingMarkError:
        start_mark(mark.engine, mark, now=utc_now())
        say(f"the high-water mark is made again: {mark.store.place}")
        return
    raise NothingMissingError(
        "the high-water mark is there and fits this database, so there is nothing to make again"
    )


def _open(settings: Settings, location: str) -> PublishedSite:
    published = open_site(location)
    if settings.site_key:
        published.verify_signature(parse_public_key(settings.site_key, setting="POLICY_NOTIFY_SITE_KEY"))
    return published


def _own_list(settings: Settings, site: PublishedSite | None) -> Notices | None:
    """The site's list of emails that were sent, if our proof key has signed it."""
    if site is None or not settings.proof_key:
        return None
    return own_list_of(site, key=read_private_key(settings.demand_proof_key()).public_key())


def _bundles(settings: Settings, folders: list[Path]) -> list[ProofBundle]:
    if not folders:
        return []
    key = read_private_key(settings.demand_proof_key()).public_key()
    return [open_bundle(folder, key) for folder in folders]


def _evidence(
    settings: Settings, events: list[Path], messages: list[Path], smtp_logs: list[Path]
) -> Iterator[Evidence]:
    sender = settings.who_sends().address
    domain = sender.domain.lower()
    if events and settings.sendgrid_event_public_key is None:
        raise SettingsError(["set POLICY_NOTIFY_SENDGRID_EVENT_PUBLIC_KEY, which verifies events"])
    found = [of_folder(folder, domain=domain) for folder in messages]
    if settings.sendgrid_event_public_key is not None:
        verifier = Verifier(settings.sendgrid_event_public_key)
        found += [of_event_file(file, verifier) for file in events]
    if smtp_logs:
        domains = {domain}
        if (return_path := settings.signed_return_path()) is not None:
            domains.add(return_path.domain.lower())
        found.append(of_smtp_logs(smtp_logs, domain=domain, senders=_is_from(domains)))
    return chain.from_iterable(found)


def _is_from(domains: Collection[str]) -> Callable[[str], bool]:
    """Whether an envelope sender is at a domain of ours, as our messages' are."""
    return lambda sender: sender.rpartition("@")[2].casefold() in domains
