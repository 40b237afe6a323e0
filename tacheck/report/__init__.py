"""What a verification looks like to others: JUnit and SARIF for CI."""
