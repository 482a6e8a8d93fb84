"""Sections, declared as a list, to one HTML file without scripts, time stamps or anything from outside."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from radiorim.io.files import write_text
from radiorim.report import words

if TYPE_CHECKING:
    import jinja2

__all__ = ["Head", "Section", "write_page"]


@dataclass(frozen=True)
class Section:
    """A part of a page: its template, its title, a caption, and what fills the template.

    `fill` takes the page's view and gives the template's variables, or None to leave the section out.
    """

    template: str
    title: str
    caption: str
    fill: Callable[[Any], Mapping[str, Any] | None]


@dataclass(frozen=True)
class Head:
    """The top of a page: kind of page, title, the answer in a sentence, and a few facts."""

    kind: str
    title: str
    answer: str
    facts: tuple[tuple[str, str], ...]
    how_to_read: tuple[str, ...]
    outlines: bool = False


def write_page(path: Path, head: Head, sections: Sequence[Section], view: Any) -> Path:
    """Fill every section and write the page, whole or not at all."""
    filled = [(section, section.fill(view)) for section in sections]
    parts = [
        {
            "id": section.template,
            "title": section.title,
            "caption": section.caption,
            "html": _body(section.template, values),
        }
        for section, values in filled
        if values is not None
    ]
    return write_text(Path(path), _environment().get_template("page.html.j2").render(head=head, parts=parts))


def _body(template: str, values: Mapping[str, Any]) -> Any:
    from markupsafe import Markup

    return Markup(_environment().get_template(f"{template}.html.j2").render(**values))


@cache
def _environment() -> jinja2.Environment:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("radiorim.report", "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters |= {"number": words.number, "fixed": words.fixed}
    return environment
