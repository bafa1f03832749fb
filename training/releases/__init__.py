"""Putting models into service: their files, the processes that answer, and what comes back from them."""
