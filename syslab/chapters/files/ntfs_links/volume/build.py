"""Build links.img.xz: mkntfs, then ntfs-3g through FUSE, as root. Optional argument: where to put it.

Not byte for byte the same each time, as NTFS keeps times; the test compares what is in it.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[5]))

from syslab.chapters.files.ntfs_links import image as ntfs_image

target = Path(sys.argv[1]) if len(sys.argv) > 1 else ntfs_image.IMAGE
if reason := ntfs_image.cannot_mount():
    sys.exit(f"cannot build the image here: {reason}")
ntfs_image.commit(target)
print(target, target.stat().st_size, "bytes")
