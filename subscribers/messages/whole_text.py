"""The whole new text of each document as a file, as the site published it.

A message attaches these files, since a link alone is no durable medium (CJEU C-49/11, Content Services). A
file that does not fit into the message is linked to, with the digest by which a reader recognises it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import quote, unquote

from subscribers.errors import NotifyError
from subscribers.messages.message import Attachment
from subscribers.settings import Attach
from subscribers.site.history_json import PublishedDocument, PublishedVersion
from subscribers.site.news import News
from subscribers.site.site_reader import PublishedSite

MEDIA_TYPES = {"pdf": "application/pdf", "text": "text/plain"}


class NoCopyError(NotifyError):
    """The site has no such file of a version, so it cannot be attached."""

    def __init__(self, document: PublishedDocument, version: PublishedVersion, form: str) -> None:
        what = "PDF" if form == "pdf" else "plain text with a digest"
        remedy = "publish the site again with the policy-site of this version"
        if form == "pdf" and version.copies_sha256:
            remedy = (
                "set `pdf: true` in mkdocs.yml and publish the site again, or set POLICY_NOTIFY_ATTACH=text"
            )
        super().__init__(f"{document.slug} {version.label}: the site has no {what} to attach; {remedy}")


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeText:
    """A file with the whole text of a version; without ``attachment``, it does not fit into the message."""

    title: str
    url: str
    sha256: str
    attachment: Attachment | None


def read_whole_texts(site: PublishedSite, news: Iterable[News], attach: Attach) -> tuple[WholeText, ...]:
    """The files of ``news``, attached in this order as long as they fit."""
    versions = [(item.document, version) for item in news for version in _to_read(item)]
    names = [unquote(version.copies.get(attach.form, "")) for _, version in versions]
    often = Counter(name.rpartition("/")[2] for name in names)
    found, room = [], attach.limit_bytes
    for (document, version), path in zip(versions, names, strict=True):
        sha256 = version.copies_sha256.get(attach.form)
        if not path or sha256 is None:
            raise NoCopyError(document, version, attach.form)
        body = site.copy(version, attach.form)
        name = path.rpartition("/")[2]
        attachment = Attachment(
            name=name if often[name] == 1 else f"{document.slug.replace('/', '-')}-{name}",
            media_type=MEDIA_TYPES[attach.form],
            body=body,
        )
        fits = len(body) <= room
        room -= len(body) if fits else 0
        found.append(
            WholeText(
                title=version.title,
                url=site.history.site_url + quote(version.copies[attach.form], safe="/%"),
                sha256=sha256,
                attachment=attachment if fits else None,
            )
        )
    return tuple(found)


def _to_read(item: News) -> Iterator[PublishedVersion]:
    """The versions whose text now counts: the newest, and an upcoming one beside it. An end has no text."""
    newest = {version.line: version for version in item.versions if version.withdrawn_by is None}
    yield from (version for version in newest.values() if version.withdrawn_on is None)
