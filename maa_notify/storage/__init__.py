"""What the notifier remembers: rows in Azure Table Storage or SQLite, behind one protocol."""
