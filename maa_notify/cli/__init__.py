"""What the commands of `maa-notify` do; `cli` only parses."""
