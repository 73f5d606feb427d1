"""`millpond serve` on a project under test: started, asked, stopped, killed."""
import json
import os
import signal
import subprocess
import time
import urllib.error
import urllib.request

from millpond_project import MILLPOND


class Server:
    def __init__(self, project, *arguments, port=0):
        self.project = project
        self.log_path = project.folder.with_suffix(".serve.log")  # beside the folder: it may have to be empty
        self.log = open(self.log_path, "ab")
        self.process = subprocess.Popen([MILLPOND, "serve", "--project", str(project.folder), "--port", str(port), *arguments],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self.log, text=True)
        line = self.process.stdout.readline()  # "serving project churn at http://127.0.0.1:40123 (stop with Ctrl-C)"
        assert " at http" in line, f"{line!r}\n{self.log_text()}"
        self.url = line.split(" at ")[1].split()[0]

    def log_text(self):
        return self.log_path.read_text(errors="replace")[-4000:]

    def ask(self, method, path, body=None, headers=None, expect=200):
        """(body as JSON or text, headers) of an answer whose status must be `expect` (None: any, then status comes first)."""
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data=data, method=method,
                                         headers={"Content-Type": "application/json", **(headers or {})})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                status, text, got = answer.status, answer.read().decode(), answer.headers
        except urllib.error.HTTPError as error:
            status, text, got = error.code, error.read().decode(), error.headers
        value = json.loads(text) if "json" in got.get("Content-Type", "") and text.strip() else text
        if expect is None:
            return status, value
        assert status == expect, f"{method} {path}: {status} {text[:2000]}\n{self.log_text()}"
        return value

    def get(self, path, expect=200):
        return self.ask("GET", path, expect=expect)

    def post(self, path, body, expect=200, **headers):
        return self.ask("POST", path, body, {k.replace("_", "-"): v for k, v in headers.items()}, expect)

    def score(self, endpoint, **row):
        return self.post(f"/endpoints/{endpoint}/invocations", {"dataframe_records": [row]})

    def wait_until(self, what, check, seconds=60):
        """Waits for a condition of a running system; the deadline is there so that a bug ends the test."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            value = check()
            if value:
                return value
            time.sleep(0.05)
        raise AssertionError(f"{what}: not within {seconds} s\n{self.log_text()}")

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=60)
        self.log.close()
        assert code == 0, f"exit {code}\n{self.log_text()}"

    def kill(self):
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.log.close()
