"""Rows of forty machines, made here (no one's data; CC0): what a sensor log with a text label looks like.

Semicolons, text ids with a blank, times with the offset of the season, a decimal, a category, missing values, and whether the
machine stopped soon after: more likely when its last vibrations were high. The same rows for the same seed, everywhere."""
import datetime
import random

MACHINES = 40
DAYS = 75


def write(path, seed=7):
    """Gives (rows, stops)."""
    chance = random.Random(seed)
    winter, summer = (datetime.timezone(datetime.timedelta(hours=h)) for h in (1, 2))
    change = datetime.datetime(2024, 3, 31, 1, tzinfo=datetime.timezone.utc)
    rows, stops = [], 0
    for number in range(MACHINES):
        wear = chance.uniform(1, 3)
        at = datetime.datetime(2024, 2, 1, tzinfo=datetime.timezone.utc) + datetime.timedelta(minutes=chance.randrange(600))
        end = at + datetime.timedelta(days=DAYS)
        while at < end:
            wear += chance.uniform(0, 0.12)
            vibration = max(0.1, chance.gauss(wear, 0.4))
            stopped = chance.random() < max(0.01, 0.16 * (wear - 2.5))
            local = at.astimezone(summer if at >= change else winter)
            value = "n/a" if chance.random() < 0.02 else f"{vibration:.3f}"
            rows.append((at, f"press {number:02d};{local.isoformat(timespec='seconds')};{value};"
                             f"{chance.choice(['steel', 'steel', 'brass', 'copper'])};{'yes' if stopped else 'no'}"))
            stops += stopped
            if stopped:
                wear = chance.uniform(1, 1.5)  # it is repaired
            at += datetime.timedelta(minutes=chance.randrange(120, 1500))
    rows.sort()
    path.write_text("Machine;Read at;Vibration mm/s;Material;Stopped\n" + "".join(line + "\n" for _, line in rows))
    return len(rows), stops
