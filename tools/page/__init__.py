"""The page: what one press enters, how long visitors wait, and its pictures."""
