"""Artifacts between jobs: what travels, what does not, and that none is changed."""

from __future__ import annotations

from rehearsal.engine.hooks import after_job
from rehearsal.engine.tests.rig import Rig


def between(
    upload: str, download: str, *, make: str = "mkdir -p run/x; echo 1 > run/a; echo 2 > run/x/b"
) -> str:
    """Two jobs: one makes and uploads, the other downloads and lists."""
    return f"""
jobs:
  a:
    runs-on: ubuntu-latest
    steps:
      - run: {make}
      - {{uses: actions/upload-artifact@v7, id: up, with: {{{upload}}}}}
  b:
    needs: a
    runs-on: ubuntu-latest
    steps:
      - {{uses: actions/download-artifact@v8, with: {{{download}}}}}
      - {{id: list, run: 'echo "files=$(find . -type f | sort | xargs)" >> "$GITHUB_OUTPUT"'}}
"""


def listed(rig: Rig, upload: str, download: str, **options: str) -> str:
    run = rig.run(between(upload, download, **options)).expect()
    return str(run.jobs["b"].steps["list"].outputs["files"])


def test_a_folder_travels_without_its_own_name(rig: Rig) -> None:
    assert listed(rig, "name: r, path: run", "name: r, path: got") == "./got/a ./got/x/b"


def test_several_paths_begin_at_what_they_share(rig: Rig) -> None:
    assert listed(rig, 'name: r, path: "run/x\\nrun/a"', "name: r") == "./a ./x/b"


def test_a_single_file_travels_by_its_name(rig: Rig) -> None:
    assert listed(rig, "name: r, path: run/x/b", "name: r") == "./b"


def test_exclamation_marks_leave_files_out(rig: Rig) -> None:
    assert listed(rig, 'name: r, path: "run/**\\n!run/x/**"', "name: r") == "./a"


def test_hidden_files_are_left_out_unless_asked_for(rig: Rig) -> None:
    make = "mkdir run; touch run/.hidden run/plain"
    assert listed(rig, "name: r, path: run", "name: r", make=make) == "./plain"
    with_hidden = "name: r, path: run, include-hidden-files: true"
    assert listed(rig, with_hidden, "name: r", make=make) == "./.hidden ./plain"


def test_without_a_name_each_artifact_has_its_folder_unless_they_are_merged(rig: Rig) -> None:
    assert listed(rig, "name: r-1, path: run", "pattern: r-*") == "./r-1/a ./r-1/x/b"
    assert listed(rig, "name: r-1, path: run", "pattern: r-*, merge-multiple: true") == "./a ./x/b"
    assert listed(rig, "name: r-1, path: run", "pattern: other-*") == ""


def test_a_file_that_was_not_uploaded_is_missing(rig: Rig) -> None:
    run = rig.run(between("name: r, path: run/a", "name: other")).expect("failure", a="success")
    assert "Artifact not found for name: other" in run.annotations[-1].message


def test_a_second_upload_of_a_name_fails_unless_it_overwrites(rig: Rig) -> None:
    steps = """
        - run: echo 1 > a
        - uses: actions/upload-artifact@v7
          with: {name: r, path: a}
        - run: echo 2 > a
        - uses: actions/upload-artifact@v7
          with: {name: r, path: a, overwrite: OVERWRITE}
        """
    run = rig.steps(steps.replace("OVERWRITE", "false")).expect("failure")
    assert "(409) Conflict" in run.annotations[0].message
    run = rig.steps(steps.replace("OVERWRITE", "true")).expect()
    assert (run.artifacts["r"].folder / "a").read_text() == "2\n"


def test_nothing_to_upload_warns_or_fails_as_asked(rig: Rig) -> None:
    for asked, conclusion, level in (("warn", "success", ["warning"]), ("ignore", "success", [])):
        run = rig.steps(
            f"[{{uses: actions/upload-artifact@v7, with: {{path: no, if-no-files-found: {asked}}}}}]"
        )
        run.expect(conclusion)
        assert [note.level for note in run.annotations] == level
    rig.steps("[{uses: actions/upload-artifact@v7, with: {path: no, if-no-files-found: error}}]").expect(
        "failure"
    )


def test_an_artifact_that_was_changed_on_the_way_is_refused(rig: Rig) -> None:
    def change() -> None:
        (rig.sim.runs[-1].artifacts["r"].folder / "a").write_text("other")

    rig.sim.watch(after_job("a", change))
    run = rig.run(between("name: r, path: run/a", "name: r")).expect("failure", b="failure")
    assert "digest of artifact r does not match" in run.annotations[-1].message


def test_an_upload_tells_its_digest_and_runs_do_not_share_artifacts(rig: Rig) -> None:
    run = rig.run(between("name: r, path: run", "name: r")).expect()
    assert run.jobs["a"].steps["up"].outputs["artifact-digest"] == run.artifacts["r"].digest
    assert run.artifacts["r"].files == ("a", "x/b")
    other = rig.steps("[{uses: actions/download-artifact@v8, with: {name: r}}]")
    other.expect("failure")
