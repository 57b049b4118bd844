"""Text poking: the chapter book/memory/text-poking.md."""
