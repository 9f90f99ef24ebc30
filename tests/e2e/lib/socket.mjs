// SPDX-License-Identifier: Apache-2.0
// socket.mjs: one WebSocket, many threads.
//
// Every frame carries the id of the request that it answers; a frame with an unknown id is a broken
// promise.

import { promise } from "./screen.mjs";
import { deferred, within } from "./wait.mjs";

export class Refused extends Error {
  constructor(problem) {
    super(`${problem.status ?? ""} ${problem.code}: ${problem.detail ?? ""}`);
    this.problem = problem;
    this.code = problem.code;
  }
}

export class Socket {
  static nextId = 1;
  listeners = new Map();
  problems = [];

  static async open(server) {
    const socket = new Socket();
    const web = new WebSocket(`${server.url.replace("http", "ws")}/v1/socket`, ["lockstep.v1.json"]);
    socket.web = web;
    socket.closed = new Promise((over) => (web.onclose = (event) => over(event)));
    socket.closed.then(() => socket.lose());
    const opened = new Promise((resolve, reject) => {
      web.onopen = resolve;
      web.onerror = () => reject(new Error("the socket does not open"));
    });
    web.onmessage = (event) => socket.take(event.data);
    await within(opened, "the socket opens");
    promise(web.protocol === "lockstep.v1.json", "the server takes the subprotocol", web.protocol);
    web.onerror = () => {};
    return socket;
  }

  take(data) {
    const frame = JSON.parse(data);
    const listener = this.listeners.get(frame.id);
    if (listener) listener(frame, data);
    else this.problems.push(frame);
  }

  lose() {
    const listeners = [...this.listeners.values()];
    this.listeners.clear();
    for (const listener of listeners) listener({ frame: "lost" });
  }

  // Sends { kind: { id, …body } }; `listener` gets the answers until `forget(id)`.
  send(kind, body, listener) {
    const id = `q${Socket.nextId++}`;
    this.listeners.set(id, listener);
    if (this.web.readyState !== WebSocket.OPEN) queueMicrotask(() => listener({ frame: "lost" }));
    else this.web.send(JSON.stringify({ [kind]: { id, ...body } }));
    return id;
  }

  // After a cancel some frames may still be on their way: they are dropped.
  cancel(id) {
    this.listeners.set(id, () => {});
    if (this.web.readyState === WebSocket.OPEN) this.web.send(JSON.stringify({ cancel: id }));
  }

  forget(id) {
    this.listeners.delete(id);
  }

  // { seq, ts } when durable.
  steps(body) {
    const answer = deferred();
    const id = this.send("steps", body, (frame) => {
      this.forget(id);
      if (frame.frame === "steps") answer.resolve(frame);
      else answer.reject(frame.frame === "lost" ? new Error("the socket was lost") : new Refused(frame));
    });
    return answer.promise;
  }

  async close() {
    this.web.close();
    await within(this.closed, "the socket closes");
  }
}
