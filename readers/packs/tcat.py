"""The layout `tcat`: posts of X as DMI-TCAT's "Export all tweets" has them, as CSV.

The columns are those of https://github.com/digitalmethodsinitiative/dmi-tcat/blob/master/analysis/mod.export_tweets.php;
what Pulso does not keep is empty. A text that a spreadsheet would read as a formula has an apostrophe before it.
"""

import csv
import io
from collections.abc import Iterable
from typing import Any

from readers.output import FORMULA
from readers.packs.folder import NewPack
from readers.packs.layouts import Writer, utc
from readers.packs.twarc import NOT_OF_X, X

TCAT_FILE = "posts.csv"
COLUMNS = (
    *("id", "time", "created_at", "from_user_name", "text", "filter_level", "possibly_sensitive", "withheld_copyright"),
    *("withheld_scope", "truncated", "retweet_count", "favorite_count", "lang", "to_user_name"),
    "in_reply_to_status_id",
    *("quoted_status_id", "source", "location", "lat", "lng", "from_user_id", "from_user_realname"),
    *("from_user_verified", "from_user_description", "from_user_url", "from_user_profile_image_url"),
    *("from_user_utcoffset", "from_user_timezone", "from_user_lang", "from_user_tweetcount"),
    *("from_user_followercount", "from_user_friendcount", "from_user_favourites_count", "from_user_listed"),
    *("from_user_withheld_scope", "from_user_created_at", "urls", "urls_expanded", "urls_followed", "domains"),
    *("HTTP status code", "mentions", "hashtags"),
)
TIME = "%Y-%m-%d %H:%M:%S"


class TcatWriter(Writer):
    """A row for each post of X."""

    def __init__(self, pack: NewPack) -> None:
        super().__init__(pack)
        self._file, self._rows = self.opened(TCAT_FILE), 0
        self._write(COLUMNS)

    def add(self, row: Any, day: str) -> bool:
        """Writes a post of X."""
        if row.source != X:
            self.left_out[NOT_OF_X] += 1
            return False
        cells = cells_of(row)
        self._write([_cell(cells.get(name)) for name in COLUMNS])
        self._rows += 1
        self.pack.count(TCAT_FILE, self._rows)
        return True

    def _write(self, cells: Iterable[str]) -> None:
        text = io.StringIO()
        csv.writer(text).writerow(cells)
        self._file.write(text.getvalue().encode())


def cells_of(row: Any) -> dict[str, object]:
    """Returns the cells that are known of a post."""
    text = row.text or ""
    at, links = utc(row.event_at), "; ".join(row.urls or ())
    return {
        "id": row.post_id,
        "time": int(at.timestamp()),
        "created_at": f"{at:{TIME}}",
        "from_user_name": row.author,
        "text": f"RT @{row.retweet_of_author}: {text}" if row.retweet_of and row.retweet_of_author else text,
        "lang": row.lang,
        "to_user_name": row.reply_to_author,
        "in_reply_to_status_id": row.reply_to,
        "quoted_status_id": row.quote_of,
        "source": row.client,
        "location": row.place,
        "lat": row.lat,
        "lng": row.lon,
        "from_user_id": row.author_id,
        "from_user_followercount": row.author_followers,
        "from_user_friendcount": row.author_following,
        "from_user_created_at": row.author_created_at and f"{row.author_created_at:{TIME}}",
        "urls": links,
        "urls_expanded": links,
        "mentions": "; ".join(row.mentions or ()),
        "hashtags": "; ".join(row.hashtags or ()),
    }


def _cell(value: object) -> str:
    if value is None:
        return ""
    text = str(value)
    return f"'{text}" if isinstance(value, str) and text.startswith(FORMULA) else text
