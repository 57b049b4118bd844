"""What a function says of itself from another process arrives as it was said."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from syslab.messages import Told, send, tell


def heard(work: Callable[[], Any]) -> tuple[int, Told]:
    """The exit status, and what the other end of the pipe made of it."""
    there, out = os.pipe()
    status, told = tell(out, work), Told()
    os.close(out)
    with open(there, encoding="utf-8") as lines:
        for line in lines:
            told.take(line)
    return status, told


def rows(stop: int, error: BaseException | None = None) -> Iterator[dict[str, int]]:
    for number in range(stop):
        yield {"number": number}
    if error:
        raise error


def test_rows_and_data_arrive() -> None:
    assert heard(lambda: rows(3)) == (0, Told([{"number": n} for n in range(3)], {"rows": True}))
    assert heard(lambda: rows(0))[1].data == []
    status, told = heard(lambda: {"é\n": None})
    assert (status, told.rows, told.data) == (0, [], {"é\n": None})
    assert heard(lambda: None)[1].data is None


@pytest.mark.parametrize("error", [KeyError("missing"), SystemExit(3), KeyboardInterrupt()])
def test_an_error_keeps_the_rows_before_it(error: BaseException) -> None:
    status, told = heard(lambda: rows(2, error))
    assert status == 1 and told.rows == [{"number": 0}, {"number": 1}]
    assert (told.end["error"]["type"], told.end["error"]["text"]) == (type(error).__name__, str(error))
    assert "in rows" in told.end["error"]["trace"]


def test_what_json_cannot_say_is_an_error() -> None:
    assert heard(lambda: b"bytes")[1].end["error"]["type"] == "TypeError"


def test_what_is_said_beside_ends_nothing() -> None:
    told = Told()
    told.take('{"provenance": {"kernel": "Linux 6.1"}}')
    told.take(b'{"row": 1}\n')
    told.take('{"timeout": 2.5}')
    assert (told.end, told.rows, told.beside) == ({}, [1], {"provenance": {"kernel": "Linux 6.1"}, "timeout": 2.5})
    with pytest.raises(ValueError):
        told.take("no JSON")


def test_a_message_larger_than_the_pipe_s_pieces_is_whole() -> None:
    there, out = os.pipe()
    pid = os.fork()
    if not pid:
        os.close(there)
        send(out, {"data": "x" * 300_000})
        os._exit(0)
    os.close(out)
    with open(there, encoding="utf-8") as lines:
        told = Told()
        told.take(lines.read())
    os.waitpid(pid, 0)
    assert told.data == "x" * 300_000
