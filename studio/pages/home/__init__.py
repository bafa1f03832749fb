"""Home: what one was working on, a new project, the sample, another node."""
