"""For a rehearsal in other processes: look at the state, change the behaviour. Not part of GitHub."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from fakes.github.hub import Hub
from fakes.github.records import Release
from fakes.github.wire import Answer, Request, Routes

ROUTES = Routes()


@ROUTES.add("GET", "/_fake/state")
def state(hub: Hub, request: Request) -> Answer:
    hub.sync()

    def plain(items: Any) -> list[dict[str, Any]]:
        return [{k: v for k, v in asdict(item).items() if k != "reads"} for item in items]

    return Answer(
        body={
            "pulls": plain(hub.pulls.values()),
            "statuses": plain(hub.statuses),
            "comments": plain(hub.comments),
            "dispatches": plain(hub.dispatches),
            "releases": [_release(hub, each) for each in hub.releases.values()],
            "events": plain(hub.events),
            "settings": asdict(hub.settings),
            "labels": list(hub.labels.values()),
            "variables": hub.variables,
            "secrets": sorted(hub.sealed_secrets),
            "rulesets": list(hub.rulesets.values()),
            "requests": hub.requests,
        }
    )


def _release(hub: Hub, release: Release) -> dict[str, Any]:
    return {
        "tag": release.tag,
        "name": release.name,
        "draft": release.draft,
        "latest": hub.latest_release == release.id,
        "assets": [asset.name for asset in release.assets],
    }


@ROUTES.add("POST", "/_fake/failures")
def failures(hub: Hub, request: Request) -> Answer:
    hub.fail_next(**request.body)
    return Answer(status=204)


@ROUTES.add("PATCH", "/_fake/settings")
def settings(hub: Hub, request: Request) -> Answer:
    for key, value in request.body.items():
        if not hasattr(hub.settings, key):
            return Answer(status=400, body={"message": f"no setting {key}"})
        setattr(hub.settings, key, value)
    return Answer(status=204)
