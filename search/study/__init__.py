"""What a study is in the database: its specification, state and trials, and the requests of people."""
