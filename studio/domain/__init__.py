"""The words of Atelier as plain typed values: entities, Edit, Document, ontology, wire, contracts."""
