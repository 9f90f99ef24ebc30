// SPDX-License-Identifier: Apache-2.0
// front.mjs: a device that shows one thread and can change it, written from docs/protocol.md alone.
//
// It remembers the same as a real front: its cursor, its screen, its device id and its op numbers.
// Every exchange is one `Following`: a stream of frames over SSE, NDJSON or a shared WebSocket. It
// checks the stream's promises (no gap, no repeat, the right cursor at the end) frame by frame.

import { digestOf } from "./digest.mjs";
import { EventBlocks, Lines } from "./frames.mjs";
import { request, stream } from "./http.mjs";
import { Screen, epochOf, promise, tsOf } from "./screen.mjs";
import { Refused } from "./socket.mjs";
import { deferred, within } from "./wait.mjs";

let devices = 0;

// One streamed answer. `opened`: the first diff, complete. `ended`: "end" | "lost" | "dropped".
export class Following {
  frames = [];
  diff = [];
  ts = undefined;
  endFrame = undefined;

  constructor(front) {
    this.front = front;
    this.opening = deferred();
    this.ending = deferred();
    this.opened = this.opening.promise;
    this.ended = this.ending.promise;
  }

  take(frame, data) {
    try {
      this.takeChecked(frame, data);
    } catch (error) {
      this.front.fail(error);
      this.fail(error);
    }
  }

  takeChecked(frame, data) {
    if (frame.frame === "lost") return this.close("lost");
    promise(!this.endFrame, "nothing comes after the end", frame);
    this.front.recorder?.(frame, data);
    if (frame.frame === "failure") return this.fail(new Refused(frame));
    if (frame.frame === "diff") this.takeDiff(frame);
    if (frame.frame === "entry") this.takeEntry(frame);
    if (frame.frame === "end") this.takeEnd(frame);
    this.front.changed();
  }

  takeDiff(frame) {
    this.diff.push(frame);
    if (frame.more) return;
    const frames = this.diff;
    this.diff = [];
    this.ts = tsOf(frame.cursor);
    this.front.takeDiff(frames);
    this.opening.resolve(frame);
  }

  takeEntry(frame) {
    promise(this.ts !== undefined, "the diff comes before the entries", frame);
    promise(frame.ts > this.ts, "no entry twice in a stream", frame.ts, this.ts);
    promise(frame.prev === this.ts, "no gap in a stream", frame.prev, this.ts);
    this.ts = frame.ts;
    this.front.takeEntry(frame);
  }

  takeEnd(frame) {
    this.endFrame = frame;
    promise(tsOf(frame.cursor) === this.ts, "the end names where the stream is", frame, this.ts);
    if (this.id) this.close("end");  // over SSE the connection's own end is awaited
  }

  fail(error) {
    this.opening.reject(error);
    this.ending.reject(error);
    this.stop?.();
  }

  close(how) {
    this.opening.reject(new Error(`the stream was ${how} before its diff`));
    this.ending.resolve(how);
    if (this.id) this.front.socket.forget(this.id);
  }

  drop() {
    this.stop?.();
    this.close("dropped");
  }
}

export class Front {
  screen = new Screen();
  cursor = undefined;
  op = 0;
  entries = 0;  // that changed the screen
  outcomes = new Map();
  failures = [];
  waiting = new Set();

  // `socket`: its frames travel over it; without one, over SSE (or `form: "ndjson"`).
  // `digests`: every request has the digest of its copy, and a reset is a failure.
  constructor(server, thread, options = {}) {
    const { socket, form = "sse", device = `device-${++devices}`, digests = false } = options;
    Object.assign(this, { server, thread, socket, form, device, digests });
  }

  get path() {
    return `/v1/threads/${this.thread}/sync`;
  }

  // --- Frames received ---------------------------------------------------------------------------

  takeDiff(frames) {
    const last = frames.at(-1);
    const reset = frames.find((frame) => frame.reset)?.reset;
    promise(!reset || !this.digests, "a front that is well is not reset", reset);
    this.screen.applyDiff(frames);
    this.epoch = epochOf(last.cursor);
    this.cursor = `${this.screen.ts}@${this.epoch}`;
    for (const outcome of last.outcomes ?? []) {
      if (outcome.op !== undefined) this.outcomes.set(outcome.op, outcome);
    }
  }

