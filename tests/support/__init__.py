"""What tests share: oracles, faulty disks, simulated devices, processes that are killed."""
