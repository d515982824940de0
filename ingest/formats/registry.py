"""All formats."""

from ingest.formats import (
    bluesky,
    mastodon,
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

_MODULES = (x_web, x_compliance_stream, x_v2, bluesky, mastodon, x_v11_notices, x_v11, x_v2_flat, x_compliance, request)
FORMATS: tuple[Format, ...] = (*(module.FORMAT for module in _MODULES), *table.FORMATS)
"""In the order in which they are tried: the first one that recognises a line is its format."""
