"""What is deployed to Azure: templates, queries, scripts; read, scanned and run without a cloud."""
