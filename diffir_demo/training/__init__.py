"""How the networks learn: data, stages and one loop. Never imported by the app."""
