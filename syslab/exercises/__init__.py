"""The chapters' exercises and how an answer is checked, one module a chapter."""
