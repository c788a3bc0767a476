"""What one job's steps see and leave behind."""

from __future__ import annotations

import time
from pathlib import Path

from rehearsal.engine.actions.base import Action
from rehearsal.engine.tests.rig import Rig


def test_an_output_reaches_the_next_step_and_the_next_job(rig: Rig) -> None:
    run = rig.run(
        """
        jobs:
          a:
            runs-on: ubuntu-latest
            outputs: {word: "${{ steps.say.outputs.word }}"}
            steps:
              - id: say
                run: echo "word=hello" >> "$GITHUB_OUTPUT"
              - run: echo "heard $WORD"
                env: {WORD: "${{ steps.say.outputs.word }}"}
          b:
            needs: a
            runs-on: ubuntu-latest
            steps: [{run: 'echo "got ${{ needs.a.outputs.word }} (${{ needs.a.result }})"'}]
        """
    ).expect()
    assert "heard hello" in run.jobs["a"].log
    assert "got hello (success)" in run.jobs["b"].log


def test_an_output_of_several_lines_is_kept_whole(rig: Rig) -> None:
    run = rig.steps(
        r"""
        - id: say
          run: printf 'text<<END\none\n\ntwo=2\nEND\nlast=3\n' >> "$GITHUB_OUTPUT"
        """
    ).expect()
    assert run.jobs["a"].steps["say"].outputs == {"text": "one\n\ntwo=2", "last": "3"}


def test_a_block_without_its_end_fails_the_step(rig: Rig) -> None:
    run = rig.steps(r"""[{run: 'printf "text<<END\none\n" >> "$GITHUB_OUTPUT"'}]""").expect("failure")
    assert "Matching delimiter not found 'END'" in run.annotations[0].message


def test_variables_and_folders_added_by_a_step_hold_from_the_next_on(rig: Rig) -> None:
    run = rig.steps(
        """
        - run: |
            echo "COLOUR=red" >> "$GITHUB_ENV"
            mkdir bin && printf '#!/bin/sh\\necho from-bin' > bin/tool && chmod +x bin/tool
            echo "$PWD/bin" >> "$GITHUB_PATH"
            echo "now ${COLOUR:-none}"
        - run: echo "then $COLOUR ${{ env.COLOUR }} $(tool)"
        """
    ).expect()
    assert "now none" in run.log
    assert "then red red from-bin" in run.log


def test_the_nearest_env_wins_and_expressions_see_it(rig: Rig) -> None:
    run = rig.run(
        """
        env: {A: workflow, B: workflow, C: workflow}
        jobs:
          a:
            runs-on: ubuntu-latest
            env: {B: job, C: job}
            steps:
              - run: echo "$A $B $C / ${{ env.A }} ${{ env.B }} ${{ env.C }}"
                env: {C: step}
        """
    ).expect()
    assert "workflow job step / workflow job step" in run.log


def test_what_github_sets_cannot_be_set_otherwise(rig: Rig) -> None:
    run = rig.steps("[{run: 'echo \"sha=$GITHUB_SHA\"', env: {GITHUB_SHA: mine}}]").expect()
    assert f"sha={run.sha}" in run.log


def test_without_a_shell_an_error_in_a_pipe_passes_and_with_bash_it_fails(rig: Rig) -> None:
    rig.steps("[{run: 'false | true'}]").expect()
    rig.steps("[{run: 'false | true', shell: bash}]").expect("failure")


def test_defaults_give_shell_and_folder_and_a_step_may_differ(rig: Rig) -> None:
    run = rig.steps(
        """
        - run: mkdir -p inner
          working-directory: .
        - run: echo "in ${PWD##*/}"
        - run: print("python", 1 + 1)
          shell: python
        """,
        job="defaults: {run: {working-directory: inner, shell: bash}}",
    ).expect()
    assert "in inner" in run.log
    assert "python 2" in run.log


def test_after_a_failure_only_steps_that_ask_for_it_run(rig: Rig) -> None:
    run = rig.steps(
        """
        - {id: breaks, run: exit 3}
        - {id: plain, run: "true"}
        - {id: on_failure, if: failure(), run: "true"}
        - {id: always, if: always(), run: "true"}
        - {id: with_words, if: "'failure()' == 'x'", run: "true"}
        """
    ).expect("failure")
    ends = {name: str(step.conclusion) for name, step in run.jobs["a"].steps.items()}
    assert ends == {
        "breaks": "failure", "plain": "skipped", "on_failure": "success", "always": "success",
        "with_words": "skipped",
    }  # fmt: skip
    assert "exit code 3" in run.annotations[0].message


