"""PostgreSQL: pool, named statements, migrations, the queue, chats, backends, LISTEN."""
