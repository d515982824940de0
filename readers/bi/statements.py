"""What a BI program may say: it may read the views, and ask which there are. Everything else is refused.

A statement is judged by its plan, as Spark's own parser has read it, before anything is resolved: at that moment, no
file has been opened and no function called. A kind of plan that is not named here is refused.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from readers.bi.views import DATABASE

LONGEST = 100_000
"""The most characters of a statement."""
MOST_NODES = 2_000
"""The most parts of a plan: judging each takes a moment."""
CATALOG = "spark_catalog"
QUERIES = frozenset(
    {
        *("Project", "Filter", "Aggregate", "Sort", "GlobalLimit", "LocalLimit", "Offset", "Distinct", "Union"),
        *("Intersect", "Except", "Join", "LateralJoin", "SubqueryAlias", "UnresolvedSubqueryColumnAliases"),
        *("UnresolvedWith", "OneRowRelation", "UnresolvedInlineTable", "UnresolvedHaving", "WithWindowDefinition"),
        *("Generate", "Sample", "Pivot", "UnresolvedHint"),
    }
)
"""What queries are made of, beside the tables that they read."""
QUESTIONS = frozenset(
    {
        *("ShowTables", "ShowViews", "ShowNamespaces", "ShowColumns", "ShowCreateTable", "ShowFunctions"),
        *("ShowCatalogsCommand", "ShowCurrentNamespaceCommand", "DescribeRelation", "DescribeColumn"),
    }
)
"""What asks which views and columns there are."""
NOTHING = frozenset({"SetCommand", "ResetCommand"})
"""What programs say when they connect. It changes nothing here, and is answered by no rows."""
LISTS = frozenset({"ShowTables", "ShowViews"})
RELATIONS = frozenset({"UnresolvedRelation", "UnresolvedTableOrView", "UnresolvedView", "UnresolvedTable"})
NAMESPACES = frozenset({"UnresolvedNamespace", "SetNamespaceCommand"})
ELSEWHERE = frozenset({"SetCatalogAndNamespace", "UnresolvedFunctionName", "UnresolvedAttribute"})
FUNCTIONS = ("reflect", "java_method", "input_file_name", "input_file_block_start", "input_file_block_length")
"""Functions that call Java, or tell where files are. They are taken out of Spark before the first session."""
READ_ONLY = "BI may only read the views"


@dataclass(frozen=True)
class Node:
    """A part of a plan: its kind, the name that it names, and the plans in it."""

    kind: str
    name: tuple[str, ...] = ()
    inner: Sequence["Node"] = field(default_factory=tuple)


def nodes(plan: Node) -> Iterator[Node]:
    """Yields all parts of a plan."""
    left = [plan]
    while left:
        node = left.pop()
        yield node
        left.extend(node.inner)


def refusal_of_text(text: str) -> str:
    """Returns why a statement is refused before it is parsed; empty if it is not."""
    if len(text) > LONGEST:
        return f"the statement has more than {LONGEST:,} characters"
    if "${" in text:  # Spark would put settings and variables of its environment there
        return "a statement can't have ${ in it. Write $' || '{ instead"
    return ""


def refusal(plan: Node, views: Collection[str]) -> str:
    """Returns why a plan is refused; empty if it is not. It may read `views`, and what it names itself by WITH."""
    parts = list(nodes(plan))
    named = {node.name[0].lower() for node in parts if node.kind == "SubqueryAlias" and len(node.name) == 1}
    if plan.kind in NOTHING:
        return ""
    for node in parts:
        if node.kind in RELATIONS:
            if not _is_view(node.name, views) and not (len(node.name) == 1 and node.name[0].lower() in named):
                return f"there is no view {'.'.join(node.name)[:100]}. SHOW TABLES lists them"
        elif node.kind in NAMESPACES:
            if node.name and node.name not in ((DATABASE,), (CATALOG, DATABASE), (CATALOG,)):
                return f"there is no database {'.'.join(node.name)[:100]}. The views are in {DATABASE}"
        elif node.kind not in QUERIES and node.kind not in QUESTIONS and node.kind not in ELSEWHERE:
            return f"{READ_ONLY} ({node.kind} is refused)"
    return ""


def _is_view(name: tuple[str, ...], views: Collection[str]) -> bool:
    *where, last = (part.lower() for part in name)
    return last in views and where in ([], [DATABASE], [CATALOG, DATABASE])


def listed(views: Collection[str], pattern: str) -> str:
    """Returns a query that lists views by a pattern of SHOW TABLES, such as `graph_*|cascades`; all without one.

    Spark names the database first, and Python's programs, which know Hive, take the first column for the view.
    """
    wanted = [part.strip().lower() for part in (pattern or "*").split("|")]
    names = sorted(name for name in views if any(fnmatchcase(name, part) for part in wanted))
    rows = ", ".join(f"('{name}', '{DATABASE}', false)" for name in names) or "('', '', false)"
    none = "" if names else " WHERE false"
    return f"SELECT * FROM VALUES {rows} AS views(tableName, namespace, isTemporary){none}"


def views_in(plan: Node, views: Collection[str]) -> list[str]:
    """Returns the views that a plan reads, sorted."""
    found = {node.name[-1].lower() for node in nodes(plan) if node.kind in RELATIONS and node.name}
    return sorted(name for name in found if name in views)
