package history

// MaxOpen is how many tables are open at most.
const MaxOpen = maxOpen
