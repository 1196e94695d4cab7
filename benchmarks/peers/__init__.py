"""Peers: other libraries beside Nova on one server, doing the same work each in its own way (`make bench PEERS=1`)."""
