"""Spark's SQL parser, with a check before it: what a session may not say is refused before anything of it is resolved.

Spark calls this Python from its sessions (py4j). An error here refuses the statement, so what fails is closed.
"""

from collections.abc import Callable, Collection
from typing import Any

from py4j.protocol import Py4JJavaError
from pyspark.errors.exceptions.captured import CapturedException

from conf.errors import PulsoError, one_line
from readers.bi.statements import LISTS, MOST_NODES, NOTHING, Node, listed, refusal, refusal_of_text, views_in

_BETWEEN = "\x1f"
_NAMES = {
    "UnresolvedRelation": "multipartIdentifier",
    "UnresolvedTableOrView": "multipartIdentifier",
    "UnresolvedTable": "multipartIdentifier",
    "UnresolvedView": "multipartIdentifier",
    "UnresolvedNamespace": "multipartIdentifier",
    "SetNamespaceCommand": "namespace",
}
"""The kinds of plans that name a table or a database, and where they keep the name."""
_NO_ROWS = "SELECT '' AS key, '' AS value WHERE false"
OWN_OPTIONS = ("spark.sql.hive.version", "hive.")
"""Options that the Thrift Server itself sets in a session."""
Options = dict[str, str]


class Refused(Exception):
    """A statement that is not allowed. Its text is for the person who has sent it."""


class Rules:
    """What the parsers of all sessions have in common."""

    def __init__(self, views: Collection[str], refresh: Callable[[Collection[str]], None], options: Options) -> None:
        self.views, self.refresh, self.options = views, refresh, options

    def judged(self, text: str, parse: Callable[[str], Any]) -> Any:
        """Returns the plan of a statement, once its views are up to date. Raises Refused, or what the parser raises."""
        if why := refusal_of_text(text):
            raise Refused(why)
        java = parse(text)
        plan = node_of(java)
        if why := refusal(plan, self.views):
            raise Refused(why)
        if plan.kind in NOTHING:
            return parse(_NO_ROWS)
        if plan.kind in LISTS:
            pattern = java.pattern()
            return parse(listed(self.views, str(pattern.get()) if pattern.isDefined() else ""))
        if views := views_in(plan, self.views):
            try:
                self.refresh(views)
            except PulsoError as error:
                raise Refused(str(error)) from error
        return java

    def check_options(self, found: Options) -> None:
        """Raises Refused if somebody has given a session options of Spark's, by another way than a statement."""
        for name, value in found.items():
            if self.options.get(name) != value and not name.startswith(OWN_OPTIONS):
                raise Refused(f"a session can't set options, and this one has set {name[:100]}")


def node_of(java: Any) -> Node:
    """Returns a plan of Spark's as parts with kinds and names. Raises Refused if it has very many parts."""
    left = MOST_NODES

    def node(plan: Any) -> Node:
        nonlocal left
        left -= 1
        if left < 0:
            raise Refused(f"the statement has more than {MOST_NODES:,} parts")
        kind = str(plan.getClass().getSimpleName())
        inner = [node(part) for part in (*_all(plan.children()), *_all(plan.innerChildren()))]
        return Node(kind, _name(plan, kind), inner)

    return node(java)


def _name(plan: Any, kind: str) -> tuple[str, ...]:
    if kind == "SubqueryAlias":
        return (str(plan.alias()),)
    if kind not in _NAMES:
        return ()
    told = str(getattr(plan, _NAMES[kind])().mkString(_BETWEEN))
    return tuple(told.split(_BETWEEN)) if told else ()


def _all(found: Any) -> list[Any]:
    """Returns what a Scala sequence holds."""
    return [found.apply(index) for index in range(found.size())]


class CheckedParser:
    """A session's parser."""

    def __init__(self, gateway: Any, session: Any, parser: Any, rules: Rules) -> None:
        self._jvm, self._session, self._parser, self._rules = gateway.jvm, session, parser, rules
        self._no_places = gateway.new_array(gateway.jvm.java.lang.StackTraceElement, 0)
        self._options_checked = False

    def parsePlan(self, text: str) -> Any:  # noqa: N802 - Spark's name
        """Returns the plan of a statement."""
        try:
            if not self._options_checked:
                self._rules.check_options(options_of(self._session))
                self._options_checked = True
            return self._rules.judged(text, self._parser.parsePlan)
        except CapturedException as error:  # a mistake in the statement
            raise Py4JJavaError("", error._origin) from None
        except Py4JJavaError:
            raise
        except Exception as error:
            raise self._as_java(str(error) if isinstance(error, Refused) else one_line(error)) from None

    def _as_java(self, text: str) -> Py4JJavaError:
        """Returns an error as Java throws it, without the places in the code: programs show these to people."""
        error = self._jvm.java.lang.UnsupportedOperationException(text)
        error.setStackTrace(self._no_places)
        return Py4JJavaError("", error)

    def __getattr__(self, name: str) -> Any:
        """Returns what Spark's parser has under a name: it parses views, names and types, which Spark itself gives."""
        return getattr(self._parser, name)

    class Java:
        """What it is for Java."""

        implements = ("org.apache.spark.sql.catalyst.parser.ParserInterface",)


class ParserMaker:
    """What gives each new session its parser: a function of Scala's."""

    def __init__(self, gateway: Any, rules: Rules) -> None:
        self._gateway, self._rules = gateway, rules

    def apply(self, session: Any, parser: Any) -> CheckedParser:
        """Returns the parser of a session."""
        return CheckedParser(self._gateway, session, parser, self._rules)

    class Java:
        """What it is for Java."""

        implements = ("scala.Function2",)


def options_of(session: Any) -> Options:
    """Returns the options of a session, as Java has them."""
    told = str(session.conf().getAll().mkString(_BETWEEN))  # pairs such as (name,value)
    return dict(pair[1:-1].split(",", 1) for pair in told.split(_BETWEEN) if "," in pair)
