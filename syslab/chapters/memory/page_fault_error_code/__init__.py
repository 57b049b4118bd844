"""Page-fault error code: the chapter book/memory/page-fault-error-code.md."""
