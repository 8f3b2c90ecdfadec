"""The endpoint ``/events/sendgrid``, to which SendGrid posts its signed events."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, HTTPException, Request, Response, status
from sqlalchemy import Engine
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from subscribers.clock import utc_now
from subscribers.database import UnreadableDatabaseError, open_migrated
from subscribers.high_water_mark.configured import configured_journal
from subscribers.high_water_mark.installation import MovedDatabaseError
from subscribers.high_water_mark.journal import keep_journal
from subscribers.ledger.signed_events import SignedPost, UnsignedPostError, Verifier, receive
from subscribers.settings import Settings

BODY_LIMIT_BYTES = 4 * 2**20  # SendGrid puts at most 768 kB of events into one post


def events(engine: Engine, verifier: Verifier, *, keep_body: bool) -> APIRouter:
    """The endpoint; it accepts a post only after its events are in the database."""
    router = APIRouter()

    @router.post("/events/sendgrid", status_code=status.HTTP_204_NO_CONTENT)
    async def take(
        request: Request,
        signature: Annotated[str, Header(alias="X-Twilio-Email-Event-Webhook-Signature")],
        timestamp: Annotated[str, Header(alias="X-Twilio-Email-Event-Webhook-Timestamp")],
    ) -> Response:
        """Store the events of a signed post; 403 if it is not signed, 503 if it has to be sent again."""
        try:
            post = SignedPost(body=await _body(request), signature=signature, timestamp=timestamp)
            await run_in_threadpool(receive, engine, verifier, post, now=utc_now(), keep_body=keep_body)
        except ClientDisconnect:
            return Response(status_code=status.HTTP_400_BAD_REQUEST)  # the client has gone
        except UnsignedPostError as error:
            raise HTTPException(status.HTTP_403_FORBIDDEN, "not signed by the provider") from error
        except (MovedDatabaseError, UnreadableDatabaseError) as error:
            raise HTTPException(status.HTTP_503_SERVICE_UNAVAILABLE, "try again later") from error
        return Response(status_code=status.HTTP_204_NO_CONTENT)

    return router


def configured_events(settings: Settings) -> tuple[APIRouter, Engine] | None:
    """The configured endpoint and its database; None if no public key for events is set."""
    if settings.sendgrid_event_public_key is None:
        return None
    engine = open_migrated(settings.database())
    keep_journal(engine, configured_journal(settings, engine))
    verifier = Verifier(settings.sendgrid_event_public_key)
    return events(engine, verifier, keep_body=settings.event_retention_days > 0), engine


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_LIMIT_BYTES:
            raise HTTPException(status.HTTP_413_CONTENT_TOO_LARGE, "too large for a post of events")
    return bytes(body)
