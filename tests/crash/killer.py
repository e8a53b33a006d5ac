"""Kills, at moments and in an order that a seed gives: one server or the other, Postgres with all its processes, or a server and
Postgres at once; each is started again a moment later. Between them Postgres stands still now and then."""

import signal
import threading
import time

VICTIMS = (("a",),) * 7 + (("b",),) * 7 + (("postgres",),) * 5 + (("a", "postgres"), ("b", "postgres"))
GAP_S = (0.8, 4.0)      # between two kills
AWAY_S = (0.05, 1.2)    # until it is started again
FREEZE_ODDS = 0.1
FREEZE_S = (0.3, 2.5)


class Killer(threading.Thread):
    def __init__(self, scene, chance, kills):
        super().__init__(daemon=True)
        self.scene, self.chance, self.left = scene, chance, kills
        self.counts = {"a": 0, "b": 0, "postgres": 0, "frozen": 0}
        self.postgres_away = []   # [from, until]
        self.failure = None

    def is_over(self):
        return not self.is_alive()

    def was_postgres_away(self, since, until):
        return any(begin < until and end > since for begin, end in self.postgres_away)

    def run(self):
        try:
            while self.left > 0:
                time.sleep(self.chance.uniform(*GAP_S))
                if self.chance.random() < FREEZE_ODDS:
                    self.freeze()
                else:
                    self.kill(self.chance.choice(VICTIMS)[:self.left])
        except Exception as error:  # told by whoever waits for it
            self.failure = error

    def kill(self, victims):
        servers = [server for server in self.scene.servers if server.name in victims]
        began = time.monotonic()
        for victim in victims:
            self.counts[victim] += 1
            self.left -= 1
        for server in servers:
            server.kill()
        if "postgres" in victims:
            self.scene.kill_postgres()
        time.sleep(self.chance.uniform(*AWAY_S))
        for server in servers:
            server.start()
        if "postgres" in victims:
            self.scene.start_postgres()
            self.postgres_away.append((began, time.monotonic()))

    def freeze(self):
        self.counts["frozen"] += 1
        began = time.monotonic()
        self.scene.signal_postgres(signal.SIGSTOP)
        time.sleep(self.chance.uniform(*FREEZE_S))
        self.scene.signal_postgres(signal.SIGCONT)
        self.postgres_away.append((began, time.monotonic()))
