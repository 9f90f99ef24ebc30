// SPDX-License-Identifier: Apache-2.0
// worker.mjs: a program elsewhere that claims runs, and writes them by their claims.

import { request } from "./http.mjs";
import { Refused } from "./socket.mjs";

export class Worker {
  // `token`: made with `--produce`.
  constructor(server, token, agents, { lease = 1, wait = 10 } = {}) {
    Object.assign(this, { server, agents, lease, wait });
    this.headers = token ? { authorization: `Bearer ${token}` } : {};
  }

  post(path, body, options = {}) {
    return this.server.post(path, body, { headers: this.headers, ...options });
  }

  // The run as it was claimed, a `Job`; null if none came.
  async claim(more = {}) {
    const body = { agents: this.agents, worker: "w", lease_seconds: this.lease, wait_seconds: this.wait, ...more };
    const answer = await this.post("/v1/claims", body);
    if (answer.status === 204) return null;
    if (answer.status !== 200) throw new Refused(answer.json);
    return new Job(this, answer.json);
  }
}

export class Job {
  seq = 0;

  constructor(worker, claimed) {
    Object.assign(this, { worker, ...claimed });
  }

  // Writes new steps, or none to renew the lease: { seq, ts, lease_until }.
  write(...steps) {
    return this.send(steps.map((step) => ({ seq: ++this.seq, ...step })));
  }

  async send(steps) {
    const { headers, server } = this.worker;
    const url = `${server.url}/v1/claims/${this.claim}/steps`;
    const answer = await request(url, { method: "POST", headers, body: { steps } });
    if (answer.status !== 200) throw new Refused(answer.json ?? { status: answer.status, code: answer.text });
    return answer.json;
  }
}
