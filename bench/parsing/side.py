"""One side of the comparison: parses the lines of a file from split to row, as often as it is asked to.

It runs with the code of any commit, so it uses only what these have in common. It takes the file, a JSON object of
lines by format, as its argument. For each line `PASSES FORMAT` on stdin, it prints the CPU seconds of the passes, and
the number of posts of one pass. What its commit can't read is left out.
"""

import gc
import sys
import time
from contextlib import suppress
from pathlib import Path

import orjson

from conf.topic import parse_topic
from ingest.formats import Unit, parse, split
from ingest.formats.post import InvalidMessage
from ingest.write.rows import row_of

TOPIC = parse_topic("topic: bench\n", "bench")


def posts_of(lines: list[bytes]) -> int:
    """Splits the lines, parses each post, makes its row, and returns how many there are."""
    posts = 0
    for line in lines:
        for unit in split(line):
            if isinstance(unit, Unit):
                with suppress(InvalidMessage):
                    row_of(parse(unit.format, unit.payload), TOPIC)
                    posts += 1
    return posts


def main() -> None:
    """Answers each line of stdin."""
    told = orjson.loads(Path(sys.argv[1]).read_bytes())
    by_format = {name: [line.encode() for line in lines] for name, lines in told.items()}
    gc.freeze()
    for asked in sys.stdin:
        passes, _, name = asked.strip().partition(" ")
        gc.collect()
        began = time.process_time()
        for _ in range(int(passes)):
            posts = posts_of(by_format[name])
        print(time.process_time() - began, posts, flush=True)


if __name__ == "__main__":
    main()
