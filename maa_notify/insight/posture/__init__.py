"""Pure: whether the defence around approval is sound, by what Graph shows of the tenant."""
