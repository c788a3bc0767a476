"""Starts Python programs in milliseconds: a process that imported everything forks for each command.

Tests start `wms` and `dvc` some thousand times, and most of that time would be Python's imports. Every
command still is a process of its own, with the arguments, environment, folder, standard streams and signals
that its caller gave it, and it dies with the client that asked for it. Only the imports are done before.
"""

from __future__ import annotations

import array
import contextlib
import gc
import importlib
import json
import os
import runpy
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path

IMPORTED = (
    "wms.cli.data", "wms.cli.infra", "wms.cli.infra_stack", "wms.cli.model", "wms.cli.pipeline",
    "wms.cli.deploy", "wms.cli.predict", "wms.cli.run", "wms.cli.state", "wms.run.runner",
    "wms.run.workflow", "wms.report.markdown", "wms.adapters.dvc.remote", "wms.adapters.github.forge",
    "pipeline.small", "multiprocessing.spawn",
    # What those import when they need it.
    "alembic.command", "dulwich.porcelain", "dvc.dvcfile", "dvc.repo.add", "dvc.repo.commit", "dvc.repo.push",
    "dvc.repo.reproduce", "dvc.stage.loader", "dvc_s3", "hcl2", "matplotlib.pyplot",
    "mlflow.store.model_registry.sqlalchemy_store", "mlflow.store.tracking.sqlalchemy_store", "networkx",
    "onnxruntime", "onnxscript", "scmrepo.git", "torch",
)  # fmt: skip
WITHOUT_TORCH = (
    "boto3", "dulwich.porcelain", "fakes.data_store", "fakes.registry", "hcl2", "matplotlib.pyplot", "onnx",
    "onnxruntime", "rehearsal.program", "scmrepo.git", "wms.adapters.github.forge", "wms.cli.data",
    "wms.cli.infra", "wms.cli.infra_stack", "wms.cli.model", "wms.cli.release", "wms.cli.run",
    "wms.cli.deploy", "wms.cli.github", "wms.cli.state", "wms.gate.reports",
    "wms.gate.verdict", "wms.promotion.rollback", "wms.run.preflight",
    "wms.run.workflow", "wms.wiring.cloud",
)  # fmt: skip
"""A fork of a process with PyTorch takes twice as long, and one command of a run needs it."""
AWS_IMPORTED = (
    "awscli.clidriver",
    "awscli.handlers",
    "awscli.customizations.s3.s3",
    "botocore.auth",
    "http.client",
)
WMS, DVC, AWS, PYTHON = "wms.cli:main", "dvc.cli:main", "awscli.clidriver:main", "quick:python"
"""Programs, as the module and the function that a console script of them would call."""

CLIENT = """#!{python} -IS
import array, json, os, signal, socket, struct, sys
asked = json.dumps([{program!r}, sys.argv, dict(os.environ), os.getcwd()]).encode()
server = socket.socket(socket.AF_UNIX)
server.connect({training!r} if sys.argv[1:2] == ["train"] else {address!r})
streams = array.array("i", [0, 1, 2])
server.sendmsg([struct.pack("!I", len(asked))], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, streams)])
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, lambda number, frame: server.send(bytes([number])))
server.sendall(asked)
answer = server.recv(4)
sys.exit(struct.unpack("!i", answer)[0] if len(answer) == 4 else 137)
"""


@contextlib.contextmanager
def quick_server(
    folder: Path, *, python: str = sys.executable, imported: Sequence[str] = IMPORTED
) -> Iterator[str]:
    """The address of a server for clients, which lives in an empty folder until the block ends."""
    address = str(folder / "socket")
    # A `wms` that the caller put on the path, as in another checkout, goes before the installed one.
    paths = [str(Path(__file__).parent), *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    server = subprocess.Popen(
        [python, __file__, address, *imported],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert server.stdin is not None
    assert server.stdout is not None
    assert server.stdout.readline() == b"ready\n"
    yield address
    server.stdin.close()
    server.wait(timeout=10)


def write_client(path: Path, address: str, program: str, *, training: str | None = None) -> Path:
    """An executable that lets the server at this address run a program, as `module:function`.

    `training` is the address of the server for the command `train`, if that is another one.
    """
    client = CLIENT.format(
        python=sys.executable, address=address, training=training or address, program=program
    )
    path.write_text(client)
    path.chmod(0o755)
    return path


def interpreter(program: str) -> str | None:
    """The Python that runs a program of the PATH; `None` where it is no script of Python."""
    path = shutil.which(program)
    if path is not None and b"pyenv" in Path(path).read_bytes()[:500]:
        found = subprocess.run(["pyenv", "which", program], capture_output=True, text=True, check=True)
        path = found.stdout.strip()
    first = b"" if path is None else Path(path).read_bytes()[:200].partition(b"\n")[0]
    return first[2:].decode().strip() if first.startswith(b"#!") and b"python" in first else None


def python() -> None:
    """What `python -c` and `python -m` do."""
    option, what, *_ = sys.argv[1:]
    del sys.argv[0:2]
    if option == "-c":
        sys.argv[0] = "-c"
        exec(compile(what, "<string>", "exec"), {"__name__": "__main__"})  # noqa: S102 - it is Python's own job
    elif option == "-m":
        runpy.run_module(what, run_name="__main__", alter_sys=True)
    else:
        raise NotImplementedError(f"python {option}")


def serve(address: str, imported: Sequence[str]) -> None:
    """Answer clients until standard input ends, which it does with the test session."""
    before = dict(os.environ)
    for name in imported:
        importlib.import_module(name)
    set_by_imports = dict(os.environ.items() - before.items())
    # A collection in a forked command would write to every object that is shared, and copy its page.
    gc.collect()
    gc.freeze()
    # Programs that programs start are as quick; `multiprocessing` keeps the interpreter that it knows by now.
    sys.executable = str(write_client(Path(address).with_name("python"), address, PYTHON))
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
            program, arguments, environment, folder = json.loads(asked)
            os._exit(_exit_code(program, arguments, {**set_by_imports, **environment}, folder, streams))
        for stream in streams:
            os.close(stream)
        threading.Thread(target=_tend, args=(client, pid), daemon=True).start()


def _exit_code(
    program: str, arguments: list[str], environment: dict[str, str], folder: str, streams: array.array[int]
) -> int:
    """Run a program to its end; Python's own end would wait for threads that a fork leaves behind."""
    try:
        _become(arguments, environment, folder, streams)
        module, _, function = program.partition(":")
        code = getattr(importlib.import_module(module), function)()
    except SystemExit as end:
        code = end.code
    except BaseException:  # noqa: BLE001 - as the interpreter does
        traceback.print_exc()
        code = 1
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError):
            stream.flush()
    return code if isinstance(code, int) else int(code is not None)


def _become(
    arguments: list[str], environment: dict[str, str], folder: str, streams: array.array[int]
) -> None:
    """Take the place that the client has, as far as a process can."""
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = arguments
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


if __name__ == "__main__":
    serve(sys.argv[1], sys.argv[2:])
