"""What pages say, gathered into the catalogues: `python -m docs.messages` (or `make messages`); `--check` only tells what is missing.

English stands in templates and code and is the message id. In Python, a message is what is given to `mark`, `say`, `say_many`, is the label of an `Entry`, the template of a `sentence`, stands in `ACTIONS`, or is the title of a policy that comes with Tocsin.
"""

from __future__ import annotations

import ast
import io
import sys
from pathlib import Path

from babel.messages import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from tocsin.formats import outputs
from tocsin.node.outputs.explaining import REASONS
from tocsin.sentence import JOINTS
from tocsin.sharing import policy
from tocsin.sharing.actions import ACTIONS
from tocsin.stix.sensitive import SENSITIVE

SOURCE = Path(__file__).resolve().parents[1] / "src" / "tocsin"
PAGES = SOURCE / "server" / "pages"
SPEAKING = ("law", "node", "sharing", "store")
"""Packages below the pages whose sentences (`tocsin.sentence`) pages show."""
FAILING = (
    *("server/pages", "server/api", "server/identity", "server/auth.py", "server/bodies.py", "server/patience.py", "server/problems.py"),
    *("node/alerting.py", "node/alone.py", "node/drafting.py", "node/policy_changes.py", "node/proposals.py"),
    *("store/accounts.py", "store/alerts.py", "store/ceremonies.py", "store/identities.py", "store/imports.py", "store/passkeys.py", "store/proposals.py"),
    *("store/saved.py", "store/sessions.py", "store/suppressions.py", "store/totp.py", "store/views.py", "store/webhooks.py", "store/search/query.py"),
)  # fmt: skip
"""Where errors come from that pages tell: what is wrong and what to do, as far as it is the same each time."""
LANGUAGES = ("de", "fr", "es", "ar")
_METHODS = [("**.py", "python"), ("**.html", "jinja2.ext:babel_extract")]
_OPTIONS = {
    "**.html": {
        "trimmed": "true",
        "newstyle_gettext": "true",
        "silent": "false",
        "trim_blocks": "true",
        "lstrip_blocks": "true",
        "extensions": "jinja2.ext.do",
    }
}
_KEYWORDS: dict[str, tuple[int | tuple[int, str], ...] | None] = {
    "_": None,
    "gettext": None,
    "ngettext": (1, 2),
    "mark": None,
    "say": (2,),
    "say_many": (2, 3),
    "Entry": (1,),
}


def gathered() -> Catalog:
    """Return all messages of templates and code, in the order of files."""
    found = Catalog(charset="utf-8")
    for file, _line, message, comments, context in extract_from_dir(
        PAGES, method_map=_METHODS, options_map=_OPTIONS, keywords=_KEYWORDS, directory_filter=lambda _: True
    ):
        found.add(message, locations=[(file, 0)], auto_comments=comments, context=context)
    for package in SPEAKING:
        for file, _line, message, comments, context in extract_from_dir(
            SOURCE / package, method_map=[("**.py", "python")], keywords={"sentence": (1,)}
        ):
            found.add(message, locations=[(file, 0)], auto_comments=comments, context=context)
    for words in sorted(told_of_errors()):
        found.add(words)
    lists = (each.summary for each in outputs.every().values())
    for words in (
        *ACTIONS.values(),
        *JOINTS,
        *SENSITIVE,
        *lists,
        *REASONS.values(),
    ):  # of the domain, which knows no languages
        found.add(words)
    for each in policy.load().policies.values():
        found.add(each.title)
    return found


def told_of_errors() -> set[str]:
    """Return the messages and hints of errors (`FAILING`) that are written out where these are raised."""
    found: set[str] = set()
    files = [file for each in FAILING for file in (SOURCE / each).glob("**/*.py")] + [
        SOURCE / each for each in FAILING if each.endswith(".py")
    ]
    for file in files:
        for call in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and ast.unparse(call.func).endswith("Error"):
                given = [*call.args, *(each.value for each in call.keywords if each.arg == "hint")]
                found |= {
                    each.value
                    for each in given
                    if isinstance(each, ast.Constant) and isinstance(each.value, str)
                }
    return {
        each for each in found if "tocsin " not in each and "If-Match" not in each
    }  # for pages, not programs


def path_of(language: str) -> Path:
    """Return where a language's catalogue is."""
    return PAGES / "locale" / f"{language}.po"


def read(language: str) -> Catalog:
    """Return the catalogue of a language."""
    return read_po(io.BytesIO(path_of(language).read_bytes()), locale=language)


def written(catalog: Catalog) -> bytes:
    """Return a catalogue as a file: sorted by message, without dates and line numbers, so that only what changes shows as changed."""
    catalog.header_comment = f"# What the pages of Tocsin say in {catalog.locale_identifier}; `make messages` keeps it up to date.\n# Apache-2.0"
    catalog.project, catalog.version, catalog.last_translator, catalog.language_team = "Tocsin", "", "", ""
    catalog.fuzzy = False
    text = io.BytesIO()
    write_po(text, catalog, sort_output=True, no_location=True, width=0)
    dated = (b'"Report-Msgid', b'"POT-Creation-Date', b'"PO-Revision-Date', b'"Generated-By')
    return b"".join(line for line in text.getvalue().splitlines(keepends=True) if not line.startswith(dated))


def main() -> int:
    """Bring the catalogues up to date, or tell what is missing."""
    said = gathered()
    missing = 0
    for language in LANGUAGES:
        path = path_of(language)
        catalog = read(language) if path.is_file() else Catalog(locale=language, charset="utf-8")
        catalog.update(said, no_fuzzy_matching=True, update_header_comment=False)
        catalog.obsolete.clear()
        untranslated = [
            str(each.id)
            for each in catalog
            if each.id and not (all(each.string) if isinstance(each.string, tuple) else each.string)
        ]
        missing += len(untranslated)
        sys.stdout.write("".join(f"{language}: {each}\n" for each in untranslated))
        if "--check" not in sys.argv:
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(written(catalog))
    sys.stdout.write(f"{len(said)} messages; {missing} to translate\n")
    return 1 if missing and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
