"""The subcommands of `atelier` that work on a node's data or train without one."""
