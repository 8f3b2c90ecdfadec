"""Twilio's own description of SendGrid's v3 interface, from ``../shared/sendgrid``, as a check of both sides.

``request_faults`` and ``answer_faults`` name what does not fit. Two places of the description are not taken
as they are, because Twilio's own library and documentation contradict them:

- the global ``custom_args`` is described as a string. The library writes an object, as each personalization
  has one, and the documentation shows that.
- ``nullable`` is a word of OpenAPI 3.0, which 3.1 does not know. ``field`` of an error may be null.
"""

from __future__ import annotations

import json
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

FOLDER = Path(__file__).resolve().parents[2] / ".." / "shared" / "sendgrid"
# The description of the operation knows neither. The limits of the interface and a server that is down answer
# so, in the form of the other errors.
BEYOND = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}
CUSTOM_ARGUMENTS = {"type": "object", "additionalProperties": {"type": "string"}}


def is_present() -> bool:
    """Whether the descriptions are beside the project."""
    return FOLDER.is_dir()


def request_faults(method: str, path: str, body: bytes) -> list[str]:
    """Everything in the body of a request that does not fit the description."""
    operation = _operation(method, path)
    if operation is None:
        return [f"{method} {path}: there is no such operation"]
    return _faults(_validator(_place(path), json.dumps(operation["requestBody"])), body)


def answer_faults(method: str, path: str, status: int, body: bytes) -> list[str]:
    """Everything in an answer that does not fit the description: its status, or parts of its body."""
    operation = _operation(method, path)
    if operation is None:
        return [] if status == HTTPStatus.NOT_FOUND else [f"{method} {path}: there is no such operation"]
    answers = operation["responses"]
    described = answers.get(str(status)) or (answers["500"] if status in BEYOND else None)
    if described is None:
        return [f"{method} {path}: {status} is not an answer of it"]
    validator = _validator(_place(path), json.dumps(described))
    if validator is None:
        return [f"{status} has no body"] if body else []
    return _faults(validator, body)


def _faults(validator: Draft202012Validator, body: bytes) -> list[str]:
    try:
        read = json.loads(body)
    except ValueError:
        return ["the body is not JSON"]
    return [f"{'.'.join(map(str, fault.path))}: {fault.message}" for fault in validator.iter_errors(read)]


@cache
def _descriptions() -> dict[str, dict[str, Any]]:
    found = {file.name: json.loads(file.read_text()) for file in sorted(FOLDER.glob("*.json"))}
    send = found["tsg_mail_v3.json"]["components"]["requestBodies"]["PostMailSend"]
    send["content"]["application/json"]["schema"]["properties"]["custom_args"] = CUSTOM_ARGUMENTS
    return found


def _place(path: str) -> str:
    """The name of the description that has a path."""
    return next((name for name, whole in _descriptions().items() if path in whole["paths"]), "")


def _operation(method: str, path: str) -> dict[str, Any] | None:
    paths = _descriptions()[_place(path)]["paths"] if _place(path) else {}
    operation: dict[str, Any] | None = paths.get(path, {}).get(method.lower())
    return operation


@cache
def _validator(place: str, described: str) -> Any:
    """The validator for the JSON of a request or an answer; None if that has no body."""
    whole = _resolved(json.loads(described), _descriptions()[place])
    schema = whole.get("content", {}).get("application/json", {}).get("schema")
    return None if schema is None else Draft202012Validator(schema)


def _resolved(node: Any, whole: dict[str, Any]) -> Any:
    """The node with its references replaced by what they name."""
    if isinstance(node, list):
        return [_resolved(each, whole) for each in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        target: Any = whole
        for step in node["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        return _resolved(target, whole)
    resolved = {name: _resolved(value, whole) for name, value in node.items()}
    if resolved.pop("nullable", None) is True:
        resolved["type"] = [resolved["type"], "null"]
    return resolved
