"""How people reach the product: HTTP, websockets, pages."""
