"""A mail server that says no where it is told to."""

import socketserver
import threading
import time


class Played(socketserver.ThreadingTCPServer):
    """Plays a mail server as strict as Postfix; says once what it was told to say to a command."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answering)
        self.says: dict[str, list[str]] = {}
        self.takes_s = 0.0
        self.taken: list[str] = []

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.server_address[1]}"

    def __enter__(self) -> "Played":
        threading.Thread(target=self.serve_forever).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()

    def answer(self, command: str, usual: str) -> str:
        told = self.says.get(command)
        return told.pop(0) if told else usual


class Answering(socketserver.StreamRequestHandler):
    server: Played

    def handle(self) -> None:
        sender = recipient = False
        self.say(self.server.answer("greeting", "220 here"))
        while line := self.rfile.readline().decode().strip():
            command = line.partition(" ")[0].upper()
            answer = self.server.answer(command, "250 ok")
            taken = answer[0] == "2"
            if command == "MAIL":
                if sender:
                    answer = "503 5.5.1 Error: nested MAIL command"
                sender = sender or taken
            elif command == "RCPT":
                recipient = taken
            elif command == "DATA" and recipient and taken:
                self.say("354 go on")
                self.read_message()
                sender = recipient = False
                continue
            elif command in ("RSET", "EHLO"):
                sender = recipient = False
            self.say(answer)
            if command == "QUIT" or answer.startswith("421"):
                return

    def read_message(self) -> None:
        lines = []
        while (line := self.rfile.readline()) != b".\r\n":
            lines.append(line)
        time.sleep(self.server.takes_s)
        answer = self.server.answer("end", "250 taken")
        if answer[0] == "2":
            self.server.taken.append(b"".join(lines).decode())
        self.say(answer)

    def say(self, answer: str) -> None:
        self.wfile.write(f"{answer}\r\n".encode())
