"""The STIX patterning language (STIX 2.1 section 9): parse, check, render, and what to look for in an index."""

from __future__ import annotations

from tocsin.stix.patterns.ast import Pattern
from tocsin.stix.patterns.atoms import Atom, atoms, covered, whole
from tocsin.stix.patterns.fast import check
from tocsin.stix.patterns.parser import parse
from tocsin.stix.patterns.render import render

__all__ = ["Atom", "Pattern", "atoms", "check", "covered", "parse", "render", "whole"]
