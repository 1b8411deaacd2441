"""Wire forms as pure functions: HTTP calls in, replies out. No web server is imported here."""
