"""Pictures of pages, to be looked at: `make screens` writes them to .bench/screens. `python -m e2e.screens PATH...` takes those paths alone."""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path

import psycopg

from e2e.browsing import PHONE, WIDE, chromium, visiting
from e2e.routes import addresses
from e2e.world import SEEN, fill
from serving import serving
from tocsin.store import Store, migrate
from tocsin.store.embedded import Embedded

OUT = Path(__file__).resolve().parents[2] / ".bench" / "screens"
LOOKS = {
    "light": ({"theme": "light"}, WIDE),
    "dark": ({"theme": "dark"}, WIDE),
    "contrast": ({"theme": "contrast"}, WIDE),
    "dense": ({"theme": "light", "density": "dense"}, WIDE),
    "arabic": ({"theme": "light", "language": "ar"}, WIDE),
    "phone": ({"theme": "light"}, PHONE),
}


def main(wanted: list[str]) -> None:
    """Take all pictures."""
    looks = {name: LOOKS[name] for name in wanted if name in LOOKS} or LOOKS
    paths = [each for each in wanted if each.startswith("/")]
    OUT.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        server = Embedded(Path(folder) / "pg")
        server.attach()
        try:
            with psycopg.connect(server.dsn, dbname="postgres", autocommit=True) as connection:
                connection.execute("CREATE DATABASE screens")
            with psycopg.connect(f"{server.dsn} dbname=screens", autocommit=True) as connection:
                migrate.migrate(connection)
            with Store(f"{server.dsn} dbname=screens", pool_size=6) as store:
                fill(store)
                with serving(store, Path(folder) / "home") as node, chromium() as browser:
                    for look, (choices, size) in looks.items():
                        for who in ("own", None):
                            with visiting(browser, node, who, viewport=size) as visitor:
                                visitor.choose(**choices)
                                for path in paths or addresses(node, who):
                                    if who is None and path not in ("/", "/sign-in"):
                                        continue
                                    page = visitor.go(path)
                                    page.evaluate("document.fonts.ready")
                                    name = f"{_short(path)}-{who or 'stranger'}-{look}.png"
                                    page.screenshot(path=OUT / name, full_page=True)
                                    sys.stdout.write(f"{OUT / name}\n")
        finally:
            server.release()


def _short(path: str) -> str:
    named = path.replace(SEEN, "seen").strip("/") or "home"
    return re.sub(r"[^a-z0-9]+", "_", named.lower())[:60]


if __name__ == "__main__":
    main(sys.argv[1:])
