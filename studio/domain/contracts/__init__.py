"""What a plug-in may be made of, as plain data and protocols. Built-in and third-party ones keep the same."""
