"""Everything that an environment on AWS needs, and what to do about each thing that is not there."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from wms.cloud.dump import REMEDY, missing_dump
from wms.core.cloud_ports import Host, LeaseStore, Sight
from wms.core.context import Environment
from wms.core.errors import WmsError
from wms.core.records.github_doctor import Row, Verdict, missing, ok, row, warning
from wms.core.records.infra_doctor import InfraDiagnosis
from wms.core.settings.infra import EXAMPLE_REPOSITORY, InfraSettings

OLD_IMAGE = timedelta(days=90)
"""Amazon Linux installs no updates by itself; a new image has them all, and there is one every few weeks."""

TERRAFORM = "https://developer.hashicorp.com/terraform/install"
AWS_CLI = "https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html"
PLUGIN = "https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-working-with-install-plugin.html"
PODMAN = "https://podman.io/docs/installation"
_PLUGIN_FILES = "https://s3.amazonaws.com/session-manager-downloads/plugin/latest"

INSTALL: Mapping[str, Mapping[str, str]] = {
    "terraform": {
        "debian": "wget -O- https://apt.releases.hashicorp.com/gpg | sudo gpg --dearmor -o "
        '/usr/share/keyrings/hashicorp.gpg && echo "deb [signed-by=/usr/share/keyrings/hashicorp.gpg] '
        'https://apt.releases.hashicorp.com $(. /etc/os-release && echo $VERSION_CODENAME) main" | sudo tee '
        "/etc/apt/sources.list.d/hashicorp.list && sudo apt-get update && sudo apt-get install terraform",
        "fedora": "sudo dnf config-manager addrepo --from-repofile="
        "https://rpm.releases.hashicorp.com/fedora/hashicorp.repo && sudo dnf install terraform",
        "macos": "brew install hashicorp/tap/terraform",
        "windows": "winget install Hashicorp.Terraform",
        "other": TERRAFORM,
    },
    "aws": {
        "debian": "curl -O https://awscli.amazonaws.com/awscli-exe-linux-x86_64.zip && unzip -q "
        "awscli-exe-linux-x86_64.zip && sudo ./aws/install",
        "fedora": "sudo dnf install awscli2",
        "macos": "brew install awscli",
        "windows": "winget install Amazon.AWSCLI",
        "other": AWS_CLI,
    },
    "session-manager-plugin": {
        "debian": f"curl -O {_PLUGIN_FILES}/ubuntu_64bit/session-manager-plugin.deb && sudo dpkg -i "
        "session-manager-plugin.deb",
        "fedora": f"sudo dnf install {_PLUGIN_FILES}/linux_64bit/session-manager-plugin.rpm",
        "macos": "brew install --cask session-manager-plugin",
        "windows": "winget install Amazon.SessionManagerPlugin",
        "other": PLUGIN,
    },
    "podman": {
        "debian": "sudo apt-get install podman",
        "fedora": "sudo dnf install podman",
        "macos": "brew install podman && podman machine init && podman machine start",
        "windows": "winget install RedHat.Podman",
        "other": PODMAN,
    },
}
"""What installs a program, by system; from the pages above."""

LEAST = {"terraform": (1, 11), "aws": (2,), "session-manager-plugin": (1,)}


def diagnose_environment(
    environment: Environment, sight: Sight, *, leases: LeaseStore, now: datetime
) -> InfraDiagnosis:
    """Look at everything; one thing that cannot be asked hides no other."""
    rows = [*_machine(sight), *_settings(environment.settings)]
    identity = _asked("account", "credentials", lambda: ok(environment.account.identity().arn))
    rows.append(identity)
    if identity.result == "ok":
        rows += [
            _asked("account", "state bucket", lambda: _state_bucket(sight)),
            _asked("account", "stack", lambda: _stack(sight)),
            _asked("account", "image of MLflow", lambda: _image(sight)),
            *_instance(environment, sight, now),
            _asked("node", "report", lambda: _report(environment)),
            _asked("node", "dump", lambda: _dump(leases, environment)),
        ]
    return InfraDiagnosis(environment=environment.name, rows=tuple(rows))


def _asked(area: str, name: str, question: Callable[[], Verdict]) -> Row:
    try:
        return row(area, name, question())
    except WmsError as error:
        return row(area, name, missing(str(error), error.remedy))


def _machine(sight: Sight) -> list[Row]:
    system = sight.system()
    rows = []
    for name, least in LEAST.items():
        version, wanted = sight.program(name), ".".join(map(str, least))
        if version is None:
            found = missing(f"not installed; {wanted} or newer is needed", INSTALL[name][system])
        elif tuple(map(int, re.findall(r"\d+", version))) < least:
            found = missing(f"{version}; {wanted} or newer is needed", INSTALL[name][system])
        else:
            found = ok(version)
        rows.append(row("machine", name, found))
    builders = [f"{name} {version}" for name in ("docker", "podman") if (version := sight.program(name))]
    found = (
        ok(", ".join(builders))
        if builders
        else warning(
            "neither is installed, so the image can be built only by the workflow Images",
            INSTALL["podman"][system],
        )
    )
    return [*rows, row("machine", "docker or podman", found)]


def _settings(settings: InfraSettings) -> list[Row]:
    fill_in = "wms infra bootstrap asks for it"
    repository, email = settings.github_repository, settings.alarm_email
    named = missing("the example OWNER/REPO", fill_in) if repository == EXAMPLE_REPOSITORY else ok(repository)
    told = ok(email) if email else warning("nobody is told what the month costs", fill_in)
    priced = (
        ok(f"{settings.instance_type}, {settings.price_usd_per_hour[settings.instance_type]} USD/h")
        if settings.instance_type in settings.price_usd_per_hour
        else missing(f"no price for {settings.instance_type}", "write it into price_usd_per_hour")
    )
    return [
        row("settings", "github_repository", named),
        row("settings", "alarm_email", told),
        row("settings", "instance_type", priced),
    ]


def _state_bucket(sight: Sight) -> Verdict:
    bucket = sight.state_bucket()
    return ok(bucket) if bucket else missing("not there", "wms infra bootstrap")


def _stack(sight: Sight) -> Verdict:
    outputs = sight.outputs()
    if "instance_id" not in outputs:
        return missing("not made", "wms infra apply")
    lacking = sorted({"session_document"} - outputs.keys())
    if lacking:
        return missing(f"of an earlier version: it has no {', '.join(lacking)}", "wms infra apply")
    return ok(f"instance {outputs['instance_id']}, way in {outputs['session_document']}")


def _image(sight: Sight) -> Verdict:
    where, stored = sight.image()
    return ok(where) if stored else missing(f"{where} is not there", "devops/containers/publish.sh mlflow")


def _instance(environment: Environment, sight: Sight, now: datetime) -> list[Row]:
    try:
        host = sight.host()
    except WmsError as error:
        return [row("instance", "state", missing(str(error), error.remedy))]
    if host is None:
        return [row("instance", "state", missing("there is none", "wms infra apply"))]
    wanted = environment.settings.instance_type
    state = (
        ok(f"{host.type}, {host.state}")
        if host.type == wanted
        else warning(f"{host.type}, but the settings say {wanted}", "wms infra apply")
    )
    return [
        row("instance", "state", state),
        row("instance", "system", _system(host, now)),
        row(
            "instance",
            "open ports",
            missing("; ".join(host.open_ports), "remove these rules: nothing needs an open port")
            if host.open_ports
            else ok("none"),
        ),
    ]


def _system(host: Host, now: datetime) -> Verdict:
    remedy = "wms infra apply --new-host (the data volume stays)"
    if host.image_made_at is None:
        return warning("its image is so old that Amazon does not show it any more", remedy)
    found = f"image of {host.image_made_at:%Y-%m-%d}"
    old = now - host.image_made_at > OLD_IMAGE
    return warning(f"{found}: without the security updates since", remedy) if old else ok(found)


def _report(environment: Environment) -> Verdict:
    report = environment.node.report()
    if report is None:
        return warning("the node has never booted to its report", "wms infra up")
    found = f"{report.stage} at {report.reported_at:%Y-%m-%d %H:%M} UTC"
    refused = "; ".join(f"{check.what}: {check.result}" for check in report.refused)
    if report.stage == "ready" and not refused:
        return ok(found)
    said = "; ".join(text for text in (found, report.why, refused) if text)
    return warning(said, "see `The node's report` in docs/runbook.md")


def _dump(leases: LeaseStore, environment: Environment) -> Verdict:
    report = environment.node.report()
    if report is None:
        return ok("none yet")
    late = missing_dump(leases.load()[0], report)
    if late:
        return warning(late, REMEDY)
    return ok(f"{report.dumped_at:%Y-%m-%d %H:%M} UTC" if report.dumped_at else "none yet")
