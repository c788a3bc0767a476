"""Pictures and the network: pure functions on arrays and tensors, no outside systems."""
