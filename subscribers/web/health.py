"""Whether the server can do its work: ``/healthz``."""

from __future__ import annotations

import asyncio
from http import HTTPStatus

from fastapi import APIRouter, HTTPException
from sqlalchemy import Engine

from subscribers.database import UnreadableDatabaseError, check_schema

DATABASE_SECONDS = 5.0  # less than a monitor waits


def health(database: Engine | None) -> APIRouter:
    """The endpoint; ``database`` is what the server needs to keep events, None where it needs none."""
    router = APIRouter()

    @router.get("/healthz")
    async def healthz() -> dict[str, str]:
        """Ask the database: 503 when it does not answer, or has not the schema of this version."""
        if database is None:
            return {"status": "ok"}
        try:
            async with asyncio.timeout(DATABASE_SECONDS):
                await asyncio.to_thread(check_schema, database)
        except (UnreadableDatabaseError, TimeoutError) as error:
            raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, "the database cannot be used") from error
        return {"status": "ok", "database": "ok"}

    return router
