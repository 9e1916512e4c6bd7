"""Everything compiled for the CPU: delete this folder and all networks still run, slower."""
