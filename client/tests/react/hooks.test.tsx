// SPDX-License-Identifier: Apache-2.0
// @vitest-environment happy-dom
// hooks.test.tsx: views as React state: which components render, when, and with which view.

import { act, cleanup, render, renderHook } from "@testing-library/react";
import { memo } from "react";
import type { JSX, ReactNode } from "react";
import { afterEach, describe, expect, it } from "vitest";

import {
  LockstepProvider,
  useClient,
  useConnection,
  useThread,
  useThreads,
  useUndo,
} from "../../react/index.js";
import type { MessageView } from "../../src/types.js";
import { FakeClient, messageOf, viewOf } from "./fake.js";

afterEach(cleanup);

function within(client: FakeClient) {
  return ({ children }: { readonly children: ReactNode }): JSX.Element => (
    <LockstepProvider client={client}>{children}</LockstepProvider>
  );
}

describe("useThread", () => {
  it("shows the view that is there at the first render, and each that comes", () => {
    const client = new FakeClient();
    client.fake("tea").set(viewOf([messageOf("a", "one")]));

    const { result } = renderHook(() => useThread("tea"), { wrapper: within(client) });
    expect(result.current.messages.map((message) => message.id)).toEqual(["a"]);

    act(() => client.fake("tea").set(viewOf([messageOf("a", "one"), messageOf("b", "two")])));
    expect(result.current.messages.map((message) => message.id)).toEqual(["a", "b"]);
  });

  it("renders only the message that changed", () => {
    const client = new FakeClient();
    const rendered: string[] = [];
    const Item = memo(function Item({ message }: { readonly message: MessageView }) {
      rendered.push(message.id);
      return <li>{message.id}</li>;
    });
    function List(): JSX.Element {
      const { messages } = useThread("tea");
      return (
        <ol>
          {messages.map((message) => (
            <Item key={message.id} message={message} />
          ))}
        </ol>
      );
    }
    const still = Array.from({ length: 50 }, (_, index) => messageOf(`m${index}`, "still"));
    client.fake("tea").set(viewOf([...still, messageOf("last", "w")]));
    render(<List />, { wrapper: within(client) });
    expect(rendered).toHaveLength(51);

    rendered.length = 0;
    for (const text of ["wo", "wor", "word"]) {
      act(() => client.fake("tea").set(viewOf([...still, messageOf("last", text)])));
    }

    expect(rendered).toEqual(["last", "last", "last"]);
  });

  it("does not render for a listener's call without a new view", () => {
    const client = new FakeClient();
    let renders = 0;
    renderHook(() => (renders++, useThread("tea")), { wrapper: within(client) });
    const before = renders;

    act(() => client.fake("tea").set(client.fake("tea").view));

    expect(renders).toBe(before);
  });

  it("keeps the identity of its verbs while the view changes", async () => {
    const client = new FakeClient();
    const { result } = renderHook(() => useThread("tea"), { wrapper: within(client) });
    const { sendMessage, stop } = result.current;

    act(() => client.fake("tea").set(viewOf([messageOf("a", "one")])));
    await result.current.sendMessage("hello");

    expect(result.current.sendMessage).toBe(sendMessage);
    expect(result.current.stop).toBe(stop);
    expect(client.fake("tea").calls).toEqual([["sendMessage", "hello", undefined]]);
  });

  it("lets go of a thread when another is shown, and when it is gone", () => {
    const client = new FakeClient();
    const { rerender, unmount } = renderHook(({ id }) => useThread(id), {
      wrapper: within(client),
      initialProps: { id: "tea" },
    });
    expect(client.fake("tea").listeners.size).toBe(1);

    rerender({ id: "milk" });
    expect(client.fake("tea").listeners.size).toBe(0);
    expect(client.fake("milk").listeners.size).toBe(1);

    unmount();
    expect(client.fake("milk").listeners.size).toBe(0);
  });

  it("never shows two components different views of a thread", () => {
    const client = new FakeClient();
    const pairs: string[] = [];
    const seen = { left: "", right: "" };
    function Half({ side }: { readonly side: "left" | "right" }): null {
      seen[side] = useThread("tea").cursor ?? "";
      return null;
    }
    function Both(): JSX.Element {
      return (
        <>
          <Half side="left" />
          <Half side="right" />
        </>
      );
    }
    render(<Both />, { wrapper: within(client) });
    for (let ts = 2; ts < 20; ts += 1) {
      act(() => client.fake("tea").set(viewOf([], { cursor: `${ts}@e` })));
      pairs.push(`${seen.left} ${seen.right}`);
    }
    expect(pairs).toEqual(
      Array.from({ length: 18 }, (_, index) => `${index + 2}@e ${index + 2}@e`),
    );
  });
});

describe("the others", () => {
  it("useThreads and useConnection follow the client", () => {
    const client = new FakeClient();
    const list = renderHook(() => useThreads(), { wrapper: within(client) });
    const connection = renderHook(() => useConnection(client));

    act(() => {
      client.list.set({ status: "error", threads: [], error: null });
      client.state.set({ state: "offline", leader: true, transport: null, retry: 5 });
    });

    expect(list.result.current.status).toBe("error");
    expect(connection.result.current).toMatchObject({ state: "offline", retry: 5 });
  });

  it("useClient names the missing provider", () => {
    const log = console.error;
    console.error = () => {};
    expect(() => renderHook(() => useClient())).toThrow(/LockstepProvider/);
    console.error = log;
  });
});

describe("useUndo", () => {
  it("shows the deletions that can be undone, and undoes them", async () => {
    const client = new FakeClient();
    const { result } = renderHook(() => useUndo(), { wrapper: within(client) });
    expect(result.current.undoable).toEqual([]);

    const deletion = { id: "u", thread: "tea", message: "m", until: 10 };
    act(() => {
      client.undoable = [deletion];
      client.state.set({ ...client.state.view });
    });
    expect(result.current.undoable).toEqual([deletion]);
    await result.current.undo("u");
    expect(client.undone).toEqual(["u"]);
  });
});

describe("a refused edit", () => {
  it("is shown with the present message", () => {
    const client = new FakeClient();
    const change = { type: "put_message", message: { id: "a", text: "mine" } } as const;
    const now = messageOf("a", "theirs");
    const refused = [{ op: 1, change, code: "changed", detail: "", now }];
    client.fake("tea").set({ ...viewOf([now]), refused });

    const { result } = renderHook(() => useThread("tea"), { wrapper: within(client) });

    expect(result.current.refused).toMatchObject([{ change, now: { id: "a" } }]);
  });
});
