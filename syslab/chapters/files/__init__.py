"""The part "Bits, bytes and files": one folder a chapter."""
