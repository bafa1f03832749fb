"""Release: a candidate against the one in service on a sealed suite, and what answers now."""
