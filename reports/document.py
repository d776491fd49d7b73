"""What a page is made of, as data: tables of text, figures, sections. The templates only lay it out."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Table:
    """Rows of text under heads, folded under `summary`; the first `text` columns are words, the others numbers."""

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    text: int = 1
    note: str = ""
    summary: str = ""


@dataclass(frozen=True)
class Figure:
    """A drawn chart: its name in file names, a caption that says what it shows, and the SVG's text."""

    name: str
    caption: str
    svg: str


@dataclass(frozen=True)
class Section:
    """A head with, in this order, paragraphs, figures, a command to type and tables."""

    title: str
    paragraphs: tuple[str, ...] = ()
    figures: tuple[Figure, ...] = ()
    code: str = ""
    tables: tuple[Table, ...] = ()


@dataclass(frozen=True)
class Page:
    """One page; stem is the name that its files share, source where its record lies as seen from the page."""

    title: str
    stem: str
    source: str
    sections: tuple[Section, ...]

    @property
    def figures(self) -> tuple[Figure, ...]:
        """All figures, in the page's order."""
        return tuple(figure for section in self.sections for figure in section.figures)


def said(*paragraphs: str) -> tuple[str, ...]:
    """The paragraphs that hold words; an empty one has nothing to say in this run."""
    return tuple(paragraph for paragraph in paragraphs if paragraph)


def filled(*tables: Table) -> tuple[Table, ...]:
    """The tables that have a row."""
    return tuple(table for table in tables if table.rows)
