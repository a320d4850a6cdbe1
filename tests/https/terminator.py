"""Takes TLS off connections and hands them on: terminator.py CERTIFICATE_AND_KEY PORT. Prints the port of 127.0.0.1 where it listens."""

import socket
import ssl
import sys
import threading


def main():
    certificate, port = sys.argv[1], int(sys.argv[2])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(listener.getsockname()[1], flush=True)
        while True:
            client, _ = listener.accept()
            threading.Thread(target=serve, args=(context, client, port), daemon=True).start()


def serve(context, client, port):
    try:
        secured = context.wrap_socket(client, server_side=True)
    except (ssl.SSLError, OSError):
        return
    behind = socket.create_connection(("127.0.0.1", port))
    threading.Thread(target=hand_on, args=(behind, secured), daemon=True).start()
    hand_on(secured, behind)


def hand_on(source, sink):
    try:
        while piece := source.recv(65536):
            sink.sendall(piece)
    except OSError:
        pass
    for side in (source, sink):
        try:
            side.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


if __name__ == "__main__":
    main()
