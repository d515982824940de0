"""Digests: twelve characters that stand for all that shaped a result; the same values have the same digest."""

import hashlib
import json
from typing import Any

LENGTH = 12
"""Hexadecimal digits, so 48 bits: the chance that two of a thousand methods share a digest is 1 in 500 million."""


def digest(*parts: Any) -> str:
    """Returns the digest of values that JSON can write; their order counts. Raises TypeError for other values."""
    text = json.dumps(parts, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:LENGTH]
