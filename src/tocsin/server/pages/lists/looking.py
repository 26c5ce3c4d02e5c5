"""A list as its reader's organisation gets it: how much of it there is, what was cut and why, its best values, and the rank of any one."""

from __future__ import annotations

import shlex
from typing import Annotated, Any
from urllib.parse import urlencode

import msgspec
from msgspec import Meta
from starlette.responses import Response

from tocsin.formats import outputs
from tocsin.formats.outputs import Output
from tocsin.node.outputs.explaining import REASONS, Looked, NoValueError
from tocsin.node.outputs.ranking import Wanted
from tocsin.server.api import asking
from tocsin.server.api.outputs import Holding, wanted_by
from tocsin.server.context import Call
from tocsin.server.pages.rendering import render, show
from tocsin.server.pages.view import View
from tocsin.sharing.release import Released

FIRST = 100
"""So many of the best are shown."""
_NUMBER = r"\A[0-9]{0,7}\Z"


class Asked(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What the list is to hold, as a form says it (nothing where nothing was filled in), and the value that is asked about."""

    value: Annotated[str, Meta(max_length=2000)] = ""
    types: Annotated[str, Meta(max_length=200)] = ""
    limit: Annotated[str, Meta(pattern=_NUMBER)] = ""
    min_confidence: Annotated[str, Meta(pattern=_NUMBER)] = ""
    tlp: Annotated[str, Meta(max_length=20)] = ""
    collections: Annotated[str, Meta(max_length=500)] = ""
    community: Annotated[str, Meta(max_length=100)] = ""

    def holding(self, output: Output) -> Holding:
        """Return it as a device would ask; one that takes a list for each type begins with the first."""
        types = self.types or (output.types[0] if output.single else "")
        return Holding(
            types,
            int(self.limit or 0),
            int(self.min_confidence or 0),
            self.tlp,
            self.collections,
            self.community,
        )


class Shown(msgspec.Struct, frozen=True):
    """A list. `wrong`: why the value that was asked about is none."""

    looked: Looked
    wrong: str = ""


def show_formats(view: View) -> Response:
    """Show which lists there are; it tells nothing of what the node holds."""
    return show(view, "lists/formats.html", formats=tuple(outputs.every().values()))


def show_list(view: View) -> Response:
    """Show what is in a list, and where a value stands in it.

    Raises:
        NotFoundError: no such format, or no such collection or community that the reader may know of.
        ForbiddenError: the session may read nothing.
        InputError: it asks for what the format does not hold.
        RequestError: 400; a parameter is not what it has to be.
    """
    call = view.call
    output = outputs.named(view.request.path_params["format"])
    given = asking.parameters(call, Asked)
    holding = given.holding(output)
    wanted = wanted_by(call, output, holding)
    more: dict[str, Any] = {
        "output": output,
        "given": given,
        "holding": holding,
        "reasons": REASONS,
        "copies": _copies(output, holding),
    }
    try:
        released, wrong = _looked(call, output, wanted, given.value.strip()), ""
    except NoValueError as error:
        released, wrong = _looked(call, output, wanted, ""), str(error)
    if released is None:  # it says that somebody asks, not what there is
        return show(view, "lists/list.html", status=503, headers={"Retry-After": "2"}, **more)
    return render(view, "lists/list.html", released.derive(Shown(released.value, wrong)), **more)


def _looked(call: Call, output: Output, wanted: Wanted, value: str) -> Released[Looked] | None:
    return call.parts.lists.look(
        output, wanted, call.principal.organisation, asking.readable(call), value=value, first=FIRST,
        encrypted=asking.encrypted(call), ceiling=call.principal.ceiling, wait=False,
    )  # fmt: skip


def _copies(output: Output, holding: Holding) -> dict[str, str]:
    """Return the list as an address, and as a command."""
    given = {name: str(value) for name, value in msgspec.to_builtins(holding).items() if value}
    query = urlencode(given)
    names = {"types": "type", "collections": "collection"}
    options = "".join(
        f" --{names.get(name, name).replace('_', '-')} {shlex.quote(value)}" for name, value in given.items()
    )
    return {
        "api": f"/api/v1/outputs/{output.name}" + (f"?{query}" if query else ""),
        "command": f"tocsin output make {output.name}{options}",
    }
