"""Events to Adaptive Cards: pure. Hostile text is made safe in `text`, every sentence stands in `words`."""
