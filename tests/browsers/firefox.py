"""Debian's Firefox, driven by WebDriver BiDi over a loopback socket. W3C, *WebDriver BiDi*."""

from __future__ import annotations

import asyncio
import itertools
import os
import re
import signal
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from tornado.websocket import WebSocketClientConnection, websocket_connect

TIMEOUT = 60  # seconds, for the start and for each command


class Firefox:
    """One headless Firefox with a profile of its own, gone at the end of ``with``. ``complaints``: errors, and requests to other hosts."""

    program = "firefox-esr"

    def __init__(self) -> None:
        self.complaints: list[str] = []
        self._ids = itertools.count(1)

    def __enter__(self) -> Firefox:
        self._folder = tempfile.TemporaryDirectory(prefix="syslab-firefox-")
        home = Path(self._folder.name)
        profile = home / "profile"
        profile.mkdir()
        quiet = (
            "app.update.enabled",
            "browser.safebrowsing.update.enabled",
            "network.captive-portal-service.enabled",
            "network.connectivity-service.enabled",
        )
        (profile / "user.js").write_text("".join(f'user_pref("{name}", false);\n' for name in quiet))
        self._process = subprocess.Popen(
            [self.program, "--headless", "--remote-debugging-port=0", "--profile", str(profile), "--no-remote", "about:blank"],
            env={**os.environ, "HOME": str(home), "MOZ_HEADLESS": "1"}, start_new_session=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        self._loop = asyncio.new_event_loop()
        try:
            self._socket: WebSocketClientConnection = self._loop.run_until_complete(self._connect(self._address()))
            self._send("session.new", capabilities={})
            self._send("session.subscribe", events=["log.entryAdded", "network.beforeRequestSent"])
            self._context = self._send("browsingContext.getTree")["contexts"][0]["context"]
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        if self._process.stderr:
            self._process.stderr.close()
        self._loop.close()
        self._folder.cleanup()

    def _address(self) -> str:
        """Where it says that it listens. RuntimeError if it ends before."""
        assert self._process.stderr
        for line in self._process.stderr:
            if found := re.search(r"WebDriver BiDi listening on (ws://\S+)", line):
                return f"{found[1]}/session"
        raise RuntimeError("Firefox ended before it listened")

    async def _connect(self, address: str) -> WebSocketClientConnection:
        return await asyncio.wait_for(websocket_connect(address, max_message_size=1 << 26), TIMEOUT)

    def _send(self, method: str, **params: Any) -> dict[str, Any]:
        """A command and its result. RuntimeError with what Firefox says."""
        return self._loop.run_until_complete(asyncio.wait_for(self._talk(method, params), TIMEOUT))

    async def _talk(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        import json

        number = next(self._ids)
        await self._socket.write_message(json.dumps({"id": number, "method": method, "params": params}))
        while True:
            text = await self._socket.read_message()
            if text is None:
                raise RuntimeError(f"Firefox closed the connection during {method}")
            message = json.loads(text)
            if message.get("id") == number:
                if message["type"] == "error":
                    raise RuntimeError(f"{method}: {message['error']}: {message['message']}")
                return dict(message["result"])
            self._note(message)

    def _note(self, event: dict[str, Any]) -> None:
        params = event.get("params", {})
        if event.get("method") == "log.entryAdded" and params["level"] in ("error", "warn"):
            self.complaints.append(f"{params['level']}: {params['text']}")
        if event.get("method") == "network.beforeRequestSent":
            url = params["request"]["url"]
            if not re.match(r"(http://127\.0\.0\.1:|data:|blob:|about:)", url):
                self.complaints.append(f"another host: {url}")

    def open(self, url: str) -> None:
        """Load a page."""
        self._send("browsingContext.navigate", context=self._context, url=url, wait="complete")

    def evaluate(self, function: str) -> Any:
        """What a JavaScript function returns: a string."""
        result = self._send(
            "script.callFunction", functionDeclaration=function, awaitPromise=True, target={"context": self._context}
        )
        if result["type"] == "exception":
            raise RuntimeError(result["exceptionDetails"]["text"])
        return result["result"].get("value")
