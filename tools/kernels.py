"""The kernels that run chapters: their files in ``_build``, why one died, and how to stop them all."""

from __future__ import annotations

import atexit
import contextlib
import os
import shutil
import signal
import socket
import tempfile
import threading
import time
import uuid
from pathlib import Path
from typing import Any

from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

from .environment import BUILD
from .failures import Failure, advice, advice_on, by_signal, one_line, plain, telling

FOLDER = BUILD / "kernels"  # their connection files; empty when no build is at work
GRACE = 5.0  # seconds that kernels which are to stop may clean up in


def prepare() -> None:
    """An empty :data:`FOLDER`, for whoever holds the build lock. Failure if kernels cannot be spoken to on this machine."""
    shutil.rmtree(FOLDER, ignore_errors=True)  # a build that was killed left them
    FOLDER.mkdir(parents=True, mode=0o700)  # the files have the keys of the connections
    try:
        with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname(), 10):
            pass
    except OSError as error:
        if error.errno and advice(error.errno):
            raise
        raise Failure(
            f"Kernels are spoken to over 127.0.0.1, and nothing gets there ({error.strerror or error}). "
            "Bring up the loopback interface: ip link set lo up"
        ) from error


class Runs:
    """Notebooks being executed, in as many threads as call :meth:`run`; :meth:`stop` ends them all."""

    def __init__(self, timeout: float) -> None:
        self.timeout = timeout  # seconds a cell may take
        self._stopping = threading.Event()
        self._managers: list[AsyncKernelManager] = []

    def run(self, notebook: Any, folder: Path, where: str, line: int = 0) -> None:
        """Execute ``notebook`` in place, in ``folder``. Failure if a cell raises or takes too long, or the kernel dies.

        The message begins with ``where`` and the cell's line there, from the source map; ``line`` corrects it.
        """
        at = [0]

        def on_cell(cell: Any, cell_index: int) -> None:
            at[0] = cell_index
            if self._stopping.is_set():
                raise Failure(f"{where}: stopped")

        manager = AsyncKernelManager(
            kernel_name=notebook.metadata.kernelspec.name, connection_file=str(FOLDER / f"{uuid.uuid4()}.json")
        )
        self._managers.append(manager)
        with tempfile.TemporaryFile(dir=FOLDER) as output:
            client = NotebookClient(
                notebook,
                km=manager,
                timeout=self.timeout,
                on_cell_start=on_cell,
                record_timing=False,  # it would be in the cells' metadata, and the cache would never find them again
                resources={"metadata": {"path": str(folder)}},
            )
            try:
                client.execute(cleanup_kc=True, stdout=output, stderr=output)
            except (CellExecutionError, CellTimeoutError, DeadKernelError, RuntimeError) as error:
                if isinstance(error, Failure):
                    raise
                output.seek(0)
                said = plain(output.read().decode("utf-8", "replace"))
                source = notebook.metadata.get("source_map", [])
                here = f"{where}:{source[at[0]] + line}" if source else where
                raise _failure(error, where, here, notebook.cells[at[0]].source, manager, said) from error
            finally:
                atexit.unregister(client._cleanup_kernel)  # nbclient forgets it where the kernel did not start
                _kill(manager, signal.SIGKILL)
                manager.cleanup_connection_file()
                self._managers.remove(manager)

    def stop(self) -> None:
        """No cell begins after this; those that run are interrupted, and killed if they do not end."""
        self._stopping.set()
        self._signal(signal.SIGINT)
        deadline = time.monotonic() + GRACE
        while self._managers and time.monotonic() < deadline:
            time.sleep(0.05)
        self._signal(signal.SIGKILL)

    def _signal(self, number: int) -> None:
        for manager in list(self._managers):
            _kill(manager, number)


def _kill(manager: AsyncKernelManager, number: int) -> None:
    process = getattr(manager.provisioner, "process", None)
    if process is not None and process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)  # a kernel leads a session of its own


def _failure(error: Exception, where: str, here: str, source: str, manager: AsyncKernelManager, said: str) -> Failure:
    lines = source.strip().splitlines()
    cell = "\n".join(f"    {line}" for line in [*lines[:8], *(["..."] if len(lines) > 8 else [])])
    if isinstance(error, CellExecutionError):
        return Failure(f"{here}: this cell raised {error.ename}: {one_line(error.evalue)}\n{cell}", said)
    if isinstance(error, CellTimeoutError):
        return Failure(f"{here}: this cell did not end in its time\n{cell}", said)
    status = getattr(getattr(manager.provisioner, "process", None), "returncode", None)
    ended = by_signal(-status) if status and status < 0 else f"with status {status}"
    if isinstance(error, DeadKernelError):
        return Failure(f"{here}: the kernel ended in this cell, {ended}\n{cell}", said)
    if status and status < 0:
        return Failure(f"{where}: the kernel did not start: it was {ended}", said)
    return Failure(f"{where}: the kernel did not start ({telling(said or str(error))}). {advice_on(said)}".rstrip(". "), said)
