"""The part "Processes": one folder a chapter."""
