"""A step's log: masked, with the runner's commands taken out of it and obeyed."""

from __future__ import annotations

from rehearsal.engine.commands import LEVELS, Annotation, parse_line

MASK = "***"


class Masks:
    """Words that never stand in a log: every secret of the job, and what it adds by `::add-mask::`."""

    def __init__(self, words: list[str]) -> None:
        self._words: set[str] = set()
        for word in words:
            self.add(word)

    def add(self, word: str) -> None:
        """Mask a word from here on, and each of its lines."""
        self._words.update(part for part in (word, *word.splitlines()) if part.strip())

    def hide(self, text: str) -> str:
        """The text with every masked word replaced, long ones first."""
        for word in sorted(self._words, key=len, reverse=True):
            text = text.replace(word, MASK)
        return text

    def hit(self, text: str) -> bool:
        """Whether a text holds a masked word."""
        return any(word in text for word in self._words)


class Log:
    """Collects what a step prints."""

    def __init__(self, masks: Masks) -> None:
        self._masks = masks
        self._lines: list[str] = []
        self.annotations: list[Annotation] = []

    @property
    def text(self) -> str:
        """All lines so far."""
        return "\n".join(self._lines)

    def write(self, text: str) -> None:
        """Take lines of output, commands among them."""
        for line in text.splitlines():
            self._take(line)

    def fail(self, message: str) -> None:
        """An error of the runner's or an action's own."""
        self._annotate("error", message)

    def absorb(self, text: str, annotations: tuple[Annotation, ...]) -> None:
        """Take over what an inner step said, commands obeyed already."""
        self._lines.extend(text.splitlines())
        self.annotations.extend(annotations)

    def _take(self, line: str) -> None:
        command = parse_line(line)
        if command and command.name in LEVELS:
            self._annotate(command.name, command.value, command.properties.get("file"))
            return
        if command and command.name == "add-mask":
            self._masks.add(command.value)
        self._say(line)

    def _annotate(self, level: str, message: str, file: str | None = None) -> None:
        self.annotations.append(Annotation(level=level, message=self._masks.hide(message), file=file))
        self._say(f"##[{level}]{message}")

    def _say(self, line: str) -> None:
        self._lines.append(self._masks.hide(line))
