"""The production set runs the same programs as `up` does."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from nova.local.processes.programs import CONSUMER_GROUPS, PROGRAMS, STOP_TIMES, program_specs

ROOT = Path(__file__).parents[4]


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    described: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    return described


def test_each_program_has_a_service(services: dict[str, Any]) -> None:
    assert set(PROGRAMS) <= set(services)


def test_workers_host_the_same_loops(services: dict[str, Any]) -> None:
    assert f"--consumers={','.join(CONSUMER_GROUPS)}" in services["consumers"]["command"]
    assert "--runners=projections,sagas" in services["worker"]["command"]
    assert PROGRAMS["worker"][-2:] == ("--runners", "projections,sagas")


def test_each_program_is_granted_more_time_to_stop_than_it_takes(services: dict[str, Any]) -> None:
    granted = {name: float(services[name]["stop_grace_period"].removesuffix("s")) for name in PROGRAMS}
    assert set(STOP_TIMES) == set(PROGRAMS)
    assert {name for name in PROGRAMS if granted[name] <= STOP_TIMES[name]} == set()
    # As the first process of a container, a program would not hear of a signal that it has no handler for yet.
    assert all(services[name]["init"] for name in PROGRAMS)


def test_the_page_for_production_says_these_times() -> None:
    page = (ROOT / "docs" / "production.md").read_text()
    rows = re.findall(r"^\| ([a-z, ]+) \| (\d+) s[,| ]", page.partition("## Stopping")[2].partition("\n## ")[0], re.M)
    said = {name: float(seconds) for names, seconds in rows for name in names.split(", ")}
    assert said == STOP_TIMES


def test_so_it_is_by_up(tmp_path: Path) -> None:
    specs = program_specs(directory=tmp_path, port=1, environment={}, probe=lambda: None)
    assert {spec.name for spec in specs if spec.grace <= STOP_TIMES[spec.name]} == set()


def test_only_the_web_server_is_published_and_on_loopback_only(services: dict[str, Any]) -> None:
    published = {name: service["ports"] for name, service in services.items() if "ports" in service}
    assert published == {"web": ["127.0.0.1:8000:8000"]}


def test_each_broker_runs_alone_and_whoever_needs_one_waits_for_the_one_that_runs(services: dict[str, Any]) -> None:
    assert services["kafka"]["profiles"] == ["kafka"]
    assert services["rabbitmq"]["profiles"] == ["rabbitmq"]
    # Compose reads the profile from the same word that Nova reads the bus from.
    assert "\nNOVA_BUS=kafka\nCOMPOSE_PROFILES=${NOVA_BUS}\n" in (ROOT / "deploy" / "example.env").read_text()
    for name in ("migrate", *PROGRAMS):
        waits = services[name]["depends_on"]
        assert waits["kafka"] == waits["rabbitmq"] == {"condition": "service_healthy", "required": False}, name


def test_prometheus_scrapes_whatever_counts_inside_the_network(services: dict[str, Any]) -> None:
    prometheus = services["prometheus"]
    mounted = dict(volume.split(":")[:2] for volume in prometheus["volumes"])
    assert mounted["./deploy/alerts.yml"] == "/etc/prometheus/alerts.yml"
    assert mounted["./deploy/prometheus.yml"] == "/etc/prometheus/prometheus.yml"
    jobs = {
        job["job_name"]: job
        for job in yaml.safe_load((ROOT / "deploy" / "prometheus.yml").read_text())["scrape_configs"]
    }

    assert jobs["web"]["static_configs"] == [{"targets": ["web:8000"]}]
    (processes,) = jobs["processes"]["dns_sd_configs"]
    # Beat only asks others.
    assert set(processes["names"]) == set(PROGRAMS) - {"web", "beat"}
    for name in processes["names"]:
        assert services[name]["environment"]["NOVA_METRICS_PORT"] == str(processes["port"])
        assert services[name]["expose"] == [str(processes["port"])]


def test_no_secret_stands_in_the_file(services: dict[str, Any]) -> None:
    for name in ("SECRET_KEY", "POSTGRES_PASSWORD", "REDIS_PASSWORD"):
        assert f"${{{name}:?" in (ROOT / "docker-compose.yml").read_text()
        assert f"\n{name}=\n" in (ROOT / "deploy" / "example.env").read_text()
