"""Digests: what shaped a result, as twelve characters that are the same wherever it was the same."""

import hashlib
import json
from typing import Any

LENGTH = 12
"""Hexadecimal digits: 48 bits, so that two of a thousand methods share a digest once in 500 million cases."""


def digest(*parts: Any) -> str:
    """A digest of values that JSON can write; the order counts."""
    text = json.dumps(parts, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:LENGTH]
