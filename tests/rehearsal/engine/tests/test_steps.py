"""What one job's steps see and leave behind."""

from __future__ import annotations

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
