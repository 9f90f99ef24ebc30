// SPDX-License-Identifier: Apache-2.0
// crash.mjs: records acknowledged and shown text before a crash, and checks it afterwards.
//
// A `Witness` is one thread under load: a front that follows and keeps the bytes of every frame
// that it got, and a writer (a back end that pushes steps, or the model server). It remembers every
// acknowledgement, and every request without an answer.

import assert from "node:assert/strict";

import { sentOf } from "./aimock.mjs";
import { Events, backlog } from "./events.mjs";
import { Front } from "./front.mjs";
import { Producer, finishes, opens, says } from "./producer.mjs";
import { asks, isOver, pushes } from "./scene.mjs";
import { Screen, shownText } from "./screen.mjs";

export class Witness {
  shown = [];  // blocks, as bytes, by each reader
  frames = [];  // entries that came over the socket
  acked = [];  // { seq, ts } of steps
  outcomes = [];
  unanswered = undefined;  // changes that were sent and not answered

  constructor(server, thread, { kind, key, random, socket }) {
    Object.assign(this, { server, thread, kind, key, random });
    this.run = `${thread}-run`;
    this.front = new Front(server, thread, { socket });
  }

  get isPushed() {
    return this.kind === "push" || this.kind === "short";
  }

  // Sends changes; if the answer does not come, remembers that.
  async change(changes) {
    const prepared = this.front.prepare(changes);
    this.unanswered = prepared;
    const outcomes = await this.front.send(prepared);
    this.unanswered = undefined;
    this.outcomes.push(...outcomes.map((outcome, index) => ({ change: prepared[index], outcome })));
  }

  // Goes on until the server dies under it.
  async work() {
    const pushed = this.isPushed;
    const start = pushed ? pushes(this.run, "go") : asks(this.run, this.key);
    if (this.kind === "demo") Object.assign(start, { agent: "demo" });
    await this.change([start]);
    this.follow();
    const works = [this.read(), this.disturb(), ...(pushed ? [this.push()] : [])];
    const failed = (await Promise.allSettled(works)).find((it) => it.status === "rejected");
    if (failed) throw failed.reason;
  }

  // The front follows over its socket; one without a socket has the reader below.
  follow() {
    if (!this.front.socket) return;
    this.front.recorder = ({ id, ...frame }) => frame.frame === "entry" && this.frames.push(frame);
    this.front.follow({ follow: "live" }).ended.catch(() => {});
  }

  async read() {
    const events = await Events.open(this.server, this.thread, { follow: "live" });
    this.shown.push(events.blocks);
    await events.done;
  }

  async push() {
    const producer = (this.producer = new Producer(this.server, this.thread, this.run));
    this.sent = "";
    await this.write(producer, [opens(`${this.thread}-m`)], "");
    const rounds = this.kind === "short" ? 12 : 2000;
    for (let round = 0; round < rounds; round += 1) {
      const piece = `${round}: ${this.random.pick(["abc", "你好", "😀🚀", "x"])} `;
      await this.write(producer, [says(`${this.thread}-m`, piece)], piece);
    }
    await this.write(producer, [finishes()], "");
  }

  async write(producer, steps, piece) {
    this.lastSteps = producer.numbered(steps);
    const answer = await producer.send(this.lastSteps);
    this.acked.push(answer);
    this.sent += piece;
  }

  // Changes besides the stream: notes, titles.
  async disturb() {
    for (let round = 0; round < 500; round += 1) {
      const id = `${this.thread}-note-${round}`;
      await this.change([
        { type: "put_message", message: { id, text: `note ${round} 😀` }, parent: null },
        { type: "update_thread", title: `round ${round}` },
      ]);
    }
  }

  // --- After the crash ---------------------------------------------------------------------------

  async verify() {
    this.front.socket = undefined;  // it died with the server
    this.front.recorder = undefined;
    if (this.outcomes.length === 0 && this.unanswered) return this.repeat();
    const log = await backlog(this.server, this.thread);
    const stored = Screen.of(await this.server.read(this.thread));
    this.verifyShown(log);
    this.verifyAcked(log, stored);
    this.verifyFront(stored);
    await this.repeat();
    if (this.producer) await this.repeatSteps();
  }

