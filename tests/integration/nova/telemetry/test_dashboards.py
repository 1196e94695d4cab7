"""Dashboards: Grafana finds them, and what they ask for is there."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.test import Client

from tests.integration.nova.telemetry.test_alerts import metrics_of, needs_promtool, promtool

ROOT = Path(__file__).parents[4]
GRAFANA = ROOT / "deploy" / "grafana"
DASHBOARDS = sorted(GRAFANA.glob("dashboards/*.json"))
SUFFIX = re.compile(r"_(?:bucket|sum|count)$")


def expressions(dashboard: Path) -> list[str]:
    described = json.loads(dashboard.read_text())
    asked = [target["expr"] for panel in described["panels"] for target in panel["targets"]]
    return [one.replace("$__rate_interval", "5m").replace("$saga_type", ".*") for one in asked]


def metrics_in(dashboard: Path) -> set[str]:
    """The metrics that a dashboard asks for; a histogram by its own name."""
    names = {SUFFIX.sub("", name) for expression in expressions(dashboard) for name in metrics_of(expression)}
    variables = json.loads(dashboard.read_text())["templating"]["list"]
    return names | {name for one in variables for name in re.findall(r"label_values\((\w+),", one["definition"])}


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda path: path.stem)
def test_the_metrics_of_a_dashboard_are_exported(db: None, dashboard: Path) -> None:
    page = Client().get("/metrics").content.decode()

    exported = {line.split()[2] for line in page.splitlines() if line.startswith("# TYPE ")}
    assert metrics_in(dashboard) <= exported


def test_sagas_are_shown_whole() -> None:
    assert metrics_in(GRAFANA / "dashboards" / "nova-sagas.json") == {
        *("sagas_open", "sagas_started_total", "sagas_ended_total", "sagas_stuck_total"),
        *("saga_duration", "saga_transitions_total", "saga_events_ignored_total"),
        *("saga_timer_lateness_seconds", "saga_timers_overdue_seconds"),
    }


@needs_promtool
@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda path: path.stem)
def test_prometheus_understands_what_a_dashboard_asks(tmp_path: Path, dashboard: Path) -> None:
    rules = [{"record": f"panel:{place}", "expr": one} for place, one in enumerate(expressions(dashboard))]
    path = tmp_path / "rules.yml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))

    checked = promtool("check", "rules", path)

    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert f"{len(rules)} rules found" in checked.stdout


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda path: path.stem)
def test_every_panel_asks_the_source_that_is_provisioned(dashboard: Path) -> None:
    (source,) = yaml.safe_load((GRAFANA / "provisioning/datasources/prometheus.yml").read_text())["datasources"]
    described = json.loads(dashboard.read_text())
    panels: list[dict[str, Any]] = described["panels"]

    assert {panel["datasource"]["uid"] for panel in panels} == {source["uid"]}
    assert described["uid"] == dashboard.stem
    # Side by side, none over another.
    places = [(x, y) for panel in panels for x, y in _cells(panel["gridPos"])]
    assert len(places) == len(set(places))


def test_grafana_is_given_them_and_changes_nothing() -> None:
    grafana = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]["grafana"]
    mounted = {
        target: source for source, target, mode in (one.split(":") for one in grafana["volumes"]) if mode == "ro"
    }
    (provider,) = yaml.safe_load((GRAFANA / "provisioning/dashboards/nova.yml").read_text())["providers"]

    assert (ROOT / mounted[provider["options"]["path"]]).resolve() == GRAFANA / "dashboards"
    assert (ROOT / mounted["/etc/grafana/provisioning"]).resolve() == GRAFANA / "provisioning"
    assert not provider["allowUiUpdates"]
    assert grafana["environment"]["GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION"] == "true"
    assert "ports" not in grafana


def _cells(place: dict[str, int]) -> list[tuple[int, int]]:
    rows, columns = range(place["y"], place["y"] + place["h"]), range(place["x"], place["x"] + place["w"])
    return [(x, y) for x in columns for y in rows]
