// SPDX-License-Identifier: Apache-2.0
// proxy.mjs: a network between a browser and the server that a test can delay, cut and restore.
//
// Plain TCP: it forwards all bytes unchanged. It counts connections and, by the first line of each,
// WebSockets.

import { connect, createServer } from "node:net";

export class Proxy {
  delayMs = 0;
  sockets = 0; // requests for WebSockets
  isCut = false;
  pairs = new Set();

  static async between(port) {
    const proxy = new Proxy();
    proxy.server = createServer((front) => proxy.join(front, port));
    await new Promise((ready) => proxy.server.listen(0, "127.0.0.1", ready));
    proxy.port = proxy.server.address().port;
    proxy.url = `http://127.0.0.1:${proxy.port}`;
    return proxy;
  }

  join(front, port) {
    if (this.isCut) return front.destroy();
    const back = connect(port, "127.0.0.1");
    const pair = { front, back, isSocket: false };
    this.pairs.add(pair);
    const over = () => {
      this.pairs.delete(pair);
      front.destroy();
      back.destroy();
    };
    for (const end of [front, back]) end.on("error", over).on("close", over).setNoDelay(true);
    front.on("data", (bytes) => {
      if (!pair.isSocket && /^GET \/v1\/socket/.test(bytes.toString("latin1"))) {
        pair.isSocket = true;
        this.sockets += 1;
      }
      this.carry(bytes, back);
    });
    back.on("data", (bytes) => this.carry(bytes, front));
  }

  // In order: equal delays keep it, and a shorter one set meanwhile waits for those before it.
  carry(bytes, to) {
    to.due = Math.max(Date.now() + this.delayMs, to.due ?? 0);
    const wait = to.due - Date.now();
    const write = () => !to.destroyed && to.write(bytes);
    if (wait <= 0 && !to.waiting) return write();
    to.waiting = (to.waiting ?? 0) + 1;
    setTimeout(() => {
      to.waiting -= 1;
      write();
    }, Math.max(0, wait));
  }

  // WebSockets that are open now.
  get openSockets() {
    return [...this.pairs].filter((pair) => pair.isSocket).length;
  }

  // Bytes on their way are lost.
  drop() {
    for (const { front, back } of [...this.pairs]) {
      front.resetAndDestroy();
      back.destroy();
    }
  }

  cut() {
    this.isCut = true;
    this.drop();
  }

  restore() {
    this.isCut = false;
  }

  async dispose() {
    this.drop();
    await new Promise((closed) => this.server.close(closed));
  }
}
