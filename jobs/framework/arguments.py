"""The arguments of the files in jobs/, and how a wrong one is told: in one line, as all other commands do."""

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from typing import NoReturn

from conf.nearest import did_you_mean
from jobs.framework.job import Job


class Parser(ArgumentParser):
    """A parser whose errors are one line, with exit code 2."""

    def parsed(self, argv: Sequence[str] | None = None) -> Namespace:
        """Returns what the arguments, by default those of this process, ask for; ends the process if one is wrong.

        An unknown option comes first: else what it was meant to be would be told as missing.
        """
        given = sys.argv[1:] if argv is None else list(argv)
        for name in (word.partition("=")[0] for word in given if word.startswith("--")):
            if name not in self._option_string_actions:
                options = [option for option in self._option_string_actions if option.startswith("--")]
                fix = did_you_mean(name, options, f"Options: {', '.join(options)}")
                self.error(f"no option {name}. {fix}")
        return self.parse_args(given)

    def error(self, message: str) -> NoReturn:
        """Tells what is wrong, and ends the process."""
        self.exit(2, f"error: {message} (see {self.prog} --help)\n")


def arg_parser(name: str) -> Parser:
    """Returns the parser of the arguments that every file in jobs/ takes."""
    parser = Parser(prog=f"spark-submit jobs/{name}.py", allow_abbrev=False)
    parser.add_argument("--topic", required=True, metavar="T", help="name of a file in conf/topics")
    parser.add_argument("--from", required=True, metavar="D", dest="start", help="date or ISO time, UTC, included")
    parser.add_argument("--to", required=True, metavar="D", dest="end", help="date or ISO time, UTC, excluded")
    parser.add_argument("--docs", action="store_true", help="build the data quality pages (Data Docs) of this run")
    parser.add_argument("-v", "--verbose", action="store_true", help="show tracebacks")
    return parser


def set_parser(name: str, jobs: Sequence[Job]) -> Parser:
    """Returns the parser of the arguments of a set of jobs."""
    parser = arg_parser(name)
    every = ",".join(job.name for job in jobs)
    parser.add_argument("--jobs", metavar="a,b", help=f"the jobs to run, in the order of this list: {every}")
    parser.add_argument(
        "--fitting", action="store_true", help="leave out those of --jobs that do not fit the topic or the window"
    )
    return parser
