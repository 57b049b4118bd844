"""Questions that more than one chapter asks, and their records."""
