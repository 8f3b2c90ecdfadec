"""Builds a site into a new folder, which replaces the old site only when it is complete."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path

from generator.checking.unpublished import check_unpublished
from generator.git.repository import open_repository
from generator.mkdocs_plugin import run
from generator.published_site import signing
from generator.published_site.earlier_site import read_earlier_site
from generator.published_site.read_sent_emails import newest_sent_emails
from generator.published_site.site_folder import refuse_foreign_folder
from generator.site.build import Built
from generator.site.config import SiteConfig
from generator.site.published_history import PublishedHistory
from generator.site.trusted_cache import open_cache
from generator.site.urls import HISTORY

LAST_GZIP_SECOND = 2**32 - 1  # RFC 1952; MkDocs writes the same time into sitemap.xml.gz
EPOCH = "SOURCE_DATE_EPOCH"  # https://reproducible-builds.org/specs/source-date-epoch/


def build_site(
    config_file: Path,
    *,
    site_dir: Path | None,
    day: date | None,
    published: str | None,
    first_publication: bool = False,
    signing_key: Path | None = None,
    notices: str | None = None,
) -> tuple[Path, Built]:
    """Build the site, and return its folder and what was built. A refused build leaves the folder unchanged.

    ``published`` is the ``history.json`` of the published site, as a file or a URL: the new site may lose
    none of the versions in it. ``notices`` is the list of all emails that were sent, as a file or a URL.
    """
    config = run.read_config(config_file)
    folder = (site_dir or config.site_dir).resolve()
    with open_repository(config.documents) as repository:
        around = [repository.git_dir, repository.root or repository.git_dir]
        refuse_foreign_folder(
            folder,
            kept=[config.documents, config_file, *around],
            closed=[config.documents, repository.git_dir],
        )
    earlier = read_earlier_site(published, first_publication=first_publication) if published else None
    if earlier and earlier.versions:
        earlier = _checked(config, earlier)
    emails = newest_sent_emails(config, notices, published=earlier)
    key = signing.read_signing_key(signing_key) if signing_key else None
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as scratch:
        new = Path(scratch, "new")
        with _dated_as_committed(config.documents):
            built = run.build(
                config_file, site_dir=new, before=folder, day=day, published=earlier, emails=emails
            )
        if key:
            signing.sign(new / HISTORY, key)
        if folder.is_dir():
            folder.rename(Path(scratch, "old"))
        new.rename(folder)
    return folder, built


def _checked(config: SiteConfig, earlier: PublishedHistory) -> PublishedHistory:
    """The published data, with the errors that a check finds in versions that are not published yet."""
    opened, _ = open_cache(config.cache)  # if it is not used, the build itself warns of it
    with open_repository(config.documents) as repository, opened as cache:
        report = check_unpublished(config, repository, published=earlier, cache=cache)
    return replace(earlier, held_for={**earlier.held_for, **report.held_for})


def has_uncommitted_edits(config_file: Path) -> bool:
    """Whether the documents folder has edits that a build does not publish."""
    documents = run.read_config(config_file).documents
    with open_repository(documents) as repository:
        return repository.has_edits(folder=repository.folder_of(documents))


@contextmanager
def _dated_as_committed(documents: Path) -> Iterator[None]:
    """Make MkDocs and its themes write the time of the commit instead of the time of the build."""
    with open_repository(documents) as repository:
        committed_at = repository.committed_at(repository.resolve())
    before = os.environ.get(EPOCH)
    os.environ[EPOCH] = str(min(max(committed_at, 0), LAST_GZIP_SECOND))
    try:
        yield
    finally:
        if before is None:
            del os.environ[EPOCH]
        else:
            os.environ[EPOCH] = before
