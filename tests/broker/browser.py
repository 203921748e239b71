"""Chromium by the WebDriver protocol, which chromedriver speaks as JSON over HTTP."""

import base64
import json
import re
import shutil
import subprocess
import time
import urllib.error
import urllib.request

PROGRAMS = ("chromium", "chromedriver")
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
PATIENCE = 120


def missing():
    return [name for name in PROGRAMS if not shutil.which(name)]


class Browser:
    """One window without a screen; a context manager."""

    def __init__(self, where, language="en"):
        self.log = open(where / "chromedriver.log", "wb")
        self.driver = subprocess.Popen(["chromedriver", "--port=0"], stdout=subprocess.PIPE,
                                       stderr=self.log)
        self.session = None
        for line in self.driver.stdout:
            if found := re.search(rb"started successfully on port (\d+)", line):
                self.address = f"http://127.0.0.1:{int(found[1])}/session"
                break
        options = {"binary": shutil.which("chromium"),
                   "prefs": {"intl.accept_languages": language},
                   "args": ["--headless=new", "--no-sandbox", "--disable-gpu",
                            "--disable-dev-shm-usage", f"--user-data-dir={where / 'profile'}"]}
        try:
            made = self._ask("POST", "", {"capabilities": {"alwaysMatch": {
                "goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}}})
        except BaseException:
            self.close()
            raise
        self.session = made["sessionId"]

    def _ask(self, method, path, body=None):
        session = f"/{self.session}" if self.session else ""
        data = None if method != "POST" else json.dumps(body or {}).encode()
        request = urllib.request.Request(self.address + session + path, data, method=method)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise AssertionError(error.read().decode()) from error

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        if self.session:
            self._ask("DELETE", "")
        self.driver.kill()
        self.driver.wait()
        self.driver.stdout.close()
        self.log.close()

    def open(self, address):
        self._ask("POST", "/url", {"url": address})

    def address_now(self):
        return self._ask("GET", "/url")

    def devtools(self, command, **parameters):
        return self._ask("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def look(self, width, theme="light", height=900):
        """Sets the size of the page and the theme that the browser asks for."""
        self.devtools("Emulation.setDeviceMetricsOverride", width=width, height=height,
                      deviceScaleFactor=1, mobile=False)
        self.devtools("Emulation.setEmulatedMedia",
                      features=[{"name": "prefers-color-scheme", "value": theme}])

    def run(self, script, *args):
        return self._ask("POST", "/execute/sync", {"script": script, "args": args})

    def run_until_done(self, script):
        """Runs a script that calls its last argument with what is returned."""
        return self._ask("POST", "/execute/async", {"script": script, "args": []})

    def find(self, selector):
        found = self._ask("POST", "/element", {"using": "css selector", "value": selector})
        return found[ELEMENT]

    def _on(self, selector, method, what, body=None):
        """Asks an element; again when a new page came in between."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                return self._ask(method, f"/element/{self.find(selector)}/{what}", body)
            except AssertionError as error:
                if "stale element" not in str(error) or time.monotonic() > deadline:
                    raise
                time.sleep(0.05)

    def click(self, selector):
        self._on(selector, "POST", "click")

    def follow(self, action, *args):
        """An action that leaves the page: returns when the next one is there. A driver may return
        from a click while the old page still stands."""
        self.run("window.left = false")
        action(*args)
        deadline = time.monotonic() + PATIENCE
        while self._stays():
            assert time.monotonic() < deadline, f"{args}: the page stays"
            time.sleep(0.02)

    def leave(self, action, *args):
        """The same without a script: the page that is there must have another address."""
        before = self.address_now()
        action(*args)
        deadline = time.monotonic() + PATIENCE
        while self.address_now() == before:
            assert time.monotonic() < deadline, f"{args}: the page stays"
            time.sleep(0.02)

    def _stays(self):
        try:
            return self.run("return window.left === false || document.readyState != 'complete'")
        except AssertionError as error:
            if "navigation" in str(error) or "execution context" in str(error):
                return True  # between two pages
            raise

    def write(self, selector, text):
        self._on(selector, "POST", "clear")
        self._on(selector, "POST", "value", {"text": text})

    def strike(self, key):
        self._ask("POST", "/actions", {"actions": [{"type": "key", "id": "keys", "actions": [
            {"type": "keyDown", "value": key}, {"type": "keyUp", "value": key}]}]})

    def text(self, selector="body"):
        return self._on(selector, "GET", "text")

    def complaints(self):
        """What the page's console says: refused styles and scripts among it."""
        return [one["message"] for one in self._ask("POST", "/se/log", {"type": "browser"})]

    def picture(self):
        return base64.b64decode(self._ask("GET", "/screenshot"))
