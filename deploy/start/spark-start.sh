# conf/spark-env.sh sources this file in bin/spark-class, so what it sets are that script's arguments and variables.
# On this machine it puts the class path and the class-data archive of `make setup` (deploy/start/archive.py) before
# Spark's own class path. Everything else, such as a cluster or packages of the user's own, starts as Spark starts it.
# It needs $pulso_root. It must work in bash 3.2, and be done within some milliseconds.

pulso_find_settings() { # PULSO_HOME and PULSO_KEYSPACE, from the environment or .env; a home that is not set is empty
  local line home="" keyspace=""
  if [ -f .env ]; then
    while read -r line || [ -n "$line" ]; do
      case "$line" in
        PULSO_HOME=*) home="${line#*=}" ;;
        PULSO_KEYSPACE=*) keyspace="${line#*=}" ;;
      esac
    done <.env
  fi
  home="${home#[\"\']}" keyspace="${keyspace#[\"\']}"
  pulso_home="${PULSO_HOME:-${home%[\"\']}}"
  pulso_home="${pulso_home/#\~/$HOME}"
  pulso_keyspace="${PULSO_KEYSPACE:-${keyspace%[\"\']}}"
  pulso_keyspace="${pulso_keyspace:-pulso}"
}

pulso_find() { # FILE of the folder `spark` in PULSO_HOME, else in the project's: prints its path
  local home
  for home in "$pulso_home" "$pulso_root/.pulso"; do
    if [ -n "$home" ] && [ -f "$home/spark/$1" ]; then
      echo "$home/spark/$1"
      return 0
    fi
  done
  return 1
}

pulso_read_run() { # ARGUMENTS…: has the run a local master, and the packages and class path of conf/spark-defaults.conf?
  local argument before="" master="" asked="" packages="" topic="" from="" to="" key value
  pulso_mode=client pulso_driver_python="${PYSPARK_DRIVER_PYTHON:-}"
  pulso_plain=yes pulso_options="$*"
  if [ -f "$SPARK_CONF_DIR/spark-defaults.conf" ]; then
    while IFS=$' \t:=' read -r key value || [ -n "$key" ]; do
      case "$key" in
        spark.master) master="$value" ;;
        spark.submit.deployMode) pulso_mode="$value" ;;
        spark.pyspark.driver.python) pulso_driver_python=given ;;
        spark.jars.packages) packages="$value" ;;
        spark.jars* | spark.driver.extraClassPath | spark.remote) pulso_plain="" ;;
        spark.driver.*JavaOptions) pulso_options="$pulso_options $value" ;;
      esac
    done <"$SPARK_CONF_DIR/spark-defaults.conf"
  fi
  for argument in "$@"; do
    case "$before" in
      --master) argument="--master=$argument" ;;
      --conf | -c) argument="--conf=$argument" ;;
      --topic | --from | --to | --deploy-mode) argument="$before=$argument" ;;
    esac
    case "$argument" in
      --master=*) master="${argument#--master=}" asked=yes ;;
      --deploy-mode=*) pulso_mode="${argument#--deploy-mode=}" ;;
      --conf=spark.submit.deployMode=*) pulso_mode="${argument#--conf=spark.submit.deployMode=}" ;;
      --conf=spark.pyspark.driver.python=*) pulso_driver_python=given ;;
      --conf=spark.master=*) if [ -z "$asked" ]; then master="${argument#--conf=spark.master=}"; fi ;;
      --conf=spark.jars* | --conf=spark.driver.extraClassPath=* | --conf=spark.remote=*) pulso_plain="" ;;
      --packages* | --jars* | --driver-class-path* | --properties-file* | --remote*) pulso_plain="" ;;
      --exclude-packages* | --repositories*) pulso_plain="" ;;
      --topic=*) topic="${argument#--topic=}" ;;
      --from=*) from="${argument#--from=}" ;;
      --to=*) to="${argument#--to=}" ;;
    esac
    before="$argument"
  done
  [ "$packages" = "${pulso_packages:-}" ] || pulso_plain=""
  if pulso_is_local "$master"; then pulso_local=yes; else pulso_local="" pulso_plain=""; fi
  pulso_small="" pulso_tiny="" pulso_topic="$topic"
  if [ -n "$pulso_local" ] && pulso_is_small "$topic" "$from" "$to"; then pulso_small=yes; fi
}

