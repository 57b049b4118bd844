"""What is a chapter's own: its questions, model, views, exercises, widget and records. Chapters never import each other."""
