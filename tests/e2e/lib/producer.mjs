// SPDX-License-Identifier: Apache-2.0
// producer.mjs: a user's own back end, which writes the steps of its runs.

import { request } from "./http.mjs";
import { Refused } from "./socket.mjs";

export class Producer {
  seq = 0;

  // `via`: a Socket, or a Server for plain POSTs.
  constructor(via, thread, run, attempt = 1) {
    Object.assign(this, { via, thread, run, attempt });
  }

  numbered(steps) {
    return steps.map((step) => ({ seq: ++this.seq, ...step }));
  }

  // Writes new steps and waits until they are durable: { seq, ts }.
  write(...steps) {
    return this.send(this.numbered(steps));
  }

  // Sends steps as they are, their numbers included.
  async send(steps) {
    const { thread, run, attempt } = this;
    if (this.via.steps) return this.via.steps({ thread, run, attempt, steps });
    const path = `/v1/threads/${thread}/runs/${run}/steps?attempt=${attempt}`;
    const answer = await request(`${this.via.url}${path}`, { method: "POST", body: { steps } });
    if (answer.status !== 200) throw new Refused(answer.json ?? { status: answer.status, code: answer.text });
    return answer.json;
  }
}

// --- Steps, by name ---------------------------------------------------------------------------------

export const opens = (id, more = {}) => ({ type: "message_created", message: { id, ...more } });
export const starts = (message, part, value) => ({ type: "part_started", message, part, value });
export const says = (message, text, part = 0) => ({ type: "content_appended", message, part, text });
export const ends = (message, status = "complete") => ({ type: "message_ended", message, status });
export const finishes = (status = "completed") => ({ type: "run_ended", status });
