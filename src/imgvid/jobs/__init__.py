"""What a job is: its states, its failures, its tries, its expected time. Pure; imports nothing of ours."""
