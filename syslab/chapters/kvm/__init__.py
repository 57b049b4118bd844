"""The part "KVM from the inside": one folder a chapter."""