  takeEntry(frame) {
    if (frame.ts <= this.screen.ts) return;  // another stream of ours was faster
    this.screen.applyEntry(frame);
    this.entries += 1;
    this.cursor = `${frame.ts}@${this.epoch}`;
  }

  fail(error) {
    this.failures.push(error);
    this.changed();
  }

  changed() {
    for (const look of [...this.waiting]) look();
  }

  // Resolves when the condition holds; looks whenever a frame has come.
  when(condition, what, ms = 20_000) {
    const met = deferred();
    const look = () => {
      if (this.failures.length) met.reject(this.failures[0]);
      else if (condition(this.screen)) met.resolve(this.screen);
    };
    this.waiting.add(look);
    look();
    return within(met.promise, what, ms).finally(() => this.waiting.delete(look));
  }

  // --- Requests ----------------------------------------------------------------------------------

  // Numbers the changes and adds `seen`.
  prepare(changes, seen = this.cursor) {
    return changes.map((change) => ({ op: ++this.op, ...(seen && { seen }), ...change }));
  }

  body({ changes, follow, cursor = this.cursor, ...more }) {
    return {
      ...(cursor && { cursor }),
      ...(changes?.length && { device: this.device, changes }),
      ...(follow && { follow }),
      ...(this.digests && this.screen.thread?.head && { digest: digestOf(this.screen.path()) }),
      ...more,
    };
  }

  // A streamed exchange; `changes` as prepared.
  follow(options = {}) {
    const following = new Following(this);
    if (this.socket) this.followSocket(following, options);
    else this.followStream(following, options);
    return following;
  }

  followSocket(following, options) {
    const body = { thread: this.thread, ...this.body(options) };
    following.stop = () => this.socket.cancel(following.id);
    const take = (frame, data) => following.take(frame, data);
    following.id = this.socket.send("sync", body, take);
  }

  followStream(following, options) {
    const [accept, Parser] =
      this.form === "sse" ? ["text/event-stream", EventBlocks] : ["application/x-ndjson", Lines];
    const parser = new Parser(({ frame, data, id }) => {
      if (id && frame.cursor) promise(id === frame.cursor, "the id line is the cursor", id, frame.cursor);
      following.take(frame, data);
    });
    let refusal = "";
    const onChunk = (chunk, status) => {
      if (status === 200) parser.push(chunk);
      else refusal += chunk;
    };
    let dropped = false;
    following.stop = () => (dropped = true);
    const asked = { method: "POST", headers: { accept }, body: this.body(options), onChunk };
    stream(`${this.server.url}${this.path}`, asked).then(
      (answer) => {
        following.stop = answer.drop;
        if (dropped) answer.drop();
        answer.done.then((how) => {
          if (answer.status !== 200) following.fail(new Refused(problemOf(answer.status, refusal)));
          else following.close(how === "end" && !following.endFrame ? "lost" : how);
        });
      },
      () => following.close("lost"),
    );
  }

  // One exchange that brings changes and the diff, and no more. Resolves to the outcomes, in order.
  async change(changes, { seen, ...more } = {}) {
    return this.send(this.prepare(changes, seen), more);
  }

  // The same for changes that have their numbers already.
  async send(changes, more = {}) {
    const diff = await this.sync({ changes, ...more });
    return diff.outcomes;
  }

  // { follow: "none" } as one JSON answer, or over the socket: the last frame of the diff.
  async sync(options = {}) {
    if (this.socket) {
      const following = this.follow({ follow: "none", ...options });
      const diff = await within(following.opened, "a diff over the socket");
      await within(following.ended, "the end over the socket");
      return diff;
    }
    const headers = { accept: "application/json" };
    const answer = await request(`${this.server.url}${this.path}`, {
      method: "POST",
      headers,
      body: this.body(options),
    });
    if (answer.status !== 200) throw new Refused(answer.json ?? problemOf(answer.status, answer.text));
    this.takeDiff([answer.json]);
    this.changed();
    return answer.json;
  }

  // Throws the first promise that was found broken.
  assertWell() {
    if (this.failures.length) throw this.failures[0];
  }
}

function problemOf(status, text) {
  try {
    return { status, ...JSON.parse(text) };
  } catch {
    return { status, code: "no_problem_document", detail: text };
  }
}
