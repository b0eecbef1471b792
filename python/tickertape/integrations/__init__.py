"""Other packages: install(), their observers, tensorboardX's parameters, and watch() for torch modules."""
