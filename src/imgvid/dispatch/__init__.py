"""The dispatcher: leaderless loops over the queue, each one question and one file, safe to run in several copies.

Reading order: pace (every wait), lease (who is next), submit (hand it to the provider), decide (what follows from a look;
pure), reconcile (look and follow), compose (what a chat should read; pure), announce and retire (write it), sweep, orphans,
letgo, starved, revive and tidy (what would otherwise be forgotten), loop (all of them together).
"""
