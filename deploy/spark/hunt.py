"""Hunt in the tables of a data lake: spark-submit hunt.py INDEX TABLES HITS.

INDEX is a file on the driver (`tocsin index export`), TABLES a folder of Parquet, HITS a folder that does not exist yet.
"""

from __future__ import annotations

import sys

from pyspark.sql import SparkSession

from tocsin.lake import spark


def main(index: str, tables: str, hits: str) -> None:
    """Write the hits of an index in some tables."""
    session = SparkSession.builder.appName("tocsin-hunt").getOrCreate()
    shipped = spark.ship(session, index)
    table = spark.placed(session.read.parquet(tables))
    spark.hits(table, shipped).write.parquet(hits)
    session.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
