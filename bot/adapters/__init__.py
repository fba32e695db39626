"""What the product is made of: one heavy library in each module, behind a port."""
