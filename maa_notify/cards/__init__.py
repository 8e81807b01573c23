"""Makes Adaptive Cards of events. Pure. `text` makes foreign text safe; `strings` has every sentence."""
