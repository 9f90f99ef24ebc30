// SPDX-License-Identifier: Apache-2.0
// @vitest-environment happy-dom
// assistant_ui.test.tsx: a thread shown and changed through assistant-ui's real runtime.

import { AssistantRuntimeProvider, ThreadPrimitive, MessagePrimitive } from "@assistant-ui/react";
import type { AssistantRuntime } from "@assistant-ui/react";
import { act, cleanup, render, waitFor } from "@testing-library/react";
import type { JSX } from "react";
import { afterEach, describe, expect, it } from "vitest";

import {
  BlobAttachments,
  toParts,
  useLockstepRuntime,
  useLockstepThreadList,
} from "../../assistant-ui/index.js";
import { LockstepProvider } from "../../react/index.js";
import type { FilePart, MessageView, Result } from "../../src/types.js";
import type { Run } from "../../src/wire.js";
import { FakeClient, messageOf, viewOf } from "./fake.js";

afterEach(cleanup);

const RUN: Run = { id: "r", agent: "default", status: "running", attempt: 1, queued: 1 };
const user = (id: string, text: string, more: Partial<MessageView> = {}): MessageView =>
  messageOf(id, text, { role: "user", ...more });

let runtime: AssistantRuntime | null = null;

function Words(): JSX.Element {
  return (
    <MessagePrimitive.Root>
      <MessagePrimitive.Parts />
    </MessagePrimitive.Root>
  );
}

function Chat({ onThread }: { readonly onThread: (id: string | null) => void }): JSX.Element {
  const threadList = useLockstepThreadList("tea", onThread);
  const made = useLockstepRuntime("tea", { threadList, send: SEND });
  runtime = made;
  return (
    <AssistantRuntimeProvider runtime={made}>
      <ThreadPrimitive.Root>
        <ThreadPrimitive.Messages components={{ Message: Words }} />
      </ThreadPrimitive.Root>
    </AssistantRuntimeProvider>
  );
}

const SEND = { agent: "demo" };

async function start(messages: readonly MessageView[], more: Parameters<typeof viewOf>[1] = {}) {
  const client = new FakeClient();
  const asked: (string | null)[] = [];
  client.fake("tea").set(viewOf(messages, more));
  const { container } = render(
    <LockstepProvider client={client}>
      <Chat onThread={(id) => asked.push(id)} />
    </LockstepProvider>,
  );
  await act(async () => {});
  const thread = runtime?.thread;
  if (thread === undefined) throw new Error("no runtime");
  const calls = (): unknown[] => client.fake("tea").calls.filter(([verb]) => verb !== "markSeen");
  return { client, thread, asked, calls, text: () => container.textContent ?? "" };
}

