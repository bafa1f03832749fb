"""What `atelier doctor` looks at; each check tries the thing itself, in its own process where it may hang."""
