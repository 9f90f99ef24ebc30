// SPDX-License-Identifier: Apache-2.0
// log.ts: makes a thread's log: turns of a user and answers in many pieces, some of them stopped.

import type { EntryFrame, Event } from "lockstep-client";

type Body = Omit<EntryFrame, "frame" | "ts" | "prev">;

export class Log {
  readonly entries: EntryFrame[] = [];
  private ts = 0;

  add(gap: number, body: Body): this {
    const prev = this.ts;
    this.ts += gap;
    this.entries.push({ frame: "entry", ts: this.ts, prev, ...body });
    return this;
  }

  /** One turn of `pieces` entries of text; with `keep`: stopped there by the user. */
  turn(name: string, parent: string | null, pieces: number, keep?: number): this {
    const [user, answer, run] = [`u${name}`, `a${name}`, `r${name}`];
    const at = this.ts + 1000;
    const message = {
      id: user,
      parent,
      role: "user" as const,
      parts: [{ type: "text" as const, text: `question ${name}` }],
      status: "complete" as const,
      created: at,
      updated: at,
    };
    this.add(1000, {
      events: [
        { type: "run_queued", run, agent: "writer", input: [], after: parent },
        { type: "message_put", message },
        { type: "head_moved", head: user },
        { type: "run_started", run, attempt: 1, head: user, settings: "" },
      ],
      acks: [{ user: "ann", device: "phone", op: this.entries.length + 1, outcome: "applied" }],
    });
    const opened: Event[] = [
      { type: "message_created", message: { id: answer, parent: user, role: "assistant", run } },
      { type: "head_moved", head: answer },
      { type: "part_started", message: answer, part: 0, value: { type: "text", text: "" } },
    ];
    this.add(300, { events: opened });
    let length = 0;
    for (let piece = 0; piece < pieces; piece += 1) {
      const text = `word${piece} `;
      this.add(25, {
        events: [{ type: "content_appended", message: answer, part: 0, at: length, text }],
      });
      length += text.length;
    }
    return keep === undefined ? this.end(answer, run) : this.stop(answer, run, keep);
  }

  private end(message: string, run: string): this {
    return this.add(10, {
      events: [
        { type: "message_ended", message, status: "complete" },
        { type: "run_ended", run, status: "completed" },
      ],
    });
  }

  private stop(message: string, run: string, keep: number): this {
    return this.add(5_000_000, {
      events: [
        { type: "message_cut", message, keep: [keep], status: "stopped" },
        { type: "run_ended", run, status: "stopped" },
      ],
      acks: [{ user: "ann", device: "phone", op: this.entries.length + 1, outcome: "applied" }],
    });
  }
}
