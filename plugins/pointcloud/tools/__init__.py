"""Tools of the point-cloud editor: state machines, pointers in, Edits out; no Qt."""
