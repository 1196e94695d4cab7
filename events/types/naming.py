"""Event names: an event has happened, so the last word of its name has to be in the past tense."""

import re

# Participles that do not end in -ed, or in -eed like many a word that is none.
_IRREGULAR = """
agreed arisen awoken beaten become begun bent bet bid bled blown born borne bought bound bred broken brought built
burnt cast caught chosen come cut dealt decreed disagreed done drawn driven drunk eaten fallen fed felt forbidden
forecast foreseen forgiven forgotten fought found freed frozen given gone got gotten grown guaranteed had heard held
hidden hit hung hurt kept known laid lain learnt led left lent let lit lost made meant met mistaken outgrown overdone
overdrawn overheard overridden overrun overseen overtaken overthrown overwritten paid prepaid proven put quit read
rebought rebound rebuilt redone redrawn refereed remade repaid reread rerun resent reset resold retaken rethought
rewound rewritten ridden risen run rung said sat seen sent set sewn shaken shed shot shown shrunk shut sold sought
spelt spent split spoken spread spun stolen stood struck stuck sung sunk swept sworn swum swung taken taught thought
thrown told torn undergone understood undertaken undone unfrozen unsent unset upheld upset withdrawn withheld won worn
wound woven written
"""
IRREGULAR = frozenset(_IRREGULAR.split())
_REGULAR = re.compile(r"[a-z]{2,}ed")
_NO_PARTICIPLE = re.compile(r"[a-z]*eed|embed|sled|hundred|kindred|sacred|biped|moped")
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")


def is_past_tense(name: str) -> bool:
    """Whether the last word of the dotted name is a past participle: `order.paid`, `user.role_assigned`."""
    words = _WORD.findall(name.rpartition(".")[2])
    if not words:
        return False
    last = words[-1].lower()
    return last in IRREGULAR or bool(_REGULAR.fullmatch(last) and not _NO_PARTICIPLE.fullmatch(last))
