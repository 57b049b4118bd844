"""What the lab VM is made of: kernels with other modules, packed otherwise, and packages that cannot be had."""

from __future__ import annotations

import gzip
import json
import lzma
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from syslab.lab_vm.host import LabMissing, cache, image, packages
from syslab.lab_vm.host.kernel import Kernel

from .lab_machines import DEBIAN, OFFLINE, Bare

MODULES = "usr/lib/modules/6.12.1/kernel"
NEEDS = {
    "virtio": "", "virtio_ring": "", "virtio_pci": "virtio,virtio_ring", "virtio_console": "virtio,virtio_ring",
    "irqbypass": "", "ccp": "", "kvm": "irqbypass", "kvm-amd": "ccp,kvm",
}  # fmt: skip
ROOTS = ("virtio_pci", "virtio_console", "kvm", "kvm-amd")


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bare:
    return Bare(tmp_path, monkeypatch)


def module(name: str) -> bytes:
    return b"\x7fELF" + f"\0license=GPL\0depends={NEEDS[name]}\0name={name.replace('-', '_')}\0".encode()


def deb(folder: Path, name: str, files: dict[str, bytes]) -> Path:
    """A package of these files."""
    root = folder / f"{name}.tree"
    control = root / "DEBIAN" / "control"
    control.parent.mkdir(parents=True)
    control.write_text(f"Package: {name}\nVersion: 1\nArchitecture: amd64\nMaintainer: nobody <n@example.org>\nDescription: test\n")
    for path, content in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)
    made = folder / f"{name}_1_amd64.deb"
    command = ["dpkg-deb", "--root-owner-group", "--build", "-Znone", str(root), str(made)]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    return made


def kernel(*debs: Path) -> Kernel:
    return Kernel([packages.opened(path) for path in debs], ROOTS)


def of_bookworm() -> dict[str, bytes]:
    files = {f"lib/modules/6.1.0/kernel/drivers/{name}.ko": module(name) for name in NEEDS}
    return files | {"boot/vmlinuz-6.1.0": b"kernel", "lib/modules/6.1.0/modules.builtin": b"kernel/drivers/other.ko\n"}


def of_trixie() -> dict[str, bytes]:
    """virtio is built in, as in Debian 13, and the modules are compressed."""
    files = {f"{MODULES}/{name}.ko.xz": lzma.compress(module(name)) for name in NEEDS if "virtio" not in name}
    built = "".join(f"kernel/drivers/virtio/{name}.ko\n" for name in NEEDS if "virtio" in name)
    return files | {"boot/vmlinuz-6.12.1": b"kernel", "usr/lib/modules/6.12.1/modules.builtin": built.encode()}


def test_what_a_module_depends_on_is_loaded_before_it(tmp_path: Path) -> None:
    made = kernel(deb(tmp_path, "linux-image-6.1.0", of_bookworm()))
    assert made.image == b"kernel" and made.absent == []
    order = list(made.modules)
    assert set(order) == set(NEEDS)
    for name, needs in NEEDS.items():
        assert all(order.index(other) < order.index(name) for other in needs.split(",") if other), order
    assert made.modules["kvm-amd"] == module("kvm-amd")


def test_what_is_built_into_the_kernel_is_no_module(tmp_path: Path) -> None:
    made = kernel(deb(tmp_path, "linux-image-6.12.1", of_trixie()))
    assert made.absent == []
    assert set(made.modules) == {"irqbypass", "ccp", "kvm", "kvm-amd"}
    assert made.modules["kvm"] == module("kvm"), "uncompressed"


def test_modules_in_a_package_of_their_own(tmp_path: Path) -> None:
    files = of_trixie()
    image = deb(tmp_path, "linux-image-6.8.0-31-generic", {"boot/vmlinuz-6.8.0": files.pop("boot/vmlinuz-6.12.1")})
    made = kernel(image, deb(tmp_path, "linux-modules-6.8.0-31-generic", files))
    assert made.image == b"kernel" and not made.absent and list(made.modules)[-1] == "kvm-amd"


