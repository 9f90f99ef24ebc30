// SPDX-License-Identifier: Apache-2.0
// signed_in.test.tsx: each token has its own database in the browser.

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
const { SignedIn } = await import("../src/signed_in.js");

afterEach(cleanup);

it("another token has another database, so it sends no changes of the first one", () => {
  for (const token of ["ann", "bob", "ann"]) {
    writeSetting("token", token);
    render(<SignedIn>{null}</SignedIn>).unmount();
  }
  expect(names).toHaveLength(3);
  expect(names[1]).not.toBe(names[0]);
  expect(names[2]).toBe(names[0]);
});
