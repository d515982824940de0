#!/usr/bin/env bash
# The command of Spark's pods in Pulso's image. Spark adds `driver OPTIONS…` or `executor`, and says the rest in
# variables: SPARK_JAVA_OPT_0, …_1 and so on are options of Java, in this order.
set -euo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
export SPARK_HOME="${SPARK_HOME:-"$root/.venv/lib/python3.11/site-packages/pyspark"}"

case "${1:-}" in
  driver)
    shift
    export SPARK_CONF_DIR="$root/conf" # its spark-env.sh; the settings are in the file that Spark names
    exec "$root/.venv/bin/spark-submit" --conf "spark.driver.bindAddress=$SPARK_DRIVER_BIND_ADDRESS" \
      --deploy-mode client "$@"
    ;;
  executor)
    options=()
    while IFS= read -r name; do
      options+=("${!name}")
    done < <(compgen -v SPARK_JAVA_OPT_ | sort -t _ -k 4n)
    java="$(cd "$root" && .venv/bin/python -m deploy java)"
    exec "$java" "${options[@]}" "-Xms$SPARK_EXECUTOR_MEMORY" "-Xmx$SPARK_EXECUTOR_MEMORY" \
      -cp "${SPARK_EXTRA_CLASSPATH:-}:$SPARK_HOME/jars/*" \
      org.apache.spark.scheduler.cluster.k8s.KubernetesExecutorBackend \
      --driver-url "$SPARK_DRIVER_URL" --executor-id "$SPARK_EXECUTOR_ID" --cores "$SPARK_EXECUTOR_CORES" \
      --app-id "$SPARK_APPLICATION_ID" --hostname "$SPARK_EXECUTOR_POD_IP" \
      --resourceProfileId "$SPARK_RESOURCE_PROFILE_ID" --podName "$SPARK_EXECUTOR_POD_NAME"
    ;;
  *)
    echo "error: pod.sh is started by Spark on Kubernetes, with driver or executor (docs/cluster.md)" >&2
    exit 2
    ;;
esac
