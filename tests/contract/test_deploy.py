"""The examples in deploy/: files that a person takes as they are, so they must at least be sound."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
MANIFEST = DEPLOY / "spark" / "hunt.yaml"


@pytest.fixture(scope="module")
def objects() -> dict[str, Any]:
    yaml = pytest.importorskip("yaml")
    found = list(yaml.safe_load_all(MANIFEST.read_text(encoding="utf-8")))
    assert len({each["kind"] for each in found}) == len(found)
    return {each["kind"]: each for each in found}


def test_manifests_are_of_the_schema_of_kubernetes(objects: dict[str, Any]) -> None:
    kubernetes = pytest.importorskip("kubernetes_validate", reason="pip install kubernetes-validate")
    for each in objects.values():
        kubernetes.validate(each, "1.30", strict=True)


def test_parts_of_the_manifest_fit_one_another(objects: dict[str, Any]) -> None:
    template = objects["CronJob"]["spec"]["jobTemplate"]["spec"]["template"]
    (driver,) = template["spec"]["containers"]
    (command,) = driver["args"]
    account = objects["ServiceAccount"]["metadata"]["name"]
    assert template["spec"]["serviceAccountName"] == account
    assert objects["RoleBinding"]["subjects"] == [{"kind": "ServiceAccount", "name": account}]
    assert objects["RoleBinding"]["roleRef"]["name"] == objects["Role"]["metadata"]["name"]
    service = objects["Service"]
    assert service["spec"]["selector"].items() <= template["metadata"]["labels"].items()
    assert f'spark.driver.host="{service["metadata"]["name"]}.$NAMESPACE.svc"' in command
    assert {str(port["port"]) for port in service["spec"]["ports"]} == set(
        re.findall(r"\.port=(\d+)", command)
    )
    assert f"container.image={driver['image']}" in command
    assert {each["mountPath"] for each in driver["volumeMounts"]} == {"/index", "/etc/tocsin"}
    assert [*objects["ConfigMap"]["data"]] == ["executor.yaml"]
    assert "podTemplateFile=/etc/tocsin/executor.yaml" in command
    # driver and executors take the same credentials
    given = {
        each["name"]: ":".join(each["valueFrom"]["secretKeyRef"][name] for name in ("name", "key"))
        for each in driver["env"]
        if "secretKeyRef" in each["valueFrom"]
    }
    assert given == dict(re.findall(r"executor\.secretKeyRef\.(\w+)=(\S+)", command))
    assert {each["name"] for each in driver["volumeMounts"]} == {
        each["name"] for each in template["spec"]["volumes"]
    }
    assert "/index/tocsin.index" in command
    assert "/opt/tocsin/hunt.py" in (DEPLOY / "spark" / "Containerfile").read_text(encoding="utf-8")


def test_pods_are_restricted(objects: dict[str, Any]) -> None:
    """As the Pod Security Standard `restricted` asks, which clusters may enforce."""
    yaml = pytest.importorskip("yaml")
    driver = objects["CronJob"]["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    executor = yaml.safe_load(objects["ConfigMap"]["data"]["executor.yaml"])["spec"]
    for pod in (driver, executor):
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["runAsUser"] > 0
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        for each in pod["containers"]:
            assert each["securityContext"]["allowPrivilegeEscalation"] is False
            assert each["securityContext"]["capabilities"] == {"drop": ["ALL"]}


def test_the_job_calls_what_there_is() -> None:
    from tocsin.lake import spark

    tree = ast.parse((DEPLOY / "spark" / "hunt.py").read_text(encoding="utf-8"))
    called = {
        node.func.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "spark"
    }
    assert called == {"ship", "placed", "hits"}
    assert all(callable(getattr(spark, name)) for name in called)


def test_spark_is_of_one_version() -> None:
    lock = (DEPLOY.parent / "uv.lock").read_text(encoding="utf-8")
    version = re.search(r'name = "pyspark"\nversion = "([\d.]+)"', lock)
    assert version is not None
    assert f"ARG SPARK_VERSION={version[1]}\n" in (DEPLOY / "spark" / "Containerfile").read_text(
        encoding="utf-8"
    )
    assert f"pyspark=={version[1]} " in (DEPLOY.parent / "Makefile").read_text(encoding="utf-8")
