"""The endpoint ``/healthz``: whether the server can do its work."""

from __future__ import annotations

import asyncio
from http import HTTPStatus

from fastapi import APIRouter, HTTPException
from sqlalchemy import Engine

from subscribers.database import UnreadableDatabaseError, check_schema

DATABASE_SECONDS = 5.0  # less than a monitor waits


def health(database: Engine | None) -> APIRouter:
    """The endpoint; ``database`` is where events are stored, None if the server receives none."""
    router = APIRouter()

    @router.get("/healthz")
    async def healthz() -> dict[str, str]:
        """Answer 503 if the database does not answer or has a schema of another version."""
        if database is None:
            return {"status": "ok"}
        try:
            async with asyncio.timeout(DATABASE_SECONDS):
                await asyncio.to_thread(check_schema, database)
        except (UnreadableDatabaseError, TimeoutError) as error:
            raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, "the database cannot be used") from error
        return {"status": "ok", "database": "ok"}

    return router
