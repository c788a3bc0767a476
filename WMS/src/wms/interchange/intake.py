"""From what people have to a folder of pairs: photographs, and one mask for each."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from functools import partial
from pathlib import Path, PurePosixPath

from wms.core import extras
from wms.core.cores import usable_cores
from wms.core.errors import Code, InputError
from wms.core.files import replacing_folder
from wms.core.names import name_problem, stem_key, stem_of
from wms.core.progress import Progress
from wms.core.words import counted, first_of
from wms.interchange.forms import folders
from wms.interchange.forms.table import FALLBACK, FORMS, recognise
from wms.interchange.pair import Choices, Job, make_pair
from wms.interchange.regions import NOT_AS_WRITTEN, Drawing, FormError
from wms.interchange.result import Imported, Item, left_out
from wms.interchange.source import Source, open_source, plain_name

_USUAL = frozenset({"images", "image", "img", "imgs", "jpegimages", "photos", "data"})
"""Names of folders (in lower case) that tell two photographs of one name not apart."""


def import_pairs(
    paths: Sequence[Path], out: Path | None, *, choices: Choices, progress: Progress
) -> Imported:
    """Write `out/images` and `out/masks`: one pair for each photograph that has a region of the label.

    Nothing in the source changes. A photograph that cannot be used is left out and named. Without `out`
    everything is read and nothing is written.

    Raises:
        InputError: packages of the extra `import` are missing; the source cannot be opened, has no known
            form, several forms or several labels, or gives no pair; `out` is not empty or lies in the source.
        StorageError: `out` cannot be written; nothing is left of it.
    """
    extras.require(extras.Extra.IMPORT)
    if out is not None:
        _refuse_folder(out, paths)
    with open_source(paths) as source:
        form, files = _form_of(source, choices.form, paths)
        drawings, faults = _read(source, form, files, choices)
        by_photograph, lost = _by_photograph(source, drawings)
        label = _label_of(drawings, choices.label, title=FORMS[form].title)
        jobs, unlabelled = _jobs(source, by_photograph, label)
        work = partial(make_pair, label=label, choices=choices)
        with nullcontext(None) if out is None else replacing_folder(out) as fresh:
            if fresh is not None:
                for part in ("images", "masks"):
                    (fresh / part).mkdir()
            with ThreadPoolExecutor(usable_cores()) as pool:
                done = pool.map(partial(work, out=fresh), jobs)
                items = list(progress.track(done, label="Importing", total=len(jobs)))
            _require_some(items, [*faults, *lost, *unlabelled])
        told = {path for drawing in drawings for path in (drawing.told_in, drawing.photograph)}
        unused = set(source.photographs) - set(by_photograph) - told - set(files)
        items += [*faults, *lost, *unlabelled]
        items += [left_out(source.shown(path), "nothing in the source says what it shows") for path in unused]
        return Imported(
            form=form,
            title=FORMS[form].title,
            label=label,
            out=out,
            items=tuple(sorted(items, key=lambda item: (item.outcome, item.name))),
            ignored=tuple(source.shown(path) for path in source.ignored),
        )


def _require_some(items: Sequence[Item], others: Sequence[Item]) -> None:
    """Check that there is a pair at all; the folder of the pairs is not made without one."""
    if not any(item.outcome == "imported" for item in items):
        why = Counter("; ".join(item.notes) for item in (*items, *others))
        listed = first_of([f"{note} ({count}x)" for note, count in why.most_common()], 5)
        raise InputError(f"no pair could be made: {listed or 'the export is empty'}", Code.IMPORT)


def _refuse_folder(out: Path, paths: Sequence[Path]) -> None:
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(f"{out} is not empty; nothing was written", Code.OCCUPIED_FOLDER)
    inside = [path for path in paths if path.is_dir() and out.resolve().is_relative_to(path.resolve())]
    if inside:
        raise InputError(f"{out} lies in the source {inside[0]}, which is not changed", Code.OCCUPIED_FOLDER)


def _form_of(source: Source, chosen: str | None, paths: Sequence[Path]) -> tuple[str, list[Path]]:
    """The form to read, and its files."""
    found = {chosen: FORMS[chosen].find(source)} if chosen else recognise(source)
    if len(found) == 1:
        name, files = next(iter(found.items()))
        if files:
            return name, files
    shown = " ".join(map(str, paths))
    if len(found) > 1:
        listed = ", ".join(f"{name} ({FORMS[name].title})" for name in found)
        raise InputError(
            f"{shown} has several forms: {listed}", Code.IMPORT, remedy="Choose one with --format."
        )
    what = f"nothing of the form {FORMS[chosen].title}" if chosen else "no labels of a known form"
    raise InputError(
        f"{shown} holds {what}; it has {counted(len(source.images), 'image')} and "
        f"{counted(len(source.files) - len(source.images), 'other file')}",
        Code.IMPORT,
    )


def _read(
    source: Source, form: str, files: Sequence[Path], choices: Choices
) -> tuple[list[Drawing], list[Item]]:
    """Every drawing of the export, and the files that cannot be understood."""
    read = partial(folders.read, inverted=choices.inverted) if form == FALLBACK else FORMS[form].read
    if choices.inverted and form != FALLBACK:
        raise InputError(
            f"--inverted is for masks in folders; this is {FORMS[form].title}",
            Code.IMPORT,
            remedy="Leave it out.",
        )
    drawings: list[Drawing] = []
    faults = []
    for path in files:
        try:
            drawings += read(source, path)
        except FormError as error:
            faults.append(left_out(source.shown(path), str(error), fault=True))
        except NOT_AS_WRITTEN as error:
            why = f"it is not as {FORMS[form].title} writes it: {type(error).__name__}: {error}"
            faults.append(left_out(source.shown(path), why, fault=True))
    return drawings, faults


Key = Path | tuple[Path, str]
"""A photograph: its file, or the file that embeds it and its name there."""


def _by_photograph(
    source: Source, drawings: Sequence[Drawing]
) -> tuple[dict[Key, list[Drawing]], list[Item]]:
    """The drawings of each photograph, and those whose photograph is not there."""
    found: dict[Key, list[Drawing]] = defaultdict(list)
    lost = []
    for drawing in drawings:
        try:
            key: Key = drawing.photograph or source.photograph(drawing.name, near=drawing.told_in)
        except FormError as error:
            if drawing.embedded is None:
                name = PurePosixPath(plain_name(drawing.name)).name or source.shown(drawing.told_in)
                lost.append(left_out(name, f"{error}; name the folder of the photographs too", fault=True))
                continue
            key = drawing.told_in, drawing.name
        found[key].append(drawing)
    return found, lost


def _label_of(drawings: Sequence[Drawing], chosen: str | None, *, title: str) -> str:
    """The label whose regions are windows: the chosen one, or the only one."""
    counts = Counter(region.label for drawing in drawings for region in drawing.regions)
    listed = first_of([f"{label} ({counted(count, 'region')})" for label, count in counts.most_common()], 20)
    if chosen is not None and chosen not in counts:
        raise InputError(
            f"no region has the label {chosen!r}; there are: {listed or 'none'}",
            Code.IMPORT,
            remedy="Choose one of them with --label.",
        )
    if len(counts) > 1 and chosen is None:
        raise InputError(
            f"{title}: there are several labels: {listed}",
            Code.IMPORT,
            remedy="Choose the one of the register window with --label.",
        )
    return chosen or next(iter(counts), "")


def _jobs(
    source: Source, by_photograph: dict[Key, list[Drawing]], label: str
) -> tuple[list[Job], list[Item]]:
    """The photographs to import, under names of their own, and those without a region of the label."""
    jobs: list[Job] = []
    unlabelled = []
    taken: set[str] = set()
    for key, drawings in sorted(by_photograph.items(), key=lambda pair: str(pair[0])):
        path = key if isinstance(key, Path) else Path(plain_name(key[1]))
        shown = source.shown(key) if isinstance(key, Path) else f"{path.name}, inside {source.shown(key[0])}"
        problems = [drawing.problem for drawing in drawings if drawing.problem]
        notes = tuple(dict.fromkeys(note for drawing in drawings for note in drawing.notes))
        if problems:
            unlabelled.append(left_out(shown, *problems, fault=True))
        elif not any(region.label == label for drawing in drawings for region in drawing.regions):
            what = f"no region with the label {label}" if label else "no region"
            unlabelled.append(left_out(shown, what, *notes))
        else:
            inside = next((drawing.embedded for drawing in drawings if drawing.embedded), path.read_bytes)
            jobs.append(
                Job(
                    shown=shown,
                    pair=_free_name(path, taken),
                    load=path.read_bytes if isinstance(key, Path) else inside,
                    drawings=tuple(drawings),
                )
            )
    return jobs, unlabelled


def _free_name(path: Path, taken: set[str]) -> str:
    """The photograph's name, made to work on every system; with its folder's name if another has it."""
    stem = stem_of(path.name)
    if name_problem(f"{stem}.png") is not None:
        allowed = "".join(char if name_problem(f"a{char}a.png") is None else "-" for char in stem)
        stem = allowed.strip(" .-")[:60] or "photograph"
    names = _candidates(stem, next((name for name in path.parts[-2::-1] if name.lower() not in _USUAL), ""))
    name = next(name for name in names if stem_key(name) not in taken and not name_problem(f"{name}.png"))
    taken.add(stem_key(name))
    return name


def _candidates(stem: str, folder: str) -> Iterator[str]:
    yield stem
    yield f"{folder}-{stem}"
    number = 2
    while True:
        yield f"{stem}-{number}"
        number += 1
