"""Stand-ins for the actions that the workflows use, by name without version."""

from rehearsal.engine.actions import artifacts, cache, checkout, tools
from rehearsal.engine.actions.base import Action

STANDARD: dict[str, Action] = {
    "actions/attest": tools.ATTEST,
    "actions/cache": cache.CACHE,
    "actions/cache/restore": cache.CACHE_RESTORE,
    "actions/cache/save": cache.CACHE_SAVE,
    "actions/checkout": checkout.CHECKOUT,
    "actions/download-artifact": artifacts.DOWNLOAD,
    "actions/setup-python": tools.SETUP_PYTHON,
    "actions/upload-artifact": artifacts.UPLOAD,
    "astral-sh/setup-uv": tools.SETUP_UV,
    "aws-actions/configure-aws-credentials": tools.CONFIGURE_AWS,
    "hashicorp/setup-terraform": tools.SETUP_TERRAFORM,
}
