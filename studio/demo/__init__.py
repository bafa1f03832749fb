"""The guided walk: the whole loop in the real window, by real pointer and key events."""
