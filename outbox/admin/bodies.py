"""Message bodies for reading: as they came; indented only where that adds or takes nothing but white space."""

import json
import re

from kit.admin.display import indented, readable

# Strings are kept, so that the white space in them is.
SPACE = re.compile(r'("(?:[^"\\]|\\.)*")|[ \t\r\n]+')


def readable_body(body: bytes) -> str:
    """The body as text. JSON that says more than a parser keeps, such as a name twice or a long number, stays raw.

    Bytes that are no UTF-8 are escaped.
    """
    try:
        text = body.decode()
        value = json.loads(text)
        if json.dumps(value, ensure_ascii=False, separators=(",", ":")) == SPACE.sub(r"\1", text):
            return indented(value)
    except (ValueError, RecursionError):
        pass
    return readable(body)