def test_the_image_says_what_to_load(tmp_path: Path) -> None:
    python = {"usr/bin/python3.9": b"python", "usr/lib/python3.9/os.py": b""}
    libraries = {"lib/x86_64-linux-gnu/libc.so.6": b"c", "usr/lib/x86_64-linux-gnu/libffi.so.8": b"ffi"}
    debs = [
        deb(tmp_path, "linux-image-6.12.1", of_trixie()),
        deb(tmp_path, "python3.9-minimal", python),
        deb(tmp_path, "libc6", libraries),
    ]
    started, initrd, used = image.make(debs)
    assert started == b"kernel" and used == ["linux-image-6.12.1_1", "python3.9-minimal_1", "libc6_1"]
    for name in ("irqbypass", "ccp", "kvm", "kvm-amd"):
        assert f"lab/modules/{name}.ko\0".encode() in initrd
    assert b"lab/modules/virtio.ko" not in initrd
    about = initrd[initrd.index(b'{"packages"') :]
    told = json.JSONDecoder().raw_decode(about.decode("latin-1"))[0]
    assert sorted(told["modules"]) == ["ccp", "irqbypass", "kvm", "kvm-amd"]
    with pytest.raises(LabMissing, match=r"the packages lack the kernel, virtio_pci\.ko, .*kvm-amd\.ko"):
        image.make(debs[1:])


def test_modules_that_lack_or_are_damaged(tmp_path: Path) -> None:
    files = of_trixie()
    del files[f"{MODULES}/ccp.ko.xz"]
    assert kernel(deb(tmp_path, "without", files)).absent == ["ccp.ko"]
    with pytest.raises(LabMissing, match="a module of this kernel cannot be read"):
        kernel(deb(tmp_path, "cut", files | {f"{MODULES}/kvm.ko.xz": b"no xz"}))
    with pytest.raises(LabMissing, match=r"kvm.ko in the packages is no kernel module"):
        kernel(deb(tmp_path, "odd", {**of_bookworm(), "lib/modules/6.1.0/kernel/drivers/kvm.ko": b"text"}))


def test_gzip_and_zstd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = of_trixie()
    del files[f"{MODULES}/kvm.ko.xz"]
    zipped = kernel(deb(tmp_path, "gz", files | {f"{MODULES}/kvm.ko.gz": gzip.compress(module("kvm"))}))
    assert zipped.modules["kvm"] == module("kvm")
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "dpkg-deb").symlink_to(shutil.which("dpkg-deb") or "")
    made = deb(tmp_path, "zst", files | {f"{MODULES}/kvm.ko.zst": b"(zstd)"})
    monkeypatch.setenv("PATH", str(tools))
    with pytest.raises(LabMissing, match=r"compressed with zstd, which is not installed \(apt install zstd\)"):
        kernel(made)
    (tools / "zstd").write_text('#!/bin/sh\nexec /usr/bin/printf "depends=\\0"\n')
    (tools / "zstd").chmod(0o755)
    assert kernel(made).modules["kvm"] == b"depends=\0"
    (tools / "zstd").write_text("#!/bin/sh\necho unsupported format >&2; exit 1\n")
    with pytest.raises(LabMissing, match="zstd cannot read a module of this kernel: unsupported format"):
        kernel(made)


# packages that cannot be had


def missing() -> LabMissing:
    with pytest.raises(LabMissing) as caught:
        cache.ready(say=lambda text: None, again=True)
    return caught.value


@pytest.mark.parametrize(
    ("release", "named"),
    [
        ({"ID": "fedora", "PRETTY_NAME": "Fedora Linux 41 (Server Edition)"}, "Fedora Linux 41 (Server Edition)"),
        ({"ID": "arch", "NAME": "Arch Linux"}, "Arch Linux"),
        ({"ID": "opensuse-leap", "ID_LIKE": "suse opensuse", "PRETTY_NAME": "openSUSE Leap 15.6"}, "openSUSE Leap 15.6"),
    ],
)
def test_another_distribution_is_named_and_nothing_is_asked(bare: Bare, release: dict[str, str], named: str) -> None:
    bare.is_a(release)
    assert missing().why == f"it is made of Debian's packages, and this is {named}"
    (bare.bin / "qemu-system-x86_64").unlink()
    assert named in missing().why, "not what apt could install"
    assert not bare.asked("apt") and not bare.cache.exists()


def test_who_comes_from_debian(bare: Bare) -> None:
    for release, name in (
        (DEBIAN, "debian"),
        ({"ID": "ubuntu", "ID_LIKE": "debian"}, "ubuntu"),
        ({"ID": "linuxmint", "ID_LIKE": "ubuntu debian"}, "ubuntu"),
        ({"ID": "kali", "ID_LIKE": "debian"}, "debian"),
    ):
        bare.is_a(release)
        assert packages.distribution() == name
    bare.is_a({"ID": "ubuntu", "ID_LIKE": "debian"})
    assert packages.names([], time.monotonic() + 60)[:3] == [
        "linux-image-6.8.0-31-generic",
        "linux-modules-6.8.0-31-generic",
        "python3.13-minimal",
    ]
    bare.is_a(DEBIAN)
    assert packages.names([], time.monotonic() + 60) == [
        "linux-image-6.12.1-cloud-amd64", "python3.13-minimal", "libpython3.13-minimal", "libpython3.13-stdlib", "libffi8", "libc6",
        "zlib1g", "libexpat1",
    ]  # fmt: skip


