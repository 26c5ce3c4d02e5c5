"""A search as a feed: what its reader may have, for readers of feeds, which know HTTP Basic and no more."""

from __future__ import annotations

import re
import uuid
from pathlib import Path
from xml.etree import ElementTree as ET

from factories import FRIEND, IMPORT, OWN, indicator, place, settle
from serving import serving
from tocsin.stix.markings import TLP
from tocsin.store import Store, objects

CIRCLE = str(uuid.UUID(int=1 << 64))
ATOM = "{http://www.w3.org/2005/Atom}"


def test_a_feed_holds_what_its_reader_may_have(store: Store, tmp_path: Path) -> None:
    intel = settle(store)
    made = (
        indicator(1, tlp=TLP.GREEN, name="<script>alert(1)</script> & \x01]]>", description="Watch it"),
        indicator(2, tlp=TLP.RED, name="Hidden"),
    )
    objects.put(store, intel.id, [place(each, communities=(CIRCLE,)) for each in made], origin=IMPORT)
    with serving(store, tmp_path) as node:
        with node.browser("friend") as friend:
            page = friend.get("/search", params={"q": "type:indicator"}).text
            address = re.findall(r"href=\"(/api/v1/search/feed[^\"]+)\"", page)[0]
            shown = friend.get("/subscriptions", params={"q": "type:indicator"}).text
            assert f"{node.url}{address}" in shown
        with node.client(None) as reader:
            refused = reader.get(address)
            assert refused.status_code == 401
            assert "Basic" in refused.headers["www-authenticate"]
            answer = reader.get(address, auth=("friend", node.tokens["friend"]))
            assert answer.status_code == 200, answer.text
            assert answer.headers["content-type"] == "application/atom+xml; charset=utf-8"
            again = reader.get(
                address,
                auth=("friend", node.tokens["friend"]),
                headers={"If-None-Match": answer.headers["etag"]},
            )
            assert again.status_code == 304
            assert (
                reader.get("/api/v1/search/feed?q=tlp:x", auth=("friend", node.tokens["friend"])).status_code
                == 422
            )
            own = reader.get(address, auth=("own", node.tokens["own"]))
        feed = ET.fromstring(answer.content)
        (entry,) = feed.findall(f"{ATOM}entry")
        assert entry.findtext(f"{ATOM}title") == "<script>alert(1)</script> & �]]>"
        assert entry.findtext(f"{ATOM}summary") == "Watch it"
        assert entry.findtext(f"{ATOM}author/{ATOM}name") == OWN.name
        assert [each.get("term") for each in entry.findall(f"{ATOM}category")] == ["indicator", "TLP:GREEN"]
        link = entry.find(f"{ATOM}link")
        assert link is not None
        assert link.get("href") == f"{node.url}/objects/{indicator(1)['id']}"
        assert feed.findtext(f"{ATOM}updated") == entry.findtext(f"{ATOM}updated")
        assert "Hidden" not in answer.text
        assert FRIEND.name not in answer.text
        assert len(ET.fromstring(own.content).findall(f"{ATOM}entry")) == 2
