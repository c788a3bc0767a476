"""How OpenAPI describes `POST /v1/predict`; its body is read by hand, so FastAPI cannot know it."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from wms.serving.answer import EXAMPLE, REFUSALS, Answer, Refusal
from wms.serving.upload import FIELD

_BODY = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": [FIELD],
                "properties": {
                    FIELD: {
                        "type": "array",
                        "items": {"type": "string", "format": "binary"},
                        "description": "Photographs, JPEG or PNG; the field may be repeated.",
                    }
                },
            }
        }
    },
}

_KEY = {
    "name": "X-API-Key",
    "in": "header",
    "required": False,
    "schema": {"type": "string"},
    "description": "Needed where the service was started with a key.",
}

PREDICT: dict[str, Any] = {
    "summary": "The register window in photographs.",
    "description": (
        "With `Accept: image/png` the answer to one photograph is its mask: 0 and 255, at the upright size. "
        "Otherwise it is JSON, with an entry for each photograph; one that cannot be used has `error` and "
        "`remedy` in its place. A single photograph that cannot be used gets the status of its error."
    ),
    "openapi_extra": {"requestBody": _BODY, "parameters": [_KEY]},
    "responses": {
        HTTPStatus.OK.value: {
            "model": Answer,
            "description": "The windows, or the mask.",
            "content": {
                "application/json": {"example": EXAMPLE},
                "image/png": {"schema": {"type": "string", "format": "binary"}},
            },
        },
        **{
            status.value: {
                "model": Refusal,
                "description": status.phrase,
                "content": {"application/json": {"example": {"error": error, "remedy": remedy}}},
            }
            for status, (error, remedy) in REFUSALS.items()
        },
    },
}
"""The arguments of the route."""
