"""TensorBoard's data provider on the native reader: `tickertape serve`, `tickertape-data-server`."""
