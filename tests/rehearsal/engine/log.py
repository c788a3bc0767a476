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

    @property
    def words(self) -> frozenset[str]:
        """All of them; lines of longer ones count by themselves."""
        return frozenset(self._words)

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
        self._resume: str | None = None
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
        self._annotate(Annotation(level="error", message=message))

    def absorb(self, text: str, annotations: tuple[Annotation, ...]) -> None:
        """Take over what an inner step said, commands obeyed already."""
        self._lines.extend(text.splitlines())
        self.annotations.extend(annotations)

    def _take(self, line: str) -> None:
        command = parse_line(line)
        if self._resume is not None:
            if command and command.name == self._resume.lower():
                self._resume = None
            self._say(line)
        elif command is None:
            self._say(line)
        elif command.name in LEVELS:
            self._annotate(Annotation.of(command))
        elif command.name == "add-mask":
            self._masks.add(command.value)
            self._say(line)
        elif command.name == "stop-commands":
            self._resume = command.value
        elif command.name in ("group", "endgroup", "debug"):
            self._say(f"##[{command.name}]{command.value}")
        else:
            self._say(line)

    def _annotate(self, annotation: Annotation) -> None:
        hidden = Annotation(**{**vars(annotation), "message": self._masks.hide(annotation.message)})
        self.annotations.append(hidden)
        self._say(f"##[{annotation.level}]{annotation.message}")

    def _say(self, line: str) -> None:
        self._lines.append(self._masks.hide(line))
