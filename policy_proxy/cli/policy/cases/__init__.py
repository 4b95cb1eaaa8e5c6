"""How files of cases are found and run, and how what comes out of it is shown."""
