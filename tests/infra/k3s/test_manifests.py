"""The manifests, rendered by the real kustomize: valid for Kubernetes, and within the project's rules."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest
import yaml

from infra.k3s.conftest import ROOT, render, run

FOLDERS = sorted(path.parent for path in ROOT.glob("infrastructure/*/kustomization.yaml"))
SERVE, MONITORING = ROOT / "devops/k3s/serve", ROOT / "devops/k3s/monitoring"
MIB = 2**20
T3_LARGE_MIB = 7_700
"""What Linux sees of a t3.large's 8 GiB."""


@pytest.fixture(scope="module", params=[*FOLDERS, MONITORING], ids=lambda folder: folder.name)
def manifests(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[dict]:
    """Everything that runs on the node: what an environment applies, and the service of a deployment.

    Of every environment as it is, and of the first one with monitoring turned on.
    """
    if request.param != MONITORING:
        return [*render(request.param), *render(SERVE)]
    folder = tmp_path_factory.mktemp("monitored")
    on = {
        "resources": [os.path.relpath(FOLDERS[0], folder)],
        "components": [os.path.relpath(MONITORING, folder)],
    }
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(on))
    return [*render(folder), *render(SERVE)]


def of_kind(manifests: list[dict], *kinds: str) -> list[dict]:
    return [each for each in manifests if each["kind"] in kinds]


def pods(manifests: list[dict]) -> list[dict]:
    return [each["spec"]["template"]["spec"] for each in of_kind(manifests, "Deployment", "StatefulSet")]


def named(manifests: list[dict], kind: str, name: str) -> dict:
    (found,) = [each for each in of_kind(manifests, kind) if each["metadata"]["name"] == name]
    return found


def containers(manifests: list[dict]) -> list[dict]:
    return [each for pod in pods(manifests) for each in [*pod["containers"], *pod.get("initContainers", [])]]


@pytest.mark.parametrize("version", ["1.33", "1.36"])
def test_kubernetes_knows_every_field(manifests: list[dict], version: str, tmp_path: Path) -> None:
    rendered = tmp_path / "rendered.yaml"
    rendered.write_text(yaml.safe_dump_all(manifests))
    run(Path(sys.executable).with_name("kubernetes-validate"), "-k", version, "--strict", rendered)


def test_an_environment_holds_no_resources_of_its_own() -> None:
    for folder in FOLDERS:
        settings = yaml.safe_load((folder / "kustomization.yaml").read_text())
        assert settings["resources"] == ["../../devops/k3s/base"], folder


def test_everything_lies_in_the_namespace_with_the_restricted_standard(manifests: list[dict]) -> None:
    for each in manifests:
        if each["kind"] not in {"Namespace", "PersistentVolume"}:
            assert each["metadata"]["namespace"] == "wms", each["metadata"]["name"]
    namespace = named(manifests, "Namespace", "wms")
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"


def test_no_pod_runs_as_root_or_shares_anything_of_the_host(manifests: list[dict]) -> None:
    for pod in pods(manifests):
        context = pod["securityContext"]
        assert context["runAsNonRoot"] is True
        assert context["runAsUser"] >= 999
        assert context["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod["automountServiceAccountToken"] is False
        assert not {"hostNetwork", "hostPID", "hostIPC"} & pod.keys()
        assert not [volume for volume in pod["volumes"] if "hostPath" in volume]


def test_no_container_can_gain_rights_or_write_its_own_files(manifests: list[dict]) -> None:
    for container in containers(manifests):
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }, container["name"]
        assert not [port for port in container.get("ports", []) if "hostPort" in port]


def test_every_image_is_pinned(manifests: list[dict]) -> None:
    for container in containers(manifests):
        image = container["image"]
        assert not image.endswith(":latest")
        if image.startswith("localhost/"):
            assert ":" in image.removeprefix("localhost/")
            assert container["imagePullPolicy"] == "Never"
        else:
            assert re.search(r":[^@/]+@sha256:[0-9a-f]{64}$", image), image


def test_every_container_has_requests_and_limits(manifests: list[dict]) -> None:
    for container in containers(manifests):
        for bound in ("requests", "limits"):
            assert container["resources"][bound].keys() >= {"cpu", "memory", "ephemeral-storage"}, container[
                "name"
            ]
    for pod in pods(manifests):
        for volume in pod["volumes"]:
            assert "emptyDir" not in volume or "sizeLimit" in volume["emptyDir"], volume["name"]


def test_every_server_has_its_three_probes(manifests: list[dict]) -> None:
    for workload in of_kind(manifests, "Deployment", "StatefulSet"):
        for container in workload["spec"]["template"]["spec"]["containers"]:
            assert container.keys() >= {"startupProbe", "readinessProbe", "livenessProbe"}, container["name"]


def test_no_service_opens_a_port_of_the_node(manifests: list[dict]) -> None:
    for service in of_kind(manifests, "Service"):
        assert service["spec"].get("type", "ClusterIP") == "ClusterIP"
        assert not {"externalIPs", "loadBalancerIP"} & service["spec"].keys()
    assert not of_kind(manifests, "Ingress")


def test_secrets_are_never_in_git(manifests: list[dict]) -> None:
    assert not of_kind(manifests, "Secret")
    for container in containers(manifests):
        for variable in container["env"]:
            if re.search("PASSWORD|SECRET|TOKEN", variable["name"]):
                assert "secretKeyRef" in variable["valueFrom"], variable["name"]


