"""Starts the rehearsed program in milliseconds: a process that imported everything forks for each command.

A run of the pipeline starts `wms` some forty times, and most of that time would be Python's imports. Every
command still is a process of its own, with the arguments, environment, folder, standard streams and signals
that its job gave it, and it dies with the client that asked for it.
"""

from __future__ import annotations

import array
import contextlib
import importlib
import json
import os
import signal
import socket
import struct
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path

IMPORTED = (
    "wms.cli.data", "wms.cli.infra", "wms.cli.model", "wms.cli.pipeline", "wms.cli.run", "wms.cli.state",
    "wms.cli.workflow", "wms.pipeline.actions", "wms.pipeline.workflow", "wms.report.markdown", "wms.wiring",
    "wms.adapters.dvc_remote", "wms.adapters.github_forge", "wms.cli.infra_tunnel", "wms.wiring.cloud",
    "hcl2", "pipeline.small",
)  # fmt: skip

CLIENT = """#!{python} -IS
import array, json, os, signal, socket, struct, sys
asked = json.dumps([sys.argv[1:], dict(os.environ), os.getcwd()]).encode()
server = socket.socket(socket.AF_UNIX)
server.connect({address!r})
streams = array.array("i", [0, 1, 2])
server.sendmsg([struct.pack("!I", len(asked))], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, streams)])
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, lambda number, frame: server.send(bytes([number])))
server.sendall(asked)
answer = server.recv(4)
sys.exit(struct.unpack("!i", answer)[0] if len(answer) == 4 else 137)
"""


def serve(address: str, run: Callable[[], None]) -> None:
    """Answer clients until standard input ends, which it does with the test session."""
    for name in IMPORTED:
        importlib.import_module(name)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(address)
    listener.listen(16)
    threading.Thread(target=_end_with_session, daemon=True).start()
    print("ready", flush=True)  # noqa: T201 - the session waits for this line
    while True:
        client, _ = listener.accept()
        header, ancillary, _, _ = client.recvmsg(4, socket.CMSG_SPACE(12))
        streams = array.array("i")
        streams.frombytes(ancillary[0][2][:12])
        asked = _exactly(client, struct.unpack("!I", header)[0])
        pid = os.fork()
        if pid == 0:
            listener.close()
            client.close()
            _become(json.loads(asked), streams)
            os._exit(_exit_code(run))
        for stream in streams:
            os.close(stream)
        threading.Thread(target=_tend, args=(client, pid), daemon=True).start()


def _exit_code(run: Callable[[], None]) -> int:
    """Run the program to its end; Python's own end would wait for threads that a fork leaves behind."""
    code: object = 0
    try:
        run()
    except SystemExit as end:
        code = end.code
    except BaseException:  # noqa: BLE001 - as the interpreter does
        traceback.print_exc()
        code = 1
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError):
            stream.flush()
    return code if isinstance(code, int) else int(code is not None)


def _become(asked: list[object], streams: array.array[int]) -> None:
    """Take the place that the client has, as far as a process can."""
    arguments, environment, folder = asked
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
    os.chdir(folder)  # type: ignore[arg-type]
    os.environ.clear()
    os.environ.update(environment)  # type: ignore[arg-type]
    sys.argv = ["wms", *arguments]  # type: ignore[misc]
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", closefd=False, buffering=1)  # noqa: SIM115
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _tend(client: socket.socket, pid: int) -> None:
    """Pass the client's signals on, end the command with it, and tell it how the command ended."""

    def listen() -> None:
        with contextlib.suppress(OSError, ProcessLookupError):
            while sent := client.recv(1):
                os.kill(pid, sent[0])
            os.kill(pid, signal.SIGKILL)

    threading.Thread(target=listen, daemon=True).start()
    _, status = os.waitpid(pid, 0)
    code = os.waitstatus_to_exitcode(status)
    with contextlib.suppress(OSError):
        client.sendall(struct.pack("!i", code if code >= 0 else 128 - code))
        client.shutdown(socket.SHUT_RDWR)
    client.close()


def _exactly(client: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        data += client.recv(size - len(data))
    return data


def _end_with_session() -> None:
    sys.stdin.read()
    os._exit(0)


def write_client(program: Path, address: str) -> None:
    """A program that asks the server at this address."""
    program.write_text(CLIENT.format(python=sys.executable, address=address))
    program.chmod(0o755)


if __name__ == "__main__":
    from rehearsal.program import run as run_program

    serve(sys.argv[1], run_program)
