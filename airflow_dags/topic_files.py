"""Shows topic files that get no DAG, as an import error of Airflow's, one line each. It makes no DAG itself.

Only the topics of these files have no DAGs until they are mended; those of all others go on. A vote of an unknown topic
is shown here, too.
"""

from airflow_dags.wiring.topics import asked, read_topics, unknown_votes
from conf.errors import WrongUse

problems, votes = read_topics(asked()[0].topics_dir).problems, unknown_votes(*asked())
if problems or votes:
    raise WrongUse("; ".join([*votes, *problems]), "Until then, these topics have no DAGs" if problems else "")
