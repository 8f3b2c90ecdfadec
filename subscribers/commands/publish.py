"""``policy-notify publish``: announces what a site has published since the last announcement."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated

import typer
from sqlalchemy import Engine

from subscribers.announcing.dry_run import count_audience, described
from subscribers.announcing.published_past import Trust
from subscribers.announcing.publishing import Opening, plan, publish
from subscribers.clock import utc_now
from subscribers.commands.deliver import deliver_and_report
from subscribers.commands.shared import SiteSource, open_configured_database, open_for_sending
from subscribers.delivery import status_report
from subscribers.errors import NotifyError
from subscribers.high_water_mark.configured import configured_mark
from subscribers.high_water_mark.high_water_mark import HighWaterMark
from subscribers.notices.old_database import refuse_older_than_site
from subscribers.printable import say
from subscribers.settings import Settings, read_settings
from subscribers.signing import parse_public_key, read_private_key
from subscribers.site.site_reader import PublishedSite, open_site

EXAMPLE = "policy-notify publish --site https://policies.example/"


class HeldByLimitError(NotifyError):
    """There were more announcements in a day than may be sent without an operator's decision."""

    def __init__(self, announcement_id: int | None, *, limit: int) -> None:
        super().__init__(
            f"announcement {announcement_id} is held: {limit} others were made in the last 24 hours, "
            "which is the limit (POLICY_NOTIFY_DAILY_ANNOUNCEMENTS). If you meant them all, run "
            f"policy-notify release {announcement_id} && policy-notify deliver; otherwise cancel it and "
            "find out who changed the site"
        )


class HeldForReviewError(NotifyError):
    """A check of the site found errors in what would be announced."""

    def __init__(self, announcement_id: int | None, *, findings: Sequence[str]) -> None:
        super().__init__(
            f"announcement {announcement_id} is held because policy-site check found: {'; '.join(findings)}. "
            f"To send it as it is, run policy-notify release {announcement_id} && policy-notify deliver; "
            "otherwise cancel it, and publish a change whose summary describes what this one did"
        )


def publish_command(
    *,
    site: SiteSource,
    baseline: Annotated[
        bool,
        typer.Option("--baseline", help="First time: treat everything on the site as known; notify nobody."),
    ] = False,
    announce_since: Annotated[
        str | None,
        typer.Option(
            metavar="DATE", help="First time: announce what was published since this day or moment."
        ),
    ] = None,
    hold: Annotated[
        bool, typer.Option("--hold", help="Prepare the announcement, but send nothing until it is released.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be announced; record and send nothing.")
    ] = False,
    accept_renderer: Annotated[
        bool,
        typer.Option(
            "--accept-renderer",
            help="Accept that announced versions look different, because policy-site was upgraded.",
        ),
    ] = False,
    accept_dates: Annotated[
        bool,
        typer.Option("--accept-dates", help="Accept new versions that are dated before known ones."),
    ] = False,
    history_sha256: Annotated[
        str | None,
        typer.Option(metavar="SHA256", help="Refuse the site unless its history.json has this digest."),
    ] = None,
) -> None:
    """Announce everything on the site that was not announced before, and send the emails."""
    if baseline and announce_since:
        raise typer.BadParameter("cannot be used with --baseline", param_hint="--announce-since")
    opening = _opening(baseline=baseline, since=announce_since)
    settings = read_settings(os.environ)
    settings.demand_for_sending()
    engine, mark = _open(settings, only_look=dry_run)
    published = open_site(site)
    if history_sha256:
        published.verify_digest(history_sha256)
    if settings.site_key:
        published.verify_signature(parse_public_key(settings.site_key, setting="POLICY_NOTIFY_SITE_KEY"))
    if settings.proof_key:
        own = read_private_key(settings.demand_proof_key()).public_key()
        refuse_older_than_site(engine, published, key=own)
    trust = Trust(renderer=accept_renderer or bool(settings.site_key), dates=accept_dates)
    if dry_run:
        _say_what_would_be_announced(engine, published, settings, opening, trust)
        return
    publication = publish(
        engine,
        published,
        sender=settings.who_sends(),
        changes=settings.changes,
        opening=opening,
        hold=hold,
        now=utc_now(),
        trust=trust,
        daily_limit=settings.daily_announcements,
    )
    for line in status_report.publication_lines(publication):
        say(line)
    deliver_and_report(engine, mark, settings)
    if publication.held_by_limit:
        raise HeldByLimitError(publication.announcement_id, limit=settings.daily_announcements)
    if publication.held_for:
        raise HeldForReviewError(publication.announcement_id, findings=publication.held_for)


def _open(settings: Settings, *, only_look: bool) -> tuple[Engine, HighWaterMark]:
    """The database with its high-water mark; refused if it is old, since that would announce things again."""
    if not only_look:
        return open_for_sending(settings)
    engine = open_configured_database(settings)
    mark = configured_mark(settings, engine)
    mark.verify()
    return engine, mark


def _say_what_would_be_announced(
    engine: Engine, site: PublishedSite, settings: Settings, opening: Opening | None, trust: Trust
) -> None:
    planned = plan(
        engine,
        site,
        sender=settings.who_sends(),
        changes=settings.changes,
        opening=opening,
        now=utc_now(),
        trust=trust,
    )
    for line in described(planned, count_audience(engine, site.history, planned)):
        say(line)


def _opening(*, baseline: bool, since: str | None) -> Opening | None:
    if since is None:
        return Opening(since=None) if baseline else None
    return opening_since(since)


def opening_since(since: str) -> Opening:
    """Begin with what was published on or after a day or a moment, as ``--announce-since`` names it."""
    try:
        if len(since) == len("2026-01-31"):
            return Opening(since=date.fromisoformat(since))
        moment = datetime.fromisoformat(since)
    except ValueError as error:
        raise typer.BadParameter(
            f"{since} is not a date; write it like 2026-01-31", param_hint="--announce-since"
        ) from error
    if moment.tzinfo is None:
        raise typer.BadParameter(
            f"{since} has no time zone; write it like 2026-01-31T09:30Z", param_hint="--announce-since"
        )
    return Opening(since=moment)
