"""Record the packets that lessons look at: real traffic between two namespaces.

    sudo python3 tests/record_capture.py notebooks/en/traffic.pcap

Two network namespaces are made, joined by a veth pair, and deleted again; nothing
else on the machine is touched or seen. One side (10.0.0.1) pings the other (10.0.0.2),
fetches a page over TCP, knocks at a closed port, asks a small name server over UDP,
and pings over IPv6. Checksum offload is off, so that the checksums in the file are
those on a wire. Needs root, `ip` (iproute2) and `tcpdump`; not run by the tests.
"""

import array
import fcntl
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

CLIENT, SERVER = "ebpflab-client", "ebpflab-server"  # the namespaces
DEVICE = "eth0"
SIDES = {  # namespace: its MAC address and its IPv4 address
    CLIENT: ("02:42:ac:11:00:03", "10.0.0.1"),
    SERVER: ("02:42:ac:11:00:02", "10.0.0.2"),
}
SERVER_V4 = SIDES[SERVER][1]
SERVER_V6 = "fe80::42:acff:fe11:2"  # follows from its MAC address
NAME = "blog.default.svc.cluster.local"
SIOCETHTOOL, ETHTOOL_STXCSUM = 0x8946, 0x17
ECHO_V4, ECHO_V6 = 8, 128
SETTLING_S = 6  # until duplicate address detection and multicast reports are over


# ---- the two sides ----------------------------------------------------------------


class Page(BaseHTTPRequestHandler):
    """A page of one line."""

    server_version, sys_version = "ebpflab", ""

    def do_GET(self) -> None:
        body = b"Hello from 10.0.0.2\n"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing: what there is to see is in the capture."""


def answer_names() -> None:
    """Answer one question about a name: it is 10.0.0.2, for 30 seconds."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((SERVER_V4, 53))
        question, asker = sock.recvfrom(512)
        header = question[:2] + struct.pack(">5H", 0x8400, 1, 1, 0, 0)
        record = struct.pack(">3HIH", 0xC00C, 1, 1, 30, 4) + socket.inet_aton(SERVER_V4)
        sock.sendto(header + question[12:] + record, asker)


def serve() -> None:
    """Be the server: HTTP on port 80, names on port 53."""
    threading.Thread(target=answer_names, daemon=True).start()
    with HTTPServer((SERVER_V4, 80), Page) as server:
        print("ready", flush=True)
        server.handle_request()
        time.sleep(10)  # the name server answers until the recording ends


def client() -> None:
    """Be the client: all that is to be recorded, one thing after another."""
    ping_v4()
    fetch()
    knock()
    ask()
    ping_v6()


def ping_v4() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as sock:
        for sequence in (1, 2):
            message = struct.pack(">BBHHH", ECHO_V4, 0, 0, 0x1234, sequence)
            message += bytes(range(32))
            whole = message[:2] + struct.pack(">H", checksum(message)) + message[4:]
            sock.sendto(whole, (SERVER_V4, 0))
            sock.recv(1500)


def ping_v6() -> None:
    index = socket.if_nametoindex(DEVICE)
    protocol = socket.getprotobyname("ipv6-icmp")
    with socket.socket(socket.AF_INET6, socket.SOCK_RAW, protocol) as sock:
        message = struct.pack(">BBHHH", ECHO_V6, 0, 0, 0x1234, 1) + bytes(range(32))
        sock.sendto(message, (SERVER_V6, 0, 0, index))  # the kernel fills the checksum
        time.sleep(0.2)


def fetch() -> None:
    """Fetch the page."""
    with socket.socket() as sock:
        sock.bind(("", 54321))
        sock.connect((SERVER_V4, 80))
        sock.sendall(b"GET / HTTP/1.0\r\nHost: 10.0.0.2\r\n\r\n")
        while sock.recv(1500):
            pass


def knock() -> None:
    """Try a port on which nobody listens."""
    with socket.socket() as sock:
        sock.bind(("", 54322))
        sock.connect_ex((SERVER_V4, 8080))


def ask() -> None:
    """Ask for the address of a name."""
    labels = b"".join(bytes([len(x)]) + x.encode() for x in NAME.split("."))
    question = struct.pack(">6H", 0x2A2A, 0x0100, 1, 0, 0, 0)
    question += labels + b"\0" + struct.pack(">2H", 1, 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("", 40000))
        sock.sendto(question, (SERVER_V4, 53))
        sock.recv(512)


def checksum(data: bytes) -> int:
    """Return the internet checksum (RFC 1071)."""
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    total = (total & 0xFFFF) + (total >> 16)
    return ~(total + (total >> 16)) & 0xFFFF


def without_offload() -> None:
    """Let the kernel, not the device, make checksums (ethtool -K eth0 tx off)."""
    switch = array.array("I", [ETHTOOL_STXCSUM, 0])
    request = struct.pack("@16sP", DEVICE.encode(), switch.buffer_info()[0])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        fcntl.ioctl(sock, SIOCETHTOOL, request)


# ---- the recording ----------------------------------------------------------------


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)


def inside(namespace: str, *command: str, **options: Any) -> subprocess.Popen[str]:
    """Start a command inside a namespace."""
    words = ["ip", "netns", "exec", namespace, *command]
    return subprocess.Popen(words, text=True, **options)


def itself(role: str) -> tuple[str, ...]:
    return (sys.executable, __file__, role)


def join_namespaces() -> None:
    """Make the two namespaces, a cable between them, and their addresses."""
    for namespace in SIDES:
        ip("netns", "add", namespace)
    peer = ("peer", "name", DEVICE, "netns", SERVER)
    ip("link", "add", DEVICE, "netns", CLIENT, "type", "veth", *peer)
    for namespace, (mac, address) in SIDES.items():
        within = ("-n", namespace)
        ip(*within, "link", "set", DEVICE, "address", mac)
        ip(*within, "address", "add", f"{address}/24", "dev", DEVICE)
        ip(*within, "link", "set", DEVICE, "up")
        inside(namespace, *itself("without-offload")).wait()


def traffic(capture: Path) -> None:
    """Record what client and server say to each other."""
    listen = ("tcpdump", "-n", "--immediate-mode", "-i", DEVICE, "-w", str(capture))
    server = inside(SERVER, *itself("serve"), stdout=subprocess.PIPE)
    assert server.stdout
    server.stdout.readline()  # "ready"
    recorder = inside(CLIENT, *listen, "-Z", "root", stderr=subprocess.PIPE)
    assert recorder.stderr
    recorder.stderr.readline()  # "listening on eth0 ..."
    inside(CLIENT, *itself("client")).wait()
    recorder.send_signal(signal.SIGINT)
    recorder.wait()
    server.kill()
    server.wait()


def record(target: Path) -> None:
    """Record into `target`; whatever happens, the namespaces are deleted."""
    with tempfile.TemporaryDirectory() as folder:
        capture = Path(folder) / "traffic.pcap"
        try:
            join_namespaces()
            time.sleep(SETTLING_S)
            traffic(capture)
        finally:
            for namespace in SIDES:
                subprocess.run(["ip", "netns", "delete", namespace], check=False)
        shutil.copyfile(capture, target)


ROLES = {"serve": serve, "client": client, "without-offload": without_offload}

if __name__ == "__main__":
    argument = sys.argv[1]
    if argument in ROLES:
        ROLES[argument]()
    else:
        record(Path(argument))
