"""Services: the rules, one transaction each; durable jobs."""
