"""The storm: jobs from ten people under random `kill -9` of bot, worker, dispatcher and PostgreSQL, and what must be true after it."""
