"""An object store under test: a real server (tools/build-test-servers) on a folder of its own, and a proxy in front of it that
loses, cuts and refuses what a test says."""
import os
import random
import re
import shutil
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
KEY, SECRET = "AKIDTESTACCESS", "wJalrTESTsecretKEYneverShown"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def server_program(name):
    subprocess.run([ROOT / "tools/build-test-servers", name], check=True, stdout=subprocess.DEVNULL)
    return ROOT / ".deps/test-servers" / name


class ObjectStore:
    """`with ObjectStore(folder) as store`: versitygw, or minio, with one bucket; a bucket is a folder in both."""

    def __init__(self, folder, kind="versitygw", bucket="lake"):
        self.folder, self.kind, self.bucket, self.port = Path(folder), kind, bucket, free_port()
        (self.folder / "data" / bucket).mkdir(parents=True)
        self.log = open(self.folder / "server.log", "wb")

    def __enter__(self):
        program, data = str(server_program(self.kind)), str(self.folder / "data")
        if self.kind == "versitygw":
            command = [program, "--port", f"127.0.0.1:{self.port}", "posix", data]
            keys = {"ROOT_ACCESS_KEY": KEY, "ROOT_SECRET_KEY": SECRET}
        else:
            command = [program, "server", "--quiet", "--address", f"127.0.0.1:{self.port}",
                       "--console-address", f"127.0.0.1:{free_port()}", data]
            keys = {"MINIO_ROOT_USER": KEY, "MINIO_ROOT_PASSWORD": SECRET}
        self.process = subprocess.Popen(command, env={**os.environ, **keys}, stdin=subprocess.DEVNULL,
                                        stdout=self.log, stderr=self.log)
        deadline = time.monotonic() + 60
        while not self.answers():
            assert self.process.poll() is None and time.monotonic() < deadline, (self.folder / "server.log").read_text()
            time.sleep(0.05)
        return self

    def answers(self):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{self.port}/", timeout=5)
        except urllib.error.HTTPError as error:
            return error.code != 503
        except OSError:
            return False
        return True

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(timeout=60)
        self.log.close()

    def environment(self, port=None):
        """What a client's process needs, and nothing of this machine's own AWS settings."""
        own = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        return {**own, "HOME": str(self.folder), "AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET,
                "AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port or self.port}"}

    def options(self):
        """As `storage_options` of delta-rs."""
        return {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_REGION": "us-east-1",
                "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.port}", "AWS_ALLOW_HTTP": "true"}

    def objects(self, prefix=""):
        """Names of objects, as the server's folder has them (versitygw)."""
        base = self.folder / "data" / self.bucket
        found = (p.relative_to(base) for p in base.rglob("*") if p.is_file())
        return sorted(str(p) for p in found if not p.parts[0].startswith(".") and str(p).startswith(prefix))

    def unfinished_uploads(self):
        """Parts that nobody will put together (versitygw keeps them in a folder of the bucket)."""
        base = self.folder / "data" / self.bucket / ".sgwtmp" / "multipart"
        return sorted(str(p) for p in base.rglob("*") if p.is_file()) if base.exists() else []


class Fault:
    """What the proxy does to a request: method and a regular expression over path?query, and one of
    `refuse` 503 without asking the store      `drop` closes the connection without asking it
    `lose`   asks, and closes without answering `lie`  asks, and answers 503 all the same
    `cut`    asks, and ends the answer half-way `fake` answers 200 without asking"""

    def __init__(self, kind, method, pattern, times=1):
        self.kind, self.method, self.pattern, self.times = kind, method, re.compile(pattern), times


class FaultProxy:
    def __init__(self, store):
        self.store, self.faults, self.done, self.lock = store, [], Counter(), threading.Lock()
        self.chance, self.random = 0.0, random.Random(7)

    def __enter__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.listener.close()

    def environment(self):
        return self.store.environment(self.port)

    def _fault_for(self, method, target):
        with self.lock:
            for fault in self.faults:
                if fault.times > 0 and fault.method == method and fault.pattern.search(target):
                    fault.times -= 1
                    self.done[fault.kind] += 1
                    return fault.kind
            if self.chance and self.random.random() < self.chance:
                kind = self.random.choice(["refuse", "drop", "lose", "lie", "cut"])
                self.done[kind] += 1
                return kind
        return None

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        with client, client.makefile("rb") as reader:
            try:
                while self._exchange(client, reader):
                    pass
            except OSError:
                pass

    def _exchange(self, client, reader):
        head = []
        while line := reader.readline():
            if line == b"\r\n":
                break
            head.append(line)
        if not head:
            return False
        headers = {name.strip().lower(): value.strip() for name, value in (l.split(b":", 1) for l in head[1:])}
        if headers.get(b"expect"):
            client.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            head = [l for l in head if not l.lower().startswith(b"expect:")]
        body = reader.read(int(headers.get(b"content-length", b"0")))
        method, target, _ = head[0].decode().split(" ", 2)
        fault = self._fault_for(method, target)
        if fault == "drop":
            return False
        if fault in ("refuse", "fake"):
            return self._answer(client, method, *((503, "SlowDown") if fault == "refuse" else (200, "")))
        answer = self._ask(b"".join(head) + b"\r\n" + body, method)
        if fault == "lose":
            return False
        if fault == "lie":
            return self._answer(client, method, 503, "InternalError")
        if fault == "cut":
            end = answer.index(b"\r\n\r\n") + 4
            client.sendall(answer[:end + (len(answer) - end) // 2] if len(answer) > end else answer[:end // 2])
            return False
        client.sendall(answer)
        return True

    def _ask(self, request, method):
        with socket.create_connection(("127.0.0.1", self.store.port), timeout=60) as upstream:
            upstream.sendall(request)
            with upstream.makefile("rb") as reader:
                answer, length = b"", 0
                while line := reader.readline():
                    answer += line
                    if line.lower().startswith(b"content-length:"):
                        length = int(line.split(b":")[1])
                    if line == b"\r\n":
                        break
                return answer + (reader.read(length) if method != "HEAD" else b"")

    @staticmethod
    def _answer(client, method, status, code):
        body = f"<Error><Code>{code}</Code><Message>by the test</Message></Error>".encode() if code and method != "HEAD" else b""
        client.sendall(f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\nETag: \"x\"\r\n\r\n".encode() + body)
        return True
