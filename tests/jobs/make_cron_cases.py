"""Writes cron_cases.txt: for many cron lines and moments the next five ticks, by croniter, for src/platform/jobs/cron_test.cc.

croniter is needed for writing the file only:  pip install croniter && python tests/jobs/make_cron_cases.py
It counts every field that begins with '*' as unrestricted (`implement_cron_bug`), as crontab(5) does.
"""
import datetime
import random
from pathlib import Path

from croniter import croniter

LINES = """
* * * * *
15 2 * * *
0 4 * * 1
*/20 8-18 * * 1-5
0 6 1,15 * mon
0 6 1,15 * *
0 0 29 2 *
0 0 31 * *
59 23 31 12 *
0 12 * JAN-mar,Dec sun
5,35 */6 * * *
7-59/13 1-23/5 2-30/9 1-12/4 *
0 0 */10 * 1
*/2 * */2 * mon
0 0 13 * 5
0 0 * * 7
0 0 * * 0,7
0 9 * * fri-sat
30 1 1-7 * *
0 0 1 1 *
1 1 1 1 1
*/59 */23 * * *
@hourly
@daily
@weekly
@monthly
@yearly
""".strip().splitlines()


def random_field(draw, first, last, star):
    def item():
        kind = draw.random()
        if kind < 0.4:
            return str(draw.randint(first, last))
        low = draw.randint(first, last - 1)
        high = draw.randint(low + 1, last)  # croniter reads "22-22/1" as every hour
        return f"{low}-{high}" + (f"/{draw.randint(1, 7)}" if kind > 0.7 else "")
    if draw.random() < star:
        return draw.choice(["*", "*", "*", f"*/{draw.randint(2, 6)}"])
    return ",".join(item() for _ in range(draw.choice([1, 1, 1, 2, 3])))


def main():
    draw = random.Random(7)
    lines = list(LINES)
    for _ in range(150):
        lines.append(" ".join([random_field(draw, 0, 59, 0.3), random_field(draw, 0, 23, 0.4), random_field(draw, 1, 28, 0.5),
                               random_field(draw, 1, 12, 0.6), random_field(draw, 0, 6, 0.5)]))
    moments = ["1998-07-01T00:00:00", "1999-12-31T23:59:59", "2024-02-28T23:59:00", "2023-03-15T02:15:00", "2026-10-25T00:30:01"]
    with open(Path(__file__).with_name("cron_cases.txt"), "w") as out:
        out.write("# Written by make_cron_cases.py. Cron line | moment | the next five ticks, UTC.\n")
        for line in lines:
            for moment in draw.sample(moments, 2):
                at = datetime.datetime.fromisoformat(moment).replace(tzinfo=datetime.timezone.utc)
                ticks = croniter(line, at, implement_cron_bug=True, max_years_between_matches=50)
                found = [ticks.get_next(datetime.datetime).strftime("%Y-%m-%dT%H:%MZ") for _ in range(5)]
                out.write(f"{line} | {moment}Z | {' '.join(found)}\n")


main()
