"""The part "The CPU's front end": one folder a chapter."""