describe("the messages", () => {
  it("is the path, in order, with its states", async () => {
    const { thread, text } = await start([
      user("u", "why"),
      messageOf("a", "because", { parent: "u", status: "stopped" }),
    ]);

    expect(thread.getState().messages.map(({ id, role }) => [id, role])).toEqual([
      ["u", "user"],
      ["a", "assistant"],
    ]);
    expect(thread.getState().messages[1]?.status).toEqual({
      type: "incomplete",
      reason: "cancelled",
    });
    expect(text()).toContain("why");
    expect(text()).toContain("because");
  });

  it("grows, and leaves the messages that did not change the same objects", async () => {
    const still = user("u", "why");
    const { client, thread, text } = await start([still], { run: RUN, status: "submitted" });
    const before = thread.getState().messages[0];
    expect(thread.getState().isRunning).toBe(true);

    for (const words of ["be", "because"]) {
      const answer = messageOf("a", words, { parent: "u", status: "open" });
      const view = viewOf([still, answer], { run: RUN, status: "streaming" });
      await act(async () => client.fake("tea").set(view));
    }

    expect(thread.getState().messages[0]).toBe(before);
    expect(thread.getState().messages[1]?.status).toEqual({ type: "running" });
    expect(thread.getState().messages).toHaveLength(2);
    expect(thread.getState().messages[1]?.content).toMatchObject([{ text: "because" }]);
    // The library reveals the text step by step, on its own clock.
    await waitFor(() => expect(text()).toContain("b"));
  });

  it("has a call's result in the call, from any place in the thread", async () => {
    const call = {
      type: "tool_call",
      id: "c",
      name: "weather",
      arguments: '{"in":"Rome"}',
    } as const;
    const result = { type: "tool_result", call: "c", content: "sunny" } as const;
    const { client, thread } = await start([
      user("u", "?"),
      messageOf("a", "", { parent: "u", parts: [call] }),
    ]);
    const asking = client.fake("tea").view.messages;

    const tool = messageOf("t", "", { parent: "a", role: "tool", parts: [result] });
    const said = messageOf("b", "It is sunny.", { parent: "t" });
    await act(async () => client.fake("tea").set(viewOf([...asking, tool, said])));

    const { messages } = thread.getState();
    expect(messages.map(({ id }) => id)).toEqual(["u", "a", "b"]);
    expect(messages[1]?.content).toMatchObject([
      {
        type: "tool-call",
        toolCallId: "c",
        toolName: "weather",
        args: { in: "Rome" },
        result: "sunny",
      },
    ]);
  });

  it("has the real result of a call in place of the one that the server made", async () => {
    const call = { type: "tool_call", id: "c", name: "weather", arguments: "{}" } as const;
    const made = { type: "tool_result", call: "c", content: "no result", made: true } as const;
    const late = { type: "tool_result", call: "c", content: "sunny" } as const;
    const { thread } = await start([
      messageOf("a", "", { run: "r", parts: [call, call, made, made] }),
      messageOf("t", "", { parent: "a", role: "tool", parts: [late] }),
    ]);

    expect(thread.getState().messages[0]?.content).toMatchObject([
      { toolCallId: "c", result: "sunny" },
      { toolCallId: "c#1", result: "no result" },
    ]);
  });

  it("is one message for an answer and the messages that go on with it", async () => {
    const cut = messageOf("a", "The sky is bl", { parent: "u", status: "stopped" });
    const more = messageOf("b", "ue.", { parent: "a", continues: "a", branches: ["b", "x"] });
    const { client, thread, calls } = await start([user("u", "why"), cut, more]);
    const one = () => thread.getState().messages[1];
    expect(thread.getState().messages.map(({ id }) => id)).toEqual(["u", "a"]);
    expect(one()).toMatchObject({ content: [{ text: "The sky is blue." }] });
    expect(one()?.status).toMatchObject({ type: "complete" });
    const before = one();

    const next = user("v", "and?", { parent: "b" });
    await act(async () => client.fake("tea").set(viewOf([user("u", "why"), cut, more, next])));

    expect(thread.getState().messages.map(({ id }) => id)).toEqual(["u", "a", "v"]);
    expect(one()).toBe(before);
    await act(async () => {
      const { composer } = thread.getMessageById("a");
      composer.beginEdit();
      composer.setText("It is blue.");
      composer.send();
    });
    expect(calls()).toEqual([
      ["edit", "a", { parts: [{ type: "text", text: "It is blue." }] }, { ...SEND, resend: false }],
      ["edit", "b", { parts: [] }],
    ]);
  });
});