def test_a_tolerated_failure_has_an_outcome_and_another_conclusion(rig: Rig) -> None:
    run = rig.steps(
        """
        - {id: may_fail, run: exit 1, continue-on-error: true}
        - run: echo "${{ steps.may_fail.outcome }} then ${{ steps.may_fail.conclusion }}"
        """
    ).expect()
    assert "failure then success" in run.log


def test_a_step_that_takes_too_long_fails(rig: Rig) -> None:
    rig.sim.world.minute_seconds = 1.0
    run = rig.steps("[{run: sleep 30, timeout-minutes: 1}, {if: failure(), id: tidy, run: 'true'}]")
    run.expect("failure")
    assert "timed out" in run.annotations[0].message
    assert run.jobs["a"].steps["tidy"].conclusion == "success"


def test_a_job_that_takes_too_long_is_cancelled_and_tidies_up(rig: Rig) -> None:
    rig.sim.world.minute_seconds = 1.0
    run = rig.steps(
        "[{run: sleep 30}, {if: failure(), id: f, run: 'true'}, {if: always(), id: tidy, run: 'true'}]",
        job="timeout-minutes: 1",
    ).expect("cancelled", a="cancelled")
    assert run.jobs["a"].steps["f"].conclusion == "skipped"
    assert run.jobs["a"].steps["tidy"].conclusion == "success"


def test_a_job_that_runs_out_of_time_in_an_action_is_cancelled_too(rig: Rig) -> None:
    rig.sim.world.minute_seconds = 0.2
    rig.sim.world.actions["some/slow"] = Action(run=lambda call: time.sleep(0.5))
    run = rig.steps("[{uses: some/slow@v1}, {id: next, run: 'true'}]", job="timeout-minutes: 1")
    run.expect("cancelled", a="cancelled")
    assert run.jobs["a"].steps["next"].conclusion == "skipped"


def test_summaries_and_annotations_are_collected(rig: Rig) -> None:
    run = rig.steps(
        """
        - run: |
            echo "# Verdict" >> "$GITHUB_STEP_SUMMARY"
            echo "::error file=a/b.png,line=3,title=Bad%2C worse::first%0Asecond"
            echo "::warning::careful"
        """
    ).expect()
    assert run.summary.strip() == "# Verdict"
    error, warning = run.annotations
    assert (error.file, error.line, error.title, error.message) == (
        "a/b.png",
        3,
        "Bad, worse",
        "first\nsecond",
    )
    assert (warning.level, warning.message) == ("warning", "careful")


def test_between_stop_commands_and_its_token_nothing_is_a_command(rig: Rig) -> None:
    run = rig.steps(
        """
        - run: |
            echo "::stop-commands::until"
            echo "::error::not one"
            echo "::until::"
            echo "::error::one"
        """
    ).expect()
    assert [note.message for note in run.annotations] == ["one"]


def test_each_job_has_an_empty_workspace_and_home(rig: Rig) -> None:
    rig.run(
        """
        jobs:
          a:
            runs-on: ubuntu-latest
            steps: [{run: 'touch here ~/there'}]
          b:
            needs: a
            runs-on: ubuntu-latest
            steps: [{run: 'test -z "$(ls -A .)$(ls -A ~)"'}]
        """
    ).expect()


def test_a_program_left_in_the_background_lives_until_the_job_ends(rig: Rig) -> None:
    run = rig.steps(
        """
        - run: |
            sleep 300 &
            echo $! > pid
        - run: kill -0 "$(cat pid)"
        - {id: pid, run: 'echo "pid=$(cat pid)" >> "$GITHUB_OUTPUT"'}
        """
    ).expect()
    stat = Path(f"/proc/{run.jobs['a'].steps['pid'].outputs['pid']}/stat")
    assert not stat.exists() or stat.read_text().split()[2] == "Z"


def test_a_failure_is_told_with_the_end_of_its_log(rig: Rig) -> None:
    run = rig.steps("[{name: Train, run: 'echo the reason; exit 1'}]")
    try:
        run.expect()
    except AssertionError as error:
        told = str(error)
    assert "step Train (.github/workflows/w.yml:" in told
    assert "$ echo the reason" in told
    assert "| the reason" in told
