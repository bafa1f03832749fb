"""The hands of the image editor: small state machines, pointer events in, Edits out. No Qt."""
