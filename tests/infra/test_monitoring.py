"""Alert rules and dashboard: promtool plays the rules, and every metric is one that the service has."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from prometheus_client import Metric

from wms.serving.metrics import Metrics
from workflows.files import ROOT

FOLDER = ROOT / "devops/k3s/monitoring"
RULES, DASHBOARD = FOLDER / "alerts.yaml", FOLDER / "dashboard.json"
NAME = re.compile(r"\bwms_[a-z_]+")


def promtool(*arguments: str | Path) -> str:
    program = shutil.which("promtool")
    if program is None:
        pytest.skip("promtool is missing: apt-get install prometheus")
    done = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def families() -> list[Metric]:
    return list(Metrics().registry.collect())


def known() -> set[str]:
    """The names of all samples, by the kind of their family: without labels some have none yet."""
    endings = {"counter": ("_total",), "histogram": ("_bucket", "_count", "_sum"), "gauge": ("",)}
    return {each.name + ending for each in families() for ending in endings[each.type]}


def expressions() -> dict[str, str]:
    rules = yaml.safe_load(RULES.read_text())["groups"][0]["rules"]
    found = {rule["alert"]: rule["expr"] for rule in rules}
    for panel in json.loads(DASHBOARD.read_text())["panels"]:
        for target in panel["targets"]:
            found[f"{panel['title']} {target['refId']}"] = target["expr"]
    return found


def test_promtool_knows_every_rule() -> None:
    assert "7 rules found" in promtool("check", "rules", "--lint-fatal", RULES)


def test_promtool_knows_the_configuration() -> None:
    promtool("check", "config", FOLDER / "prometheus.yaml")


def test_each_alert_fires_on_its_trouble_and_none_on_an_ordinary_day() -> None:
    promtool("test", "rules", FOLDER / "alerts.test.yaml")


def test_every_alert_is_played() -> None:
    played = (FOLDER / "alerts.test.yaml").read_text()
    rules = yaml.safe_load(RULES.read_text())["groups"][0]["rules"]
    assert [rule["alert"] for rule in rules if rule["alert"] not in played] == []
    assert all(rule["annotations"].keys() == {"summary", "action"} for rule in rules)


@pytest.mark.parametrize("where", expressions())
def test_every_metric_that_is_named_is_one_of_the_service(where: str) -> None:
    named = set(NAME.findall(expressions()[where]))
    assert named - known() == set()
    assert named or "up{" in expressions()[where]


def test_a_bucket_that_is_named_is_one_of_the_service() -> None:
    edges = {
        (sample.name, sample.labels["le"])
        for each in families()
        for sample in each.samples
        if "le" in sample.labels
    }
    named = {
        pair
        for text in expressions().values()
        for pair in re.findall(r'(wms_\w+_bucket)\{le="([\d.]+)"', text)
    }
    assert named == {("wms_coverage_bucket", "0.0003")}
    assert named <= edges


def test_every_metric_of_the_service_is_on_the_dashboard() -> None:
    shown = DASHBOARD.read_text()
    assert [each.name for each in families() if not re.search(rf"\b{each.name}(_|\b)", shown)] == []


def test_the_panels_of_the_dashboard_do_not_overlap() -> None:
    cells: set[tuple[int, int]] = set()
    for panel in json.loads(DASHBOARD.read_text())["panels"]:
        place = panel["gridPos"]
        own = {
            (place["x"] + column, place["y"] + row)
            for column in range(place["w"])
            for row in range(place["h"])
        }
        assert not own & cells, panel["title"]
        assert place["x"] + place["w"] <= 24
        cells |= own
