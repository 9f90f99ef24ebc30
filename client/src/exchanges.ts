// SPDX-License-Identifier: Apache-2.0
// exchanges.ts: the requests of a session, and when it sends them again.
//
// At most two exchanges are open: one follows the thread while it is watched, one carries all
// unanswered changes. Each brings a diff from the cursor held to now, so it does not matter which
// of them is faster. After a failure the session retries; the delay doubles each time, up to 30 s.

import type { Changes } from "./changes.js";
import { delayAfter } from "./clock.js";
import type { Sink } from "./net/link.js";
import type { Replica } from "./replica.js";
import type { Outside } from "./session_face.js";
import { cursorOf } from "./state.js";
import type { DiffFrame, EntryFrame, Frame, SyncRequest } from "./wire.js";

export interface Exchange {
  /** Asks for the whole thread: the answer replaces the copy held. */
  readonly anew: boolean;
  /** The changes that it carries; empty: it follows. */
  readonly ops: readonly number[];
  frames: DiffFrame[];
  cancel?: () => void;
}

/** A frame for the session: a part of an exchange, or its end. */
export type Taken = DiffFrame | EntryFrame | Extract<Frame, { frame: "end" | "failure" }>;

/** The part of a session that its exchanges call. */
export interface Asker {
  held(): Replica;
  /** The digest of the path held, if it is known. */
  digest(): string | undefined;
  take(exchange: Exchange, frame: Taken): void;
}

export interface Exchanges {
  /** The thread has subscribers. */
  watched: boolean;
  /** `sends`: this tab sends the changes. Returns false if both are as before. */
  connect(up: boolean, sends: boolean): boolean;
  /** Sends the requests that can be sent now. */
  act(): void;
  /** The whole diff of this exchange has come. */
  done(exchange: Exchange): void;
  /** Asks again after a delay. */
  backOff(): void;
  unfollow(): void;
  /** Ends all exchanges: takes no more frames and sends no more requests. */
  cancel(): void;
}

const firstDelay = 500;

export const createExchanges = (
  outside: Outside,
  changes: Pick<Changes, "batch">,
  asker: Asker,
): Exchanges => new ThreadExchanges(outside, changes, asker);

class ThreadExchanges implements Exchanges {
  watched = false;
  readonly #outside: Outside;
  readonly #changes: Pick<Changes, "batch">;
  readonly #asker: Asker;
  #up = false;
  #sends = false;
  #follow: Exchange | null = null;
  #sending: Exchange | null = null;
  #failures = 0;
  #cancelWaiting: (() => void) | null = null;

  constructor(outside: Outside, changes: Pick<Changes, "batch">, asker: Asker) {
    this.#outside = outside;
    this.#changes = changes;
    this.#asker = asker;
  }

  connect(up: boolean, sends: boolean): boolean {
    if (up === this.#up && sends === this.#sends) return false;
    this.#up = up;
    this.#sends = sends;
    if (up) {
      this.#failures = 0;
      this.#cancelWaiting?.();
      this.#cancelWaiting = null;
    }
    return true;
  }

  act(): void {
    const { phase, state } = this.#asker.held();
    if (phase === "loading" || phase === "gone") return;
    if (!this.#up || this.#cancelWaiting) return;
    const [batch, heldBack] = this.#sends ? this.#changes.batch(state) : [[], false];
    // A turn that is held back needs entries to see when there is room.
    const follows = this.watched || heldBack;
    if (!follows) this.unfollow();
    if (follows && !this.#follow && phase !== "absent") {
      this.#follow = this.#begin([]);
      const digest = phase === "stale" ? undefined : this.#asker.digest();
      this.#ask(this.#follow, { digest, follow: "live" });
    }
    if (batch.length > 0 && !this.#sending) {
      this.#sending = this.#begin(batch.map(({ op }) => op));
      const said = batch.map(({ op, seen, change }) => ({
        ...change,
        op,
        seen: seen ?? undefined,
      }));
      this.#ask(this.#sending, { device: this.#outside.device(), changes: said, follow: "none" });
    }
  }

  #begin(ops: readonly number[]): Exchange {
    return { anew: this.#asker.held().phase === "stale", ops, frames: [] };
  }

  #ask(exchange: Exchange, fields: SyncRequest): void {
    const { state } = this.#asker.held();
    const cursor = (exchange.anew ? null : cursorOf(state)) ?? undefined;
    const sink: Sink = (frame) => {
      if (exchange !== this.#follow && exchange !== this.#sending) return;
      if (frame.frame === "live" || frame.frame === "feed") return;
      if (frame.frame !== "diff" && frame.frame !== "entry") {
        if (exchange === this.#follow) this.#follow = null;
        else this.#sending = null;
      }
      if (frame.frame !== "lost") this.#asker.take(exchange, frame);
      // Another tab stopped leading, while the connection still looks open.
      else if (this.#up) this.backOff();
    };
    exchange.cancel = this.#outside.sync({ thread: state.id, cursor, ...fields }, sink);
  }

  done(exchange: Exchange): void {
    this.#failures = 0;
    if (exchange === this.#sending) this.#sending = null;
  }

  backOff(): void {
    if (this.#cancelWaiting) return;
    const delay = delayAfter(this.#failures++, firstDelay, this.#outside.random);
    this.#cancelWaiting = this.#outside.after(delay, () => {
      this.#cancelWaiting = null;
      this.act();
    });
  }

  unfollow(): void {
    this.#follow?.cancel?.();
    this.#follow = null;
  }

  cancel(): void {
    this.unfollow();
    this.#sending?.cancel?.();
    this.#sending = null;
    this.#cancelWaiting?.();
  }
}
