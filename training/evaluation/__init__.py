"""What a model sees, compared with what people say: layers, judgements, comparisons, acceptance."""
