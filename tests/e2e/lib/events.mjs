// SPDX-License-Identifier: Apache-2.0
// events.mjs: follows GET /v1/threads/{t}/events like a browser's EventSource.
//
// It keeps every block as it came, so that two readers can be compared byte for byte.

import { EventBlocks } from "./frames.mjs";
import { stream } from "./http.mjs";
import { Broken } from "./screen.mjs";
import { deferred, within } from "./wait.mjs";

export class Events {
  blocks = [];
  waiting = new Set();

  // { after, until, follow, lastEventId, onBlock }
  static async open(server, thread, { lastEventId, onBlock, ...query } = {}) {
    const events = new Events();
    const url = new URL(`${server.url}/v1/threads/${thread}/events`);
    for (const [key, value] of Object.entries(query)) url.searchParams.set(key, value);
    const headers = { accept: "text/event-stream" };
    if (lastEventId) headers["last-event-id"] = lastEventId;
    const parser = new EventBlocks((block) => {
      events.blocks.push(block);
      onBlock?.(block);
      for (const look of [...events.waiting]) look();
    });
    const onChunk = (chunk, status) => {
      if (status === 200) parser.push(chunk);
      else events.problem = (events.problem ?? "") + chunk;
    };
    const answer = await within(stream(url, { headers, onChunk }), "events begin");
    Object.assign(events, { status: answer.status, headers: answer.headers, done: answer.done });
    events.drop = answer.drop;
    return events;
  }

  get entries() {
    return this.blocks.filter((block) => block.frame.frame === "entry");
  }

  // The bytes of all entries, one behind the other.
  get bytes() {
    return bytesOf(this.entries);
  }

  when(condition, what, ms = 20_000) {
    const met = deferred();
    const look = () => condition(this) && met.resolve(this);
    this.waiting.add(look);
    look();
    this.done.then((how) => {
      look();
      met.reject(new Broken(`the stream was over (${how}) before: ${what}`));
    });
    return within(met.promise, what, ms).finally(() => this.waiting.delete(look));
  }
}

export const bytesOf = (blocks) => blocks.map((block) => block.raw).join("");

export const endsRun = (run) => (block) =>
  block.frame.events?.some((event) => event.type === "run_ended" && event.run === run) ?? false;

// All entries after a cursor, to the end of the log, without following.
export async function backlog(server, thread, query = {}) {
  const events = await Events.open(server, thread, { follow: "none", ...query });
  if (events.status === 204) return [];
  if (events.status !== 200) throw new Error(`events of ${thread}: ${events.status} ${events.problem ?? ""}`);
  await within(events.done, "the backlog ends");
  return events.entries;
}
