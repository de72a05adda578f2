"""Getting what an address on the web holds, within bounds: who may be asked, how long, how much."""
