"""The subcommands of `atelier` that need no node, and the frame that all of them stand in."""
