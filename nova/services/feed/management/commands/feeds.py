"""`manage.py feeds direct-call`: see whether feeds are read from the content side, and decide it."""

import json
from typing import Any

import msgspec
from django.core.management.base import CommandParser

from kit.commands import OperatorCommand
from nova.services.feed.content_calls.switch import ACTIONS, content_call_state, decide


class Command(OperatorCommand):
    """`manage.py feeds direct-call status|enable|disable|reset`."""

    help = "See whether feeds are read from the content side, and decide it; no process is restarted."

    def add_arguments(self, parser: CommandParser) -> None:
        """One subcommand for what is decided, and one of it per verb."""
        subjects = parser.add_subparsers(dest="subject", required=True)
        calls = subjects.add_parser("direct-call", help="Where feeds read posts.")
        verbs = calls.add_subparsers(dest="verb", required=True)
        showing = verbs.add_parser("status", help="Show what holds, and who has decided it.")
        showing.add_argument("--json", action="store_true", help="As JSON.")
        for action in ACTIONS.values():
            acting = verbs.add_parser(action.verb, help=action.explanation, description=action.explanation)
            acting.add_argument("--reason", default="at the command line", help="Why; it is kept with what is done.")

    def handle(self, *, verb: str, **options: Any) -> None:
        """Do what the verb says."""
        if verb != "status":
            decide(verb, actor="manage.py", reason=options["reason"])
        state = content_call_state()
        if options.get("json"):
            self.stdout.write(json.dumps(msgspec.to_builtins(state), ensure_ascii=False))
            return
        because = f": {state.reason}" if state.reason else ""
        self.stdout.write(
            f"Direct calls are {'on' if state.enabled else 'off'} ({state.way}), by {state.decided_by}{because}"
        )
