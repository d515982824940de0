"""All formats."""

from ingest.formats import (
    bluesky,
    mastodon,
    parsed,
    pulso,
    request,
    table,
    x_compliance,
    x_compliance_stream,
    x_v2,
    x_v2_flat,
    x_v11,
    x_v11_notices,
    x_web,
)
from ingest.formats.format import Format

_MODULES = (x_web, x_compliance_stream, x_v2, bluesky, mastodon, x_v11_notices, x_v11)
_OF_FEW_KEYS = (x_v2_flat, x_compliance, request)
"""These would recognise lines of packs, too, which have columns of the same names."""
FORMATS: tuple[Format, ...] = (
    *(module.FORMAT for module in _MODULES),
    *pulso.FORMATS,
    *(module.FORMAT for module in _OF_FEW_KEYS),
    *table.FORMATS,
    *parsed.FORMATS,
)
"""In the order in which they are tried: the first one that recognises a line is its format."""
