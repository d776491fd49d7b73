"""Lays a page out by the templates: HTML that stands alone, and Markdown with its figures beside it."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from reports.document import Page
from reports.site.cells import body, linked

SPECIAL = re.compile(r"[\\`*~|]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|](?=[(\[:])")
"""What Markdown would not show as it is; an underscore inside a word and an interval's brackets it does."""

Files = dict[str, str]
"""Path below the target, with slashes -> text."""


DATA_ROOT = "../../data/"
"""The records as seen from the site's root."""


Nav = tuple[tuple[str, str], ...]
"""The pages that every page leads to: name, path from the site's root."""


def files(written: Page) -> Files:
    """A page by itself, its Markdown twin and the figures beside that, by name."""
    return {f"{written.stem}.html": html_page(written), **twin(written)}


AROUND = re.compile(r'<header>.*?</header>\n|<nav class="beside".*?</nav>\n', re.DOTALL)
"""What `around` puts there; all other text of a page has its `<` escaped."""


def around(text: str, written: Page, nav: Nav) -> str:
    """The HTML of a page with this navigation and with what leads to the pages beside it, instead of any it has."""
    bare = AROUND.sub("", text)
    header, beside = (template(f"{part}.html.j2", page=written, nav=nav) for part in ("header", "beside"))
    return bare.replace("<body>\n", f"<body>\n{header}", 1).replace("</h1>\n", f"</h1>\n{beside}", 1)


def html_page(written: Page, nav: Nav = (), scripts: Sequence[str] = ()) -> str:
    """The page as HTML that stands alone; the scripts, beside it, only add to it."""
    return template("run.html.j2", page=written, nav=nav, scripts=scripts)


def twin(written: Page) -> Files:
    """The page as Markdown, for a code host, and its figures beside it."""
    figures = {f"{written.stem}-{figure.name}.svg": figure.svg for figure in written.figures}
    return {f"{written.stem}.md": template("run.md.j2", page=written), **figures}


def slug(title: str) -> str:
    """A section's anchor."""
    return "-".join(re.findall(r"[a-z0-9]+", title.lower()))


def template(name: str, **context: object) -> str:
    """A template of this room, filled in."""
    return _environment(name.endswith(".html.j2")).get_template(name).render(**context)


@cache
def _environment(autoescape: bool) -> Environment:
    environment = Environment(
        loader=PackageLoader("reports.site"),
        autoescape=autoescape,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"md": markdown, "slug": slug, "body": body, "linked": linked, "code": code, "fence": fence}
    return environment


def code(text: str) -> Markup:
    """The text as HTML, what stands in backticks as code."""
    return Markup(re.sub("`([^`]+)`", r"<code>\1</code>", str(escape(text))))


def markdown(text: str) -> str:
    """Text that Markdown shows as it is, on one line: in a table cell as in a paragraph."""
    return html.escape(SPECIAL.sub(r"\\\g<0>", " ".join(text.split())), quote=False)


def fence(code: str) -> str:
    """What encloses code in Markdown: longer than any row of backticks in it, so that no code ends it."""
    return "`" * max(3, *(len(row) + 1 for row in re.findall("`+", code)), 3)
