"""How does the web server of the benchmarks run? Nova as it is, with a bare view beside it."""

from nova.settings.test import *  # noqa: F403

ROOT_URLCONF = "benchmarks.urls"
# A benchmark calls as fast as it can.
NOVA_API_RATE = "1000000/s"
