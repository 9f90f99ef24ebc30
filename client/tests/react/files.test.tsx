// SPDX-License-Identifier: Apache-2.0
// @vitest-environment happy-dom
// files.test.tsx: addresses of uploaded files: asked for once, renewed, and kept while offline.

import { act, cleanup, renderHook, waitFor } from "@testing-library/react";
import { afterEach, expect, it } from "vitest";

import { useBlobLink } from "../../react/index.js";
import { FakeClient } from "./fake.js";

afterEach(cleanup);

const uri = `blob:sha256-${"0".repeat(64)}`;

function shown(client: FakeClient, first = uri) {
  return renderHook(({ of }) => useBlobLink(of, client), { initialProps: { of: first } });
}

it("a link is asked for once, and another one when the image can't load", async () => {
  const client = new FakeClient();
  const { result, rerender } = shown(client);
  await waitFor(() => expect(result.current.url).toBe("/1"));
  rerender({ of: uri });
  act(() => client.state.set({ ...client.state.view, state: "offline" }));
  act(() => client.state.set({ ...client.state.view, state: "online" }));
  expect(result.current.url).toBe("/1");

  act(() => result.current.renew());

  await waitFor(() => expect(result.current.url).toBe("/2"));
  expect(client.links).toEqual([
    { uri, renew: false },
    { uri, renew: true },
  ]);
});

it("a file that never loads is given up", async () => {
  const client = new FakeClient();
  const { result } = shown(client);
  for (const link of ["/1", "/2", "/3"]) {
    await waitFor(() => expect(result.current.url).toBe(link));
    act(() => result.current.renew());
  }
  expect(result.current).toMatchObject({ url: null, failed: true });
  expect(client.links).toHaveLength(3);
});

it("without a connection the link comes when there is one again", async () => {
  const client = new FakeClient();
  const { link } = client;
  client.link = () => ({ ok: false, code: "offline", detail: "" });
  client.state.set({ ...client.state.view, state: "offline" });
  const { result } = shown(client);
  await waitFor(() => expect(client.links).toHaveLength(1));
  expect(result.current).toMatchObject({ url: null, failed: false });

  client.link = link;
  act(() => client.state.set({ ...client.state.view, state: "online" }));

  await waitFor(() => expect(result.current.url).toBe("/2"));
});

it("a refused link is told, and an address of another kind has none", async () => {
  const client = new FakeClient();
  client.link = () => ({ ok: false, code: "not_found", detail: "" });
  const { result, rerender } = shown(client);
  await waitFor(() => expect(result.current.failed).toBe(true));

  rerender({ of: "https://elsewhere.example/cat.png" });

  expect(result.current).toMatchObject({ url: null, failed: false });
  expect(client.links).toHaveLength(1);
});
