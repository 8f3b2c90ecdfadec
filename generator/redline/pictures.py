"""Names the content of each picture in an attribute of its image, while texts are compared.

In HTML, two pictures under one name look alike. The attribute is added before a comparison and removed when
links are resolved. The HTML of an author cannot have it.
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
    """The markup with that attribute on each image that shows one of the pictures."""
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
    """The markup without that attribute."""
    return SIGNED.sub("", markup) if PICTURE in markup else markup


def read_sign(sign: str) -> tuple[str, str]:
    """The path and the blob of a picture, from the value of that attribute."""
    blob, _, path = sign.partition(" ")
    return unquote(path, errors="surrogateescape"), blob
