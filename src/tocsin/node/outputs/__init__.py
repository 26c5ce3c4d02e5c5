"""Lists for the tools that people have: which values, ranked how, under whose clearance.

`pool` keeps what an organisation's lists are made of, `ranking` chooses from it, `lists` decides, remembers, and hands out.
"""

from tocsin.node.outputs.kept import Made
from tocsin.node.outputs.lists import Lists
from tocsin.node.outputs.ranking import Wanted

__all__ = ["Lists", "Made", "Wanted"]
