// SPDX-License-Identifier: Apache-2.0
// @vitest-environment happy-dom
// example.test.tsx: the README's React example is this file's, and works.

import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import { readFileSync } from "node:fs";
import { afterEach, expect, it, vi } from "vitest";

import { createClient } from "../../src/client.js";
import { memoryStore } from "../../src/store/memory.js";
import { FakeServer } from "../live/lib/fake_server.js";
import { Process, World } from "../live/lib/world.js";
import { App } from "./example.js";

const { world, server } = await vi.hoisted(async () => {
  const [worlds, servers] = [
    await import("../live/lib/world.js"),
    await import("../live/lib/fake_server.js"),
  ];
  const made: World = new worlds.World(1);
  return { world: made, server: new servers.FakeServer(made) satisfies FakeServer };
});

vi.mock("lockstep-client", async (original) => ({
  ...(await original<object>()),
  connect: ({ url }: { readonly url: string }) => {
    const process = new Process(world, 0);
    const options = { ...server.optionsFor(process), clock: process.clock, tabs: false };
    return createClient(options, url, memoryStore());
  },
}));

afterEach(cleanup);

it("sends the typed text, and shows it", async () => {
  render(<App />);
  await act(() => world.run(1_000));

  fireEvent.change(screen.getByRole("textbox"), { target: { value: "Why is the sky blue?" } });
  await act(async () => fireEvent.click(screen.getByText("Send")));
  expect(screen.getByText("Why is the sky blue?")).toBeDefined();
  await act(() => world.run(1_000));

  expect(server.textsOf("tea")).toEqual(["Why is the sky blue?"]);
  expect(screen.getAllByText("Why is the sky blue?")).toHaveLength(1);
});

it("is word for word the example of the README", () => {
  const read = (path: string) => readFileSync(new URL(path, import.meta.url), "utf8");
  const shown = read("example.tsx").replace(/^\/\/ SPDX-.*\n/, "");
  expect(read("../../README.md")).toContain("```tsx\n" + shown + "```");
});
