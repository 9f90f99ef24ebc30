// SPDX-License-Identifier: Apache-2.0
// page.test.ts: addresses, texts, and reasons of refusals.

import type { Message } from "lockstep-client";
import { describe, expect, it } from "vitest";

import { reasonOf, textOf, withText } from "../src/chat/text.js";
import { bytesText, microseconds, timeText } from "../src/inspector/facts.js";
import {
  chatAddress,
  inspectAddress,
  nameThread,
  newThreadId,
  parseRoute,
  sideAddress,
} from "../src/route.js";
import { storeNameOf } from "../src/settings.js";

describe("an address", () => {
  it("comes back to the page and the thread that it was made for", () => {
    const id = "a.b:c_d-E9";
    expect(parseRoute(chatAddress(id))).toEqual({ page: "chat", thread: id });
    expect(parseRoute(inspectAddress(id))).toEqual({ page: "inspect", thread: id });
    expect(parseRoute(sideAddress(id))).toEqual({ page: "side-by-side", thread: id });
  });

  it("names no thread that no thread can have", () => {
    for (const id of [".", "..", "a b", "x".repeat(129), "%2e%2e", "%zz", "a%2Fb", "<b>", "a/b"]) {
      for (const page of ["t", "inspect", "side-by-side"]) {
        const address = `#/${page}/${id}`;
        expect(parseRoute(address)).toEqual({ page: "unknown", address });
      }
    }
    for (const address of ["#/nonsense/x/y", "#/nonsense", "#/inspect", "#/inspect/"]) {
      expect(parseRoute(address)).toEqual({ page: "unknown", address });
    }
  });

  it("that names nothing is a new thread's", () => {
    for (const address of ["", "#", "#/", "#/t", "#/t/"]) {
      expect(parseRoute(address)).toEqual({ page: "chat", thread: null });
    }
    expect(parseRoute("#/side-by-side")).toEqual({ page: "side-by-side", thread: null });
  });

  it("has a new id each time, which is one", () => {
    const ids = new Set(Array.from({ length: 100 }, newThreadId));
    expect(ids.size).toBe(100);
    for (const id of ids) expect(parseRoute(chatAddress(id))).toEqual({ page: "chat", thread: id });
  });
});

describe("an edit", () => {
  const message = (parts: Message["parts"]): Message => ({
    id: "a",
    parent: null,
    role: "assistant",
    parts,
    status: "complete",
    created: 1,
    updated: 1,
  });

  it("replaces the text and keeps everything else in its place", () => {
    const call = { type: "tool_call", id: "c", name: "n", arguments: "{}" } as const;
    const parts = withText(
      message([
        { type: "reasoning", text: "hm" },
        { type: "text", text: "a" },
        call,
        { type: "text", text: "b" },
      ]),
      "new",
    );
    expect(parts).toEqual([{ type: "reasoning", text: "hm" }, { type: "text", text: "new" }, call]);
    expect(textOf({ parts })).toBe("new");
  });

  it("adds text where there was none", () => {
    expect(withText(message([]), "new")).toEqual([{ type: "text", text: "new" }]);
  });
});

describe("a refusal", () => {
  it("is shown in words, with the server's detail, also if its code is unknown here", () => {
    expect(reasonOf("busy", "")).toBe("An answer is being written. Wait for it, or stop it.");
    expect(reasonOf("built_upon", "run r9")).toContain("run r9");
    expect(reasonOf("brand_new", "why so")).toBe("why so (brand_new)");
  });
});

describe("figures", () => {
  it("are short and have a unit", () => {
    expect([0, 999, 1500, 25_000, 3_310_000, 90_000_000].map(microseconds)).toEqual([
      "0 µs",
      "999 µs",
      "1.5 ms",
      "25 ms",
      "3.31 s",
      "1.5 min",
    ]);
    expect([12, 1234, 2_500_000].map(bytesText)).toEqual(["12 B", "1.2 kB", "2.5 MB"]);
    expect(timeText(1_795_400_375_016_233)).toMatch(/^\d\d:\d\d:\d\d\.016233$/);
  });
});

describe("a page that names no thread", () => {
  it("gets an address of its own", () => {
    location.hash = "";
    nameThread("chat", chatAddress("made"));
    expect(location.hash).toBe("#/t/made");
  });

  it("does not take a user back who has left the page meanwhile", () => {
    location.hash = chatAddress("chosen");
    nameThread("chat", chatAddress("made"));
    expect(location.hash).toBe("#/t/chosen");
    location.hash = "#/side-by-side";
    nameThread("chat", chatAddress("made"));
    expect(location.hash).toBe("#/side-by-side");
  });
});

describe("the store of a token", () => {
  it("is found again by the same token, and by no other", () => {
    const tokens = Array.from({ length: 1000 }, (_, at) => `token-${at}`);
    const names = new Set(tokens.map((token) => storeNameOf("http://a", token)));
    expect(names.size).toBe(tokens.length);
    expect(names.has(storeNameOf("http://a", "token-7"))).toBe(true);
    expect(storeNameOf("http://b", "token-7")).not.toBe(storeNameOf("http://a", "token-7"));
  });

  it("does not name the token", () => {
    expect(storeNameOf("http://a", "secret")).not.toContain("secret");
  });
});
