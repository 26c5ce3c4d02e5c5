"""What a change of policies does: compared over every case, and counted over a million objects that a node holds for fifty organisations.

`ours` is the seconds of the whole of it, from the text of the policies to the counts and examples; `peer` those of counting all objects by label
set alone, as a query that one would write first does; `ratio` is ours to that.

    uv run python -m benchmarks.policy_impact [--rows 1000000] [--json]
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path

from benchmarks.decision_pages import SETS, fill
from tocsin.config import Settings
from tocsin.node import policy_changes
from tocsin.sharing.audience import Organisation
from tocsin.stix.markings import TLP, id_of
from tocsin.store import Store, labels, organisations

ROUNDS = 5
PEERS = 50
LIMIT = 2.0
POLICY = """@id("no-vendors-abroad") @title("Vendors in XB get nothing GREEN") @cite("us")
forbid (principal, action, resource)
when { principal.roles.contains("vendor") && principal.country == "XB" && resource.tlp == Tlp::"green" };
@id("no-energy") @title("No CLEAR to energy") @cite("us")
forbid (principal, action == Action::"receive", resource)
when { principal.sector == "energy" && resource.tlp == Tlp::"clear" };"""


def settle(store: Store) -> None:
    """Give the label sets TLP levels, and the node organisations of several kinds."""
    roles = ("vendor", "company", "csirt")
    with store.connection() as connection:
        for rank in range(SETS + 1):
            level = list(TLP)[rank % 3]
            connection.execute(
                "UPDATE label SET markings = %s, communities = %s WHERE id = (SELECT id FROM label ORDER BY id OFFSET %s LIMIT 1)",
                ([id_of(level)], [f"c{rank}"], rank),
            )
        for number in range(PEERS):
            made = Organisation(
                f"identity--00000000-0000-4000-9000-{number:012}",
                f"Peer {number}",
                "XB" if number % 2 else "XA",
                "energy" if number % 5 == 0 else "",
                (roles[number % 3],),
            )
            organisations.put(connection, made)
        labels.raise_generation(connection)


def main() -> None:
    """Run the benchmark; the last line is JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--json", action="store_true", help="only the JSON line")
    options = parser.parse_args()
    ours, peer = [], []
    with (
        tempfile.TemporaryDirectory() as folder,
        Store.open(Settings(home=Path(folder)), check=False) as store,
    ):
        fill(store, options.rows)
        settle(store)
        for _ in range(ROUNDS):
            began = time.perf_counter()
            found = policy_changes.impact(store, {"own.cedar": POLICY})
            ours.append(time.perf_counter() - began)
            with store.connection() as connection:
                began = time.perf_counter()
                connection.execute("SELECT label_id, count(*) FROM object GROUP BY label_id").fetchall()
                peer.append(time.perf_counter() - began)
    seconds, counting = statistics.median(ours), statistics.median(peer)
    if not options.json:
        lost = sum(each.lost for each in found.held)
        cases = sum(each.cases for each in found.cases)
        print(
            f"{options.rows:,} objects, {PEERS} organisations: {lost:,} would no longer go, {cases:,} cases compared"
        )
        print(f"{seconds:.2f} s; counting all objects by label set {counting:.2f} s")
    print(
        json.dumps(
            {
                "what": f"impact of a policy change over {options.rows:,} objects, s",
                "ours": round(seconds, 2),
                "peer": round(counting, 2),
                "limit": LIMIT,
                "ratio": round(seconds / counting, 2),
            }
        )
    )


if __name__ == "__main__":
    main()
