"""The referee: parameters and quantities by name, how far two answers lie apart. It fits nothing and draws nothing."""
