"""The report card of a finished study: one page that needs nothing else, for a screen and for paper."""
