"""Odd posts of strangers: what one in a hundred of them costs a worker, beside the same good posts alone."""

from statistics import median

from bench import pulso
from bench.commands import python, run
from bench.corpus import check_stored
from bench.lab import TOPIC, Lab
from bench.results import Row, Section, verdict
from conf.errors import PulsoError
from ingest.queue.dead_letters import DeadLetters
from ingest.queue.envelope import Envelope
from ingest.queue.posts_queue import PostsQueue
from tests.support.mutations import odd_posts

TITLE = "a worker with one odd post in a hundred, against the same good posts alone"
TARGET = 0.9
EVERY = 100
SEED = 2016
KEYSPACE = "bench_odd"


def benchmark(lab: Lab) -> Section:
    """Queues good posts, once alone and once with odd ones among them, and times the worker; by turns."""
    own = lab.in_keyspace(KEYSPACE)
    posts = min(lab.plan.posts, pulso.MOST_QUEUED)
    odd = posts // EVERY
    start = median(pulso.start(own) for _ in range(3))
    seconds: dict[bool, list[float]] = {False: [], True: []}
    refused = 0
    lab.show("odd posts: warming up")
    _drained(own, posts, 0)
    for number in range(lab.plan.rounds):
        lab.show(f"odd posts, round {number + 1} of {lab.plan.rounds}")
        for with_odd in (False, True) if number % 2 else (True, False):
            took, letters = _drained(own, posts, odd if with_odd else 0)
            seconds[with_odd].append(took - start)
            refused = letters or refused
    # A worker that refuses nothing, or everything, has met no odd posts.
    if not 0 < refused < odd:
        raise PulsoError(f"{refused:,} of {odd:,} odd posts were refused")
    ratios = [alone / mixed for alone, mixed in zip(seconds[False], seconds[True], strict=True)]
    rows = [
        Row("`work --drain`, good posts alone, without the start", posts, seconds[False]),
        Row(f"the same posts, with {odd:,} odd ones among them", posts, seconds[True], ratios),
    ]
    text = [
        verdict("good posts a second, with odd ones among them over without:", median(ratios), TARGET),
        f"{refused:,} of {odd:,} odd posts were dead letters, the others were stored.",
    ]
    return Section(TITLE, rows, text)


def _drained(lab: Lab, posts: int, odd: int) -> tuple[float, int]:
    """Returns the seconds that a worker takes for the posts, and the number of dead letters. Good posts are all kept.

    The odd ones are spread evenly: they are put behind every EVERY-th post of the queue.
    """
    pulso.publish(lab, posts)
    queue = PostsQueue(lab.redis, lab.settings.stream)
    if odd:
        _spread(lab, queue, odd)
    took = run(lab, python("ingest", "work", "--drain")).seconds
    letters = DeadLetters(queue).count()
    check_stored(lab, posts, "Pulso's worker", others=odd - letters)
    return took, letters


def _spread(lab: Lab, queue: PostsQueue, odd: int) -> None:
    """Queues the messages anew, an odd one behind each EVERY of them."""
    entries = [fields for _, fields in lab.redis.xrange(queue.stream)]
    lab.redis.delete(queue.stream)
    queue.ensure_group()
    strange = list(odd_posts(odd, SEED))
    for start in range(0, len(entries), EVERY):
        pipeline = lab.redis.pipeline()
        for fields in entries[start : start + EVERY]:
            pipeline.xadd(queue.stream, fields)
        pipeline.execute()
        name, line = strange[start // EVERY]
        queue.add([Envelope(TOPIC, "x", name, line, f"odd:{start // EVERY}")])
