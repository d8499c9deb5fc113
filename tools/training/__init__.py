"""Studies of training, and the fits of small judges that the package ships as constants."""
