"""Values on accelerators: torch tensors on CUDA and HIP, JAX arrays, and the memory they are copied to."""
