"""All thirty leaks have their test, and each test says which leak it is about."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import FunctionType

import pytest

TITLES = {
    1: "CVE-2020-14969 MISP: restSearch reveals metadata of a correlating but unreachable attribute",
    2: 'CVE-2021-27904 MISP: sharing-group "all orgs" flag of another instance made the group viewable',
    3: "CVE-2021-31780 MISP: object's sharing group ignored on edit; local id reused",
    4: "CVE-2019-9482 MISP: sightings visible to non-entitled",
    5: "CVE-2020-15411 MISP: attachment download without ACL",
    6: "CVE-2020-15412 MISP: contact form on unseen event",
    7: "CVE-2020-8894 MISP: discussion threads ACL",
    8: "CVE-2023-50918 + f039b21af MISP: audit logs (and full change) without ACL",
    9: "CVE-2024-45509 MISP: bookmarks of others",
    10: '4f27f83a7 MISP 2024-09: "ACL ignored on GUI attribute search"',
    11: "423750573 / 038eb20da / 421e94bc2 / 326ae703e MISP: cluster elements, proposal picture, SG on upload, proposals",
    12: "20053ea32, #10019, #1668 MISP: names of all organisations in a sharing group disclosed to members",
    13: 'PR #5802 MISP: hidden attributes\' correlations still shown, "intrinsic to the design"',
    14: "CVE-2026-56424 MISP: checks on entity A, write on B (tags, collections, analyst data, templates, decaying models)",
    15: "CVE-2026-44380 MISP / CVE-2019-12794: org admin resets site admin's key / credentials",
    16: "CVE-2026-9084 MISP: OIDC account linked by e-mail when no `sub` stored",
    17: "CVE-2018-12649 MISP: brute-force guard only on POST, PUT bypassed",
    18: "CVE-2017-14337 MISP: X.509 auth + empty answer of external user API",
    19: "CVE-2023-37306 MISP: sync certificate upload leaks by error message",
    20: "CVE-2026-27960 OpenCTI: unauthenticated API as any user incl. default admin",
    21: "CVE-2026-44730 OpenCTI: org admin adds a higher-privileged foreign user -> escalation",
    22: "CVE-2026-21886 OpenCTI: delete-individual mutation deletes reports",
    23: "CVE-2026-21887 OpenCTI: SSRF by ingestion URL",
    24: "CVE-2024-45404 OpenCTI: OTP without rate limit",
    25: (
        "OpenCTI #17576 / #16814: live stream bound to an AMBER+STRICT user emits TLP:RED objects through dependency "
        "resolution; ids in containers"
    ),
    26: "OpenCTI #7348: export ignores max shareable marking",
    27: 'OpenCTI #11496 / #6867: RED relation inferable from "entities view"',
    28: "OpenCTI #3319: distribution chart counts restricted entities",
    29: "OpenCTI #6785: history shows restricted names",
    30: "#3133 OpenCTI: several markings: user with one sees it",
}
"""Id and what leaked, as the research that began this had them."""


@pytest.fixture(scope="module")
def found() -> dict[str, str]:
    """The docstrings of all tests of leak cases, by name, as they will be collected."""
    docs: dict[str, str] = {}
    for file in sorted(Path(__file__).parent.glob("test_leak_cases_[0-9]*.py")):
        spec = importlib.util.spec_from_file_location(f"leaks_{file.stem}", file)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        for name, value in vars(module).items():
            if name.startswith("test_") and isinstance(value, FunctionType):
                assert name not in docs, f"{name} is there twice"
                docs[name] = " ".join((value.__doc__ or "").split())
    return docs


def test_all_thirty_are_there(found: dict[str, str]) -> None:
    """Guard: the thirty tests; rename one."""
    assert sorted(found) == [f"test_leak_case_{number:02}" for number in range(1, 31)]


@pytest.mark.parametrize("number", TITLES)
def test_each_says_what_leaked_and_what_guards(found: dict[str, str], number: int) -> None:
    """Guard: the docstrings; change one."""
    said = found[f"test_leak_case_{number:02}"]
    assert said.startswith(f"{TITLES[number]}.")
    assert "Guard: " in said


def test_the_documentation_has_a_row_for_each() -> None:
    """Guard: docs/explanation/leak-cases.md; take a row out."""
    page = (Path(__file__).parents[2] / "docs" / "explanation" / "leak-cases.md").read_text(encoding="utf-8")
    for number, title in TITLES.items():
        rows = [row for row in page.splitlines() if f"`test_leak_case_{number:02}`" in row]
        assert len(rows) == 1
        for part in title.split(": ", 1):
            assert part in rows[0]
