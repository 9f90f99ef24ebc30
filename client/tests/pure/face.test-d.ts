// SPDX-License-Identifier: Apache-2.0
// face.test-d.ts: the public types agree with the protocol.

import { describe, expectTypeOf, test } from "vitest";

import {
  apply,
  type ChangeBody,
  type Client,
  connect,
  type DiffFrame,
  type EntryFrame,
  fold,
  type LiveThread,
  type Message,
  type MessageView,
  type Part,
  type Result,
  type ThreadState,
  type ThreadStatus,
  type ThreadView,
} from "../../src/index.js";

declare const thread: LiveThread;
declare const part: Part;

describe("the face", () => {
  test("connect takes an address, or nothing, and gives a client", () => {
    expectTypeOf(connect).toBeCallableWith({ url: "https://chat.example" });
    expectTypeOf(connect({})).toEqualTypeOf<Client>();
    // @ts-expect-error: an unknown option
    connect({ uri: "https://chat.example" });
  });

  test("a message is text or parts", () => {
    expectTypeOf(thread.sendMessage).toBeCallableWith("hello");
    expectTypeOf(thread.sendMessage).toBeCallableWith({ text: "hello" }, { agent: undefined });
    expectTypeOf(thread.sendMessage).toBeCallableWith({ parts: [{ type: "file", uri: "a" }] });
    // @ts-expect-error: a part of an unknown type
    void thread.sendMessage({ parts: [{ type: "image", uri: "a" }] });
  });

  test("an outcome has its value only if it is ok", async () => {
    const result = await thread.sendMessage("hello");
    expectTypeOf(result).toEqualTypeOf<Result<{ run: string; message: string }>>();
    // @ts-expect-error: not known to be ok
    void result.run;
    if (result.ok) expectTypeOf(result.run).toEqualTypeOf<string>();
    else expectTypeOf(result.code).toEqualTypeOf<string>();
  });

  test("a view can't be written to", () => {
    expectTypeOf<ThreadView["messages"]>().toEqualTypeOf<readonly MessageView[]>();
    expectTypeOf<MessageView>().toExtend<Message>();
    // @ts-expect-error: read only
    thread.view.stopping = true;
    // @ts-expect-error: read only
    thread.view.messages.pop();
  });

  test("a status is one of five", () => {
    expectTypeOf<ThreadStatus>().toEqualTypeOf<
      "loading" | "ready" | "submitted" | "streaming" | "error"
    >();
  });
});

describe("data on the wire", () => {
  test("a part is known by its type", () => {
    if (part.type === "text" || part.type === "reasoning") {
      expectTypeOf(part.text).toEqualTypeOf<string>();
    } else if (part.type === "tool_call") {
      expectTypeOf(part.arguments).toEqualTypeOf<string>();
      // @ts-expect-error: of another type
      void part.text;
    } else {
      expectTypeOf(part.type).toEqualTypeOf<"tool_result" | "file" | "data">();
    }
  });

  test("a change is flat, with its type", () => {
    expectTypeOf<{ type: "move_head"; head: null }>().toExtend<ChangeBody>();
    expectTypeOf<{ type: "move_head" }>().not.toExtend<ChangeBody>();
    expectTypeOf<{ type: "stop_run"; run: undefined }>().toExtend<ChangeBody>();
  });

  test("no type of ours is any", () => {
    expectTypeOf<Message["usage"]>().not.toBeAny();
    expectTypeOf<Message["metadata"]>().not.toBeAny();
    expectTypeOf<EntryFrame["events"][number]>().not.toBeAny();
  });

  test("fold and apply make states of states", () => {
    expectTypeOf(fold).toEqualTypeOf<(state: ThreadState, entry: EntryFrame) => ThreadState>();
    expectTypeOf(apply).parameters.toEqualTypeOf<[ThreadState, readonly DiffFrame[]]>();
    expectTypeOf(apply).returns.toEqualTypeOf<ThreadState>();
  });
});
