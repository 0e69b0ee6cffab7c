"""A container for tests: the real Boot in a process of its own, with small programs in ComfyUI's and the worker's places."""

from __future__ import annotations

import asyncio
import json
import os
import sys

from imgvid import log
from imgvid.worker.bootstrap import settings
from imgvid.worker.bootstrap.fits import workflows_check
from imgvid.worker.bootstrap.run import Boot, Programs

COMFY = """
import http.server, json, os, sys, signal, threading
out, port = os.environ["HOME"] + "/../../said", int(sys.argv[sys.argv.index("--port") + 1])
signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
def say(name, what):
    with open(out + "/" + name + ".part", "w") as f: f.write(what)
    os.replace(out + "/" + name + ".part", out + "/" + name)
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        choices = os.listdir(os.path.dirname(sys.argv[0]) + "/models/vae")
        loader = {"input": {"required": {"vae_name": [choices]}}, "output": ["VAE"], "output_is_list": [False]}
        keeper = {"input": {"required": {"vae": ["VAE"]}}, "output": [], "output_node": True}
        body = json.dumps({"VAELoader": loader, "Keep": keeper}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_): pass
with open(sys.argv[sys.argv.index("--output-directory") + 1] + "/clip.mp4", "w") as f: f.write("a picture")
server = http.server.HTTPServer(("127.0.0.1", port), Answer)
say("comfy.pid", str(os.getpid()))
say("comfy.json", json.dumps({"env": dict(os.environ), "argv": sys.argv, "python": sys.executable}))
server.serve_forever()
"""

WORKER = """
import json, os, signal, subprocess, sys, time, urllib.request
out = os.environ["SAID"]
def say(name, what):
    with open(out + "/" + name + ".part", "w") as f: f.write(what)
    os.replace(out + "/" + name + ".part", out + "/" + name)
job = os.environ["JOB_ROOT"] + "/00000000-0000-4000-8000-000000000001"
os.makedirs(job)
with open(job + "/input.png", "w") as f: f.write("somebody's photo")
def told(*_):
    try: alive = urllib.request.urlopen(os.environ["COMFY_URL"] + "/object_info", timeout=5).status == 200
    except OSError: alive = False
    say("worker.told", json.dumps({"comfy_alive": alive})); os._exit(0)
signal.signal(signal.SIGTERM, told)
subprocess.Popen([sys.executable, "-c", "import subprocess; subprocess.Popen(['sleep', '5'])"]).wait()
say("worker.pid", str(os.getpid()))
say("worker.json", json.dumps(dict(os.environ)))
if os.environ.get("ENDS"): os._exit(int(os.environ["ENDS"]))
signal.pause()
"""


def main() -> int:
    log.setup("bootstrap", json=True)
    said = settings.read(os.environ)
    kernel = tuple(json.loads(os.environ.get("KERNEL", "[]")))
    programs = Programs(kernel=kernel, worker=("-c", WORKER))

    async def live() -> int:
        check = workflows_check(said.workflows, comfy_root=said.comfy_root)
        return await Boot(said, os.environ, check=check, programs=programs).run()

    return asyncio.run(live())


if __name__ == "__main__":
    sys.exit(main())
