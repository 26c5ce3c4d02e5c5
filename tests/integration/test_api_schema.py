"""Schemathesis: what the OpenAPI document says is what the node does, and nothing that is sent makes it fail."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from databases import copied
from factories import IMPORT, indicator, place, settle
from serving import Node, serving
from tocsin.server.api.table import OPENAPI, OPERATIONS
from tocsin.stix.markings import TLP
from tocsin.store import Store, objects
from tocsin.store.embedded import Embedded

_EXAMPLES = int(os.environ.get("TOCSIN_SCHEMA_EXAMPLES", "4"))  # more by hand
_CHECKS = (not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance)


@pytest.fixture(scope="module")
def node(pg: Embedded, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    with copied(pg, "schemas") as dsn, Store(dsn, pool_size=6) as store:
        intel = settle(store)
        made = [
            place(indicator(n, tlp=TLP.GREEN), communities=(str(uuid.UUID(int=1 << 64)),)) for n in range(3)
        ]
        objects.put(store, intel.id, made, origin=IMPORT)
        with serving(store, tmp_path_factory.mktemp("home")) as served:
            yield served


@pytest.fixture(scope="module")
def schema(node: Node) -> schemathesis.BaseSchema:
    return schemathesis.openapi.from_url(f"{node.url}{OPENAPI}")


@pytest.mark.filterwarnings("ignore:Do not use the `random` module")  # inside of schemathesis
@pytest.mark.parametrize("mode", list(schemathesis.GenerationMode))
def test_what_is_described_is_what_happens(
    node: Node, schema: schemathesis.BaseSchema, mode: schemathesis.GenerationMode
) -> None:
    headers = {"Authorization": f"Bearer {node.tokens['own']}"}
    held = [indicator(n)["id"] for n in range(3)]
    asked = 0
    for each in OPERATIONS:
        operation = schema.find_operation_by_id(each.action.removeprefix("api-"))

        @seed(4)
        @settings(
            max_examples=_EXAMPLES,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode), number=st.integers(0, 3))
        def ask(case: schemathesis.Case, number: int) -> None:
            nonlocal asked
            if case.path_parameters and "object" in case.path_parameters and number < 3:
                case.path_parameters["object"] = held[number]
            case.call_and_validate(base_url=node.url, headers=headers, checks=list(_CHECKS), timeout=30)
            asked += 1

        try:
            ask()
        except Unsatisfiable:  # nothing that this takes can be wrong
            assert mode is schemathesis.GenerationMode.NEGATIVE
    assert asked > _EXAMPLES * len(OPERATIONS) // 2
