"""Reparse tags: who owns which, by [MS-FSCC] *Reparse Tags* (2.1.2.1), and what the bits of any tag say.

Names are those of the specification without IO_REPARSE_TAG_.
"""

from __future__ import annotations

from syslab.bits.core import Source

SOURCES = (
    Source("[MS-FSCC] File System Control Codes", "Reparse Tags"),
    Source("Windows driver documentation", "Reparse Point Tags (ntifs.h), on the bits of a tag"),
)
_LISTED = """
00000000 RESERVED_ZERO
00000001 RESERVED_ONE
00000002 RESERVED_TWO
a0000003 MOUNT_POINT
c0000004 HSM: old hierarchical storage
80000005 DRIVE_EXTENDER: Home Server
80000006 HSM2: old hierarchical storage
80000007 SIS: single-instance storage
80000008 WIM: a mounted image
80000009 CSV: old cluster volumes
8000000a DFS: the distributed file system
8000000b FILTER_MANAGER: a test
a000000c SYMLINK
a0000010 IIS_CACHE
80000012 DFSR: the distributed file system
80000013 DEDUP: deduplicated data
c0000014 APPXSTRM
80000014 NFS: a special file of an NFS server
80000015 FILE_PLACEHOLDER: Windows 8.1's cloud files
80000016 DFM: the dynamic file filter
80000017 WOF: a compressed file, or one in a WIM image
80000018 WCI: container isolation
90001018 WCI_1: container isolation
a0000019 GLOBAL_REPARSE: a named pipe of the host
9000001a CLOUD: Cloud Files, such as OneDrive
8000001b APPEXECLINK: an app's alias
9000001c PROJFS: the projected file system
a000001d LX_SYMLINK: WSL's symbolic link
8000001e STORAGE_SYNC: Azure File Sync
90000027 STORAGE_SYNC_FOLDER: Azure File Sync
a000001f WCI_TOMBSTONE: container isolation
80000020 UNHANDLED: container isolation
80000021 ONEDRIVE
a0000022 PROJFS_TOMBSTONE: the projected file system
80000023 AF_UNIX: a Unix socket
80000024 LX_FIFO: WSL's FIFO
80000025 LX_CHR: WSL's character device
80000026 LX_BLK: WSL's block device
a0000027 WCI_LINK: container isolation
a0001027 WCI_LINK_1: container isolation
"""
NAMES: dict[int, str] = {int(line[:8], 16): line[9:] for line in _LISTED.strip().splitlines()}
NAMES |= {0x9000001A | n << 12: f"CLOUD_{n:X}: Cloud Files, such as OneDrive" for n in range(1, 16)}
"""Tag -> its name and, where that does not say it, whose it is."""

MICROSOFT, SURROGATE, DIRECTORY = 1 << 31, 1 << 29, 1 << 28
BITS = (
    (MICROSOFT, " It is Microsoft's.", " It is not Microsoft's, so bytes 8 to 23 are its owner's GUID."),
    (SURROGATE, " It is a name surrogate: the file stands for another.", ""),
    (DIRECTORY, " A directory that has it can have children.", ""),
)
"""A bit of a tag, what it says when it is set, and when not. ntifs.h draws them as M, N and D."""


def of_bits(tag: int) -> str:
    """What the bits of any tag say, in sentences that begin with a blank."""
    return "".join(text if tag & bit else other for bit, text, other in BITS)
