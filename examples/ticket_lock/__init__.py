"""A ticket lock: `lock` is the system, `model` what it must do, `test_ticket_lock` what is shown."""
