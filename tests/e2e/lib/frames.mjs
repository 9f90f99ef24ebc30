// SPDX-License-Identifier: Apache-2.0
// frames.mjs: parses a text/event-stream into blocks.
//
// A block is { id, data, raw }: `raw` is its text as it came, so that two streams can be compared
// byte for byte. Comments (keep-alives) are counted and skipped.

import { Broken, promise } from "./screen.mjs";

export class EventBlocks {
  rest = "";
  comments = 0;

  constructor(onBlock) {
    this.onBlock = onBlock;
  }

  push(chunk) {
    this.rest += chunk;
    for (let end = this.rest.indexOf("\n\n"); end >= 0; end = this.rest.indexOf("\n\n")) {
      const raw = this.rest.slice(0, end + 2);
      this.rest = this.rest.slice(end + 2);
      this.take(raw);
    }
  }

  take(raw) {
    const block = { raw };
    for (const line of raw.split("\n")) {
      if (line.startsWith(":")) this.comments += 1;
      else if (line.startsWith("id: ")) block.id = line.slice(4);
      else if (line.startsWith("data: ")) block.data = line.slice(6);
      else if (line) throw new Broken(`a line of no known kind in an event stream: ${line}`);
    }
    if (block.data === undefined) return;
    block.frame = JSON.parse(block.data);
    promise(typeof block.frame.frame === "string", "a frame says what it is", block.frame);
    this.onBlock(block);
  }
}

// The same for application/x-ndjson: a frame a line.
export class Lines {
  rest = "";

  constructor(onBlock) {
    this.onBlock = onBlock;
  }

  push(chunk) {
    const lines = (this.rest + chunk).split("\n");
    this.rest = lines.pop();
    for (const line of lines) {
      if (line) this.onBlock({ raw: `${line}\n`, data: line, frame: JSON.parse(line) });
    }
  }
}
