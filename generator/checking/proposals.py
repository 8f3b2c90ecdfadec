"""Makes the preview of a change for the report: the document as it would be published, with its redline."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from urllib.parse import urljoin

from generator.checking.changed_text import ChangedText
from generator.checking.report import Proposal
from generator.git.document_paths import in_repository
from generator.language import load_language
from generator.redline import RenderedVersion, StatedDates
from generator.redline.pictures import with_pictures
from generator.site.config import SiteConfig
from generator.site.links import Links
from generator.site.redlines import RedlineTexts, days_between, redline_texts
from generator.versions.document import Document
from generator.versions.version import Version


def proposal(
    text: ChangedText, version: Version, *, config: SiteConfig, folder: str, links: Links
) -> Proposal:
    """The document as the change would publish it. ``folder`` is the documents folder in the repository."""
    former = in_repository(folder, text.former_path) if text.former_path else None
    return Proposal(
        path=text.path,
        former_path=former if former != text.path else None,
        document=text.new,
        effective_on=version.effective_on,
        is_translation=text.document.translation_of is not None,
        redline=_redline(text, text.old, version, config, links) if text.old else None,
    )


def _redline(
    text: ChangedText, old: Document, version: Version, config: SiteConfig, links: Links
) -> RedlineTexts:
    versions = text.document.history.versions
    followed = versions[version.follows - 1] if version.follows else version
    days = days_between(followed, version)
    compared = redline_texts(
        *(
            RenderedVersion(
                html=with_pictures(document.html, document.pictures),
                title=document.front.title,
                effective_on=day,
                withdrawn_on=one.withdrawn_on,
                stated_dates=StatedDates(document.front.stated_effective, document.front.withdrawn),
            )
            for document, one, day in zip((old, text.new), (followed, version), days, strict=True)
        ),
        language=load_language(text.document.language),
    )
    make_link = partial(urljoin, config.site_url)
    path = text.document.history.path
    mail = links.resolve(compared.mail_html, source=path, make_link=make_link, find_file=lambda _: None)
    return replace(compared, mail_html=mail)
