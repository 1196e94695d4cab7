"""Web server: uvicorn as Nova runs it. `python -m nova.server --port 8000`; it takes all of uvicorn's options."""

import sys

from uvicorn.main import main

OPTIONS = (
    "nova.asgi:application",
    *("--http", "nova.server.protocol:PatientProtocol"),
    *("--limit-concurrency", "2000"),
    *("--lifespan", "off"),
    "--no-access-log",
)

if __name__ == "__main__":
    main([*OPTIONS, *sys.argv[1:]], prog_name="nova.server")
