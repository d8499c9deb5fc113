"""The outer edge: optional ways to run the app elsewhere. Nothing else imports these files."""
