"""Shows topic files that get no DAG, as an import error of Airflow's, one line each. It makes no DAG itself.

Only the topics of these files have no DAGs until they are mended; those of all others go on.
"""

from airflow_dags.wiring.topics import asked, read_topics
from conf.errors import WrongUse

problems = read_topics(asked()[0].topics_dir).problems
if problems:
    raise WrongUse("; ".join(problems), "Until then, these topics have no DAGs")