describe("the actions", () => {
  it("sends the text, also while an answer is written", async () => {
    const { thread, calls } = await start([user("u", "why")], { run: RUN, status: "streaming" });

    await act(async () => {
      thread.composer.setText("and then?");
      thread.composer.send();
    });

    expect(calls()).toEqual([
      ["sendMessage", { parts: [{ type: "text", text: "and then?" }] }, SEND],
    ]);
  });

  it("stops the run, and takes nothing back into the composer", async () => {
    const { client, thread, calls } = await start([user("u", "why")], {
      run: RUN,
      status: "submitted",
    });

    await act(async () => thread.cancelRun());

    expect(calls()).toEqual([["stop"]]);
    expect(thread.composer.getState().text).toBe("");
    await act(async () => client.fake("tea").set(viewOf([user("u", "why")])));
    expect(thread.getState().messages.map(({ id }) => id)).toEqual(["u"]);
  });

  it("edits a user's message as a branch, and answers again", async () => {
    const { thread, calls } = await start([
      user("u", "why"),
      messageOf("a", "so", { parent: "u" }),
    ]);

    await act(async () => {
      const composer = thread.getMessageById("u").composer;
      composer.beginEdit();
      composer.setText("why not");
      composer.send();
    });
    await act(async () => thread.getMessageById("a").reload());

    expect(calls()).toEqual([
      ["edit", "u", { parts: [{ type: "text", text: "why not" }] }, { ...SEND, resend: true }],
      ["regenerate", "a", SEND],
    ]);
  });

  it("counts the branches, and shows the one that is chosen", async () => {
    const first = messageOf("a1", "so", { parent: "u", branches: ["a1", "a2"] });
    const second = messageOf("a2", "thus", { parent: "u", branches: ["a1", "a2"] });
    const { client, thread, calls, text } = await start([user("u", "why"), second]);
    const shown = thread.getMessageById("a2");
    expect(shown.getState()).toMatchObject({ branchNumber: 2, branchCount: 2 });

    await act(async () => shown.switchToBranch({ position: "previous" }));
    expect(calls()).toEqual([["show", "a1"]]);

    await act(async () => client.fake("tea").set(viewOf([user("u", "why"), first])));
    expect(thread.getMessageById("a1").getState()).toMatchObject({
      branchNumber: 1,
      branchCount: 2,
    });
    expect(text()).toContain("so");
    expect(text()).not.toContain("thus");
  });

  it("lists the threads and asks for another", async () => {
    const { client, asked } = await start([]);
    const thread = {
      archived: false,
      metadata: {},
      head: null,
      created: 1,
      updated: 1,
      running: false,
    };
    await act(async () =>
      client.list.set({
        status: "ready",
        error: null,
        threads: [
          { ...thread, id: "tea", title: "Tea" },
          { ...thread, id: "milk", title: "Milk" },
        ],
      }),
    );

    await act(async () => runtime?.threads.switchToThread("milk"));
    await act(async () => runtime?.threads.switchToNewThread());

    expect(runtime?.threads.getState().threadIds).toEqual(["tea", "milk"]);
    expect(asked).toEqual(["milk", null]);
  });

  it("takes attachments as files", () => {
    const parts = toParts({
      content: [{ type: "text", text: "look" }],
      attachments: [
        {
          id: "1",
          type: "image",
          name: "sky.png",
          status: { type: "complete" },
          content: [{ type: "image", image: "https://example.org/sky.png" }],
        },
      ],
    });
    expect(parts).toEqual([
      { type: "text", text: "look" },
      { type: "file", uri: "https://example.org/sky.png", name: undefined },
    ]);
  });

  const png = (name: string): File => new File(["bytes"], name, { type: "image/png" });
  const attached = () => runtime?.thread.composer.getState().attachments ?? [];

  it("uploads a file when it is added, and sends the message with the blob's name", async () => {
    const { client, thread, calls } = await start([]);

    await act(() => thread.composer.addAttachment(png("sky.png")));
    expect(client.uploads).toEqual(["sky.png"]);
    expect(attached()).toMatchObject([{ name: "sky.png", status: { type: "requires-action" } }]);
    await act(async () => {
      thread.composer.setText("what is this?");
      thread.composer.send();
    });

    const file = { type: "file", uri: "blob:sky.png", media_type: "image/png", name: "sky.png" };
    const parts = [{ type: "text", text: "what is this?" }, file];
    await waitFor(() => expect(calls()).toEqual([["sendMessage", { parts }, SEND]]));
    expect(client.uploads).toEqual(["sky.png"]);
  });

  it("says at a file why it can't be uploaded, and tries it once more when it is sent", async () => {
    const { client, thread, calls } = await start([]);
    const taken = client.upload;
    client.upload = () => ({ ok: false, code: "quota", detail: "sky.png: no room" });
    await act(() => thread.composer.addAttachment(png("sky.png")));
    expect(attached()).toMatchObject([
      { status: { type: "incomplete", reason: "error", message: "sky.png: no room" } },
    ]);

    client.upload = taken;
    await act(async () => thread.composer.send());

    await waitFor(() => expect(calls()).toHaveLength(1));
    expect(client.uploads).toEqual(["sky.png", "sky.png"]);
  });

  it("ends the upload of a file that the user takes away", async () => {
    const ended: boolean[] = [];
    const waiting = {
      files: async () => ({
        upload: (_: unknown, { signal }: { signal?: AbortSignal } = {}) =>
          new Promise<Result<{ part: FilePart }>>((resolve) =>
            signal?.addEventListener("abort", () => {
              ended.push(true);
              resolve({ ok: false, code: "aborted", detail: "cancelled" });
            }),
          ),
        link: () => Promise.reject(new Error("not asked")),
      }),
    };
    const adapter = new BlobAttachments(waiting);
    const adding = adapter.add({ file: png("sky.png") });
    const first = await adding.next();
    await adapter.remove(first.value ?? { id: "" });
    expect(await adding.next()).toEqual({ done: true, value: undefined });
    expect(ended).toEqual([true]);
  });
});
