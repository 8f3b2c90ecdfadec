"""``policy-site build``: builds the site of everything that is committed."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from generator.commands.shared import MKDOCS_YML, ConfigFile, counted, warn
from generator.printable import say

EXAMPLE = "policy-site build --as-of 2027-01-01 --published https://policies.example/history.json"
MOST_WARNINGS = 10  # about past versions, which nobody can correct any more


def build(
    *,
    config: ConfigFile = MKDOCS_YML,
    site_dir: Annotated[
        Path | None, typer.Option(help="The folder for the site.", show_default="site_dir in mkdocs.yml")
    ] = None,
    as_of: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"],
            help="Show as current the versions in effect on this day.",
            show_default="today",
        ),
    ] = None,
    published: Annotated[
        str | None,
        typer.Option(
            metavar="FILE|URL",
            help="The history.json of the published site. "
            "The build stops if the new site would lose or change a version listed there.",
        ),
    ] = None,
    first_publication: Annotated[
        bool,
        typer.Option(
            "--first-publication", help="With --published: this site has never been published before."
        ),
    ] = False,
    notices: Annotated[
        str | None,
        typer.Option(
            metavar="FILE|URL",
            help="The list of all emails that were sent, as policy-notify notices has written it.",
            show_default="the list of the published site",
        ),
    ] = None,
    signing_key: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Sign history.json with this Ed25519 private key (PEM)."),
    ] = None,
) -> None:
    """Build the site from everything that is committed."""
    from generator.progress import showing_progress
    from generator.published_site.build_site import (
        build_site,
        has_uncommitted_edits,
    )

    if first_publication and not published:
        raise typer.BadParameter("can only be used with --published", param_hint="--first-publication")
    if has_uncommitted_edits(config):
        say("note: this build leaves out uncommitted edits; policy-site serve shows them", err=True)
    with showing_progress("Building the site …"):
        folder, built = build_site(
            config,
            site_dir=site_dir,
            day=as_of.date() if as_of else None,
            published=published,
            first_publication=first_publication,
            signing_key=signing_key,
            notices=notices,
        )
    past = built.history_warnings
    for warning in [*built.warnings, *past[:MOST_WARNINGS]]:
        warn(str(warning))
    if len(past) > MOST_WARNINGS:
        warn(f"{len(past) - MOST_WARNINGS} more about past versions; policy-site versions lists all of them")
    counts = ((built.documents, "document"), (built.versions, "version"), (built.redlines, "redline"))
    say(f"{folder}: {', '.join(counted(number, noun) for number, noun in counts)}")
