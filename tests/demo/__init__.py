"""The demo, tested: parts by themselves, over real HTTP, and as a visitor sees it."""
