"""What `test_lake_on_spark` runs in a process of its own: a hunt in tables on Spark; prints hits and how often each worker opened the index."""

from __future__ import annotations

import json
import sys

from tocsin.lake import finder, spark


def main(master: str, index: str, tables: str, now: int) -> None:
    from pyspark.sql import SparkSession

    session = (
        SparkSession.builder.master(master)
        .config("spark.ui.enabled", "false")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.sql.files.maxPartitionBytes", "20000")  # several tasks a file
        .config("spark.sql.session.timeZone", "UTC")
        .getOrCreate()
    )
    session.sparkContext.setLogLevel("ERROR")
    shipped = spark.ship(session, index)
    table = session.read.parquet(tables)
    found = spark.hits(spark.placed(table), shipped, now=now)
    rows = json.loads(json.dumps([row.asDict() for row in found.collect()], default=str))

    def ask(batches):
        import os

        import pyarrow as pa
        from pyspark import SparkFiles

        for _ in batches:
            pass
        here = str(SparkFiles.getRootDirectory())
        yield pa.RecordBatch.from_pydict({"pid": [os.getpid()], "loads": [finder.loads()], "root": [here]})

    asked = table.select("uid").repartition(8).mapInArrow(ask, "pid long, loads long, root string").collect()
    sys.stdout.write(
        json.dumps(
            {
                "hits": rows,
                "partitions": table.rdd.getNumPartitions(),
                "workers": [[row.pid, row.loads, row.root] for row in asked],
            }
        )
        + "\n"
    )
    session.stop()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
