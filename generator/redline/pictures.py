"""Which picture an image shows: a name for its content beside its source, while texts are compared.

Two pictures under one name look alike in HTML. The attribute is put on before a comparison, and taken off
again when links are resolved; an author's own HTML cannot have it.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from urllib.parse import quote, unquote

from generator.markdown.surroundings import Picture
from generator.rendered.tags import attributes_of
from generator.rendered.words import PICTURE

IMAGE = re.compile(r"<img\b[^>\"]*(?:\"[^\"]*\"[^>\"]*)*>")
SIGNED = re.compile(rf' {PICTURE}="[^"]*"')


def with_pictures(markup: str, pictures: Sequence[Picture]) -> str:
    """The markup with a sign of its content on each image that is one of the pictures."""
    if not pictures:
        return markup
    signs = {
        picture.source: f'<img {PICTURE}="{picture.blob} {quote(picture.path, errors="surrogateescape")}"'
        for picture in pictures
    }

    def signed(image: re.Match[str]) -> str:
        source = html.unescape(attributes_of(image[0]).get("src", ""))
        return signs[source] + image[0][4:] if source in signs else image[0]

    return IMAGE.sub(signed, markup)


def without_pictures(markup: str) -> str:
    """The markup without those signs."""
    return SIGNED.sub("", markup) if PICTURE in markup else markup


def read_sign(sign: str) -> tuple[str, str]:
    """The path and the blob of a picture."""
    blob, _, path = sign.partition(" ")
    return unquote(path, errors="surrogateescape"), blob
