// SPDX-License-Identifier: Apache-2.0
// signed_in.test.tsx: what is kept in the browser belongs to whoever has the token.

import { cleanup, render } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";

import { writeSetting } from "../src/settings.js";

const names = vi.hoisted((): string[] => []);
vi.mock("lockstep-client", async (original) => ({
  ...(await original<typeof import("lockstep-client")>()),
  indexedDbStore: (name: string) => {
    names.push(name);
    return new Promise(() => undefined);
  },
}));
const { Session } = await import("../src/signed_in.js");

afterEach(cleanup);

it("another token has another database, so that it sends nothing of the first one's", () => {
  for (const token of ["ann", "bob", "ann"]) {
    writeSetting("token", token);
    render(<Session>{null}</Session>).unmount();
  }
  expect(names).toHaveLength(3);
  expect(names[1]).not.toBe(names[0]);
  expect(names[2]).toBe(names[0]);
});
