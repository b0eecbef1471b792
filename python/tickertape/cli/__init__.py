"""The `tickertape` command."""
