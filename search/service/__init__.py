"""The loop: the driver, its session, and what a study does on its way from queued to done."""
