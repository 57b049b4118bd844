"""What makes the book: notebooks, execution, records and the Sphinx extension. Nothing of the project imports it."""
