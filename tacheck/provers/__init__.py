"""Untrusted searches, one per kind of statement.  What they find is a certificate; the kernel judges it."""
