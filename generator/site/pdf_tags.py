"""Corrects the tags of a PDF where WeasyPrint 70 does less than PDF/UA-1 asks (ISO 14289-1).

Tags are what a screen reader follows: headings, lists, tables, links and pictures in reading order. An
element of that tree is a dictionary: ``S`` is its kind, ``K`` what it contains, ``P`` its parent
(ISO 32000-1, 14.7).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

TAGS_VERSION = 1  # raise it with every change of this file: PDFs made before are in the cache
PRINTED = 4  # the flag of an annotation that is shown on screen and on paper alike (ISO 32000-1, 12.5.3)


def correct_tags(_document: Any, pdf: Any) -> None:
    """Correct the tags of a finished PDF; WeasyPrint calls this before it writes the file."""
    objects = pdf.objects
    [root] = [one for one in objects if isinstance(one, dict) and one.get("Type") == "/StructTreeRoot"]
    numbered = _object(objects, root["ParentTree"])["Nums"]  # key, value, key, value …
    places = {key: at for at, key in enumerate(numbered) if at % 2 == 0}
    elements = list(_elements(objects, root))
    for page in (one for one in objects if isinstance(one, dict) and one.get("Type") == "/Page"):
        _leave_out_margins(
            _object(objects, page["Contents"]).stream,
            numbered[places[page["StructParents"]] + 1],
            {one.reference for one in elements},
        )
    for element in elements:
        for kid in list(element["K"]):
            if isinstance(kid, bytes) and _object(objects, kid).get("Type") == "/OBJR":
                annotation = _object(objects, _object(objects, kid)["Obj"])
                annotation["F"] = PRINTED
                if annotation.get("Subtype") == "/Link" and element["S"] != "/Link":
                    link = _link_around(objects, element)
                    element["K"].remove(kid)
                    link["K"].append(kid)
                    numbered[places[annotation["StructParent"]] + 1] = link.reference
        if element["S"] == "/Figure" and "Alt" not in element:
            element["S"] = "/NonStruct"  # decoration, about which there is nothing to say (7.3)
        elif element["S"] == "/LI":
            _give_body(pdf, element)


def _elements(objects: Any, parent: Any) -> Iterator[Any]:
    """All elements below ``parent``, each before those inside it."""
    for kid in parent["K"]:
        if isinstance(kid, bytes):
            element = _object(objects, kid)
            if element.get("Type") == "/StructElem":
                yield element
                yield from _elements(objects, element)


def _leave_out_margins(stream: Any, by_number: Any, elements: set[bytes]) -> None:
    """Mark as artifacts what is on the page but in none of the ``elements``: the page numbers (7.8)."""
    for at, operator in enumerate(stream):
        if operator != b"BDC" or "MCID" not in stream[at - 1]:
            continue
        number = stream[at - 1]["MCID"]
        if by_number[number] not in elements:
            stream[at - 2], by_number[number] = "/Artifact", b"null"
            stream[at - 1] = type(stream[at - 1])({"Type": "/Pagination"})


def _link_around(objects: Any, element: Any) -> Any:
    """The link that contains the element: its annotation belongs there, not to bold words inside (7.18.5)."""
    outer = element
    while outer["S"] not in {"/Link", "/Document"}:
        outer = _object(objects, outer["P"])
    if outer["S"] == "/Link":
        return outer
    element["S"] = "/Link"
    return element


def _give_body(pdf: Any, item: Any) -> None:
    """Put what a list item contains, besides its bullet or number, into a body (7.6)."""
    kids = {kid: _object(pdf.objects, kid) for kid in item["K"]}
    inner = [kid for kid, one in kids.items() if one["S"] != "/Lbl"]
    if not inner or any(one["S"] == "/LBody" for one in kids.values()):
        return
    array, dictionary = type(item["K"]), type(item)
    body = dictionary({"Type": "/StructElem", "S": "/LBody", "K": array(inner), "P": item.reference})
    body["Pg"] = item["Pg"]
    pdf.add_object(body)
    for kid in inner:
        kids[kid]["P"] = body.reference
    item["K"] = array([kid for kid in kids if kid not in inner] + [body.reference])


def _object(objects: Any, reference: bytes) -> Any:
    """The object of a reference such as ``12 0 R``."""
    return objects[int(reference.split()[0])]
