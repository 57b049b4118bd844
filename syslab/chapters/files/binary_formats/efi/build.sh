#!/bin/sh
# Build nothing.efi, byte for byte the same each time. The committed file was built with Debian 12's
# gcc 12.2.0-14+deb12u1 and binutils 2.40-2. Optional argument: where to put the file.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
out=${1:-$here/nothing.efi}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
${CC:-gcc} -c "$here/nothing.S" -o "$work/nothing.o"
# subsystem 10: EFI application
ld -m i386pep --subsystem=10 -e efi_main --image-base=0 --no-insert-timestamp --strip-all "$work/nothing.o" -o "$work/nothing.efi"
chmod 644 "$work/nothing.efi"
cp "$work/nothing.efi" "$out"
sha256sum "$out"
