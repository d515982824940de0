"""What Spark's pods run on Kubernetes, with programs that only print what they are given."""

import subprocess
from pathlib import Path

import pytest
import yaml

from conf import ROOT
from tests.support.programs import program

FOLDER = ROOT / "deploy" / "kubernetes"
SPARK = {
    "SPARK_EXECUTOR_MEMORY": "1g",
    "SPARK_DRIVER_URL": "spark://CoarseGrainedScheduler@driver:7078",
    "SPARK_EXECUTOR_ID": "3",
    "SPARK_EXECUTOR_CORES": "2",
    "SPARK_APPLICATION_ID": "spark-1",
    "SPARK_EXECUTOR_POD_IP": "10.1.2.3",
    "SPARK_RESOURCE_PROFILE_ID": "0",
    "SPARK_EXECUTOR_POD_NAME": "exec-3",
    "SPARK_DRIVER_BIND_ADDRESS": "10.1.2.4",
}
"""What Spark 3.5 says to its pods."""


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """A folder like that of the image."""
    script = tmp_path / "deploy" / "kubernetes" / "pod.sh"
    script.parent.mkdir(parents=True)
    script.write_bytes((FOLDER / "pod.sh").read_bytes())
    java = program(tmp_path / "java" / "bin", "java", 'printf "%s\\n" "$@"')
    program(tmp_path / ".venv" / "bin", "python", f"echo {java}")
    program(tmp_path / ".venv" / "bin", "spark-submit", 'printf "%s\\n" "$SPARK_CONF_DIR" "$@"')
    return tmp_path


def run(image: Path, *arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    command = ["bash", str(image / "deploy" / "kubernetes" / "pod.sh"), *arguments]
    environment = {"PATH": "/usr/bin:/bin", "SPARK_HOME": "/spark", **SPARK, **variables}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_an_executor_runs_sparks_program_with_the_options_in_order(image: Path) -> None:
    options = {f"SPARK_JAVA_OPT_{number}": f"-Dn={number} x" for number in range(11)}
    words = run(image, "executor", **options).stdout.splitlines()
    assert words[:11] == list(options.values())
    assert words[11:16] == [
        *("-Xms1g", "-Xmx1g", "-cp", ":/spark/jars/*"),
        "org.apache.spark.scheduler.cluster.k8s.KubernetesExecutorBackend",
    ]
    given = dict(zip(words[16::2], words[17::2], strict=True))
    assert given == {
        "--driver-url": SPARK["SPARK_DRIVER_URL"],
        "--executor-id": "3",
        "--cores": "2",
        "--app-id": "spark-1",
        "--hostname": "10.1.2.3",
        "--resourceProfileId": "0",
        "--podName": "exec-3",
    }


def test_a_driver_is_a_submit_within_the_pod(image: Path) -> None:
    words = run(image, "driver", "--properties-file", "/opt/spark/conf/spark.properties", "local:///x.py").stdout
    assert words.splitlines() == [
        *(f"{image}/conf", "--conf", "spark.driver.bindAddress=10.1.2.4", "--deploy-mode", "client"),
        *("--properties-file", "/opt/spark/conf/spark.properties", "local:///x.py"),
    ]


@pytest.mark.parametrize("arguments", [(), ("bash",)])
def test_who_runs_it_by_hand_is_told(image: Path, arguments: tuple[str, ...]) -> None:
    done = run(image, *arguments)
    assert (done.returncode, done.stderr.startswith("error: pod.sh is started by Spark")) == (2, True)


@pytest.mark.parametrize("name", ["driver", "executor"])
def test_pods_run_as_nobody_in_particular_and_executors_have_no_secret(name: str) -> None:
    pod = yaml.safe_load((FOLDER / f"{name}.yaml").read_text())["spec"]
    [container] = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert container["securityContext"] == {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    assert container["command"] == ["bash", "/opt/pulso/deploy/kubernetes/pod.sh"]
    if name == "executor":
        assert pod["automountServiceAccountToken"] is False
        assert "env" not in container
        assert "envFrom" not in container