pulso_is_small() { # TOPIC FROM TO: does the window have few posts, by the last job over the topic? Unknown: is it a day?
  local first last file posts
  first="$(pulso_hour_of "$2")" && last="$(pulso_hour_of "$3")" || return 1
  case "$1" in "" | *[!A-Za-z0-9_-]*) return 1 ;; esac
  case "$pulso_keyspace" in *[!a-z0-9_]*) return 1 ;; esac
  if file="$(pulso_find "posts-a-day/$pulso_keyspace.$1")" && read -r posts <"$file" && [ "$posts" -ge 0 ] 2>/dev/null; then
    posts=$((posts * (last - first) / 24))
    if [ "$posts" -le 5000 ]; then pulso_tiny=yes; fi
    [ "$posts" -le 200000 ]
  else
    [ $((last - first)) -le 47 ] # a day in any time zone
  fi
}

pulso_hour_of() { # DATE, or a time that begins with one: prints the number of its hour, as calendars count them
  local year month day hour=0
  case "$1" in
    [0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]) ;;
    [0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9][T\ ][0-9][0-9]*) hour=$((10#${1:11:2})) ;;
    *) return 1 ;;
  esac
  year=$((10#${1:0:4})) month=$((10#${1:5:2})) day=$((10#${1:8:2}))
  if [ "$month" -lt 3 ]; then year=$((year - 1)) month=$((month + 12)); fi # so that a leap day is the last of its year
  echo $((24 * (365 * year + year / 4 - year / 100 + year / 400 + (153 * month - 457) / 5 + day) + hour))
}

pulso_is_local() { # MASTER: is it this one process?
  case "$1" in local | local\[*) return 0 ;; *) return 1 ;; esac
}

pulso_is_whole() { # are this Java and this Spark those of the stamp, and all jars there and unchanged?
  local jar java
  if [ -n "${JAVA_HOME:-}" ]; then java="$JAVA_HOME/bin/java"; else java="$(command -v java)"; fi
  [ -n "${pulso_java:-}" ] && [ "$java" -ef "$pulso_java" ] && [ "$SPARK_HOME" -ef "$pulso_spark_home" ] || return 1
  local IFS=:
  for jar in $pulso_class_path; do
    if [ ! -f "$jar" ] || [ "$jar" -nt "$pulso_stamp" ]; then return 1; fi
  done
}

pulso_has_archive() { # is the archive whole? Java crashes if the end of one is missing
  [ -f "$pulso_archive" ] && [ "$(wc -c <"$pulso_archive")" -eq "$pulso_archive_size" ] || return 1
  [ -z "$pulso_base" ] && return 0 # Java's own classes are in Java's own archive
  [ -f "$pulso_base" ] && [ "$(wc -c <"$pulso_base")" -eq "$pulso_base_size" ]
}

pulso_use_archive() {
  # Java ignores an archive that does not fit, and must not say so on stdout, which is the job's. Without the third and
  # fourth option, Java would map the archive at a random address, and so rewrite all of it at each start.
  SPARK_SUBMIT_OPTS="\"-XX:SharedArchiveFile=$pulso_archive\" -Xshare:auto -XX:+UnlockDiagnosticVMOptions\
 -XX:ArchiveRelocationMode=0 -Xlog:disable -Xlog:all=warning,cds*=off:stderr ${SPARK_SUBMIT_OPTS:-}"
}

pulso_tune_compiler() {
  # Java's second compiler (C2) takes most of a small job's CPU time, for code that runs too briefly to win it back. So
  # where there are few posts, there is only the first one, whose code then need not count its calls for the second. It
  # is faster up to about 200,000 posts; with 1,000,000 the second one wins by a third. There, with thresholds so many
  # times the defaults, it compiles a little less of what runs briefly; with 50 times, it came too late for what counts.
  # compiler.json names what it leaves alone in a job. Java would say on stdout, which is the job's, that it has read it.
  # The collector may take up to a twentieth of the time. With Java's own limit of a hundredth, it takes more and more
  # memory the longer a job runs.
  local times=2 options directives="$pulso_root/deploy/start/compiler.json"
  if [ -n "$pulso_small" ]; then
    options="-XX:TieredStopAtLevel=1"
  else
    options="-XX:Tier4InvocationThreshold=$((5000 * times)) -XX:Tier4MinInvocationThreshold=$((600 * times))"
    options="$options -XX:Tier4CompileThreshold=$((15000 * times)) -XX:Tier4BackEdgeThreshold=$((40000 * times))"
    if [ -n "$pulso_topic" ] && [ -r "$directives" ]; then # a server plans for hours, and Java needs the file to start
      options="$options -XX:+UnlockDiagnosticVMOptions \"-XX:CompilerDirectivesFile=$directives\" -XX:-DisplayVMOutput"
    fi
  fi
  case "${SPARK_SUBMIT_OPTS:-} ${JAVA_TOOL_OPTIONS:-} ${JDK_JAVA_OPTIONS:-} ${_JAVA_OPTIONS:-} $pulso_options" in
    *-XX:+Use*GC*) ;; # Java refuses to start with two collectors
    *) options="-XX:+UseParallelGC -XX:GCTimeRatio=19 $options" ;;
  esac
  SPARK_SUBMIT_OPTS="$options ${SPARK_SUBMIT_OPTS:-}"
}

