"""All tables that Millpond makes for other engines, name -> steps; each file has a kind."""
import millpond_care
import millpond_rules
import millpond_statements

TABLES = millpond_statements.TABLES | millpond_rules.TABLES | millpond_care.TABLES
WITH_CHECKPOINTS = ["checkpoint", "checkpoint_default", "changes_and_checkpoints", *(name for name in millpond_care.TABLES if name.startswith("checkpoint_"))]


def steps(name):
    """[(for Millpond, for the oracle)]."""
    return [(step, step) if isinstance(step, str) else step for step in TABLES[name]]
