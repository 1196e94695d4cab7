"""Arguments of the projections' functions: `InvalidArgument` names the one that no call can be made with."""

from kit.arguments import Arguments
from projections.exceptions import InvalidArgument

arguments = Arguments(InvalidArgument)
