"""The service process: answers pictures with what a released model sees, apart from the node."""
