"""Runs: the spawner, what travels between the node and a closed environment, and what runs inside."""
