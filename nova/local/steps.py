"""Start-up steps: what is done once, or once more without effect, so that the programs can run."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from django.core.management import get_commands

from nova.local.credentials import Credentials
from nova.local.display import Display
from nova.local.processes import programs
from nova.local.processes.parallel import run_all
from nova.local.processes.process import run_to_end


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """Runs Python programs that do one thing and end, each with a line on the display and a log."""

    directory: Path
    environment: Mapping[str, str]
    display: Display

    def run(self, name: str, arguments: tuple[str, ...], *, capture: bool = False, **environment: str) -> str:
        """One step; its standard output, if captured.

        Raises:
            StartFailedError: with the end of its log.
        """
        self.display.show(name, "running")
        spec = programs.step_spec(
            name, arguments, directory=self.directory, environment={**self.environment, **environment}
        )
        output = run_to_end(spec, capture=capture)
        self.display.show(name, None)
        return output

    def run_together(self, **steps: tuple[str, ...]) -> None:
        """Several steps side by side."""
        for _ in run_all([partial(self.run, name, arguments) for name, arguments in steps.items()], at_once=len(steps)):
            pass

    def ensure_access(self, credentials: Credentials, *, database: str) -> str:
        """The API token for a database; when there is none yet, it and the operator's account are created."""
        if token := credentials.api_tokens.get(database):
            return token
        self.run("account", programs.ACCOUNT, DJANGO_SUPERUSER_PASSWORD=credentials.admin_password)
        token = self.run("token", programs.TOKEN, capture=True).split()[-1]
        credentials.with_token(database, token).save(self.directory)
        return token

    def load_demo_data(self, *, wanted: bool) -> None:
        """Demonstration data for a new data directory."""
        decided = self.directory / "demo-data-decided"
        if decided.exists():
            return
        if wanted and "seed_demo" in get_commands():
            self.run("demo data", programs.DEMO_DATA)
        decided.touch()
