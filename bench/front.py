"""nginx with deploy/nginx.conf in front of the server, with a certificate of an authority made for the run."""

import os
import shutil
import subprocess
import time

from world import OTHER_CORE, SOURCE, free_port, on_core

HOST = "voice.example.com"
PLACES = {
    "worker_processes auto;": "worker_processes 1;",
    "worker_rlimit_nofile 65536;": "",
    "/var/log/nginx/": "{dir}/",
    "/run/nginx.pid": "{dir}/pid",
    "http {": "http {{" + "".join(f" {kind}_temp_path {{dir}}/{kind};"
                                 for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")),
    "server 127.0.0.1:8080": "server 127.0.0.1:{server}",
    "listen 443 ssl;": "listen 127.0.0.1:{port} ssl;",
    "/etc/ssl/moonline/fullchain.pem": "{dir}/chain.pem",
    "/etc/ssl/moonline/privkey.pem": "{dir}/key.pem",
}


def make_certificate(folder):
    (folder / "names").write_text(f"subjectAltName=DNS:{HOST}\nbasicConstraints=critical,CA:FALSE\n")
    new = ("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    for arguments in (
            (*new, "-x509", "-keyout", "ca-key.pem", "-out", "ca.pem", "-days", "2", "-subj", "/CN=Bench authority"),
            (*new, "-keyout", "key.pem", "-out", "request.pem", "-subj", f"/CN={HOST}"),
            ("x509", "-req", "-in", "request.pem", "-CA", "ca.pem", "-CAkey", "ca-key.pem", "-CAcreateserial", "-out",
             "chain.pem", "-days", "2", "-extfile", "names")):
        subprocess.run(["openssl", *arguments], check=True, capture_output=True, cwd=folder)


class Front:
    """Serves on `port`; the generator trusts `ca`."""

    def __init__(self, world, server_port):
        folder = world.dir / "nginx"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        make_certificate(folder)
        self.world, self.port, self.ca = world, free_port(), folder / "ca.pem"
        text = (SOURCE / "deploy/nginx.conf").read_text()
        for before, after in PLACES.items():
            if before not in text:
                raise SystemExit(f"bench: deploy/nginx.conf has no {before!r} any more")
            text = text.replace(before, after.format(dir=folder, port=self.port, server=server_port))
        (folder / "config").write_text(text)
        nginx = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")
        own = "user root;" if os.geteuid() == 0 else ""
        self.child = world.start(on_core(OTHER_CORE, nginx, "-p", folder, "-c", folder / "config", "-e", folder / "error",
                                         "-g", f"daemon off; {own}", is_measured=True), "nginx.log")
        world.helpers.append(self.child.pid)
        time.sleep(1)
        if self.child.poll() is not None:
            raise SystemExit(f"bench: nginx did not start:\n{(world.dir / 'nginx.log').read_text()}")

    def options(self):
        return ("--tls", "--ca", self.ca, "--name", HOST)

    def close(self):
        self.world.stop(self.child)
