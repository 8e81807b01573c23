"""Pure: facts that are remembered, and answers and figures made of them."""
