"""The book in browsers other than Chromium: every night, where Debian's packages are installed."""
