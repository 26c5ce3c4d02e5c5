"""A hunt on Spark beside one on this machine: the same hits, and the index opened once by each worker."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import uuid
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tocsin.matching import Entry, Index, Indicator
from tocsin.matching.values import classify
from tocsin.matching.warninglists import Listed, Warninglists
from tocsin.node import index_release
from tocsin.node.catalogue import Catalogue, Source
from tocsin.node.hits import Options
from tocsin.node.hunt import Hunt
from tocsin.sharing.decision import clear
from tocsin.sharing.labels import label_for

ROOT = Path(__file__).resolve().parents[2]
SPARK = ROOT / ".tools" / "spark"
NOW = 1_795_996_800_000_000
LISTS = [
    Listed("resolvers", "cidr", (), ("192.0.2.64/28",)),
    Listed("sites", "hostname", (), ("shop.example",)),
]
VALUES = ["evil.example", "192.0.2.0/24", "shop.example", "d41d8cd98f00b204e9800998ecf8427e", "2001:db8::66"]


def _java() -> str | None:
    """Return where a Java runtime is: that of the machine, or the one that `make spark` brings."""
    own = SPARK / "java"
    if shutil.which("java"):
        return ""
    return str(own) if (own / "bin" / "java").exists() else None


pytestmark = [
    pytest.mark.skipif(
        not (SPARK / "pyspark").is_dir(), reason="Spark is not installed: `make spark` does that"
    ),
    pytest.mark.skipif(_java() is None, reason="there is no Java runtime: `make spark` installs one"),
]


def catalogue() -> Catalogue:
    source = Source("identity--a", "A", "TLP:GREEN", label_for((), owner="identity--a"), 1, uuid.UUID(int=1))
    entries = []
    for tag, text in enumerate(VALUES):
        value = classify(text)
        facts = {"valid_until": NOW - 10 * 86_400_000_000} if tag == 4 else {}
        entries.append(
            Entry(value.kind, value.text, Indicator(id=f"indicator--{tag}", name="n", tag=tag, **facts))
        )
    return Catalogue(
        Index.build(entries), [(source,)] * len(entries), len(entries), Counter(), {}, Warninglists(LISTS)
    )


@pytest.fixture
def tables(tmp_path):
    folder = tmp_path / "lake"
    folder.mkdir()
    for number in range(3):
        names = [f"host{n}.good.example" for n in range(4000)]
        for n in range(number, 4000, 97):
            names[n] = ("www.evil.example", "a.shop.example", "b\u00fccher.example")[n % 3]
        answers = [
            [f"192.0.2.{n % 256}"] if n % 50 == number else ["198.51.100.7", "2001:db8::66"][: n % 3]
            for n in range(4000)
        ]
        times = pa.array(
            [1_795_161_600_000_000 + n * 1_000_000 for n in range(4000)], pa.timestamp("us", tz="UTC")
        )
        table = pa.table(
            {
                "ts": times,
                "uid": [f"C{n}" for n in range(4000)],
                "id.orig_h": ["10.0.0.1"] * 4000,
                "query": names,
                "answers": answers,
            }
        )
        pq.write_table(table, folder / f"dns-{number}.parquet", row_group_size=500)
    return folder


@pytest.mark.parametrize(
    "master", ["local[2]", pytest.param("local-cluster[2,1,1024]", marks=pytest.mark.nightly)]
)
def test_hits_are_those_of_one_machine(tables, tmp_path, master):
    index = tmp_path / "tocsin.index"
    index_release.save(clear("identity--a", "match", (1,), 1).seal(catalogue()), LISTS, index)
    environ = {name: value for name, value in os.environ.items() if name != "SPARK_HOME"}
    environ |= {"PYTHONPATH": os.pathsep.join(map(str, (SPARK, ROOT / "src", ROOT / "tests")))}
    environ |= {
        "PYSPARK_PYTHON": sys.executable,
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_LOCAL_HOSTNAME": "localhost",
    }
    environ |= {"SPARK_HOME": str(SPARK / "pyspark")} | ({"JAVA_HOME": _java()} if _java() else {})
    job = [
        sys.executable,
        "-W",
        "ignore",
        str(ROOT / "tests" / "lake_job.py"),
        master,
        str(index),
        str(tables),
        str(NOW),
    ]
    done = subprocess.run(
        job, env=environ, cwd=tmp_path, capture_output=True, text=True, timeout=900, check=False
    )
    assert done.returncode == 0, done.stderr[-4000:]
    said = json.loads(done.stdout.splitlines()[-1])

    expected = [
        (
            hit.file,
            hit.line - 1,
            hit.field,
            hit.indicator.id,
            hit.wanted,
            hit.value,
            hit.raised,
            list(hit.flags),
        )
        for hit in Hunt(catalogue(), now=NOW, options=Options()).run([str(tables)])
    ]
    found = [
        (
            "/" + row["file"].removeprefix("file:").lstrip("/"),
            *(row[name] for name in ("row", "field", "indicator", "wanted", "value", "raised", "flags")),
        )
        for row in said["hits"]
    ]
    assert len(expected) > 1000
    assert sorted(found) == sorted(expected)
    assert {flag for *_, flags in found for flag in flags} >= {
        "warninglist:resolvers",
        "warninglist:sites",
        "after-valid",
    }
    assert all(row["at"].startswith("2026-11-20") for row in said["hits"])
    assert said["partitions"] > 3
    workers = {pid: loads for pid, loads, _ in said["workers"]}
    assert set(workers.values()) <= {0, 1}, "an index is opened once by a process, not for each task"
    assert 1 in workers.values()
