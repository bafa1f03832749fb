"""Tables and SQL: the one room that knows them. No rule of the product stands here."""
