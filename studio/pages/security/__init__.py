"""Security: people and roles, what was done, what asks to leave, and what this machine lacks."""
