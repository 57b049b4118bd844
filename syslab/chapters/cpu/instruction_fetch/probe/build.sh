#!/bin/sh
# Build probe.bin, byte for byte the same each time. The committed one was built with Debian 12's
# gcc 12.2.0-14+deb12u1 and binutils 2.40-2. Optional argument: where to put it.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
out=${1:-$here/probe.bin}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$here"
${CC:-gcc} -m32 -c probe.S -o "$work/probe.o"
objcopy -O binary -j .text "$work/probe.o" "$out"
chmod 644 "$out"
sha256sum "$out"
