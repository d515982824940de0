"""`python -m bench.classic_worker fork|simple`: RQ's worker; it imports the job's module before it forks."""

import sys

import rq
from redis import Redis

from bench.classic_design import QUEUE
from conf.credentials import redis_url
from conf.settings import load_settings

KINDS = {"fork": rq.Worker, "simple": rq.SimpleWorker}


def main(kind: str) -> None:
    """Works until it gets a signal. `fork` is RQ's default worker; `simple` runs jobs in its own process."""
    KINDS[kind]([QUEUE], connection=Redis.from_url(redis_url(load_settings()))).work(logging_level="WARNING")


if __name__ == "__main__":
    main(*sys.argv[1:])
