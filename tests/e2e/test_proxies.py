"""TLS all around: a call through nginx and one through HAProxy with the files of deploy/, the vendors by https and wss.
What a proxy must not let through is refused there, and a reload leaves the streams alone."""

import contextlib
import os
import pathlib
import shutil
import signal
import socket
import ssl
import subprocess
import unittest

import line
from world import BUILD, PUBLIC_URL, SOURCE, Process, World, free_port, get, until

HOST = PUBLIC_URL.removeprefix("https://")
SCENARIO = """wait
say What are your hours on Saturday?
wait
pause 300
hangup
"""


def program(name):
    found = shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin:/sbin")
    if not found:
        raise AssertionError(f"{name} is not installed: run deploy/deps.sh")
    return found


def openssl(*arguments):
    subprocess.run([program("openssl"), *arguments], check=True, capture_output=True)


class Authority:
    """A private authority and a certificate of it for the public host."""

    def __init__(self, folder):
        self.ca = folder / "ca.pem"
        self.key = folder / "key.pem"
        self.chain = folder / "chain.pem"
        self.both = folder / "both.pem"
        ca_key, request, names = folder / "ca-key.pem", folder / "request.pem", folder / "names"
        names.write_text(f"subjectAltName=DNS:{HOST}\nbasicConstraints=critical,CA:FALSE\n")
        curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
        openssl("req", "-x509", *curve, "-keyout", ca_key, "-out", self.ca, "-days", "2", "-subj", "/CN=Test authority")
        openssl("req", *curve, "-keyout", self.key, "-out", request, "-subj", f"/CN={HOST}")
        openssl("x509", "-req", "-in", request, "-CA", self.ca, "-CAkey", ca_key, "-out", self.chain, "-days", "2",
                "-extfile", names)
        self.both.write_text(self.chain.read_text() + self.key.read_text())


def changed(path, changes):
    """The text of a file of deploy/, with the places of this test; each change must have something to change."""
    text = pathlib.Path(SOURCE / "deploy" / path).read_text()
    for before, after in changes.items():
        if before not in text:
            raise AssertionError(f"deploy/{path} has no {before!r}")
        text = text.replace(before, after)
    return text


class Proxy:
    """A proxy of this test in front of nodes, given as their public and their admin address."""

    def __init__(self, world, authority, name, nodes):
        self.authority, self.nodes = authority, nodes
        self.dir = world.dir / name
        self.dir.mkdir()
        self.port = free_port()
        self.config = self.dir / "config"
        self.write_config()
        self.process = Process(self.command(), dict(os.environ), self.dir / "log")
        self.address = line.TlsAddress(f"127.0.0.1:{self.port}")
        self.address.context = ssl.create_default_context(cafile=authority.ca)
        until(self.answers, 20, f"{name} answers:\n{self.process.text()}")

    def answers(self):
        if self.process.child.poll() is not None:
            raise AssertionError(self.process.text())
        try:
            return line.request(self.address, "POST", "/twilio/voice", {}, b"a=b")[0] == 403
        except OSError:
            return False

    def stop(self):
        self.process.stop()