def test_the_network_denies_everything_first(manifests: list[dict]) -> None:
    spec = named(manifests, "NetworkPolicy", "default-deny")["spec"]
    assert spec == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


def test_the_database_is_reached_by_mlflow_alone_and_reaches_nothing(manifests: list[dict]) -> None:
    spec = named(manifests, "NetworkPolicy", "postgres")["spec"]
    mlflow = {"podSelector": {"matchLabels": {"app.kubernetes.io/name": "mlflow"}}}
    assert spec["ingress"] == [{"from": [mlflow], "ports": [{"protocol": "TCP", "port": 5432}]}]
    assert "egress" not in spec


def test_mlflow_goes_out_to_its_database_to_the_role_and_to_https(manifests: list[dict]) -> None:
    rules = named(manifests, "NetworkPolicy", "mlflow")["spec"]["egress"]
    assert [[port["port"] for port in rule["ports"]] for rule in rules] == [[5432], [80], [443]]
    assert {"10.0.0.0/8", "169.254.0.0/16"} <= set(rules[2]["to"][0]["ipBlock"]["except"])


@pytest.mark.parametrize("manifests", [MONITORING], indirect=True)
def test_prometheus_reaches_the_service_alone_and_is_reached_by_nobody(manifests: list[dict]) -> None:
    policies = {each["metadata"]["name"]: each["spec"] for each in of_kind(manifests, "NetworkPolicy")}
    (rule,) = policies["prometheus"]["egress"]
    assert rule["to"] == [{"podSelector": {"matchLabels": {"app.kubernetes.io/name": "serve"}}}]
    assert "ingress" not in policies["prometheus"]
    assert [port["port"] for port in rule["ports"]] == [8000]


def test_the_node_holds_all_limits_at_once(manifests: list[dict]) -> None:
    """The memory table of docs/runbook.md, as a sum: k3s and the system are set aside by its own settings."""
    settings = (ROOT / "devops/node/k3s-config.yaml").read_text()
    aside = sum(int(each) for each in re.findall(r"reserved=.*memory=(\d+)Mi", settings))
    limits = sum(memory(each["resources"]["limits"]["memory"]) for each in containers(manifests))
    (service,) = containers(render(SERVE))
    # A new version runs beside the one before until it is ready.
    surge = memory(service["resources"]["limits"]["memory"])
    later = 512
    assert aside + (limits + surge) // MIB + later <= T3_LARGE_MIB


def memory(quantity: str) -> int:
    number, unit = re.fullmatch(r"(\d+)(Mi|Gi)", quantity).groups()
    return int(number) * {"Mi": MIB, "Gi": 1024 * MIB}[unit]


def test_the_service_reaches_nothing_and_no_pod_reaches_it(manifests: list[dict]) -> None:
    spec = named(manifests, "NetworkPolicy", "serve")["spec"]
    assert spec["policyTypes"] == ["Ingress", "Egress"]
    assert not {"ingress", "egress"} & spec.keys()


def test_a_new_version_of_the_service_comes_beside_the_one_before(manifests: list[dict]) -> None:
    strategy = named(manifests, "Deployment", "serve")["spec"]["strategy"]
    assert strategy["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}


def test_the_service_only_reads_the_models(manifests: list[dict]) -> None:
    (container,) = containers(render(SERVE))
    (models,) = [each for each in container["volumeMounts"] if each["name"] == "models"]
    assert models == {"name": "models", "mountPath": "/models", "readOnly": True}


def test_the_program_on_the_node_fills_in_every_blank(manifests: list[dict]) -> None:
    rendered = yaml.safe_dump_all(render(SERVE))
    filled = rendered.replace("wms-serve:none", "").replace("model-none", "").replace("rollout-none", "")
    assert "none" in rendered
    assert "none" not in filled
    program = (ROOT / "devops/node/deploy").read_text()
    assert '"wms-serve:none"' in program
    assert '"model-none"' in program
    assert '"rollout-none"' in program


@pytest.mark.parametrize("name", ["mlflow", "serve"])
def test_the_proxy_on_the_node_goes_where_the_service_is(manifests: list[dict], name: str) -> None:
    service = named(manifests, "Service", name)
    unit = (ROOT / f"devops/node/systemd/wms-{name}.service").read_text()
    assert f" {service['spec']['clusterIP']}:{service['spec']['ports'][0]['port']}\n" in unit


def test_connections_of_all_workers_fit_into_the_database(manifests: list[dict]) -> None:
    (postgres,) = of_kind(manifests, "StatefulSet")
    mlflow = named(manifests, "Deployment", "mlflow")
    arguments = postgres["spec"]["template"]["spec"]["containers"][0]["args"]
    (allowed,) = [int(each.split("=")[1]) for each in arguments if each.startswith("max_connections=")]
    variables = {
        each["name"]: each.get("value") for each in mlflow["spec"]["template"]["spec"]["containers"][0]["env"]
    }
    entrypoint = (ROOT / "devops/containers/mlflow/entrypoint.sh").read_text()
    sizes = re.findall(r"_(?:POOL_SIZE|MAX_OVERFLOW):-(\d+)", entrypoint)
    assert len(sizes) == 2
    assert int(variables["WORKERS"]) * 3 * sum(map(int, sizes)) < allowed
