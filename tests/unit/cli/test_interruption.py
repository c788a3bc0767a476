import signal
import subprocess
import sys
import time

import pytest


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_command_with_a_message_and_its_exit_code(tmp_path, number):
    command = [sys.executable, "-m", "wms", "data", "synth", "--out", tmp_path / "pairs", "--count", "5000"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        give_up = time.monotonic() + 60
        while not any((tmp_path / "pairs").rglob("*.jpg")) and time.monotonic() < give_up:
            time.sleep(0.05)
        process.send_signal(number)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "interrupted: nothing is half-written" in said
    assert "Traceback" not in said
