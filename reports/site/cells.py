"""A table's cells as HTML. Put together here, since a page has ten thousand: a template takes ten times as long."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from markupsafe import Markup, escape

from reports.document import Cell, Strip, Table


def body(table: Table) -> Markup:
    """The rows of the table: the first cell of each is its head, those behind the words are numbers."""
    return Markup("".join(f"<tr>{''.join(_row(row, table.text))}</tr>\n" for row in table.rows))


APART = "\x1f"
"""What no text holds that was cleaned: between it, the cells of a row are escaped at once."""


def _row(row: Sequence[str], text: int) -> Iterator[str]:
    shown = str(escape(APART.join(row))).split(APART)
    if len(shown) != len(row):
        shown = [str(escape(str(cell))) for cell in row]
    yield f'<th scope="row">{linked(row[0], breaks=True)}</th>'
    for place in range(1, len(row)):
        cell = row[place]
        classes = "number" if place >= text else ""
        if isinstance(cell, Cell):
            classes += "" if cell.level is None else f" l{cell.level}"
            shown[place] = linked(cell)
        yield f'<td class="{classes}">{shown[place]}</td>' if classes else f"<td>{shown[place]}</td>"


def linked(cell: str, *, breaks: bool = False) -> Markup:
    """The cell's text with what it leads to, its title or what it draws; breaks: a line may end behind its `_`."""
    shown = escape(str(cell))
    if breaks:
        shown = shown.replace("_", Markup("_<wbr>"))
    if not isinstance(cell, Cell):
        return shown
    if cell.href:
        return Markup(f'<a href="{escape(cell.href)}">{shown}</a>')
    if cell.title_:
        return Markup(f'<span title="{escape(cell.title_)}">{shown}</span>')
    return Markup(f"{_strip(cell.drawn)}{shown}") if cell.drawn else shown


def _strip(strip: Strip) -> str:
    colour = escape(strip.colour)
    mark = f'<text y="78%" fill="{colour}">◂</text>'
    if strip.at is not None:
        line = f'<line stroke="{colour}" x1="{strip.low}%" x2="{strip.high}%" y1="50%" y2="50%"/>'
        mark = f'{line}<circle fill="{colour}" cx="{strip.at}%" cy="50%" r="4.5"/>'
    full = f'<line class="full" x1="{strip.full}%" x2="{strip.full}%" y1="0" y2="100%"/>'
    return f'<svg class="strip" aria-hidden="true">{full}{mark}</svg>'
