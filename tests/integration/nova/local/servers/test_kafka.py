"""Cluster id: a storage directory is formatted whatever id chance gives."""

import pytest

from nova.local.servers import kafka
from nova.local.servers.kafka import KafkaServer


@pytest.mark.parametrize("cluster_id", ["-B2tTJ8TQFeOjZ1eYcDAAA", "_B2tTJ8TQFeOjZ1eYcDAAA"])
def test_an_id_that_begins_like_an_option_is_taken(tmp_path, monkeypatch, cluster_id):
    monkeypatch.setattr(kafka, "new_cluster_id", lambda: cluster_id)
    server = KafkaServer(directory=tmp_path / "kafka", log=tmp_path / "kafka.log", port=9092, controller_port=9093)

    server.prepare()

    assert f"cluster.id={cluster_id}" in (tmp_path / "kafka/data/meta.properties").read_text()
