"""The part "Memory and its guards": one folder a chapter."""
