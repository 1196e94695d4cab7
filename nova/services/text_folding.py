"""Text folding: two texts are the same to somebody who searches when they fold to the same."""

import unicodedata


def fold(text: str) -> str:
    """The text without differences of case, of white space and of Unicode's compatibility forms (NFKC, case folding).

    It is done here and not in PostgreSQL, whose answer depends on the locale that its cluster was made with.
    """
    return " ".join(unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold()).split())