class Nginx(Proxy):
    def write_config(self):
        node, last = "server 127.0.0.1:8080 max_fails=2 fail_timeout=5s;", "server 127.0.0.1:8080 max_fails=0;"
        temporary = "".join(f"\n    {kind}_temp_path {self.dir}/{kind};"
                            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        self.config.write_text(changed("nginx.conf", {
            "worker_processes auto;": "worker_processes 2;",
            "worker_rlimit_nofile 65536;": "",
            "worker_connections 16384;": "worker_connections 512;",
            "/var/log/nginx/": f"{self.dir}/",
            "/run/nginx.pid": f"{self.dir}/pid",
            "http {": "http {" + temporary,
            node: "\n        ".join(node.replace("127.0.0.1:8080", listen) for listen, _ in self.nodes),
            last: "\n        ".join(last.replace("127.0.0.1:8080", listen) for listen, _ in self.nodes),
            "listen 443 ssl;": f"listen 127.0.0.1:{self.port} ssl;",
            "/etc/ssl/moonline/fullchain.pem": str(self.authority.chain),
            "/etc/ssl/moonline/privkey.pem": str(self.authority.key),
        }))

    def command(self):
        own = "user root;" if os.geteuid() == 0 else ""
        return [program("nginx"), "-p", self.dir, "-c", self.config, "-e", self.dir / "error.log",
                "-g", f"daemon off; {own}"]

    def reload(self):
        """The old workers keep their streams."""
        log = self.dir / "error.log"
        self.config.write_text(self.config.read_text().replace("error.log warn", "error.log notice"))
        self.process.child.send_signal(signal.SIGHUP)
        until(lambda: "gracefully shutting down" in log.read_text() or "start worker process" in log.read_text(), 10,
              "nginx has reloaded")


class Haproxy(Proxy):
    def write_config(self):
        node, last = "server node1 127.0.0.1:8080 port 8081\n", "server node1 127.0.0.1:8080\n"
        self.control = self.dir / "admin.sock"
        self.config.write_text(changed("haproxy.cfg", {
            "maxconn 16384": "maxconn 200",
            "/run/haproxy/admin.sock": str(self.control),
            "bind :443 ssl crt /etc/ssl/moonline/fullchain-and-key.pem":
                f"bind 127.0.0.1:{self.port} ssl crt {self.authority.both}",
            node: "".join(f"server node{i} {listen} port {admin.rsplit(':', 1)[1]}\n    "
                          for i, (listen, admin) in enumerate(self.nodes, 1)),
            last: "".join(f"server node{i} {listen}\n    " for i, (listen, _) in enumerate(self.nodes, 1)),
        }))

    def command(self):
        return [program("haproxy"), "-W", "-db", "-f", self.config]

    def ask(self, command):
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(5)
            sock.connect(str(self.control))
            sock.sendall(command.encode() + b"\n")
            answer = b""
            while chunk := sock.recv(65536):
                answer += chunk
        return answer.decode()

    def reload(self):
        before = self.ask("show info").split("Pid: ")[1].split()[0]

        def is_new():
            try:
                return self.ask("show info").split("Pid: ")[1].split()[0] != before
            except (OSError, IndexError):
                return False

        self.process.child.send_signal(signal.SIGUSR2)
        until(is_new, 15, "HAProxy has reloaded")


class ProxiesTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.world = world = World()
        cls.proxies = []
        try:
            world.migrate()
            vendors_ca = world.dir / "vendors.pem"
            world.start_sandbox("--no-ears", "--tls", "--ca-out", vendors_ca)
            world.sandbox_url = "https://localhost:" + world.sandbox_url.rsplit(":", 1)[1]
            world.start_server(MOONLINE_CA_FILE=str(vendors_ca))
            cls.authority = Authority(world.dir)
            dead = f"127.0.0.1:{free_port()}"
            nodes = [(world.listen, world.admin), (dead, dead)]
            cls.nginx = Nginx(world, cls.authority, "nginx", nodes)
            cls.proxies.append(cls.nginx)
            cls.haproxy = Haproxy(world, cls.authority, "haproxy", nodes)
            cls.proxies.append(cls.haproxy)
        except BaseException:
            cls.tearDownClass()
            raise

    @classmethod
    def tearDownClass(cls):
        for proxy in cls.proxies:
            proxy.stop()
        cls.world.close()

    # ---- calls ----

    def call(self, proxy):
        world = self.world
        path = world.write_scenario("proxy.call", SCENARIO)
        world.control("/transcripts", {"texts": ["what are your hours on saturday"]})
        return subprocess.run(
            [BUILD / "moonline", "call", "--to", "+15550100002", "--from", "+15550100001", "--via-tls", proxy.address,
             "--ca", self.authority.ca, "--admin", world.admin, "--out", world.dir / "calls", path],
            env=world.env(), capture_output=True, text=True, timeout=120, cwd=SOURCE)

    def check_call(self, proxy):
        result = self.call(proxy)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        self.assertIn("nine", result.stdout.lower(), "the hours were told")
        call_sid = result.stdout.split("Call ")[1].split(":")[0]
        row = f"select carrier_status from calls where call_sid = '{call_sid}'"
        until(lambda: self.world.rows(row) == [["completed"]], 10, "the call is closed")
        said = f"""select direction from messages where call_id = (select id from calls where call_sid = '{call_sid}')"""
        until(lambda: {"in", "out"} <= {each[0] for each in self.world.rows(said)}, 10, "what was said is written")

    def test_a_call_through_nginx(self):
        self.check_call(self.nginx)

    def test_a_call_through_haproxy(self):
        self.check_call(self.haproxy)

    def test_a_caller_without_the_authority_is_told_why(self):
        path = self.world.write_scenario("proxy.call", SCENARIO)
        result = subprocess.run(
            [BUILD / "moonline", "call", "--via-tls", self.nginx.address, "--out", self.world.dir / "calls", path],
            env=self.world.env(), capture_output=True, text=True, timeout=60, cwd=SOURCE)
        self.assertEqual(result.returncode, 1)
        self.assertIn(f"certificate of {HOST}: issuer Test authority is not trusted: set MOONLINE_CA_FILE", result.stderr)

    def test_tls_needs_a_public_url_with_tls(self):
        result = subprocess.run(
            [BUILD / "moonline", "call", "--via-tls", self.nginx.address, "--public-url", "http://x", "none.call"],
            env=self.world.env(), capture_output=True, text=True, timeout=60, cwd=SOURCE)
        self.assertEqual(result.returncode, 2)
        self.assertIn("--via-tls needs a public URL with https: http://x", result.stderr)

    # ---- what is refused at the door ----

    def status_of(self, proxy, method, path, headers):
        """The status that a head alone is answered with."""
        lines = [f"{method} {path} HTTP/1.1", f"Host: {HOST}"] + [f"{name}: {value}" for name, value in headers.items()]
        with line.connect(proxy.address) as sock:
            with contextlib.suppress(OSError):  # it may have answered before it read all
                sock.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
            head = sock.recv(4096)
        return int(head.split()[1]) if head else 0

    def upgrade(self, proxy, path, fields):
        """The status of a GET with these headers, signed as a stream's."""
        return self.status_of(proxy, "GET", path, {"X-Twilio-Signature": line.sign(line.STREAM_URL), **fields})

    def check_refusals(self, proxy):
        before = self.world.metric("moonline_webhook_signature_bad_total")
        key = {"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version": "13"}
        stream = "/twilio-voice-stream"
        self.assertEqual(self.upgrade(proxy, stream, {"Upgrade": "websocket", "Connection": "Upgrade", **key}), 101)
        for upgrade in ("h2c", "TLS/1.0", "websocket, h2c", "h2c, websocket", "websockets", "foo"):
            fields = {"Upgrade": upgrade, "Connection": "Upgrade", **key}
            self.assertIn(self.upgrade(proxy, stream, fields), (400, 426), upgrade)
            self.assertEqual(self.upgrade(proxy, "/twilio/voice", fields), 400, upgrade)
        h2c = {"Upgrade": "h2c", "Connection": "Upgrade, HTTP2-Settings", "HTTP2-Settings": "AAMAAABkAAQAAP__"}
        self.assertIn(self.upgrade(proxy, stream, h2c), (400, 426))
        self.assertIn(self.upgrade(proxy, stream, {"Connection": "close"}), (400, 426))
        for path in ("/", "/metrics", "/readyz", "/api/calls", "/healthz", "/twilio-voice-stream/x", "/twilio"):
            self.assertEqual(self.upgrade(proxy, path, {"Connection": "close"}), 404, path)
        self.assertEqual(self.status_of(proxy, "POST", "/twilio/voice", {"Content-Length": "70000"}), 413)
        self.assertEqual(self.status_of(proxy, "GET", "/twilio/voice", {"X-Long": "x" * 40000}), 400)
        self.assertEqual(self.world.metric("moonline_webhook_signature_bad_total"), before, "the server saw none of it")
        self.check_plain(proxy)

    def check_plain(self, proxy):
        """In the clear, nothing of ours answers."""
        with line.connect(str(proxy.address)) as sock:
            sock.sendall(b"POST /twilio/voice HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
            try:
                answer = sock.recv(4096)
            except ConnectionResetError:
                answer = b""
        self.assertTrue(not answer or answer.startswith(b"HTTP/1.1 400"), answer[:60])

    def test_nginx_refuses_what_is_not_twilios(self):
        self.check_refusals(self.nginx)

    def test_haproxy_refuses_what_is_not_twilios(self):
        self.check_refusals(self.haproxy)

    # ---- taking a node out ----

    def check_reload(self, proxy):
        stream, call_sid, parameters = line.ring(proxy.address)
        self.assertEqual(stream.status, 101)
        stream.start(call_sid, parameters)
        self.assertEqual(stream.receive()[0], "text")
        proxy.reload()
        until(proxy.answers, 10, "the new configuration answers")
        heard = self.world.metric("moonline_frames_in_total")
        stream.media(1)
        until(lambda: self.world.metric("moonline_frames_in_total") > heard, 10, "the stream lives on")
        stream.send({"event": "stop", "sequenceNumber": "3", "streamSid": stream.stream_sid,
                     "stop": {"accountSid": line.ACCOUNT, "callSid": call_sid}})
        stream.close()

    def test_nginx_reloads_under_streams(self):
        self.check_reload(self.nginx)

    def test_haproxy_reloads_under_streams(self):
        self.check_reload(self.haproxy)

    def test_haproxy_takes_a_node_out_and_in(self):
        webhook = lambda: line.webhook(self.haproxy.address, line.voice_form(line.new_sid("CA")))[0]
        until(lambda: webhook() == 200, 10, "the node is in")
        stream, call_sid, parameters = line.ring(self.haproxy.address)
        self.haproxy.ask("set server moonline/node1 state drain")
        until(lambda: webhook() == 200, 10, "there is no elsewhere: it is asked all the same")
        self.haproxy.ask("set server moonline_last/node1 state drain")
        until(lambda: webhook() == 503, 10, "nobody is left")
        stream.start(call_sid, parameters)
        self.assertEqual(stream.receive()[0], "text", "an open stream goes on")
        stream.close()
        self.haproxy.ask("set server moonline_last/node1 state ready")
        self.haproxy.ask("set server moonline/node1 state ready")
        until(lambda: webhook() == 200, 10, "the node is in again")


class DrainTest(unittest.TestCase):
    """Two nodes behind either proxy, stopped one after the other, each with a call that goes on."""

    @classmethod
    def setUpClass(cls):
        cls.world = world = World()
        cls.proxies, cls.other = [], None
        try:
            world.migrate()
            world.start_sandbox("--no-ears")
            world.start_server(MOONLINE_DRAIN_SECONDS="60")
            cls.listen, cls.admin = f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
            cls.other = world.start_process(world.env(MOONLINE_LISTEN=cls.listen, MOONLINE_ADMIN_LISTEN=cls.admin,
                                                      MOONLINE_DRAIN_SECONDS="60"), cls.admin)
            authority = Authority(world.dir)
            nodes = [(cls.listen, cls.admin), (world.listen, world.admin)]
            for kind, name in ((Nginx, "nginx"), (Haproxy, "haproxy")):
                cls.proxies.append(kind(world, authority, name, nodes))
        except BaseException:
            cls.tearDownClass()
            raise

    @classmethod
    def tearDownClass(cls):
        for proxy in cls.proxies:
            proxy.stop()
        if cls.other:
            cls.other.stop()
        cls.world.close()

    def ask(self, address, attempt=0, call_sid=None):
        form = line.voice_form(call_sid or line.new_sid("CA"))
        status, twiml = line.webhook(address, form, f"/twilio/voice?attempt={attempt}")
        return twiml if status == 200 else str(status)

    def started(self, address, attempt=0):
        call_sid = line.new_sid("CA")
        parameters = line.parameters_of(self.ask(address, attempt, call_sid))
        stream = line.Stream(address)
        self.assertEqual(stream.status, 101)
        stream.start(call_sid, parameters)
        self.assertEqual(stream.receive()[0], "text")
        return stream, call_sid

    def stop_with_a_call(self, process, address):
        stream, call_sid = self.started(address)
        process.child.send_signal(signal.SIGTERM)
        until(lambda: "serve.draining" in process.text(), 5, "it drains")
        until(lambda: "busy" in self.ask(address), 5, "and says so")
        return stream, call_sid

    def hang_up(self, stream, call_sid):
        stream.send({"event": "stop", "streamSid": stream.stream_sid,
                     "stop": {"accountSid": line.ACCOUNT, "callSid": call_sid}})
        stream.wait_for_close()

    def passed_on(self):
        text = get(f"http://{self.admin}/metrics")[1]
        return int(text.split("\nmoonline_calls_passed_on_total ")[1].split()[0])

    def test_callers_go_to_the_node_that_stays_then_hear_the_overflow(self):
        nginx, haproxy = self.proxies
        haproxy.ask("disable health moonline/node1")  # as if its next look were still to come
        call = self.stop_with_a_call(self.other, self.listen)
        for proxy in self.proxies:
            before = self.passed_on()
            for attempt in (0, 0, 0, 0, 1, 1):
                self.hang_up(*self.started(proxy.address, attempt))
            self.assertGreater(self.passed_on(), before, "it was asked, and left them to the other")
        self.assertIn("<Stream", self.ask(self.listen, 1), "asked alone, it takes who comes back")
        haproxy.ask("enable health moonline/node1")
        last = self.stop_with_a_call(self.world.server, self.world.listen)
        for proxy in self.proxies:
            until(lambda: "busy" in self.ask(proxy.address), 10, "nobody is left who takes new callers")
            self.hang_up(*self.started(proxy.address, 1))  # who comes back is taken
        for stream in (call, last):
            self.hang_up(*stream)
        for process in (self.other, self.world.server):
            self.assertEqual(process.child.wait(10), 0)


if __name__ == "__main__":
    unittest.main()
