"""Sub-commands of ``skydesk``, one module a noun."""
