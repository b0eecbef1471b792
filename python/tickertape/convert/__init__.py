"""From the caller's arguments to what the core takes: checks, arrays, scalars, protobuf fields."""
