"""Cards, judged by the official schema and by what a reader sees."""