pulso_part_pythons() { # on a cluster the path of the driver's Python means nothing to executors
  local own="$pulso_root/.venv/bin" python="${PYSPARK_PYTHON:-}" given="$pulso_driver_python"
  pulso_driver_python=""
  if [ -x "$own/python" ]; then
    if [ "${python%/*}" -ef "$own" ]; then unset PYSPARK_PYTHON; fi
    if [ -z "$given" ] && [ "$pulso_mode" = client ]; then pulso_driver_python="$own/python"; fi
  fi
}

pulso_hurry_launcher() { # bin/spark-class runs a short Java program that only prints the command to run
  local jar
  SPARK_LAUNCHER_OPTS="-XX:+IgnoreUnrecognizedVMOptions -XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
  for jar in "$SPARK_HOME"/jars/spark-launcher_*.jar; do
    case "$jar" in
      *[[:space:]*?[]*) ;; # the options are split at spaces
      *) SPARK_LAUNCHER_OPTS="$SPARK_LAUNCHER_OPTS -Xbootclasspath/a:$jar" ;; # else Java opens all 250 jars
    esac
  done
}

case "${0##*/} ${1:-}" in
  "spark-class org.apache.spark.deploy.SparkSubmit") pulso_first=2 ;; # the number of the first argument that is the user's
  "pyspark "*) pulso_first=1 ;;
  *) pulso_first=0 ;;
esac
if [ "$pulso_first" -gt 0 ]; then
  pulso_find_settings
  if pulso_stamp="$(pulso_find start.sh)"; then . "$pulso_stamp"; fi
  pulso_read_run "${@:$pulso_first}"
  if [ -n "$pulso_local" ]; then
    pulso_tune_compiler
    # Spark would let every machine that reaches this one see its web page and call it, without a login.
    export SPARK_LOCAL_IP="${SPARK_LOCAL_IP:-127.0.0.1}"
  else
    pulso_part_pythons
    if [ -n "$pulso_driver_python" ]; then # else spark.pyspark.python would be the driver's, too
      set -- "${@:1:$((pulso_first - 1))}" --conf "spark.pyspark.driver.python=$pulso_driver_python" "${@:$pulso_first}"
    fi
  fi
  if [ -n "$pulso_plain" ] && pulso_is_whole; then
    if pulso_has_archive; then pulso_use_archive; fi
    set -- "${@:1:$((pulso_first - 1))}" --conf "spark.driver.extraClassPath=$pulso_class_path" \
      --conf spark.jars.packages= "${@:$pulso_first}"
  fi
  if [ -n "$pulso_small" ]; then # Spark's web page takes a second to start, and such a job is gone before it is read
    set -- "${@:1:$((pulso_first - 1))}" --conf spark.ui.enabled=false "${@:$pulso_first}"
  fi
  if [ -n "$pulso_tiny" ]; then # for an hour's posts, to compile a plan takes longer than to interpret it; not for a day's
    set -- "${@:1:$((pulso_first - 1))}" --conf spark.sql.codegen.wholeStage=false \
      --conf spark.sql.codegen.factoryMode=NO_CODEGEN "${@:$pulso_first}"
  fi
fi
if [ -z "${SPARK_LAUNCHER_OPTS:-}" ]; then pulso_hurry_launcher; fi
unset -f pulso_find_settings pulso_find pulso_read_run pulso_is_local pulso_is_whole pulso_has_archive pulso_use_archive
unset -f pulso_part_pythons pulso_tune_compiler pulso_hurry_launcher pulso_is_small pulso_hour_of
unset pulso_first pulso_home pulso_keyspace pulso_local pulso_small pulso_plain pulso_options pulso_stamp pulso_java
unset pulso_tiny pulso_topic pulso_mode pulso_driver_python pulso_spark_home pulso_packages pulso_class_path pulso_archive pulso_archive_size
unset pulso_base pulso_base_size