  // Every byte that a reader was shown is where it was.
  verifyShown(log) {
    for (const blocks of this.shown) {
      const entries = blocks.filter((block) => block.frame.frame === "entry");
      for (const [index, block] of entries.entries()) {
        assert.equal(log[index]?.raw, block.raw, `${this.thread}: entry ${index} as it was shown`);
      }
    }
    const byTime = new Map(log.map((block) => [block.frame.ts, block.frame]));
    for (const frame of this.frames) {
      assert.deepEqual(byTime.get(frame.ts), frame, `${this.thread}: a frame shown over the socket`);
    }
  }

  verifyAcked(log, stored) {
    const times = new Map(log.map((block) => [block.frame.ts, block.frame]));
    for (const { ts } of this.acked) assert.ok(times.has(ts), `${this.thread}: acknowledged steps at ${ts}`);
    for (const { change, outcome } of this.outcomes) {
      assert.ok(times.has(outcome.ts), `${this.thread}: acknowledged ${change.type} at ${outcome.ts}`);
      const id = change.message?.id;
      if (id) assert.equal(stored.messages.get(id)?.parts[0].text, change.message.text, id);
    }
    if (this.sent) assert.ok(stored.text(this.run).startsWith(this.sent), `${this.thread}: acknowledged text`);
    const { status } = stored.runs.get(this.run);
    const open = this.isPushed ? "running" : "interrupted";
    assert.ok([open, "completed"].includes(status), `${this.thread}: the run is ${status}`);
  }

  verifyFront(stored) {
    const was = this.front.screen;
    assert.ok(was.ts <= stored.ts, `${this.thread}: the store is behind its front`);
    const shown = was.text(this.run);
    assert.ok(stored.text(this.run).startsWith(shown), `${this.thread}: what the front showed of the run`);
  }

  // The front sends its unanswered changes again, and everything applies once.
  async repeat() {
    const again = this.unanswered;
    this.wasUnanswered = again !== undefined;
    const last = this.outcomes.slice(-2).map((it) => it.change);
    const sent = again ? [...last, ...again] : last;
    if (sent.length === 0) return;
    const outcomes = await this.front.send(sent);
    const more = await this.front.send(sent);
    for (const [index, outcome] of outcomes.entries()) {
      assert.equal(outcome.outcome, "applied", JSON.stringify(outcome));
      assert.deepEqual(more[index], { ...outcome, duplicate: true });
      if (index < last.length) assert.equal(outcome.duplicate, true, "it was applied before the crash");
    }
    for (const { change, outcome } of this.outcomes.slice(-2)) {
      const now = outcomes[last.indexOf(change)];
      assert.deepEqual(now, { ...outcome, duplicate: true }, "answered as the first time");
    }
    this.unanswered = undefined;
    this.front.assertWell();
  }

  // The writer outlives the server: it sends its unanswered steps again, and goes on. Steps that the
  // server already took change nothing, and get the same answer.
  async repeatSteps() {
    const answer = await this.producer.send(this.lastSteps);
    assert.equal(answer.seq, this.lastSteps.at(-1).seq, `${this.thread}: ${JSON.stringify(answer)}`);
    const before = await this.server.logOf(this.thread);
    assert.deepEqual(await this.producer.send(this.lastSteps), answer, "answered as the first time");
    assert.equal(await this.server.logOf(this.thread), before, "nothing was written");
    const { status } = Screen.of(await this.server.read(this.thread)).runs.get(this.run);
    if (status === "completed") return;
    const text = Screen.of(await this.server.read(this.thread)).text(this.run);
    await this.producer.write(opens(`${this.thread}-more`), says(`${this.thread}-more`, "and on"), finishes());
    const after = Screen.of(await this.server.read(this.thread));
    assert.equal(after.runs.get(this.run).status, "completed");
    assert.equal(after.text(this.run), `${text}and on`);
  }

  // The next turn continues from the kept text. Returns the expected input of the model.
  async goOn(key) {
    const before = Screen.of(await this.server.read(this.thread));
    const last = before.written(this.run).at(-1)?.id ?? `${this.run}-asked`;
    if (!before.messages.has(last)) return undefined;
    const run = `${this.run}-after`;
    await this.front.change([asks(run, key, { after: last })]);
    const following = this.front.follow({ follow: "run" });
    await this.front.when((it) => isOver(it, run), `${run} ends`);
    following.drop();
    this.front.assertWell();
    const path = this.front.screen.path(`${run}-asked`);
    return sentOf(path.map((it) => ({ role: it.role, text: shownText(it), status: it.status })));
  }
}
