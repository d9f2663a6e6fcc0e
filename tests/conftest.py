"""What holds for every test: no rule of ours is about how long an example takes."""

from hypothesis import settings

settings.register_profile("quarterdeck", deadline=None)
settings.load_profile("quarterdeck")
