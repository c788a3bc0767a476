"""What a reader finds in HTML."""

from __future__ import annotations

from html.parser import HTMLParser

from markdown_it import MarkdownIt

VOID = {"meta", "img", "br"}


class Page(HTMLParser):
    """The tags of a page with their attributes, its text, and the text of each table cell and code span."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.cells: list[str] = []
        self.codes: list[str] = []
        self.feed(source)

    @classmethod
    def of_markdown(cls, source: str) -> Page:
        """Markdown as GitHub shows it, before it removes what is dangerous."""
        return cls(MarkdownIt("gfm-like", {"html": True, "linkify": False}).render(source))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "td":
            self.cells.append("")
        if tag == "code":
            self.codes.append("")

    def handle_endtag(self, tag: str) -> None:
        assert tag in VOID or self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" in self.open:
            return
        self.text += data
        if "td" in self.open:
            self.cells[-1] += data
        if "code" in self.open:
            self.codes[-1] += data

    def having(self, tag: str) -> list[dict[str, str | None]]:
        """The attributes of each such tag."""
        return [attributes for name, attributes in self.tags if name == tag]
