// SPDX-License-Identifier: Apache-2.0
// crash.test.mjs: a kill -9 in mid-stream does not lose shown or acknowledged text.
//
// Each cycle puts several threads under load, kills the server at a random moment, starts it again
// on the same data, and compares: every byte that was shown, every acknowledgement, and every
// answer to a repeated request.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";

import { Aimock, answer } from "./lib/aimock.mjs";
import { Witness } from "./lib/crash.mjs";
import { backlog, bytesOf } from "./lib/events.mjs";
import { binary } from "./lib/server.mjs";
import { Socket } from "./lib/socket.mjs";
import { scene } from "./lib/scene.mjs";
import { chance, seed, text } from "./lib/texts.mjs";
import { pause, within } from "./lib/wait.mjs";

const cycles = Number(process.env.CYCLES ?? process.env.LOCKSTEP_E2E_CYCLES ?? 50);
const random = chance(seed);
const run = promisify(execFile);  // fails if the exit code is not 0
const kinds = ["push", "short", "openai", "demo", "push", "openai"];
const threads = Array.from({ length: cycles * kinds.length }, (_, index) => index);
const fixtures = threads.flatMap((index) => [
  answer(`crash-${index}`, text(chance(seed + index), 400, 4), { chunkSize: 4, tps: 80 }),
  answer(`after-${index}`, "on it goes", { chunkSize: 10, tps: 1000, ttft: 0 }),
]);

// The work of a cycle ends with an error when the server dies: that one, and no other, is expected.
const untilTheEnd = (work) =>
  work.catch((error) => {
    const lost = ["ECONNRESET", "ECONNREFUSED", "EPIPE"].includes(error.code);
    if (!lost && !/socket hang up|lost|aborted|was over/.test(error.message)) throw error;
  });

describe("kill -9", { timeout: Math.max(600_000, cycles * 12_000) }, () => {
  let stage;
  before(async () => (stage = await scene("crash", fixtures)));
  after(() => stage.dispose());

  async function cycle(number, totals) {
    const { server } = stage;
    const socket = await Socket.open(server);
    const witnesses = kinds.map((kind, index) => {
      const name = number * kinds.length + index;
      const over = index % 2 ? socket : undefined;
      const chances = chance(seed + name);
      return new Witness(server, `crash-${name}`, { kind, key: `crash-${name}`, random: chances, socket: over });
    });
    const works = witnesses.map((witness) => untilTheEnd(witness.work()));
    await pause(random.between(5, 900));
    await server.kill();
    await within(Promise.all(works), "the fronts have seen that the server died");
    await server.launch();
    for (const witness of witnesses) {
      await witness.verify();
      totals.frames += witness.shown.flat().length;
      totals.steps += witness.acked.length;
      totals.changes += witness.outcomes.length;
      totals.unanswered += witness.wasUnanswered ? 1 : 0;
    }
    const index = number * kinds.length + kinds.indexOf("openai");
    const sent = await witnesses[kinds.indexOf("openai")].goOn(`after-${index}`);
    if (sent) totals.sent.set(`after-${index}`, sent);
    return witnesses;
  }

  test(`${cycles} times, nothing that was acknowledged or shown is missing or different`, async (context) => {
    const totals = { frames: 0, steps: 0, changes: 0, unanswered: 0, sent: new Map() };
    const kept = [];
    for (let number = 0; number < cycles; number += 1) {
      for (const { thread } of await cycle(number, totals)) {
        kept.push({ thread, bytes: bytesOf(await backlog(stage.server, thread)) });
      }
    }
    for (const { thread, bytes } of kept) {
      const now = bytesOf(await backlog(stage.server, thread));
      assert.ok(now.startsWith(bytes), `${thread} after all the crashes`);
    }
    await stage.server.kill();
    await run(binary, ["verify", "--data", stage.server.data]);
    const journal = await stage.aimock.journal();
    let ran = 0;
    for (const index of threads) {
      const times = Aimock.sentFor(journal, `crash-${index}`).length;
      assert.ok(times <= 1, `the model ran ${times} times for crash-${index}`);
      ran += times;
    }
    for (const [key, sent] of totals.sent) {
      assert.deepEqual(Aimock.sentFor(journal, key), [sent], `the turn after the crash, ${key}`);
    }
    context.diagnostic(`cycles: ${cycles}, threads: ${kept.length}, model runs: ${ran}`);
    const { sent, ...counts } = totals;
    context.diagnostic(`compared: ${JSON.stringify(counts)}, turns after a crash: ${sent.size}`);
    assert.ok(totals.frames > cycles && totals.steps > cycles && totals.changes > cycles);
  });
});
