"""posix_spawn(3) with a clean slate: every signal at its default, 32 and 33 too.

``os.posix_spawn`` would do, but for one thing: it cannot name the two signals that glibc keeps for itself, and glibc
then leaves them ignored in the child (sysdeps/unix/sysv/linux/spawni.c), which every later SigIgn would show. Here
the set is given as bytes. Nothing runs between fork and exec, so threads of this process may call it.
"""

from __future__ import annotations

import ctypes
import os
import signal
from collections.abc import Iterable, Mapping, Sequence

SETSIGDEF, SETSIGMASK, SETSID = 0x04, 0x08, 0x80  # <spawn.h>
SET_BYTES, STRUCT_BYTES = 128, 1024  # sizeof(sigset_t); more than either of posix_spawn's structures
Open = tuple[int, str, int]  # descriptor, path, flags
Copy = tuple[int, int]  # from, to


def _set(numbers: Iterable[int]) -> bytes:
    return sum(1 << number - 1 for number in numbers).to_bytes(SET_BYTES, "little")


def spawn(
    path: str,
    argv: Sequence[str],
    environment: Mapping[str, str],
    opens: Sequence[Open],
    copies: Sequence[Copy],
    blocked: Iterable[int],
) -> int:
    """Start ``path`` in a session of its own with ``blocked`` signals blocked; its pid. First ``opens``, then ``copies``.

    OSError if that fails. A terminal that is opened becomes the controlling terminal.
    """
    lib = ctypes.CDLL(None)
    attributes, actions = ctypes.create_string_buffer(STRUCT_BYTES), ctypes.create_string_buffer(STRUCT_BYTES)

    def check(code: int) -> None:  # these functions return the error
        if code:
            raise OSError(code, os.strerror(code), path)

    check(lib.posix_spawnattr_init(attributes))
    check(lib.posix_spawn_file_actions_init(actions))
    try:
        every = set(range(1, 65)) - {signal.SIGKILL, signal.SIGSTOP}
        check(lib.posix_spawnattr_setsigdefault(attributes, _set(every)))
        check(lib.posix_spawnattr_setsigmask(attributes, _set(blocked)))
        check(lib.posix_spawnattr_setflags(attributes, ctypes.c_short(SETSIGDEF | SETSIGMASK | SETSID)))
        for descriptor, name, flags in opens:
            check(lib.posix_spawn_file_actions_addopen(actions, descriptor, os.fsencode(name), flags, 0))
        for source, target in copies:
            check(lib.posix_spawn_file_actions_adddup2(actions, source, target))
        pid = ctypes.c_int()
        check(lib.posix_spawn(ctypes.byref(pid), os.fsencode(path), actions, attributes, _strings(argv), _strings(
            f"{name}={value}" for name, value in environment.items()
        )))  # fmt: skip
        return pid.value
    finally:
        lib.posix_spawn_file_actions_destroy(actions)
        lib.posix_spawnattr_destroy(attributes)


def _strings(texts: Iterable[str]) -> ctypes.Array[ctypes.c_char_p]:
    encoded = [os.fsencode(text) for text in texts]
    if any(b"\0" in text for text in encoded):
        raise ValueError("an argument contains a NUL, which would end it there")
    return (ctypes.c_char_p * (len(encoded) + 1))(*encoded, None)
