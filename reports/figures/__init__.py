"""The figures of a run, each one specification for the HTML page, the Markdown page and use on its own."""
