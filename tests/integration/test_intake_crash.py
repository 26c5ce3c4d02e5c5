"""An import killed with SIGKILL at random moments: what was acknowledged stays, and the next run repeats nothing."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tocsin.config import Settings
from tocsin.formats import open_path
from tocsin.node.intake import Intake
from tocsin.sharing.audience import Organisation
from tocsin.store import Store, collections, migrate, organisations, quarantine
from tocsin.store.values import Origin

OWN = "identity--00000000-0000-4000-8000-000000000001"
COUNT = 12_000
BAD = 12

# Acknowledges each batch on standard output after its commit, as the command's progress does.
CHILD = """
import sys
from pathlib import Path
from tocsin.config import Settings
from tocsin.formats import open_path
from tocsin.node import intake
from tocsin.store import Store
from tocsin.store.values import Origin
intake.BATCH = 400
home, file, own = sys.argv[1:]
def acknowledge(batch):
    print(*[each.id for each in batch.objects], flush=True)
with Store.open(Settings(home=Path(home))) as store:
    report = intake.Intake(store, own, store.clock).take(
        open_path(file), collection="main", origin=Origin(own, None, "import"), on_committed=acknowledge)
print("done", report.new, report.same, report.refused)
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    with (tmp_path / "corpus.ndjson").open("w") as lines:
        for number in range(COUNT):
            made = {
                "type": "indicator",
                "spec_version": "2.1",
                "id": f"indicator--00000000-0000-4000-8000-{number:012d}",
                "created": "2024-01-01T00:00:00.000Z",
                "modified": "2024-01-01T00:00:00.000Z",
                "pattern": f"[domain-name:value = 'host{number}.example']",
                "pattern_type": "stix",
                "valid_from": "2024-01-01T00:00:00Z",
            }
            lines.write(json.dumps(made) + "\n")
            if number % (COUNT // BAD) == 5:
                lines.write('{"type":"indicator", oops}\n')
    return tmp_path / "corpus.ndjson"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    with Store.open(Settings(home=home), check=False) as store, store.connection() as connection:
        migrate.migrate(connection)
        organisations.put(connection, Organisation(id=OWN, name="own", own=True))
        collections.add(connection, collections.new("main"))
    return home


def held(store: Store) -> list[str]:
    with store.connection() as connection:
        return [row[0] for row in connection.execute("SELECT stix_id FROM object").fetchall()]


def killed_run(home: Path, file: Path, chance: random.Random) -> set[str]:
    """Start an import, kill it at a random moment, and return the ids that it had acknowledged."""
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(home), str(file), OWN], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    acknowledged: set[str] = set()
    for _ in range(chance.randrange(1, 6)):
        acknowledged.update(child.stdout.readline().split())
    time.sleep(chance.random() * 0.03)
    child.send_signal(signal.SIGKILL)
    for line in child.stdout:  # what it wrote before it died; its last line may be cut
        acknowledged.update(line.split() if line.endswith("\n") else line.split()[:-1])
    child.stdout.close()
    child.wait()
    return {each for each in acknowledged if each.startswith("indicator--") and len(each) == 47}


def test_killed_at_random_moments(home: Path, file: Path) -> None:
    chance = random.Random(random.random())  # pytest-randomly seeds it and prints the seed
    before: set[str] = set()
    for _ in range(6):
        acknowledged = killed_run(home, file, chance)
        with Store.open(Settings(home=home)) as store:
            now = held(store)
        assert len(now) == len(set(now)), "repeated"
        assert acknowledged <= set(now), "acknowledged and lost"
        assert before <= set(now), "held before and lost"
        before = set(now)
    assert 0 < len(before) < COUNT, "each run was killed on its way"

    with Store.open(Settings(home=home)) as store:
        report = Intake(store, OWN, store.clock).take(
            open_path(file), collection="main", origin=Origin(OWN, None, "import")
        )
        assert (report.new, report.same, report.refused) == (COUNT - len(before), len(before), BAD)
        assert len(held(store)) == COUNT
        with store.connection() as connection:
            assert quarantine.count(connection) == BAD
            gaps = connection.execute("SELECT count(DISTINCT cursor), max(cursor) FROM object").fetchone()
            assert gaps[0] == COUNT
            assert connection.execute("SELECT last >= %s FROM head", (gaps[1],)).fetchone() == (True,)
