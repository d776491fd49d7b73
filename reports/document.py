"""What a page is made of, as data: tables of text, figures, sections. The templates only lay it out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class Strip:
    """A point and its interval on a scale that all cells of a column share, each in percent of the scale's length."""

    low: float
    at: float | None  # None: off the scale, below it
    high: float
    colour: str
    full: float  # where the scale has its 100 %


class Cell(str):
    """A table's text that leads somewhere, is coloured by what it loses, or is cut short, the whole its title."""

    href: str
    level: int | None
    title_: str
    drawn: Strip | None

    def __new__(
        cls, text: str, href: str = "", level: int | None = None, title: str = "", drawn: Strip | None = None
    ) -> Cell:
        """The text with what is not its own; level: 0, nothing lost, to 5, more than half; drawn: beside the text."""
        cell = super().__new__(cls, text)
        cell.href, cell.level, cell.title_, cell.drawn = href, level, title, drawn
        return cell


LOSSES = (0.01, 0.02, 0.05, 0.10, 0.50)
"""Where the levels of loss begin: more time than the fastest takes, by this part of it."""


def loss_level(ratio: float) -> int:
    """0 up to 1 % more time than the fastest takes, 5 from half as much again."""
    return sum(ratio - 1 > bound for bound in LOSSES)


@dataclass(frozen=True)
class Table:
    """Rows of text under heads, folded under `summary`; the first `text` columns are words, the others numbers."""

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    text: int = 1
    note: str = ""
    summary: str = ""
    prose: bool = False  # its cells are sentences, which may wrap
    scale: str = ""  # from where to where its cells' strips go

    @property
    def shaded(self) -> bool:
        """Whether a cell is coloured, so that the colours need their key."""
        return any(isinstance(cell, Cell) and cell.level is not None for row in self.rows for cell in row)


@dataclass(frozen=True)
class Figure:
    """A chart: its name in file names, a caption that says what it shows, and what draws it, once it is asked for."""

    name: str
    caption: str
    draw: Callable[[], str]
    on_page: bool = True  # else only beside Markdown: in HTML a table draws the same

    @cached_property
    def svg(self) -> str:
        """The SVG's text."""
        return self.draw()


@dataclass(frozen=True)
class Section:
    """A head with, in this order, paragraphs, figures, a command to type and tables."""

    title: str
    paragraphs: tuple[str, ...] = ()
    figures: tuple[Figure, ...] = ()
    code: str = ""
    links: tuple[Cell, ...] = ()
    tables: tuple[Table, ...] = ()


@dataclass(frozen=True)
class Page:
    """One page; stem is the name that its files share, source where its record lies as seen from the page."""

    title: str
    stem: str
    source: str
    sections: tuple[Section, ...]
    beside: tuple[Cell, ...] = ()  # links to the pages before and after it

    @property
    def root(self) -> str:
        """The way from the page to the site's index."""
        return "../" * self.stem.count("/")

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
