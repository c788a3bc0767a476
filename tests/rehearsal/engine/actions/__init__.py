"""Stand-ins for the actions that the workflows use, by name without version."""

from rehearsal.engine.actions import artifacts, cache, checkout, pages, tools
from rehearsal.engine.actions.base import Action

STANDARD: dict[str, Action] = {
    "./.github/actions/setup-wms": tools.INSTALLED,
    "actions/attest": tools.ATTEST,
    "actions/cache": cache.CACHE,
    "actions/checkout": checkout.CHECKOUT,
    "actions/deploy-pages": pages.DEPLOY,
    "actions/download-artifact": artifacts.DOWNLOAD,
    "actions/setup-python": tools.INSTALLED,
    "actions/upload-artifact": artifacts.UPLOAD,
    "actions/upload-pages-artifact": pages.UPLOAD,
    "aws-actions/configure-aws-credentials": tools.CONFIGURE_AWS,
    "hashicorp/setup-terraform": tools.INSTALLED,
}
