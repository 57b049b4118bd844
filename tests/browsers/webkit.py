"""WebKitGTK's own driver, by the classic WebDriver protocol. W3C, *WebDriver*."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import suppress
from typing import Any

TIMEOUT = 60


class WebKit:
    """One WebKit behind ``WebKitWebDriver``, on a display of its own (Xvfb). Its console cannot be read."""

    program = "WebKitWebDriver"

    def __init__(self) -> None:
        self.complaints: list[str] = []
        self._processes: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> WebKit:
        self._folder = tempfile.TemporaryDirectory(prefix="syslab-webkit-")
        try:
            environment = {
                **os.environ,
                "HOME": self._folder.name,
                "XDG_RUNTIME_DIR": self._folder.name,
                "WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS": "1",
            }
            environment["DISPLAY"] = self._display()
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                port = free.getsockname()[1]
            self._start([self.program, f"--port={port}", "--host=127.0.0.1"], environment)
            self._root = f"http://127.0.0.1:{port}"
            self._wait()
            self._root += f"/session/{self._call('POST', '/session', capabilities={})['sessionId']}"
            self._call("POST", "/timeouts", script=TIMEOUT * 1000, pageLoad=TIMEOUT * 1000)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for process in reversed(self._processes):
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        self._folder.cleanup()

    def _start(self, command: list[str], environment: dict[str, str], **more: Any) -> None:
        self._processes.append(
            subprocess.Popen(
                command, env=environment, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **more
            )
        )

    def _display(self) -> str:
        """A display nobody else has: Xvfb chooses its number and writes it."""
        read, write = os.pipe()
        command = [shutil.which("Xvfb") or "Xvfb", "-displayfd", str(write), "-screen", "0", "1280x900x24", "-nolisten", "tcp"]
        self._start(command, dict(os.environ), pass_fds=(write,))
        os.close(write)
        with os.fdopen(read) as pipe:
            return f":{pipe.readline().strip()}"

    def _wait(self) -> None:
        end = time.monotonic() + TIMEOUT
        while True:
            try:
                self._call("GET", "/status")
                return
            except (urllib.error.URLError, ConnectionError):
                if time.monotonic() > end:
                    raise
                time.sleep(0.1)

    def _call(self, method: str, path: str, **body: Any) -> Any:
        """A command's value. RuntimeError with what the driver says."""
        data = json.dumps(body).encode() if method == "POST" else None
        request = urllib.request.Request(self._root + path, data, {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=2 * TIMEOUT) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise RuntimeError(error.read().decode(errors="replace")) from error

    def open(self, url: str) -> None:
        """Load a page."""
        self._call("POST", "/url", url=url)

    def evaluate(self, function: str) -> Any:
        """What a JavaScript function returns: a string."""
        script = f"const done = arguments[0]; Promise.resolve(({function})()).then(done, error => done('error: ' + error))"
        return self._call("POST", "/execute/async", script=script, args=[])
