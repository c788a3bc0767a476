"""`GET /v1/drift`: what the service counted, for `wms drift report --service`."""

from __future__ import annotations

from fastapi import APIRouter, Response

from wms.serving.counts import DriftCounts


def router(counts: DriftCounts) -> APIRouter:
    """The route, to be included in the service's application, behind its API key if it has one."""
    made = APIRouter()

    @made.get(
        "/v1/drift",
        summary="Histograms of the measures of answered images, by day and model; no image is among them.",
        response_class=Response,
        responses={200: {"content": {"application/json": {}}}},
    )
    def drift() -> Response:
        return Response(counts.counts().to_json(), media_type="application/json")

    return made
