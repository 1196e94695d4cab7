"""Argument checks of this app."""

from kit.arguments import Arguments
from sagas.exceptions import InvalidArgument

arguments = Arguments(InvalidArgument)
