"""The experiments of the IPR lab: each lays out its controls, says what it reads, and shows what it found."""