def test_another_machine_is_told_before_anything_is_done(bare: Bare, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "this_machine", lambda: "arm64 Darwin")
    said: list[str] = []
    with pytest.raises(LabMissing, match="it is made for x86_64 Linux, and this machine is arm64 Darwin"):
        cache.ready(say=said.append)
    assert not said and not bare.asked("apt") and not bare.cache.exists()


@pytest.mark.parametrize("lacks", ["apt-get", "apt-cache", "dpkg-deb", "setpriv"])
def test_no_such_program(bare: Bare, lacks: str) -> None:
    (bare.bin / lacks).unlink()
    assert missing().why == f"{lacks} is not installed"
    assert not bare.asked("apt") and not bare.cache.exists()


def test_no_qemu(bare: Bare) -> None:
    (bare.bin / "qemu-system-x86_64").unlink()
    assert str(missing()) == "no lab VM: qemu-system-x86_64 is not installed (apt install qemu-system-x86)"


def test_a_qemu_that_is_known_not_to_do(bare: Bare) -> None:
    bare.program("qemu-system-x86_64", 'echo "QEMU emulator version 8.2.2 (Debian 1:8.2.2+ds-0ubuntu1.18)"')
    assert missing().why == "QEMU 8.2.2 emulates SVM with faults that send guests astray; 7.2 and 10.0 are known to work"
    assert not bare.asked("apt") and not bare.cache.exists()


def test_no_network(bare: Bare, monkeypatch: pytest.MonkeyPatch) -> None:
    told = missing()
    assert told.why == "apt-get cannot fetch packages: Temporary failure resolving 'deb.debian.org'"
    assert told.helps == "connect to a network that reaches it; then python -m syslab.lab_vm"
    assert len(bare.asked()) == 1, "no lists are asked for where nothing can be"
    bare.program("apt-get", "exec /bin/sleep 1000")
    monkeypatch.setattr(packages, "DOWNLOAD", 1.0)
    assert "took longer than 1 s" in missing().why
    assert [path.name for path in bare.cache.iterdir()] == ["lab.lock"]


def test_no_lists_of_packages_and_no_network(bare: Bare) -> None:
    bare.program("apt-cache", "echo 'E: No packages found' >&2; exit 100")
    assert "Temporary failure resolving" in missing().why
    assert ["update" in call for call in bare.asked()] == [True]
    bare.program("apt-get", "exit 0")
    told = missing()
    assert told.why == "apt-cache linux-image-cloud-amd64: E: No packages found" and not told.helps, "nobody can help"


def test_lists_of_its_own_where_those_of_the_system_are_old(bare: Bare) -> None:
    gone = 'case "$*" in *Dir::State*) exit 0 ;; esac; echo "E: Failed to fetch http://x/y.deb  404  Not Found" >&2; exit 100'
    bare.program("apt-get", gone)
    assert "the packages lack" in missing().why, "it came to downloading, of nothing"
    assert ["update" in call for call in bare.asked()] == [False, True, False]


@pytest.mark.parametrize(
    "text",
    ["E: Write error - write (28: No space left on device)", "E: You don't have enough free space in /x/cache/archives/."],
)
def test_apt_has_no_space(bare: Bare, text: str) -> None:
    bare.program("apt-get", f'echo "{text}" >&2; exit 100')
    told = missing()
    assert told.why == f"no space for it in {bare.cache}: No space left on device"
    assert told.helps == f"free 250 MB, or set {cache.FOLDER} to another folder"


def test_no_space_is_seen_before(bare: Bare, monkeypatch: pytest.MonkeyPatch) -> None:
    free = shutil.disk_usage("/")._replace(free=100_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: free)
    assert missing().why == f"no space for it in {bare.cache}: 100 MB are free, and it takes 250 MB to build"
    assert not bare.asked("apt")


def test_packages_that_lack_something(bare: Bare, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    debs = tmp_path / "debs"
    debs.mkdir()
    monkeypatch.setenv(packages.FOLDER, str(debs))
    assert "there are no .deb files" in missing().why
    (debs / "libc6_1_amd64.deb").write_bytes(b"no archive")
    assert "dpkg-deb cannot read libc6_1" in missing().why
    bare.is_a({"ID": "fedora"})
    assert "dpkg-deb cannot read libc6_1" in missing().why, "who brings Debian's packages needs no Debian"
    assert OFFLINE and not bare.asked("apt")
