"""Qt widgets that know nothing of nodes or projects."""
