"""What each page looks up: one module a page."""
