// SPDX-License-Identifier: Apache-2.0
// raw.mjs: sends raw bytes to a socket, as no well-behaved client would.

import { connect } from "node:net";

import { deferred, within } from "./wait.mjs";

export class Raw {
  received = "";

  static async open(server) {
    const raw = new Raw();
    raw.socket = connect(server.port, "127.0.0.1");
    raw.closed = new Promise((over) => raw.socket.once("close", over));
    raw.socket.on("error", () => {});
    raw.socket.setEncoding("latin1");
    raw.socket.on("data", (text) => (raw.received += text));
    const opened = deferred();
    raw.socket.once("connect", opened.resolve);
    raw.socket.once("error", opened.reject);
    await within(opened.promise, "a raw connection");
    return raw;
  }

  send(bytes) {
    if (this.socket.writable) this.socket.write(bytes);
    return this;
  }

  // Everything until the server closes the connection.
  async all(what, ms = 15_000) {
    await within(this.closed, what, ms);
    return this.received;
  }

  drop() {
    this.socket.resetAndDestroy();
  }
}

// The handshake of a WebSocket, by hand.
export const upgrade = (more = "") =>
  "GET /v1/socket HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
  "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
  `Sec-WebSocket-Protocol: lockstep.v1.json\r\n${more}\r\n`;

// One client frame, masked with zeros (so its payload is unchanged).
export function frame(opcode, payload, { fin = true, masked = true, reserved = 0 } = {}) {
  const bytes = Buffer.from(payload);
  const head = [(fin ? 0x80 : 0) | (reserved << 4) | opcode];
  const mask = masked ? 0x80 : 0;
  if (bytes.length < 126) head.push(mask | bytes.length);
  else head.push(mask | 126, bytes.length >> 8, bytes.length & 255);
  return Buffer.concat([Buffer.from(head), Buffer.alloc(masked ? 4 : 0), bytes]);
}
