"""What a run on AWS needs of a repository on GitHub, and whether its schedule runs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime

from wms.core.records.github_doctor import Row, Verdict, judged, missing, ok, row, unseen, warning
from wms.core.records.github_setup import Facts, Unseen

SESSION_KEYS = frozenset({"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"})
ROLE = re.compile(r"arn:aws[\w-]*:iam::\d{12}:role/.+")
IDLE_DAYS = 60
"""Without activity for so long, schedules of a public repository stop (docs.github.com, "Events that trigger
workflows", `schedule`)."""

NAME_ROLE = "wms github setup --environment ENVIRONMENT"


def aws(facts: Facts, environments: tuple[str, ...]) -> list[Row]:
    """The environment, the credentials and the region; one row where no environment is named."""
    if isinstance(facts.variables, Unseen):
        return [row("AWS", "environment", unseen(facts.variables))]
    variables = facts.variables
    environment = variables.get("WMS_ENVIRONMENT")
    if not environment:
        return [row("AWS", "environment", _without_environment(facts, variables))]
    role, region = variables.get("AWS_ROLE_ARN"), variables.get("AWS_REGION")
    if environment in environments:
        named = ok(environment)
    else:
        named = missing(f"no folder infrastructure/{environment}", f"name one of: {', '.join(environments)}")
    if region:
        placed = ok(region)
    else:
        placed = warning("not set, so us-east-1 is used", "wms github setup --variable AWS_REGION=us-east-1")
    return [
        row("AWS", "environment", named),
        judged("AWS", "credentials", facts.secrets, _keys)
        if role is None
        else row("AWS", "credentials", ok(role) if ROLE.fullmatch(role) else _no_role(role)),
        row("AWS", "region", placed),
    ]


def schedule(facts: Facts, now: datetime) -> Row:
    """Whether the scheduled workflow runs."""
    repository = facts.repository

    def verdict(variables: Mapping[str, str]) -> Verdict:
        if not variables.get("WMS_ENVIRONMENT"):
            return ok("nothing is scheduled without an environment")
        if repository["fork"]:
            return ok("off, as in every fork; the node's watchdog stops the node")
        idle = (now - datetime.fromisoformat(repository["pushed_at"])).days
        if not repository["private"] and idle >= IDLE_DAYS:
            found = f"no push for {idle} days; in a public repository it stops after {IDLE_DAYS}"
            return warning(found, "push something and enable infra.yml again")
        return ok("runs")

    return judged("schedule", "infra.yml", facts.variables, verdict)


def _without_environment(facts: Facts, variables: Mapping[str, str]) -> Verdict:
    keys = SESSION_KEYS & facts.secrets if isinstance(facts.secrets, frozenset) else frozenset()
    unused = sorted({name for name in variables if name.startswith("AWS_")} | keys)
    if unused:
        found = f"not named, so nothing uses {', '.join(unused)}"
        return warning(found, "wms github setup --environment dev")
    return ok("not named: everything runs on GitHub's runners")


def _keys(secrets: frozenset[str]) -> Verdict:
    lacking = sorted(SESSION_KEYS - secrets)
    if lacking:
        return missing(f"no role, and no session keys ({', '.join(lacking)})", NAME_ROLE)
    return ok("session keys, valid until the lab's session ends")


def _no_role(text: str) -> Verdict:
    return missing(f"{text} is not the ARN of a role", NAME_ROLE)
