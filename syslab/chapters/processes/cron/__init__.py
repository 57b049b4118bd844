"""What cron does with a line: the chapter book/processes/cron.md."""
