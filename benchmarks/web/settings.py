"""Settings of the benchmarks' web server: Nova as in production."""

from nova.settings import environment as env
from nova.settings.test import *  # noqa: F403

# As in production: requests share the connections of a pool.
DATABASES = {"default": env.database(env.text("DATABASE_URL"), pool_size=8)}
# A benchmark calls as fast as it can.
NOVA_API_RATE = "1000000/s"
