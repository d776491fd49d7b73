"""Is C right: the operands a backend is given, and the gate that looks at what it made of them."""
