#!/bin/sh
# Build page-fault.elf, byte for byte the same each time. The committed image was built with Debian 12's
# gcc 12.2.0-14+deb12u1 and binutils 2.40-2. Optional argument: where to put the image.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
out=${1:-$here/page-fault.elf}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$here"
flags="-O2 -std=gnu11 -Wall -Wextra -Werror -ffreestanding -fno-pic -no-pie -mcmodel=small -mno-red-zone
    -mgeneral-regs-only -fno-stack-protector -fcf-protection=none -fno-asynchronous-unwind-tables -fno-strict-aliasing"
cc=${CC:-gcc}
for source in boot.S trampoline.S main.c paging.c; do
    $cc $flags -c "$source" -o "$work/$source.o"
done
$cc -E -P -x c -D__ASSEMBLER__ link.ld -o "$work/link.ld"
ld -nostdlib -static -z noexecstack -z max-page-size=4096 --no-warn-rwx-segments --build-id=none --strip-all \
    -T "$work/link.ld" "$work/boot.S.o" "$work/trampoline.S.o" "$work/main.c.o" "$work/paging.c.o" -o "$work/image.elf"
chmod 644 "$work/image.elf"
cp "$work/image.elf" "$out"
sha256sum "$out"
