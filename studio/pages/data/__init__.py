"""Data: every item of a project, found by filters, looked at in windows, sent on to other pages."""
