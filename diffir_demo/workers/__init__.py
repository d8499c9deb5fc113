"""The same work in several processes: each does one thing at a time, on one core, and one that is killed is replaced.

Nothing is imported here, as a worker has to say how many threads it wants before it imports anything large.
"""
